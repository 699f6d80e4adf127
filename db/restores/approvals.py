"""The way from a plan to the run that executes it: how long a plan holds, who approves it, what lets it begin.

What is approved and executed is the plan of one fingerprint (db/restores/plan_fingerprint.py). The override of the
Conditional Access guard is a part of it, given before the approval.
"""

from datetime import timedelta
from typing import Any

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import is_recent, utcnow
from db.database import Condition, transaction
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run
from db.restores import four_eyes, plan_fingerprint, restores
from db.states import WRITTEN_OUTCOMES, RestoreState

MAX_REASON_LENGTH = 500
READY = (RestoreState.PREVIEWED, RestoreState.APPROVED)


def expires_at(restore: Restore, hours: int) -> Any:
    return restore.previewed_at + timedelta(hours=hours) if restore.previewed_at else None


def expire_old_plans(hours: int) -> int:
    """Expire plans that are too old to be trusted. Return how many."""
    return int(Restore.update(state=RestoreState.EXPIRED).where(Restore.state.in_(READY) & ~_is_fresh(hours)).execute())


@transaction
def approve(restore: Restore, actor: Actor, reason: str, hours: int, *, plan: str | None = None) -> None:
    """Approve the plan, as another person than who asked for it. Raises Invalid, also when `plan` is not the plan any
    more.

    `plan`: the fingerprint that the person has seen; None: nobody has looked at a page.
    """
    if actor.user_id is None:
        raise Invalid("A restore is approved by a person, in the browser.")
    sentence = _require_reason(restore, reason)
    restores.lock_restore(restore)
    four_eyes.refuse_requester(restore, actor.user_id)
    seen = _require_same_plan(restore)
    restores.require_one_row(
        Restore.update(
            state=RestoreState.APPROVED,
            approved_by=actor.user_id,
            approved_at=utcnow(),
            approved_fingerprint=seen,
            reason=sentence,
        ).where((Restore.state == RestoreState.PREVIEWED) & _is_this_plan(restore, plan) & _is_fresh(hours)),
        "Only a fresh preview that you have seen can be approved. Look at the plan as it is now.",
    )
    audit.record_of_restore(Action.RESTORE_APPROVED, actor, restore, reason=sentence, fingerprint=seen)


def _require_same_plan(restore: Restore) -> str | None:
    """Return the plan's fingerprint, or None when there is no plan.

    Raises Invalid when it has changed since its preview.
    """
    now = Restore.get_by_id(restore.id)
    if now.state not in READY:
        return None
    plan_fingerprint.require_unchanged(now)
    return str(now.planned_mark)


def _is_this_plan(restore: Restore, plan: str | None) -> Condition:
    """Return the condition that this is still the plan that was seen, and nobody previewed it again meanwhile."""
    seen = restore.planned_mark if plan is None else plan
    return (Restore.id == restore.id) & (Restore.planned_mark == (seen or ""))


def _is_fresh(hours: int) -> Condition:
    return is_recent(Restore.previewed_at, timedelta(hours=hours), utcnow())


def _require_reason(restore: Restore, reason: str) -> str:
    text = clean_reason(reason or restore.reason or "")
    if not text:
        raise Invalid("Say why: a ticket or a sentence. It is kept with the restore and shown to whoever approves it.")
    return text


def clean_reason(reason: str) -> str:
    return " ".join(reason.replace("\x00", "").split())[:MAX_REASON_LENGTH]


# --- the guard -------------------------------------------------------------------------------------------------------


def items_held_back(restore: Restore) -> list[RestoreItem]:
    """Return the items that the Conditional Access guard does not let pass, unless somebody overrides it."""
    held = (RestoreItem.reason == "guard") & RestoreItem.action.in_(list(WRITTEN_OUTCOMES))
    return list(RestoreItem.select().where((RestoreItem.restore == restore) & held).order_by(RestoreItem.position))


