"""The daily check of the audit log's chain, a few events at a time: a tick of the scheduler must stay short.

Its progress is kept with a keyed hash too: a round whose state somebody else wrote begins anew.
"""

import json
import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from db.audit import audit, audit_rows, chain
from db.audit.audit import SYSTEM, Action
from db.audit.audit_rows import ChainFault, ChainPoint
from db.audit.chain import Chain
from db.clock import utcnow
from db.database import database
from db.models import AuditCheck
from db.states import Result

logger = logging.getLogger(__name__)

EVENTS_PER_STEP = 2000
CHECK_INTERVAL = timedelta(days=1)
# A clock that was ahead, and was put right, keeps no round from beginning.
CLOCKS_APART = timedelta(hours=1)
GONE = (
    "The row of the table audit_check, which says how far the audit log was looked at, is gone or was made unreadable. "
    "Run: tenantkeep audit verify, and when it finds nothing: tenantkeep audit accept"
)
STATE_PURPOSE = "state of a round"


def last_check() -> AuditCheck:
    """Return the result of the last rounds: `faults` and `first_fault`, as of `ended_at`."""
    return _load_check() or AuditCheck(hash=chain.FIRST_PREVIOUS_HASH, faults=1, first_fault=GONE)


def _load_check() -> AuditCheck | None:
    """Return the state of the check, or None when its row is gone or cannot be read."""
    try:
        check: AuditCheck | None = AuditCheck.get_or_none()
    except ValueError:
        return None
    return check


def check_next_events(points: Collection[ChainPoint] = ()) -> list[ChainFault]:
    """Check the next few events of this round, or of a new one when it is time, and return their faults.

    `points`: where the log is known to have been, from elsewhere.
    """
    check, now = _load_check(), utcnow()
    if check is None:
        return [ChainFault(0, GONE)]
    keys, faults = chain.load_keys()
    if faults:
        return _report_once(check, faults)
    if not keys[-1].matches(check.mac, STATE_PURPOSE, _signed_text(check)):
        check.began_at = check.ended_at = None
    # Nor does an old one, put back, spare what was changed since from being looked at.
    if not _is_of_today(check.began_at, now):
        if _is_of_today(check.ended_at, now):
            return _report_once(check, [*_missing_points(points), *audit_rows.events_outside_chain()])
        check.last_id, check.hash, check.began_at, check.found = 0, chain.FIRST_PREVIOUS_HASH, now, 0
    return _check_step(check, now, Chain(keys, points, check.last_id, check.hash))


def _is_of_today(at: datetime | None, now: datetime) -> bool:
    return at is not None and -CLOCKS_APART < now - at < CHECK_INTERVAL


def restart() -> None:
    """Let the next sweep begin a new round, without waiting for tomorrow."""
    check = _load_check()
    if check is None:
        AuditCheck.delete().execute()
        check = AuditCheck.create(hash=chain.FIRST_PREVIOUS_HASH)
    check.began_at = check.ended_at = None
    _save(check)


def _missing_points(points: Collection[ChainPoint]) -> list[ChainFault]:
    """Return a fault for each known point that is no longer in the log. Used between two rounds."""
    sentence = (
        "is missing, or another than it was: the log's end was cut off, or an older copy of the database put here"
    )
    return [
        ChainFault(point[0], f"Event {point[0]} {sentence}.") for point in points if not chain.contains_point(point)
    ]


def _report_once(check: AuditCheck, faults: list[ChainFault]) -> list[ChainFault]:
    if not faults or check.first_fault == faults[0].sentence:
        return []
    check.found = 0
    _count_faults(check, faults)
    _save(check)
    return faults


def _check_step(check: AuditCheck, now: datetime, chain: Chain) -> list[ChainFault]:
    # The head first: what is written meanwhile comes after it, and is for the next step.
    head = audit_rows.read_head()
    if head.fault:
        return _report_once(check, [head.fault])
    events = audit_rows.events_after(chain.last_id, head.last_id, EVENTS_PER_STEP)
    faults = [fault for event in events for fault in chain.follow(event)]
    is_last = len(events) < EVENTS_PER_STEP
    faults += chain.end(head) if is_last else ()
    check.last_id, check.hash = chain.last_id, chain.hash
    _count_faults(check, faults)
    _save(check)
    if is_last:
        with database.atomic():
            _end_round(check, now)
            _save(check)
    return faults


def _count_faults(check: AuditCheck, faults: list[ChainFault]) -> None:
    """Count faults. One is told at once; only a whole round without any takes it back."""
    if faults and not check.found:
        check.first_fault = faults[0].sentence
    check.found += len(faults)
    check.faults = check.found or check.faults


def _end_round(check: AuditCheck, now: datetime) -> None:
    check.faults, check.began_at, check.ended_at = check.found, None, now
    check.first_fault = check.first_fault if check.found else None
    result = Result.FAILED if check.found else Result.OK
    audit.record(Action.AUDIT_VERIFIED, SYSTEM, "audit log", result=result, events=check.last_id, faults=check.found)
    # The system's journal is outside the database, and remembers: tenantkeep audit verify --since.
    point = chain.point_as_text((check.last_id, check.hash))
    logger.info("the audit log was gone through", extra={"faults": check.found, "point": point})


def _save(check: AuditCheck) -> None:
    keys, _ = chain.load_keys()
    check.mac = keys[-1].keyed_hash(STATE_PURPOSE, _signed_text(check)) if keys else None
    check.save()


def _signed_text(check: AuditCheck) -> str:
    """Return all of the row but its keyed hash, as it is read again."""
    return json.dumps({name: str(value) for name, value in check.__data__.items() if name != "mac"}, sort_keys=True)
