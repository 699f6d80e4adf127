"""The chain of the audit log's events: each hash covers the one before it, and a keyed hash says that we wrote it."""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from db.audit import audit_keys, audit_rows
from db.audit.audit_keys import Key
from db.audit.audit_rows import ChainFault, ChainPoint, LogHead
from db.encryption import SealError
from db.models import AuditEvent

FIRST_PREVIOUS_HASH = "0" * 64
# The purpose of an event's keyed hash (db/audit/audit_keys.py).
EVENT_PURPOSE = "event"
# The number of events in memory at once.
EVENTS_AT_ONCE = 2000


# The fields that a hash covers, besides the time and the hash before it.
HASHED_FIELDS = (
    "id",
    "action",
    "actor_id",
    "actor",
    "tenant_id",
    "tenant_name",
    "subject",
    "result",
    "address",
    "details",
)


def hash_of_event(event: AuditEvent) -> str:
    fields = [str(getattr(event, name)) if name == "action" else getattr(event, name) for name in HASHED_FIELDS]
    # SQLite lets whoever tampers write a time that is none, or bytes: then what they look like is what does not fit.
    at = event.at.isoformat(timespec="microseconds") if isinstance(event.at, datetime) else str(event.at)
    fields += [at, event.previous_hash]
    text = json.dumps(fields, ensure_ascii=False, sort_keys=True, separators=(",", ":"), default=repr)
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


# The length of a hash in a point that people note.
WRITTEN_HASH_LENGTH = 40


class Chain:
    """Follows the events one after the other, from the first or from where an earlier look ended.

    Without `keys` nobody can say who wrote an event, only whether the events fit each other. `points` are known from
    elsewhere: events that must be there, and be the same.
    """

    def __init__(
        self,
        keys: Sequence[Key] = (),
        points: Iterable[ChainPoint] = (),
        last_id: int = 0,
        last_hash: str = FIRST_PREVIOUS_HASH,
    ) -> None:
        self._keys, self.last_id, self.hash = keys, last_id, last_hash
        before = audit_rows.find_event(last_id) if keys and keys[0].until else None
        self._last_at: object = before and before.at
        self._points = {key.after: key.hash for key in keys} | dict(points)

    def follow(self, event: AuditEvent) -> Iterator[ChainFault]:
        if event.id != self.last_id + 1:
            yield ChainFault(self.last_id + 1, f"Events {self.last_id + 1} to {event.id - 1} are missing.")
        elif event.previous_hash != self.hash:
            yield ChainFault(event.id, f"Event {event.id} does not follow the one before it.")
        if event.hash != hash_of_event(event):
            yield ChainFault(event.id, f"Event {event.id} was changed after it was written.")
        elif self._keys and not self._is_ours(event):
            yield ChainFault(event.id, f"Event {event.id} was not written by Tenantkeep: its keyed hash does not fit.")
        if not event.hash.startswith(self._points.get(event.id, "")):
            yield ChainFault(event.id, f"Event {event.id} is another than it was: the log was written anew.")
        self.last_id, self.hash, self._last_at = event.id, event.hash, event.at

    def _is_ours(self, event: AuditEvent) -> bool:
        key = audit_keys.key_of_event(self._keys, event.id)
        if key is None or event.mac is None:
            return event.mac is None and (key is None or self._may_lack_one(key, event))
        return key.matches(event.mac, EVENT_PURPOSE, event.hash)

    def _may_lack_one(self, key: Key, event: AuditEvent) -> bool:
        """Return whether the event may lack a keyed hash.

        None may after a later one: events could be written as of that time.
        """
        is_later = isinstance(self._last_at, datetime) and not audit_keys.may_lack_keyed_hash(key, self._last_at)
        return audit_keys.may_lack_keyed_hash(key, event.at) and not is_later

    def end(self, head: LogHead) -> Iterator[ChainFault]:
        if head.fault:
            yield head.fault
            return
        last = max([head.last_id, *self._points])
        if last > self.last_id or head.hash != self.hash:
            yield ChainFault(last, f"The log should go on to event {last}: its end was cut off or changed.")
        yield from audit_rows.events_outside_chain()


def verify(points: Iterable[ChainPoint] = ()) -> Iterator[ChainFault]:
    """Yield a fault for every place where the chain does not hold."""
    # The head first: what is written meanwhile comes after it.
    head = audit_rows.read_head()
    keys, faults = load_keys()
    yield from faults
    chain = Chain(keys, points)
    while events := audit_rows.events_after(chain.last_id, head.last_id, EVENTS_AT_ONCE):
        for event in events:
            yield from chain.follow(event)
    yield from chain.end(head)


def load_keys() -> tuple[list[Key], list[ChainFault]]:
    """Return the keys and the faults of reading them: changed keys keep nobody from checking the rest."""
    try:
        return audit_keys.all_keys(), []
    except SealError as e:
        return [], [ChainFault(0, f"No keyed hash of the audit log can be checked. {e}")]


def end_of_log() -> ChainPoint:
    """Return the point at which the log ends now."""
    log_head = audit_rows.read_head()
    return log_head.last_id, log_head.hash


def contains_point(point: ChainPoint) -> bool:
    """Return whether that event is there, and the same. Event 0 stands before the first."""
    event_id, known = point
    if not event_id:
        return FIRST_PREVIOUS_HASH.startswith(known)
    event = audit_rows.find_event(event_id)
    return event is not None and event.hash.startswith(known)


def point_as_text(point: ChainPoint) -> str:
    """Return a point as people note it. The hash is shortened: logs mask what is as long as a key."""
    return f"{point[0]}:{point[1][:WRITTEN_HASH_LENGTH]}"
