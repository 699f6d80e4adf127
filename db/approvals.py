"""From a plan to the run that carries it out: how long a plan holds, who approves it, and what lets it begin."""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any

import peewee as pw

from db import audit, four_eyes, restores
from db.audit import Action, Actor
from db.clock import utcnow
from db.database import transaction
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run
from db.states import RestoreState

LONGEST_REASON = 500


def expires_at(restore: Restore, hours: int) -> Any:
    return restore.previewed_at + timedelta(hours=hours) if restore.previewed_at else None


def expire_old(hours: int) -> int:
    """Plans that are too old to be trusted. Returns how many."""
    return int(
        Restore.update(state=RestoreState.EXPIRED)
        .where(
            Restore.state.in_([RestoreState.PREVIEWED, RestoreState.APPROVED])
            & (Restore.previewed_at < utcnow() - timedelta(hours=hours))
        )
        .execute()
    )


@transaction
def approve(restore: Restore, actor: Actor, reason: str, hours: int, *, plan: str | None = None) -> None:
    """By another person than who asked for it. Raises Invalid; also when `plan` is not the one that is there by now."""
    if actor.user_id is None:
        raise Invalid("A restore is approved by a person, in the browser.")
    said = _reason(restore, reason)
    restores.hold(restore)
    if restore.tenant.four_eyes and actor.user_id in four_eyes.requesters(restore):
        raise Invalid("This tenant asks for four eyes: somebody other than you has to approve your restore.")
    _require_planned(restore)
    restores.expect(
        Restore.update(state=RestoreState.APPROVED, approved_by=actor.user_id, approved_at=utcnow(), reason=said).where(
            (Restore.state == RestoreState.PREVIEWED) & _this_plan(restore, plan) & _fresh(hours)
        ),
        "Only a fresh preview that you have seen can be approved. Look at the plan as it is now.",
    )
    audit.record(Action.RESTORE_APPROVED, actor, f"restore {restore.id}", tenant=restore.tenant, reason=said)


def plan_mark(restore: Restore) -> str:
    """Which plan a person has seen: a page says it, and its forms give it back."""
    return restore.previewed_at.isoformat() if restore.previewed_at else ""


def _this_plan(restore: Restore, plan: str | None) -> Any:
    """As a condition: it is still the plan that was seen, and nobody previewed it again meanwhile."""
    is_seen = plan in (None, plan_mark(restore))
    return (Restore.id == restore.id) & (Restore.previewed_at == restore.previewed_at) & pw.Value(is_seen)


def mark_of(options: Mapping[str, Any], item_ids: Iterable[int]) -> str:
    """Of what a plan is made for."""
    text = json.dumps([dict(options), sorted(item_ids)], sort_keys=True, ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def note_planned(restore: Restore, mark: str) -> None:
    """What the preview has planned for: nothing else may be approved or executed."""
    Restore.update(planned_mark=mark).where(Restore.id == restore.id).execute()


def _require_planned(restore: Restore) -> None:
    """Raises Invalid. A preview of before this was kept has none."""
    now = Restore.get_by_id(restore.id)
    ids = RestoreItem.select(RestoreItem.id).where(RestoreItem.restore == restore).tuples()
    if now.planned_mark and now.planned_mark != mark_of(now.options, [row[0] for row in ids]):
        raise Invalid("Its options or its policies are not those that the preview planned for. Preview it again.")


def _fresh(hours: int) -> Any:
    return Restore.previewed_at >= utcnow() - timedelta(hours=hours)


def _reason(restore: Restore, reason: str) -> str:
    text = " ".join((reason or restore.reason or "").replace("\x00", "").split())[:LONGEST_REASON]
    if not text:
        raise Invalid("Say why: a ticket or a sentence. It is kept with the restore and shown to whoever approves it.")
    return text


def begin_live(
    restore: Restore, run: Run, actor: Actor, reason: str, guard_reason: str, hours: int, plan: str | None
) -> None:
    """In the transaction that makes its run, the restore held. Raises Invalid when the plan may not be executed."""
    _require_planned(restore)
    four_eyes.require(restore)
    ready = [RestoreState.APPROVED] if restore.tenant.four_eyes else [RestoreState.PREVIEWED, RestoreState.APPROVED]
    said, guard_reason = _reason(restore, reason), guard_reason[:LONGEST_REASON]
    restores.expect(
        Restore.update(
            state=RestoreState.RUNNING, started_at=utcnow(), reason=said, guard_reason=guard_reason or None
        ).where(Restore.state.in_(ready) & _this_plan(restore, plan) & _fresh(hours)),
        _why_not(restore, hours, plan),
    )
    audit.record(
        Action.RESTORE_STARTED,
        actor,
        f"restore {restore.id}",
        tenant=restore.tenant,
        reason=said,
        run=run.id,
        undo_of=restore.undo_of_id,
    )
    if guard_reason:
        audit.record(
            Action.RESTORE_GUARD,
            actor,
            f"restore {restore.id}",
            tenant=restore.tenant,
            reason=guard_reason,
        )


def _why_not(restore: Restore, hours: int, plan: str | None) -> str:
    if restore.state == RestoreState.PREVIEWED and restore.tenant.four_eyes:
        return "This tenant asks for four eyes: another manager has to approve this restore first."
    if restore.previewed_at and plan not in (None, plan_mark(restore)):
        return "It was previewed again since you looked at it. Look at the plan as it is now; nothing was written."
    if restore.state in (RestoreState.PREVIEWED, RestoreState.APPROVED, RestoreState.EXPIRED):
        return f"The preview is older than {hours} hours. Preview it again."
    if restore.state == RestoreState.DRAFT:
        return "Preview it first: only what a preview has shown is written."
    return f"This restore is {restore.state}."
