"""`/standards/{id}/tenants/{id}/keep`: whether a change of an item is told, or put back by itself. As pages do it."""

from typing import Literal

from flask import Blueprint, abort
from pydantic import Field

from actors.keeping import by_itself
from db.standards import keeping
from db.states import KeepChoice, Scope
from web.acts import standard_access
from web.api.endpoints import Arguments, endpoint
from web.api.standards.following import FollowerDetailsJson, follower_now
from web.security.access import current_actor
from web.security.permissions import Permission

routes = Blueprint("keeping", __name__)

REFUSALS = (422,)


class KeepBody(Arguments):
    """The item, and what happens when somebody changes its policy in the tenant."""

    key: str = Field(min_length=1, max_length=200, description="The key of the item.")
    keep: Literal["tell", "put_back"] = Field("tell", description="Told, and somebody decides; or put back by itself.")


class KeepLimitBody(Arguments):
    """The limit of what is put back by itself."""

    put_backs_a_day: int = Field(5, ge=0, le=keeping.MOST_A_DAY, description="Policies a day in the tenant; 0: none.")


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/keep")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=FollowerDetailsJson, body=KeepBody, problems=(404, 422))
def choose_what_is_kept(standard_id: str, tenant_id: str, body: KeepBody) -> FollowerDetailsJson:
    """Say what happens when somebody changes an item's policy. It has to be compared once before."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    cell = keeping.find_cell(adoption, body.key) or abort(404)
    cell.adoption = adoption
    by_itself.choose(cell, KeepChoice(body.keep), current_actor())
    return follower_now(adoption)


@routes.post("/standards/<standard_id>/tenants/<tenant_id>/keep-limit")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=FollowerDetailsJson, body=KeepLimitBody, problems=REFUSALS)
def limit_what_is_put_back(standard_id: str, tenant_id: str, body: KeepLimitBody) -> FollowerDetailsJson:
    """Say how many policies are put back by themselves in the tenant in a day at most."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.MANAGE)
    keeping.limit_to(adoption, body.put_backs_a_day, current_actor())
    return follower_now(adoption)
