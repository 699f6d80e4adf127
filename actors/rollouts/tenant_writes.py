"""A tenant's part in a roll-out from its confirmed plan on: approved, written, counted; undone, where that is asked.

Each call takes one step, and any call may be the last. It is safe to do twice: one live restore runs in a tenant at a
time, and a restore begins once.
"""

from collections import Counter
from contextlib import suppress
from typing import Any

import config
from actors.plans import drafts
from actors.restores import live_restore
from actors.rollouts import tenant_plans
from actors.rollouts.tenant_plans import CANCELLED, ORIGIN
from db.audit.audit import Actor
from db.audit.own_actors import ROLL_OUT
from db.clock import utcnow
from db.database import database
from db.errors import Invalid
from db.models import Restore, RestoreItem, RollOut, RollOutTenant, Run, RunItem, StandardAdoption
from db.restores import approvals, four_eyes, restore_items, restores
from db.rollouts import rollout_tenants, rollouts
from db.runs import runs
from db.states import ACTIVE, ItemState, Outcome, RestoreState, RollOutTenantState, RunKind, RunState

T = RollOutTenantState
READY = (RestoreState.PREVIEWED, RestoreState.APPROVED)
WAITS_FOR_APPROVAL = "It waits for a second person: this tenant asks for a second approval, at its restore."
WAITS_FOR_OTHER = "It waits for its turn: restore {number} is under way in the tenant."
# Outcomes that are no success, and that nobody knew of before.
_FAILED_STATES = (ItemState.FAILED, ItemState.UNCERTAIN)
NOT_REACHED = "not_reached"
FAILURES = (str(Outcome.ERROR), str(Outcome.UNKNOWN), "failed", NOT_REACHED)


def begin(rollout: RollOut, part: RollOutTenant) -> bool:
    """Begin to write the tenant's confirmed plan. Return whether it is under way by now."""
    restore = Restore.get_or_none(Restore.id == part.restore_id)
    if restore is None or restore.state == RestoreState.CANCELLED:
        rollout_tenants.move(part, [T.PREVIEWED], T.LEFT_OUT, message=CANCELLED)
        return False
    if restore.state in (RestoreState.RUNNING, RestoreState.FINISHED):
        return _note_begun(rollout, part)
    hours = config.settings().plan_hours
    if restore.state not in READY or approvals.expires_at(restore, hours) <= utcnow():
        rollout_tenants.move(part, [T.PREVIEWED], T.PREVIEWING)
        return False
    if part.confirmed_mark != rollout_tenants.plan_mark(restore):
        _leave_out(part, tenant_plans.OTHER_PLAN)
        return False
    if not tenant_plans.writes_anything(tenant_plans.planned_counts(restore)):
        return _end_without_writing(rollout, part, restore)
    return _start(rollout, part, restore)


def _leave_out(part: RollOutTenant, why: str) -> None:
    with database.atomic():
        if rollout_tenants.move(part, [T.PREVIEWED], T.LEFT_OUT, message=why[:1000]):
            _cancel(part.restore_id)


def _cancel(restore_id: int) -> None:
    with suppress(Invalid):  # it has begun since, by hand: what it writes is its own
        restores.cancel(Restore.get_by_id(restore_id), ROLL_OUT)


def _start(rollout: RollOut, part: RollOutTenant, restore: Restore) -> bool:
    """Start the live run, approved where the tenant asks for that. Return whether it is under way."""
    other = runs.find_active(f"{RunKind.RESTORE}:{restore.tenant_id}")
    if other is not None and other.restore_id != restore.id:
        rollout_tenants.note(part, message=WAITS_FOR_OTHER.format(number=other.restore_id))
        return False
    try:
        if not _is_approved(restore, _confirmer(rollout), rollout.reason):
            rollout_tenants.note(part, message=WAITS_FOR_APPROVAL)
            return False
        live_restore.start(Restore.get_by_id(restore.id), ROLL_OUT, reason=rollout.reason, plan=restore.planned_mark)
    except Invalid as e:
        if Restore.get_by_id(restore.id).state == RestoreState.RUNNING:
            return _note_begun(rollout, part)
        _leave_out(part, str(e))
        return False
    return _note_begun(rollout, part)


def _confirmer(rollout: RollOut) -> Actor | None:
    return Actor.person(rollout.confirmed_by, None, ORIGIN) if rollout.confirmed_by else None


def _is_approved(restore: Restore, approver: Actor | None, reason: str) -> bool:
    """Return whether the plan may be written as far as four eyes go. Whoever confirmed the ring approves it, too,
    unless they decided a part of it.
    """
    if not four_eyes.is_required(restore) or four_eyes.has_approved(restore):
        return True
    if approver is None or approver.user_id in four_eyes.requesters(restore) or restore.state != RestoreState.PREVIEWED:
        return False
    approvals.approve(restore, approver, reason, config.settings().plan_hours, plan=restore.planned_mark)
    return True


def _note_begun(rollout: RollOut, part: RollOutTenant) -> bool:
    """Note that it is being written: from now on the tenant is held to this version."""
    with database.atomic():
        adoption = _hold_to_version(rollout, part)
        previous = {"previous_version_id": adoption.version_id} if adoption else {}
        return rollout_tenants.move(part, [T.PREVIEWED, T.PREVIEWING], T.WRITING, message="", **previous)


def _hold_to_version(rollout: RollOut, part: RollOutTenant) -> StandardAdoption | None:
    part.rollout = rollout
    adoption = rollout_tenants.adoption_of(part)
    if adoption is not None:
        rollout_tenants.hold_to(adoption, rollout.version_id)
    return adoption


