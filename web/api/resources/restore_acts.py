"""Acts on a restore: approving and executing its plan, cancelling, undoing, trying again. As pages do them."""

from flask import Blueprint
from pydantic import Field

import actors.restores.live_restore
import config
from actors.plans import drafts
from db.errors import Invalid
from db.models import Restore, Run
from db.restores import approvals, restores, retries
from db.states import Scope
from web.acts import restore_acts
from web.acts.restore_acts import ExecuteAnswers
from web.api.endpoints import ApiAnswer, Arguments, endpoint
from web.api.representations.restores import RestoreDetailsJson, details
from web.api.representations.starting import MAKES, STARTS, make_once, start_once
from web.security.access import current_actor, fetch
from web.security.permissions import Permission

routes = Blueprint("restore_acts", __name__)

REFUSALS = (422,)
_FINGERPRINT = "The `fingerprint` of the plan that was read. Of any other plan nothing is approved or written."


class PlanBody(Arguments):
    """The plan that is meant, and the reason."""

    expected_fingerprint: str = Field(min_length=1, max_length=64, description=_FINGERPRINT)
    reason: str = Field(
        "", max_length=approvals.MAX_REASON_LENGTH, description="A ticket or a sentence, kept with the restore."
    )


class ExecuteBody(PlanBody):
    """The plan that is written, the reason, and the tenant that it is written to."""

    confirm_tenant: str = Field(max_length=255, description="The name of the tenant that is written to.")
    put_back_held: bool | None = Field(
        None,
        description="Of an undo with `asks_about_guard`: whether what the Conditional Access guard holds back is "
        "written.",
    )


def _as_it_is_now(restore: Restore) -> RestoreDetailsJson:
    return details(Restore.get_by_id(restore.id))


@routes.post("/restores/<restore_id>/approve")
@endpoint(Permission.MANAGE, Scope.RESTORE, returns=RestoreDetailsJson, body=PlanBody, problems=REFUSALS)
def approve_restore(restore_id: str, body: PlanBody) -> RestoreDetailsJson:
    """Approve a plan. Where the tenant asks for four eyes, that takes another person than those who asked for it.

    A token acts as the person who made it: nobody approves their own restore with one.
    """
    restore, hours = fetch(Restore, restore_id, Permission.MANAGE), config.settings().plan_hours
    approvals.approve(restore, current_actor(), body.reason, hours, plan=body.expected_fingerprint)
    return _as_it_is_now(restore)


@routes.post("/restores/<restore_id>/override-guard")
@endpoint(Permission.MANAGE, Scope.RESTORE, returns=RestoreDetailsJson, body=PlanBody, problems=REFUSALS)
def override_guard_of_restore(restore_id: str, body: PlanBody) -> RestoreDetailsJson:
    """Let what the Conditional Access guard holds back be written. That makes it another plan, to be approved anew."""
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    approvals.override_guard(restore, current_actor(), body.reason, plan=body.expected_fingerprint)
    return _as_it_is_now(restore)


@routes.post("/restores/<restore_id>/execute")
@endpoint(Permission.MANAGE, Scope.RESTORE, body=ExecuteBody, **STARTS)
def execute_restore(restore_id: str, body: ExecuteBody) -> ApiAnswer:
    """Write exactly the plan that was read, and approved where the tenant asks for that. It takes a reason."""
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    answers = ExecuteAnswers(
        tenant_name=body.confirm_tenant,
        reason=body.reason,
        plan=body.expected_fingerprint,
        put_back_held=body.put_back_held,
    )
    return start_once(lambda: restore_acts.execute(restore, current_actor(), answers))


@routes.post("/restores/<restore_id>/cancel")
@endpoint(Permission.OPERATE, Scope.START, returns=RestoreDetailsJson, problems=REFUSALS)
def cancel_restore(restore_id: str) -> RestoreDetailsJson:
    """Cancel a restore that has not begun. One that goes on stops at its next item."""
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    restore_acts.cancel(restore, current_actor())
    return _as_it_is_now(restore)


@routes.post("/restores/<restore_id>/undo")
@endpoint(Permission.MANAGE, Scope.START, **MAKES)
def undo_restore(restore_id: str) -> ApiAnswer:
    """Draft a restore that writes back what this one overwrote, and removes what it created. Preview it next."""
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    return make_once(lambda: drafts.undo(restore, current_actor()))


@routes.post("/restores/<restore_id>/again")
@endpoint(Permission.OPERATE, Scope.START, **MAKES)
def restore_again(restore_id: str) -> ApiAnswer:
    """Draft a restore of what this one did not do. Preview it next."""
    restore = fetch(Restore, restore_id, Permission.OPERATE)
    return make_once(lambda: drafts.repeat_unfinished(restore, current_actor()))


@routes.post("/restores/<restore_id>/approve-retry")
@endpoint(Permission.MANAGE, Scope.RESTORE, returns=RestoreDetailsJson, body=PlanBody, problems=REFUSALS)
def approve_retry_of_restore(restore_id: str, body: PlanBody) -> RestoreDetailsJson:
    """Let what the newest live run could not write be tried again, once, as another person than those who asked."""
    restore, hours = fetch(Restore, restore_id, Permission.MANAGE), config.settings().plan_hours
    retries.approve(_live_run(restore), current_actor(), body.reason, hours, plan=body.expected_fingerprint)
    return _as_it_is_now(restore)


@routes.post("/restores/<restore_id>/retry-failed")
@endpoint(Permission.MANAGE, Scope.RESTORE, **STARTS)
def retry_failed_of_restore(restore_id: str) -> ApiAnswer:
    """Try again what the newest live run could not write, as it was planned, for as long as the plan holds."""
    restore = fetch(Restore, restore_id, Permission.MANAGE)
    run = _live_run(restore)
    return start_once(lambda: actors.restores.live_restore.retry_failed(run, current_actor()))


def _live_run(restore: Restore) -> Run:
    run = restores.newest_live_run(restore)
    if run is None:
        raise Invalid("This restore was never executed.")
    return run
