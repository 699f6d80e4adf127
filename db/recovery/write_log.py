"""The log of writes: each is recorded before it is sent, and answered after. Reading back settles what stays open.

Why: docs/decisions/0011-write-log.md.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.clock import utcnow
from db.database import database
from db.models import RestoreItem, Run, Write
from db.runs import claims
from db.runs.claims import Claim
from db.sql.value_lists import is_in
from db.states import POSSIBLY_APPLIED, UNRESOLVED_WRITES, WRITTEN_OUTCOMES, WriteState


@dataclass(frozen=True)
class WriteIntent:
    item_id: int
    method: str
    path: str
    request_mark: str
    # Of a create: the ids that are there already under its name. None: it is no create.
    known_ids: Sequence[str] | None = None


@dataclass(frozen=True)
class WriteAnswer:
    write_id: int
    state: WriteState
    error_code: str | None = None
    request_id: str | None = None
    approval: str | None = None
    # Of a create that was answered: the new object's id, and the item that it is for.
    item_id: int | None = None
    created_id: str | None = None


def record(claim: Claim, intents: Iterable[WriteIntent]) -> list[int]:
    """Record the intents, to be committed before anything is sent. Raises ClaimLost: then nothing may be sent."""
    with database.atomic():
        claims.assert_claim(claim)
        return [
            Write.create(
                run=claim.run.id,
                item=one.item_id,
                method=one.method,
                path=one.path[:700],
                request_mark=one.request_mark,
                known_ids=None if one.known_ids is None else list(one.known_ids),
            ).id
            for one in intents
        ]


def record_answers(results: Iterable[WriteAnswer]) -> None:
    """Record answers, without a look at the claim: what Graph answered is true, whoever has the run now."""
    with database.atomic():
        for one in results:
            Write.update(
                state=one.state,
                answered_at=utcnow(),
                error_code=one.error_code,
                request_id=one.request_id,
                approval=one.approval,
            ).where(Write.id == one.write_id).execute()
            if one.state == WriteState.ANSWERED:
                _close_approval(one.write_id)
            if one.created_id:
                _save_created_id(one.item_id, one.created_id)


def _save_created_id(item_id: int | None, created_id: str) -> None:
    """Save the first object that an item created: an answer that comes late must not hide it from an undo."""
    is_first = (RestoreItem.id == item_id) & RestoreItem.created_id.is_null()
    RestoreItem.update(created_id=created_id).where(is_first).execute()


def _close_approval(write_id: int) -> None:
    """Close an earlier write of the same request, which waited for its approval."""
    write = Write.get_by_id(write_id)
    Write.update(state=WriteState.REFUSED).where(
        (Write.item == write.item_id) & (Write.request_mark == write.request_mark) & (Write.state == WriteState.WAITING)
    ).execute()


def settle(write: Write, state: WriteState) -> None:
    write.state, write.answered_at = state, utcnow()
    write.save(only=[Write.state, Write.answered_at])


def adopt_created_object(write: Write, created_id: str) -> None:
    """Record the object that a create made whose answer never came."""
    with database.atomic():
        settle(write, WriteState.FOUND)
        _save_created_id(write.item_id, created_id)


def writes_by_item(item_ids: Sequence[int]) -> Mapping[int, list[Write]]:
    """Return item id -> its writes in all runs, the oldest first."""
    found: dict[int, list[Write]] = {one: [] for one in item_ids}
    for write in Write.select().where(is_in(Write.item, item_ids)).order_by(Write.id):
        found[write.item_id].append(write)
    return found


def unanswered_create(writes: Sequence[Write]) -> Write | None:
    """Return the create of which nobody knows whether it made something."""
    return next((one for one in reversed(writes) if one.known_ids is not None and one.state in UNRESOLVED_WRITES), None)


def may_have_been_applied(writes: Sequence[Write]) -> bool:
    return any(one.state in POSSIBLY_APPLIED for one in writes)


def awaiting_approval(writes: Sequence[Write]) -> list[Write]:
    """Return the writes that somebody in the tenant has to approve."""
    return [one for one in writes if one.state == WriteState.WAITING]


def taken_ids(restore_id: int) -> set[str]:
    """Return the ids of objects that this restore's items have created or write to."""
    rows: Any = RestoreItem.select(RestoreItem.created_id, RestoreItem.target_id).where(
        RestoreItem.restore == restore_id
    )
    return {one for row in rows.tuples() for one in row if one}


def items_with_shared_target(restore_id: int) -> list[RestoreItem]:
    """Return items of a plan that would write what another item writes, but for the one that has begun to, if any.

    No preview makes such a plan; one of an earlier version may have.
    """
    sharing: dict[tuple[str, str], list[RestoreItem]] = {}
    for one in RestoreItem.select().where(RestoreItem.restore == restore_id).order_by(RestoreItem.position):
        if one.action in WRITTEN_OUTCOMES and (one.created_id or one.target_id):
            sharing.setdefault(_target_of(one), []).append(one)
    shared = [one for group in sharing.values() if len(group) > 1 for one in group]
    first: dict[tuple[str, str], int] = {}
    for one in shared:
        if may_have_been_applied(writes_by_item([one.id])[one.id]):
            first.setdefault(_target_of(one), one.id)
    return [one for one in shared if first.get(_target_of(one)) != one.id]


def _target_of(item: RestoreItem) -> tuple[str, str]:
    return str(item.policy_type), str(item.created_id or item.target_id)


def last_sent_at(run: Run) -> datetime | None:
    row = Write.select(Write.sent_at).where(Write.run == run).order_by(Write.id.desc()).tuples().first()
    return row[0] if row else None
