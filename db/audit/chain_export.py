"""The audit log as a document that proves itself: whoever gets it can follow the chain without this database.

Lines of JSON. The first says what it is and the hash that the chain had before; then one event a line, with every
field that its hash covers; the last says how many there were, the last hash, and the SHA-256 of all lines before it. A
document is a piece of the one chain: its last hash, written down elsewhere, proves later that nothing before it was
changed. The keyed hashes (`mac`) are for the installation that wrote it: it alone can say that the document is its own.
"""

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.audit import audit_keys, audit_rows
from db.audit.audit_keys import Key
from db.audit.chain import FIRST_PREVIOUS_HASH, HASHED_FIELDS, Chain
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent

FORMAT = "tenantkeep audit log 2"
# Without keyed hashes.
EARLIER_FORMAT = "tenantkeep audit log 1"
DOCUMENT_PURPOSE = "document"
EVENTS_AT_ONCE = 1000
_FIELDS = (*HASHED_FIELDS, "at", "previous_hash", "hash")


@dataclass(frozen=True)
class ExportCheck:
    """The result of a check. `previous_hash` and `last_hash`: where in the chain the document belongs."""

    events: int
    first_id: int
    last_id: int
    previous_hash: str
    last_hash: str
    faults: list[str]


def event_range(since: datetime | None, until: datetime | None) -> tuple[int, int]:
    """Return the first and the last event of a time, without gaps between them. Without any events, last < first."""
    query = AuditEvent.select(AuditEvent.id)
    within = query.where(AuditEvent.at < until) if until else query
    last = within.order_by(AuditEvent.id.desc()).limit(1).scalar() or 0
    first = query.where(AuditEvent.at >= since).order_by(AuditEvent.id).limit(1).scalar() if since else 1
    return first or last + 1, last


def document_lines(first: int, last: int) -> Iterator[str]:
    before = audit_rows.find_event(first - 1)
    digest, count, previous = hashlib.sha256(), 0, before.hash if before else FIRST_PREVIOUS_HASH
    for line in _head_and_events(first, last, previous):
        digest.update(line.encode())
        count += 1
        yield line
    ending = audit_rows.find_event(last)
    end = {"events": count - 1, "last_hash": ending.hash if ending else previous, "sha256": digest.hexdigest()}
    yield _line({**end, "mac": audit_keys.newest_key().keyed_hash(DOCUMENT_PURPOSE, _line(end))})


def _head_and_events(first: int, last: int, previous: str) -> Iterator[str]:
    yield _line({"format": FORMAT, "exported_at": utcnow(), "first": first, "last": last, "previous_hash": previous})
    for begin in range(first, last + 1, EVENTS_AT_ONCE):
        for event in audit_rows.events_after(begin - 1, min(begin + EVENTS_AT_ONCE - 1, last), EVENTS_AT_ONCE):
            yield _line({name: getattr(event, name) for name in (*_FIELDS, "mac")})


def _line(values: dict[str, Any]) -> str:
    return json.dumps(values, default=_as_text, sort_keys=True) + "\n"


def _as_text(value: Any) -> str:
    return value.isoformat(timespec="microseconds") if isinstance(value, datetime) else str(value)


def check_document(document: Iterable[str], keys: Sequence[Key] = ()) -> ExportCheck:
    """Follow a document's own chain; with `keys` also check that we wrote it.

    Raises Invalid when it is no such document.
    """
    remaining_lines = iter(document)
    first_line = next(remaining_lines, "")
    head = _parse_line(first_line)
    if head.get("format") not in {FORMAT, EARLIER_FORMAT} or not isinstance(head.get("first"), int):
        raise Invalid("That is no audit log as `tenantkeep audit export` writes it.")
    chain = Chain(keys, (), head["first"] - 1, str(head.get("previous_hash")))
    digest = hashlib.sha256(first_line.encode())
    faults: list[str] = []
    end: dict[str, Any] = {}
    count = 0
    for line in remaining_lines:
        end = _parse_line(line)
        if "sha256" in end:
            break
        digest.update(line.encode())
        faults += [fault.sentence for fault in chain.follow(_to_event(end))]
        count += 1
    faults += _last_line_faults(end, count, chain.hash, digest.hexdigest())
    faults += _authorship_faults(end, keys) if head["format"] == FORMAT else []
    faults += ["Something follows the last line."] if next(remaining_lines, "") else []
    return ExportCheck(count, head["first"], chain.last_id, str(head.get("previous_hash")), chain.hash, faults)


def _last_line_faults(end: dict[str, Any], count: int, last_hash: str, digest: str) -> list[str]:
    if "sha256" not in end:
        return ["The document is cut off: its last line is missing."]
    claimed = (end.get("events"), end.get("last_hash"), end["sha256"])
    return [] if claimed == (count, last_hash, digest) else ["The last line does not fit what is before it."]


def _authorship_faults(end: dict[str, Any], keys: Sequence[Key]) -> list[str]:
    """Return a fault unless one of our keys wrote the last line, whenever that was."""
    signed_line = _line({name: value for name, value in end.items() if name != "mac"})
    is_ours = not keys or any(key.matches(end.get("mac"), DOCUMENT_PURPOSE, signed_line) for key in keys)
    return [] if is_ours else ["This installation did not write the document: its keyed hash does not fit."]


def _parse_line(line: str) -> dict[str, Any]:
    try:
        values = json.loads(line)
    except (ValueError, RecursionError) as e:
        raise Invalid("A line of it is no JSON.") from e
    if not isinstance(values, dict):
        raise Invalid("A line of it is no event.")
    return values


def _to_event(values: dict[str, Any]) -> AuditEvent:
    try:
        at = datetime.fromisoformat(values["at"])
        return AuditEvent(
            **{**{name: values[name] for name in _FIELDS}, "mac": values.get("mac"), "at": at, "id": int(values["id"])}
        )
    except (KeyError, TypeError, ValueError) as e:
        raise Invalid("A line of it is no event.") from e


def differences_from_log(verdict: ExportCheck) -> list[str]:
    """Return how the document's two ends differ from this database's own chain."""
    faults = []
    for event_id, claimed_hash in ((verdict.first_id - 1, verdict.previous_hash), (verdict.last_id, verdict.last_hash)):
        event = audit_rows.find_event(event_id)
        known = FIRST_PREVIOUS_HASH if event_id == 0 else event.hash if event else None
        if known != claimed_hash:
            faults.append(f"Event {event_id} of this installation has another hash than the document says.")
    return faults