def asks_about_guard(restore: Restore) -> bool:
    """Return whether executing asks, yes or no, for what the guard holds back: an undo writes what was live until the
    restore that it undoes. With four eyes an override is given, and approved, before.
    """
    is_undo = restore.undo_of_id is not None and restore.guard_reason is None
    return is_undo and not four_eyes.is_required(restore) and bool(items_held_back(restore))


@transaction
def override_guard(restore: Restore, actor: Actor, reason: str, *, plan: str | None = None) -> None:
    """Let what the guard holds back be written, as a part of the plan: it is to be approved again. Raises Invalid.

    It lasts as long as the plan: a new preview holds these back again.
    """
    sentence = clean_reason(reason)
    if not sentence:
        raise Invalid("Say why the Conditional Access guard may be passed: whoever approves it reads that.")
    restores.lock_restore(restore)
    _require_same_plan(restore)
    names = [item.name for item in items_held_back(restore)]
    if not names:
        raise Invalid("The Conditional Access guard holds nothing of this plan back.")
    changes = {"guard_reason": sentence, "guard_by": actor.user_id, "guard_at": utcnow()}
    restores.require_one_row(
        Restore.update(state=RestoreState.PREVIEWED, **restores.NOT_APPROVED, **changes).where(
            Restore.state.in_(READY) & _is_this_plan(restore, plan)
        ),
        "Only the guard of a plan that you have seen can be overridden. Look at the plan as it is now.",
    )
    four_eyes.record_requester([restore.id], actor, four_eyes.OVERRODE_GUARD)
    plan_fingerprint.renew_guard(Restore.get_by_id(restore.id))
    audit.record_of_restore(
        Action.RESTORE_GUARD,
        actor,
        restore,
        reason=sentence,
        policies=names,
        fingerprint=Restore.get_by_id(restore.id).planned_mark,
    )


# --- execute ---------------------------------------------------------------------------------------------------------


def begin_live(restore: Restore, run: Run, actor: Actor, reason: str, hours: int, plan: str | None) -> None:
    """Begin the live run, in the transaction that makes it, the restore locked.

    Raises Invalid when the plan may not run.
    """
    seen = _require_same_plan(restore)
    four_eyes.require_approval(restore)
    ready = [RestoreState.APPROVED] if four_eyes.is_required(restore) else list(READY)
    sentence = _require_reason(restore, reason)
    restores.require_one_row(
        Restore.update(state=RestoreState.RUNNING, started_at=utcnow(), reason=sentence).where(
            Restore.state.in_(ready) & _is_this_plan(restore, plan) & _is_fresh(hours)
        ),
        _refusal(restore, hours, plan),
    )
    audit.record_of_restore(
        Action.RESTORE_STARTED,
        actor,
        restore,
        reason=sentence,
        run=run.id,
        undo_of=restore.undo_of_id,
        fingerprint=seen,
    )


def _refusal(restore: Restore, hours: int, plan: str | None) -> str:
    now = Restore.get_by_id(restore.id)
    if now.planned_mark and plan not in (None, now.planned_mark):
        return "Its plan is another one since you looked at it. Look at it as it is now; nothing was written."
    if now.state == RestoreState.PREVIEWED and four_eyes.is_required(now):
        return "This tenant asks for a second approval: another manager has to approve this restore first."
    if now.state in (*READY, RestoreState.EXPIRED):
        return f"The preview is older than {hours} hours. Preview it again."
    if now.state == RestoreState.DRAFT:
        return "Preview it first: only what a preview has shown is written."
    return f"This restore is {now.state}."


@transaction
def live_refusal(restore: Restore) -> str:
    """Return why a live run may write nothing more, or "" when it may."""
    restores.lock_restore(restore)
    now = Restore.get_by_id(restore.id)
    is_approved = not four_eyes.is_required(now) or now.approved_fingerprint == now.planned_mark
    return plan_fingerprint.refusal(now) or ("" if is_approved else "Another plan was approved. Preview it again.")
