"""A tenant's part in a roll-out until it has a plan: drafted, previewed, and without what another hand changed.

Each call takes one step, as far as it is known what to do; any call may be the last. It is safe to do twice.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from actors.plans import preview, restore_results
from actors.rollouts import conflicts, drafting
from actors.rollouts.conflicts import Conflicts
from actors.standards import linking
from db.audit.audit import requester
from db.audit.own_actors import ROLL_OUT
from db.database import database
from db.encryption import SealError
from db.errors import Invalid
from db.models import Restore, RollOut, RollOutTenant, Run
from db.restores import restore_drafts, restore_items, restores
from db.rollouts import rollout_tenants
from db.standards import links
from db.states import (
    ACTIVE,
    CHANGEABLE,
    WRITTEN_OUTCOMES,
    RestoreState,
    RollOutKind,
    RollOutTenantState,
    RunState,
)

T = RollOutTenantState
# Items that the guard of Conditional Access does not let pass.
HELD_BACK = "held_back"
# Beside the actions: items of which nobody said which policy they are, and those that leave something weaker.
UNSURE, WEAKER = "unsure", "weaker"
NO_ITEMS = (UNSURE, WEAKER)
ORIGIN = "rollout"
NO_LONGER_FOLLOWS = "The tenant no longer follows this standard."
CANCELLED = "Somebody cancelled its restore."
OTHER_PLAN = (
    "Its plan had to be made again, and is another one than was confirmed: something changed in the tenant since. "
    "Ask for another roll-out."
)
SEALED = (
    "A content of the standard, or of the tenant, does not open: its encryption key is missing (docs/operating.md)."
)
ALL_AS_WANTED = "Everything is as the standard wants it."
ALL_CHANGED = "All that would be written was changed by another hand."


def draft(rollout: RollOut, part: RollOutTenant) -> None:
    """Draft the tenant's restore, and begin its preview. A tenant for which none can be made is left out, and why."""
    adoption = rollout_tenants.adoption_of(part)
    if adoption is None:
        rollout_tenants.move(part, [T.WAITING], T.LEFT_OUT, message=NO_LONGER_FOLLOWS)
        return
    try:
        if part.restore_id is None:
            linking.link(adoption)
            switches_on = rollout.kind == RollOutKind.SWITCH_ON
            prepared = drafting.prepare(adoption, rollout.version, None, switches_on=switches_on)
            unsure = len(links.candidates_of(adoption))
            with database.atomic():
                if rollout_tenants.move(part, [T.WAITING], T.PREVIEWING):
                    restore = prepared.create(requester(rollout.asked_by, ORIGIN), rollout.id)
                    rollout_tenants.note(part, restore=restore, counts={UNSURE: unsure} if unsure else {})
        else:
            rollout_tenants.move(part, [T.WAITING], T.PREVIEWING)
    except Invalid as e:
        _leave_out(rollout, part, str(e))
        return
    except SealError:
        rollout_tenants.move(part, [T.WAITING], T.FAILED, message=SEALED)
        return
    follow(rollout, RollOutTenant.get_by_id(part.id))


def _leave_out(rollout: RollOut, part: RollOutTenant, why: str) -> None:
    """Leave the tenant out; one where nothing is to be done has what it should have."""
    is_done = why == drafting.NOTHING
    message = ALL_AS_WANTED if is_done and rollout.kind == RollOutKind.SWITCH_ON else why
    rollout_tenants.move(part, [T.WAITING], T.LEFT_OUT, message=message[:1000])


def follow(rollout: RollOut, part: RollOutTenant) -> None:
    """Look whether the preview has ended, and settle the plan."""
    restore = Restore.get_or_none(Restore.id == part.restore_id)
    if restore is None:
        rollout_tenants.move(part, [T.PREVIEWING], T.WAITING, restore=None)
        return
    if _is_planned(part, restore, T.PREVIEWING):
        found = _conflicts(rollout, part, restore)
        if found is not None:
            _settle(part, restore, found, lambda: _record_plan(part, restore))


def _is_planned(part: RollOutTenant, restore: Restore, state: RollOutTenantState) -> bool:
    """Return whether the restore has a plan; begin its preview where that is needed."""
    run = restores.newest_preview(restore)
    if run is not None and run.state in ACTIVE:
        return False
    if restore.state == RestoreState.CANCELLED:
        rollout_tenants.move(part, [state], T.LEFT_OUT, message=CANCELLED)
    elif restore.state in (RestoreState.RUNNING, RestoreState.FINISHED):
        # Somebody was quicker, by hand.
        rollout_tenants.move(part, [state], T.WRITING)
    elif restore.state in (RestoreState.DRAFT, RestoreState.EXPIRED):
        _preview_or_fail(part, restore, run, state)
    return restore.state in (RestoreState.PREVIEWED, RestoreState.APPROVED)


