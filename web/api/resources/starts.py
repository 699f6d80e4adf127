"""Starts: syncing a tenant, backing it up, capturing one policy. Each answers at once with its run."""

from flask import Blueprint
from pydantic import Field

import actors.backups.back_up
import actors.backups.capture
import actors.backups.sync
from db.models import Policy, Tenant
from db.policies import policies
from db.states import Scope
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.fields import RowId
from web.api.problems import FieldError, ProblemError
from web.api.representations.starting import STARTS, start_once
from web.security.access import current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("starts", __name__)

# More policies than this are a whole policy type, or the tenant.
MOST_POLICIES, MOST_TYPES = 1000, 500


class BackUpBody(Arguments):
    """The policies to back up: some policy types and policies, or without any the whole tenant."""

    policy_types: list[str] = Field([], max_length=MOST_TYPES, description="By their Graph collections.")
    policies: list[RowId] = Field([], max_length=MOST_POLICIES, description="By their ids here.")
    is_full: bool = Field(False, description="Read everything, whatever the lists show as unchanged.")


@routes.post("/tenants/<tenant_id>/sync")
@endpoint(Permission.OPERATE, Scope.START, **STARTS)
def sync_tenant(tenant_id: str) -> ApiAnswer:
    """Read the list of a tenant's policies. A sync that is under way is answered in place of a second one."""
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    return start_once(lambda: actors.backups.sync.start(tenant, current_actor()))


@routes.post("/tenants/<tenant_id>/back-ups")
@endpoint(Permission.OPERATE, Scope.START, body=BackUpBody, **STARTS)
def back_up_tenant(tenant_id: str, body: BackUpBody) -> ApiAnswer:
    """Back a tenant up, or some of its policies. The same backup under way is answered in place of a second one."""
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    strangers = set(body.policies) - {policy.id for policy in policies.chosen(tenant, body.policies)}
    if strangers:
        wrong = FieldError(field="policies", message=f"{tenant.name} has no policy {min(strangers)}.")
        raise ProblemError(422, errors=[wrong])
    return start_once(
        lambda: actors.backups.back_up.start(
            tenant,
            current_actor(),
            policy_types=body.policy_types,
            policy_ids=body.policies,
            is_full=body.is_full,
        )
    )


@routes.post("/policies/<policy_id>/captures")
@endpoint(Permission.OPERATE, Scope.START, **STARTS)
def capture_policy(policy_id: str) -> ApiAnswer:
    """Capture a snapshot of one policy. A capture under way is answered in place of a second one."""
    policy = fetch(Policy, policy_id, Permission.OPERATE)
    return start_once(lambda: actors.backups.capture.start(policy, current_actor()))
