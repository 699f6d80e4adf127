"""`/rollouts/{id}/tenants/{id}/…`: a tenant's manager objects to what is planned there. As pages do it."""

from typing import Any

from flask import Blueprint

from actors.rollouts import objecting
from db.models import RollOutTenant
from db.states import Scope
from web.acts import rollout_access, rollout_document
from web.api.endpoints import endpoint
from web.api.standards.rollouts import RolloutReasonBody, RolloutTenantJson
from web.security.access import current_actor
from web.security.permissions import Permission

routes = Blueprint("objections", __name__)

REFUSALS = (422,)


@routes.post("/rollouts/<rollout_id>/tenants/<tenant_id>/object")
@endpoint(Permission.MANAGE, Scope.MANAGE, returns=RolloutTenantJson, body=RolloutReasonBody, problems=REFUSALS)
def object_to_rollout(rollout_id: str, tenant_id: str, body: RolloutReasonBody) -> RolloutTenantJson:
    """Object to a roll-out in a tenant of yours: it is left alone there. Possible until something is written."""
    part = rollout_access.fetch_part(rollout_id, tenant_id, Permission.MANAGE)
    objecting.make(part, current_actor(), body.reason)
    return _now(part)


@routes.post("/rollouts/<rollout_id>/tenants/<tenant_id>/take-back")
@endpoint(Permission.MANAGE, Scope.RESTORE, returns=RolloutTenantJson, problems=REFUSALS)
def take_objection_back(rollout_id: str, tenant_id: str) -> RolloutTenantJson:
    """Take an objection back: the roll-out comes to the tenant after all."""
    part = rollout_access.fetch_part(rollout_id, tenant_id, Permission.MANAGE)
    objecting.take_back(part, current_actor())
    return _now(part)


@routes.post("/rollouts/<rollout_id>/tenants/<tenant_id>/override")
@endpoint(
    Permission.APPROVE_STANDARDS, Scope.RESTORE, returns=RolloutTenantJson, body=RolloutReasonBody, problems=REFUSALS
)
def override_objection(rollout_id: str, tenant_id: str, body: RolloutReasonBody) -> RolloutTenantJson:
    """Let a roll-out come to a tenant whose manager objects. With four eyes, as another person than who asked."""
    part = rollout_access.fetch_part(rollout_id, tenant_id, Permission.SEE_STANDARDS)
    objecting.override(part, current_actor(), body.reason)
    return _now(part)


def _now(part: RollOutTenant) -> RolloutTenantJson:
    document: Any = rollout_document.part(RollOutTenant.get_by_id(part.id))
    return document
