"""`/tenants`: the tenants that the token is good for, and how each stands."""

from flask import Blueprint
from pydantic import Field

from db.models import Tenant
from db.sql import cursor_pages
from db.states import Scope
from db.tenants import tags
from web.api.endpoints import ApiAnswer, endpoint
from web.api.paging import PageJson, PageQuery, allowed, page
from web.api.representations import tenants
from web.api.representations.tenants import TenantDetailsJson, TenantJson
from web.security.access import fetch
from web.security.permissions import Permission

routes = Blueprint("tenants", __name__)


class TenantQuery(PageQuery):
    """The query of tenants."""

    tag: str | None = Field(None, max_length=40, description="Only tenants with this tag, in any case.")
    is_active: bool | None = Field(None, description="Only tenants that are switched on, or off.")


@routes.get("/tenants")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[TenantJson], query=TenantQuery)
def list_tenants(query: TenantQuery) -> ApiAnswer:
    """List tenants, each with its standing."""
    condition = allowed(Tenant.id)
    if query.tag:
        condition &= tags.has_tag(tags.fold(query.tag))
    if query.is_active is not None:
        condition &= Tenant.is_active == query.is_active
    return page(cursor_pages.select(Tenant, condition), Tenant.id, query, tenants.many)


@routes.get("/tenants/<tenant_id>")
@endpoint(Permission.SEE, Scope.READ, returns=TenantDetailsJson, has_etag=True)
def get_tenant(tenant_id: str) -> TenantDetailsJson:
    """Show a tenant: its standing with what is found, its freshness, and the policy types that are not covered."""
    return tenants.whole(fetch(Tenant, tenant_id, Permission.SEE))
