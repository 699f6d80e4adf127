"""`/readiness`: how much of each tenant would come back if it were deleted now."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint
from pydantic import Field

from db.models import ReadinessItem, Tenant
from db.readiness import reports
from db.sql import cursor_pages
from db.states import ReadinessVerdict, Scope
from web.api.endpoints import ApiAnswer, endpoint
from web.api.paging import PageJson, PageQuery, allowed, page
from web.api.representations import readiness
from web.api.representations.readiness import ReadinessDetailsJson, ReadinessJson
from web.security.access import fetch
from web.security.permissions import Permission

routes = Blueprint("readiness", __name__)


class ReadinessQuery(PageQuery):
    """The filters of a tenant's report."""

    verdict: ReadinessVerdict | None = Field(None, description="Only policies with this verdict.")
    policy_type: str | None = Field(None, max_length=80, description="Only policies of this type.")


@routes.get("/readiness")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[ReadinessJson], query=PageQuery)
def list_readiness(query: PageQuery) -> ApiAnswer:
    """List the newest report of each tenant: how much would come back if it were deleted now."""
    return page(cursor_pages.select(Tenant, allowed(Tenant.id)), Tenant.id, query, _of_tenants)


def _of_tenants(tenants: Sequence[Tenant]) -> list[Any]:
    newest = reports.newest_of([tenant.id for tenant in tenants])
    return [readiness.readiness(tenant, newest.get(tenant.id)) for tenant in tenants]


@routes.get("/tenants/<tenant_id>/readiness")
@endpoint(Permission.SEE, Scope.READ, returns=ReadinessDetailsJson, query=ReadinessQuery)
def get_readiness(tenant_id: str, query: ReadinessQuery) -> ApiAnswer:
    """Show the newest report of a tenant, and of each policy whether a restore would bring it back."""
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    condition = ReadinessItem.tenant == tenant
    if query.verdict is not None:
        condition &= ReadinessItem.verdict == query.verdict
    if query.policy_type is not None:
        condition &= ReadinessItem.policy_type == query.policy_type
    rows = cursor_pages.select(ReadinessItem, condition, ReadinessItem.policy)
    listed = page(rows, ReadinessItem.id, query, readiness.items)
    return ApiAnswer({**readiness.readiness(tenant, reports.newest(tenant)), **listed.document}, listed.headers)
