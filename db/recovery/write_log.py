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
    # A create's: the ids that are there already under its name. None: it is no create.
    known_ids: Sequence[str] | None = None
    client_request_id: str | None = None


@dataclass(frozen=True)
class WriteAnswer:
    write_id: int
    state: WriteState
    error_code: str | None = None
    request_id: str | None = None
    approval: str | None = None
    # An answered create's: the new object's id, and the item that it is for.
    item_id: int | None = None
    created_id: str | None = None


def record(claim: Claim, intents: Iterable[WriteIntent]) -> list[int]:
    """Record the intents, to be committed before anything is sent. Raises ClaimLost: then nothing may be sent."""
    with database.atomic():
        claims.assert_claim(claim)
        return [
            Write.create(
                run=claim.run.id,
                item=intent.item_id,
                method=intent.method,
                path=intent.path[:700],
                request_mark=intent.request_mark,
                known_ids=None if intent.known_ids is None else list(intent.known_ids),
                client_request_id=intent.client_request_id,
            ).id
            for intent in intents
        ]


def record_answers(answers: Iterable[WriteAnswer]) -> None:
    """Record answers, without a look at the claim: what Graph answered is true, whoever has the run now."""
    with database.atomic():
        for answer in answers:
            Write.update(
                state=answer.state,
                answered_at=utcnow(),
                error_code=answer.error_code,
                request_id=answer.request_id,
                approval=answer.approval,
            ).where(Write.id == answer.write_id).execute()
            if answer.state == WriteState.ANSWERED:
                _close_approval(answer.write_id)
            if answer.created_id:
                _save_created_id(answer.item_id, answer.created_id)


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
    writes: dict[int, list[Write]] = {item_id: [] for item_id in item_ids}
    for write in Write.select().where(is_in(Write.item, item_ids)).order_by(Write.id):
        writes[write.item_id].append(write)
    return writes


def unanswered_create(writes: Sequence[Write]) -> Write | None:
    """Return the create of which nobody knows whether it made something."""
    return next(
        (write for write in reversed(writes) if write.known_ids is not None and write.state in UNRESOLVED_WRITES), None
    )


def may_have_been_applied(writes: Sequence[Write]) -> bool:
    return any(write.state in POSSIBLY_APPLIED for write in writes)


def awaiting_approval(writes: Sequence[Write]) -> list[Write]:
    """Return the writes that somebody in the tenant has to approve."""
    return [write for write in writes if write.state == WriteState.WAITING]


def taken_ids(restore_id: int) -> set[str]:
    """Return the ids of objects that this restore's items have created or write to."""
    rows: Any = RestoreItem.select(RestoreItem.created_id, RestoreItem.target_id).where(
        RestoreItem.restore == restore_id
    )
    return {object_id for row in rows.tuples() for object_id in row if object_id}


def items_with_shared_target(items: Iterable[RestoreItem]) -> list[RestoreItem]:
    """Return the items that would write to the same object as another item. An item that has begun to is not returned.

    No preview makes such a plan; one of an earlier version may have.
    """
    sharing: dict[tuple[str, str], list[RestoreItem]] = {}
    for item in items:
        if item.action in WRITTEN_OUTCOMES and (item.created_id or item.target_id):
            sharing.setdefault(_target_of(item), []).append(item)
    rivals = [item for group in sharing.values() if len(group) > 1 for item in group]
    first: dict[tuple[str, str], int] = {}
    for item in rivals:
        if may_have_been_applied(writes_by_item([item.id])[item.id]):
            first.setdefault(_target_of(item), item.id)
    return [item for item in rivals if first.get(_target_of(item)) != item.id]


def _target_of(item: RestoreItem) -> tuple[str, str]:
    return str(item.policy_type), str(item.created_id or item.target_id)


def last_sent_at(run: Run) -> datetime | None:
    row = Write.select(Write.sent_at).where(Write.run == run).order_by(Write.id.desc()).tuples().first()
    return row[0] if row else None


def items_written_since(run: Run, since: datetime) -> list[int]:
    """Return the ids of the items of which the run has sent a write since then that may have been carried out."""
    is_recent = (Write.run == run) & (Write.sent_at >= since) & Write.state.in_(POSSIBLY_APPLIED)
    return [row[0] for row in Write.select(Write.item).where(is_recent).distinct().tuples()]
