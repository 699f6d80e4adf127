"""`/policies` and `/snapshots`: what was captured of each policy, with its secrets masked."""

from flask import Blueprint
from pydantic import Field

from db.models import Policy, Snapshot, Tenant
from db.sql import cursor_pages
from db.states import PolicyState, Scope
from web.api.endpoints import ApiAnswer, endpoint
from web.api.paging import PageJson, PageQuery, page
from web.api.representations import policies
from web.api.representations.policies import ContentJson, PolicyJson, SnapshotJson
from web.security.access import fetch
from web.security.permissions import Permission

routes = Blueprint("policies", __name__)


class PolicyQuery(PageQuery):
    """The query of policies."""

    policy_type: str | None = Field(None, max_length=80, description="Only this policy type, by its Graph collection.")
    state: PolicyState | None = Field(None, description="Only policies that are there, or that are gone.")


@routes.get("/tenants/<tenant_id>/policies")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[PolicyJson], query=PolicyQuery)
def list_policies(tenant_id: str, query: PolicyQuery) -> ApiAnswer:
    """List the policies of a tenant: those that are there, and those that are gone."""
    condition = Policy.tenant == fetch(Tenant, tenant_id, Permission.SEE)
    if query.policy_type is not None:
        condition &= Policy.policy_type == query.policy_type
    if query.state is not None:
        condition &= Policy.state == query.state
    return page(cursor_pages.select(Policy, condition, Policy.tenant), Policy.id, query, policies.many)


@routes.get("/policies/<policy_id>")
@endpoint(Permission.SEE, Scope.READ, returns=PolicyJson, has_etag=True)
def get_policy(policy_id: str) -> PolicyJson:
    """Show a policy."""
    return policies.policy(fetch(Policy, policy_id, Permission.SEE))


@routes.get("/policies/<policy_id>/snapshots")
@endpoint(Permission.SEE, Scope.READ, returns=PageJson[SnapshotJson], query=PageQuery)
def list_snapshots(policy_id: str, query: PageQuery) -> ApiAnswer:
    """List the snapshots of a policy, the newest first."""
    condition = Snapshot.policy == fetch(Policy, policy_id, Permission.SEE)
    select = cursor_pages.select(Snapshot, condition, Snapshot.tenant, Snapshot.policy)
    return page(select, Snapshot.id, query, policies.many_snapshots)


@routes.get("/snapshots/<snapshot_id>")
@endpoint(Permission.SEE, Scope.READ, returns=SnapshotJson, has_etag=True)
def get_snapshot(snapshot_id: str) -> SnapshotJson:
    """Show a snapshot, without its content."""
    return policies.snapshot(fetch(Snapshot, snapshot_id, Permission.SEE))


@routes.get("/snapshots/<snapshot_id>/content")
@endpoint(Permission.SEE, Scope.READ, returns=ContentJson, has_etag=True)
def get_content(snapshot_id: str) -> ContentJson:
    """Show the content of a snapshot: what Graph answered, secrets masked.

    503 where the installation lacks the key that the content is sealed with.
    """
    return policies.content(fetch(Snapshot, snapshot_id, Permission.SEE))
