"""The audit log's rows as they are, even where somebody tampered with them: events, the head, and events outside."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.models import AuditEvent, AuditHead
from db.schema.row_ids import MAX_ID

GONE = (
    "The table audit_head, which says where the audit log ends, has not the one row that it should have: nothing can "
    "be recorded, so nothing can be done. Put the database's last good copy in its place."
)

# An event's number, and the hash that it had when it was looked at before, or how that began.
ChainPoint = tuple[int, str]


@dataclass(frozen=True)
class ChainFault:
    event_id: int
    sentence: str


@dataclass(frozen=True)
class LogHead:
    """The end of the log. `fault`: the head cannot be read, so every event that is there counts."""

    last_id: int
    hash: str
    fault: ChainFault | None = None


def read_head() -> LogHead:
    try:
        rows = list(AuditHead.select().limit(2))
    except ValueError:  # what SQLite lets stand there, and no text is
        rows = []
    if len(rows) != 1 or not isinstance(rows[0].last_id, int):
        return LogHead(MAX_ID, "", ChainFault(0, GONE))
    return LogHead(rows[0].last_id, rows[0].hash)


def events_outside_chain() -> Iterator[ChainFault]:
    """Yield a fault for events that pages show and the chain does not hold: before its first, or behind its end."""
    first, last = AuditEvent.select(pw.fn.MIN(AuditEvent.id), pw.fn.MAX(AuditEvent.id)).tuples().get()
    if first is not None and first < 1:
        yield ChainFault(first, f"Event {first} stands before the first: Tenantkeep did not write it.")
    # Asked for after the events: what is written meanwhile is not behind it.
    if last is not None and last > read_head().last_id:
        yield ChainFault(last, f"Event {last} stands behind the log's end: Tenantkeep did not write it.")


def events_after(after: int, up_to: int, limit: int) -> list[AuditEvent]:
    """Return the next events in order.

    One that was changed beyond reading comes with its hashes only, which do not fit.
    """
    between = (AuditEvent.id > after) & (AuditEvent.id <= up_to)
    query = AuditEvent.select().where(between).order_by(AuditEvent.id).limit(limit)
    try:
        return list(query)
    except ValueError:
        ids = [event_id for (event_id,) in query.select(AuditEvent.id).tuples()]
        return [_as_far_as_readable(event_id) for event_id in ids]


def _as_far_as_readable(event_id: int) -> AuditEvent:
    same = AuditEvent.id == event_id
    try:
        return AuditEvent.get(same)
    except ValueError:
        hashes = AuditEvent.previous_hash, AuditEvent.hash, AuditEvent.mac
        with suppress(ValueError):
            return AuditEvent.select(AuditEvent.id, *hashes).where(same).get()
        return AuditEvent(id=event_id, previous_hash="", hash="")


def find_event(event_id: int) -> AuditEvent | None:
    return next(iter(events_after(event_id - 1, event_id, 1)), None)


def first_ids(events: Any, limit: int) -> list[int]:
    """Return the ids of the first events of a query that `audit.search` built."""
    return [row[0] for row in events.select(AuditEvent.id).limit(limit).tuples()]


def events_by_ids(ids: Sequence[int]) -> list[AuditEvent]:
    """Return these events, the newest first."""
    return list(AuditEvent.select().where(AuditEvent.id.in_(ids)).order_by(AuditEvent.id.desc()))


def count_events() -> int:
    return int(AuditEvent.select().count())