def _end_without_writing(rollout: RollOut, part: RollOutTenant, restore: Restore) -> bool:
    """End the part of a tenant that has everything already: no run is needed to say so."""
    with database.atomic():
        adoption = _hold_to_version(rollout, part)
        previous = {"previous_version_id": adoption.version_id} if adoption else {}
        if rollout_tenants.move(part, [T.PREVIEWED], T.DONE, **previous):
            _cancel(restore.id)
    return False


# --- what became of it -----------------------------------------------------------------------------------------------


def follow(rollout: RollOut, part: RollOutTenant) -> bool:
    """Look whether its live run has ended, and count what became of it. Return whether it still writes."""
    restore = Restore.get_or_none(Restore.id == part.restore_id)
    run = restores.newest_live_run(restore) if restore else None
    if restore is None or run is None:
        rollout_tenants.move(part, [T.WRITING], T.FAILED, message="Its run is no longer here.")
        return False
    if run.state in ACTIVE:
        rollout_tenants.note(part, message=str(run.waiting or part.message)[:1000])
        return True
    counts, found = _results(restore)
    failed = run.state in (RunState.FAILED, RunState.CANCELLED) or any(counts.get(name) for name in FAILURES)
    columns = {"counts": counts, "conflicts": [*part.conflicts, *found], "message": _message(run, counts)}
    with database.atomic():
        _hold_to_version(rollout, part)
        rollout_tenants.move(part, [T.WRITING], T.FAILED if failed else T.DONE, **columns)
    return False


def _results(restore: Restore) -> tuple[dict[str, int], list[dict[str, Any]]]:
    """Return outcome -> count, and what was changed between preview and writing."""
    results = restore_items.results(restores.runs_of_restore(restore))
    counts: Counter[str] = Counter()
    found = []
    for item in restore_items.items(restore):
        outcome = _outcome(results.get(item.id))
        counts[outcome] += 1
        if outcome == Outcome.CONFLICT:
            found.append(_changed_meanwhile(item, results[item.id]))
    return dict(counts), found


def _outcome(result: RunItem | None) -> str:
    if result is None or result.outcome in (None, Outcome.CANCELLED):
        return NOT_REACHED
    is_new = result.outcome not in (Outcome.CONFLICT, Outcome.ERROR, Outcome.UNKNOWN)
    return "failed" if is_new and result.state in _FAILED_STATES else str(result.outcome)


def _changed_meanwhile(item: RestoreItem, result: RunItem) -> dict[str, Any]:
    why = result.message or "It was changed since its preview."
    return {"item_key": item.graph_id, "name": item.name, "who": "", "why": why}


def _message(run: Run, counts: dict[str, int]) -> str:
    if run.error_message:
        return str(run.error_message)[:1000]
    failed, total = sum(counts.get(name, 0) for name in FAILURES), sum(counts.values())
    return f"{failed} of {total} policies were not written." if failed else ""


# --- undoing ---------------------------------------------------------------------------------------------------------


def begin_undo(part: RollOutTenant) -> None:
    """Draft the undo of what was written in the tenant."""
    written = Restore.get_or_none(Restore.id == part.restore_id)
    if written is None or not restores.has_written(written):
        _end_undo(part, "Nothing was written here.")
        return
    try:
        with database.atomic():
            if rollout_tenants.move(part, rollout_tenants.WRITTEN, T.UNDOING, message=""):
                rollout_tenants.note(part, undo=drafts.undo(written, ROLL_OUT))
    except Invalid as e:
        _end_undo(RollOutTenant.get_by_id(part.id), str(e))


def _end_undo(part: RollOutTenant, message: str, state: RollOutTenantState = T.UNDONE, **columns: Any) -> None:
    """End it: the tenant is held to what it was held to before."""
    with database.atomic():
        adoption = rollout_tenants.adoption_of(part)
        if adoption is not None:
            rollout_tenants.hold_to(adoption, part.previous_version_id)
        rollout_tenants.move(part, [*rollout_tenants.WRITTEN, T.UNDOING], state, message=message[:1000], **columns)


def follow_undo(rollout: RollOut, part: RollOutTenant) -> None:
    """Take the next step of the undo: plan it, begin it, count it."""
    undo = Restore.get_or_none(Restore.id == part.undo_id)
    written = Restore.get_or_none(Restore.id == part.restore_id)
    if undo is None or written is None:
        _end_undo(part, "Its restore is no longer here.", T.FAILED)
        return
    run = restores.newest_live_run(undo)
    if run is None:
        if tenant_plans.follow_undo(part, undo, written):
            _begin_undo_run(rollout, part, undo)
    elif run.state in ACTIVE:
        rollout_tenants.note(part, message=str(run.waiting or "")[:1000])
    else:
        counts, found = _results(undo)
        failed = any(counts.get(name) for name in FAILURES)
        columns = {"counts": counts, "conflicts": [*part.conflicts, *found]}
        _end_undo(part, _message(run, counts), T.FAILED if failed else T.UNDONE, **columns)


def _begin_undo_run(rollout: RollOut, part: RollOutTenant, undo: Restore) -> None:
    other = runs.find_active(f"{RunKind.RESTORE}:{undo.tenant_id}")
    if other is not None:
        rollout_tenants.note(part, message=WAITS_FOR_OTHER.format(number=other.restore_id))
        return
    try:
        why = rollouts.why_rolled_back(rollout)
        if _is_approved(undo, None, why):
            live_restore.start(Restore.get_by_id(undo.id), ROLL_OUT, reason=why, plan=undo.planned_mark)
        else:
            rollout_tenants.note(part, message=WAITS_FOR_APPROVAL)
    except Invalid as e:
        _end_undo(part, str(e), T.FAILED)
