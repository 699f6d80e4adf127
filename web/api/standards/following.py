"""`/standards/{id}/tenants`: who follows a standard, with which values and links. As pages do it."""

from collections.abc import Sequence
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field
from typing_extensions import TypedDict

from actors.standards import linking, parameter_values
from db.errors import Invalid
from db.models import StandardAdoption, Tenant
from db.sql import cursor_pages
from db.standards import adoptions
from db.states import Ring, Scope
from web.acts import following_document, standard_access
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import RowId
from web.api.paging import PageJson, PageQuery, allowed, page
from web.api.representations.values import Id, ReferenceJson, Time
from web.api.standards.exceptions import ExceptionJson
from web.security.access import can, current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("following", __name__)

REFUSALS = (422,)


class FollowerJson(TypedDict):
    """A tenant that follows a standard. `version`: the number that it is held to; null: nothing was rolled out yet.
    `tag`: by which it follows. `counts`: state -> number of items.
    """

    standard: ReferenceJson
    tenant: ReferenceJson
    ring: Ring
    version: int | None
    tag: str | None
    adopted_at: Time
    looked_at: Time | None
    counts: dict[str, int]


class CandidateJson(TypedDict):
    """A policy that an item may be."""

    graph_id: str
    name: str


class FollowedItemJson(TypedDict):
    """An item in a tenant. `state` null: nobody has looked yet. `policy`: the tenant's; null: none is there.
    `is_declined`: a person said that it is none of the tenant's. `keep`: whether a change of it is told or put back by
    itself. `candidates`: of one that waits for somebody.
    """

    key: str
    policy_type: str
    name: str
    state: str | None
    policy: Id | None
    is_declined: bool
    keep: str | None
    candidates: list[CandidateJson]


class ParameterJson(TypedDict):
    """A parameter, and what it is in the tenant; of an object an id, null where nobody has said it."""

    name: str
    kind: str
    label: str
    default: str | int | None
    value: str | int | None
    is_own: bool


class FollowerDetailsJson(FollowerJson):
    """A tenant that follows a standard, item by item. Names of its policies are for who sees the tenant.
    `put_backs_a_day`: so many policies are put back by themselves at most.
    """

    put_backs_a_day: int
    items: list[FollowedItemJson]
    parameters: list[ParameterJson]
    exceptions: list[ExceptionJson]


_RING: Any = Field("all", description="The ring: who gets a version first.")


class FollowBody(Arguments):
    """The tenant, and its ring."""

    tenant: RowId | None = Field(None, description="The id of the tenant. It has to be named.")
    ring: Literal["pilot", "early", "all"] = _RING


class RingBody(Arguments):
    """The ring."""

    ring: Literal["pilot", "early", "all"] = _RING


class ValuesBody(Arguments):
    """Values of parameters, by their names. The default's value is none of the tenant's own."""

    values: dict[str, str] = Field({}, max_length=500, description="Name -> value; of an object its id in the tenant.")


class LinkBody(Arguments):
    """The item, and the policy that it is."""

    key: str = Field(min_length=1, max_length=200, description="The key of the item.")
    graph_id: str | None = Field(
        max_length=200, description="The policy's id in Graph; null: it is none of the tenant's, and is made anew."
    )


def follower_now(adoption: StandardAdoption) -> FollowerDetailsJson:
    """Show how the tenant follows by now: what an act on it answers."""
    now = StandardAdoption.get_by_id(adoption.id)
    document: Any = following_document.details(now, sees_tenant=can(Permission.SEE, now.tenant_id))
    return document


@routes.get("/standards/<standard_id>/tenants")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=PageJson[FollowerJson], query=PageQuery)
def list_followers(standard_id: str, query: PageQuery) -> ApiAnswer:
    """List the tenants of yours that follow a standard."""
    standard = standard_access.fetch_standard(standard_id)
    condition = (StandardAdoption.standard == standard) & allowed(
        StandardAdoption.tenant, permission=Permission.SEE_STANDARDS
    )
    rows = cursor_pages.select(StandardAdoption, condition, StandardAdoption.standard, StandardAdoption.tenant)

    def represent(found: Sequence[StandardAdoption]) -> list[Any]:
        return [following_document.summary(row) for row in found]

    return page(rows, StandardAdoption.id, query, represent)


@routes.post("/standards/<standard_id>/tenants")
@endpoint(
    Permission.MANAGE,
    Scope.MANAGE,
    returns=FollowerDetailsJson,
    body=FollowBody,
    status=201,
    headers={"Location": "The address of how the tenant follows."},
    problems=(404, 422),
)
def follow_standard(standard_id: str, body: FollowBody) -> ApiAnswer:
    """Let a tenant follow a standard; one that does gets the ring. Nothing is written to it."""
    standard = standard_access.fetch_standard(standard_id, Permission.MANAGE)
    if body.tenant is None:
        raise Invalid("Name the tenant that is to follow.")
    tenant = fetch(Tenant, body.tenant, Permission.MANAGE)
    adoption = adoptions.adopt(standard, tenant, Ring(body.ring), current_actor())
    return ApiAnswer(follower_now(adoption), {"Location": f"/api/v1/standards/{standard.id}/tenants/{tenant.id}"})


@routes.get("/standards/<standard_id>/tenants/<tenant_id>")
@endpoint(Permission.SEE_STANDARDS, Scope.READ, returns=FollowerDetailsJson, has_etag=True)
def get_follower(standard_id: str, tenant_id: str) -> FollowerDetailsJson:
    """Show how a tenant follows a standard: each item, its parameters, its exceptions."""
    return follower_now(standard_access.fetch_adoption(standard_id, tenant_id, Permission.SEE_STANDARDS))


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/ring")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=FollowerDetailsJson, body=RingBody, problems=REFUSALS)
def set_ring_of_follower(standard_id: str, tenant_id: str, body: RingBody) -> FollowerDetailsJson:
    """Put the tenant into another ring."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    adoptions.set_ring(adoption, Ring(body.ring), current_actor())
    return follower_now(adoption)


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/values")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=FollowerDetailsJson, body=ValuesBody, problems=REFUSALS)
def set_values_of_follower(standard_id: str, tenant_id: str, body: ValuesBody) -> FollowerDetailsJson:
    """Set parameters of the standard in the tenant: all that are given, or none."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    parameter_values.set_here(adoption, body.values, current_actor())
    return follower_now(adoption)


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/links")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=FollowerDetailsJson, body=LinkBody, problems=REFUSALS)
def confirm_link_of_follower(standard_id: str, tenant_id: str, body: LinkBody) -> FollowerDetailsJson:
    """Say which of the tenant's policies an item is, or that it is none of them. It is not asked again."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    linking.confirm_link(adoption, body.key, body.graph_id, current_actor())
    return follower_now(adoption)


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/leave")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=FollowerJson, problems=REFUSALS)
def leave_standard(standard_id: str, tenant_id: str) -> FollowerJson:
    """Let the tenant follow the standard no longer. Its policies stay; its exceptions end. Answers what it was."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    document: Any = following_document.summary(adoption)
    adoptions.leave(adoption, current_actor())
    return document