def _preview_or_fail(part: RollOutTenant, restore: Restore, run: Run | None, state: RollOutTenantState) -> None:
    has_failed = run is not None and run.state not in (RunState.SUCCEEDED, RunState.PARTIAL)
    if run is not None and has_failed and restore.state == RestoreState.DRAFT:
        why = run.error_message or f"Run {run.id} could not plan it."
        with database.atomic():
            if rollout_tenants.move(part, [state], T.FAILED, message=why[:1000]):
                _cancel(restore)
        return
    try:
        preview.start(restore, ROLL_OUT)
    except Invalid as e:
        rollout_tenants.move(part, [state], T.FAILED, message=str(e)[:1000])


def _cancel(restore: Restore) -> None:
    now = Restore.get_by_id(restore.id)
    if now.state in CHANGEABLE:
        restores.cancel(now, ROLL_OUT)


def _conflicts(rollout: RollOut, part: RollOutTenant, restore: Restore) -> Conflicts | None:
    """Return what the plan would overwrite of another hand. None: the tenant follows the standard no longer."""
    part.rollout = rollout
    adoption = rollout_tenants.adoption_of(part)
    if adoption is None:
        _cancel(restore)
        rollout_tenants.move(part, [T.PREVIEWING], T.LEFT_OUT, message=NO_LONGER_FOLLOWS)
        return None
    return conflicts.of_plan(adoption, restore)


def _settle(part: RollOutTenant, restore: Restore, found: Conflicts, record: Callable[[], None]) -> None:
    """Leave what another hand changed out of the plan, and plan again; where there is nothing such, record it."""
    if not found:
        record()
        return
    items = restore_items.items(restore)
    kept = [item.id for item in items if item.id not in found]
    known = {entry["item_key"] for entry in part.conflicts}
    news = [entry for entry in found.values() if entry["item_key"] not in known]
    rollout_tenants.note(part, conflicts=[*part.conflicts, *news])
    if not any(item.action in WRITTEN_OUTCOMES for item in items if item.id not in found):
        _cancel(restore)
        state = T.FAILED if part.state == T.UNDOING else T.LEFT_OUT
        rollout_tenants.move(part, [T.PREVIEWING, T.UNDOING], state, message=ALL_CHANGED)
        return
    restore_drafts.remove_other_items(restore, kept, ROLL_OUT)
    preview.start(Restore.get_by_id(restore.id), ROLL_OUT)


def _record_plan(part: RollOutTenant, restore: Restore) -> None:
    if part.confirmed_mark is not None and part.confirmed_mark != rollout_tenants.plan_mark(restore):
        with database.atomic():
            if rollout_tenants.move(part, [T.PREVIEWING], T.LEFT_OUT, message=OTHER_PLAN):
                _cancel(restore)
        return
    weaker = len({warned.item_id for warned in restore_results.warnings_before(restore_items.with_dangers(restore))})
    more = {UNSURE: part.counts.get(UNSURE, 0), WEAKER: weaker}
    counts = planned_counts(restore) | {name: count for name, count in more.items() if count}
    message = "" if writes_anything(counts) else ALL_AS_WANTED if set(counts) <= {"matches"} else ""
    state = T.OBJECTED if part.objection and not part.overridden_by_id else T.PREVIEWED
    rollout_tenants.move(part, [T.PREVIEWING], state, counts=counts, message=message)


def planned_counts(restore: Restore) -> dict[str, int]:
    """Return action -> how many items of the plan."""
    counts: Counter[str] = Counter()
    for (action, reason), count in restore_items.count_plan(restore).items():
        is_held = reason == "guard" and action in WRITTEN_OUTCOMES and restore.guard_reason is None
        counts[HELD_BACK if is_held else str(action)] += count
    return dict(counts)


def writes_anything(counts: Mapping[str, Any]) -> bool:
    return any(counts.get(str(action)) for action in WRITTEN_OUTCOMES)


# --- undoing ---------------------------------------------------------------------------------------------------------


def follow_undo(part: RollOutTenant, undo: Restore, written: Restore) -> bool:
    """Bring the undo of a tenant to its plan, without what another hand changed since. Return whether it has one."""
    if not _is_planned(part, undo, T.UNDOING):
        return False
    found = conflicts.of_undo(written, undo)
    if found:
        _settle(part, undo, found, lambda: None)
    return not found
