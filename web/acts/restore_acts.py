"""Asking for a restore, executing and cancelling it: who may, and what has to be answered first."""

from dataclasses import dataclass

from flask_login import current_user

import actors.restores.live_restore
from actors.queue.enqueue import EnqueuedRun
from db.audit.audit import Actor
from db.errors import Invalid
from db.models import Restore, Tenant
from db.restores import approvals, restores
from db.runs import completion
from db.states import ACTIVE, CHANGEABLE
from db.tenants import tenants
from web.inputs import is_same_name
from web.security.access import can, can_fetch, deny
from web.security.permissions import Permission


def require_source_access(directory_id: str, target: Tenant) -> None:
    """Abort with 403 unless the user manages both tenants. An unknown source tenant needs no permission."""
    if directory_id == target.directory_id:
        return
    source = tenants.find_by_directory_id(directory_id)
    for tenant in (target, *([source] if source else [])):
        if not can(Permission.MANAGE, tenant.id):
            deny(Permission.MANAGE, tenant)


@dataclass(frozen=True)
class ExecuteAnswers:
    """The answers that executing asks for.

    `tenant_name`: typed, to confirm where is written. `plan`: the fingerprint of the plan that the person has seen.
    `put_back_held`: whether an undo writes what the guard holds back; None: not answered.
    """

    tenant_name: str
    reason: str
    plan: str
    put_back_held: bool | None = None


def execute(restore: Restore, actor: Actor, answers: ExecuteAnswers) -> EnqueuedRun:
    """Start the live run of exactly the plan that was seen. Raises Invalid, and then nothing was written."""
    if not is_same_name(answers.tenant_name, restore.tenant.name):
        raise Invalid(f"Type the name of the tenant that is written to: {restore.tenant.name}. Nothing was written.")
    plan = _answered_plan(restore, actor, answers)
    return actors.restores.live_restore.start(restore, actor, plan=plan, reason=answers.reason)


def _answered_plan(restore: Restore, actor: Actor, answers: ExecuteAnswers) -> str:
    """Return the plan to execute: with the guard overridden where it asked and the answer is yes.

    Raises Invalid without an answer: nothing is held back, or written, by a field that somebody overlooked.
    """
    if not approvals.asks_about_guard(restore):
        return answers.plan
    if answers.put_back_held is None:
        raise Invalid("Choose whether to put back what the Conditional Access guard holds back. Nothing was written.")
    if not answers.put_back_held:
        return answers.plan
    approvals.override_guard(restore, actor, answers.reason, plan=answers.plan)
    return str(Restore.get_by_id(restore.id).planned_mark)


def may_cancel(restore: Restore) -> bool:
    """Whoever asked for a restore may cancel it; that of another person, a manager."""
    is_own = restore.created_by_id == current_user.id
    return can_fetch(Permission.OPERATE if is_own else Permission.MANAGE, restore)


def cancel(restore: Restore, actor: Actor) -> bool:
    """Cancel the restore, or ask its run to stop. Return whether one goes on until its next item.

    Aborts with 403. Raises Invalid when it is too late.
    """
    if not may_cancel(restore):
        deny(Permission.MANAGE, restore.tenant)
    active = [run for run in restores.runs_of_restore(restore) if run.state in ACTIVE]
    for run in active:
        completion.request_cancel(run, actor)
    if restore.state in CHANGEABLE or not active:
        restores.cancel(restore, actor)
    return bool(active)
