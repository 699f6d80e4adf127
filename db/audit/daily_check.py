"""Goes along the audit log's chain once a day, a few events at a time: a tick of the scheduler must stay short.

How far it came is kept with a keyed hash too: a round whose state somebody else wrote begins anew.
"""

import json
import logging
from collections.abc import Collection
from datetime import datetime, timedelta

from db.audit import audit, audit_rows
from db.audit.audit import SYSTEM, Action, Chain
from db.audit.audit_rows import Fault, Point
from db.clock import utcnow
from db.database import database
from db.models import AuditCheck
from db.states import Result

logger = logging.getLogger(__name__)

TOGETHER = 2000
EVERY = timedelta(days=1)
# A clock that was ahead, and was put right, keeps no round from beginning.
CLOCKS_APART = timedelta(hours=1)
GONE = (
    "The row of the table audit_check, which says how far the audit log was looked at, is gone or was made unreadable. "
    "Run: tenantkeep audit verify, and when it finds nothing: tenantkeep audit accept"
)
STATE = "state of a round"


def state() -> AuditCheck:
    """What the last rounds found: `faults` and `first_fault`, as of `ended_at`."""
    return _found() or AuditCheck(hash=audit.GENESIS, faults=1, first_fault=GONE)


def _found() -> AuditCheck | None:
    """None where somebody took it away, or made of it what cannot be read."""
    try:
        found: AuditCheck | None = AuditCheck.get_or_none()
    except ValueError:
        return None
    return found


def go_on(points: Collection[Point] = ()) -> list[Fault]:
    """The next few events of this round, or of a new one when it is time; what is wrong with them.

    `points`: what is known from elsewhere of where the log was.
    """
    check, now = _found(), utcnow()
    if check is None:
        return [Fault(0, GONE)]
    keys, faults = audit.keys_or_fault()
    if faults:
        return _tell_once(check, faults)
    if not keys[-1].fits(check.mac, STATE, _told(check)):
        check.began_at = check.ended_at = None
    # Nor does an old one, put back, spare what was changed since from being looked at.
    if not _is_of_today(check.began_at, now):
        if _is_of_today(check.ended_at, now):
            return _tell_once(check, [*_cut_off(points), *audit_rows.strays()])
        check.last_id, check.hash, check.began_at, check.found = 0, audit.GENESIS, now, 0
    return _step(check, now, Chain(keys, points, check.last_id, check.hash))


def _is_of_today(at: datetime | None, now: datetime) -> bool:
    return at is not None and -CLOCKS_APART < now - at < EVERY


def begin_anew() -> None:
    """The next sweep does not wait for tomorrow."""
    check = _found()
    if check is None:
        AuditCheck.delete().execute()
        check = AuditCheck.create(hash=audit.GENESIS)
    check.began_at = check.ended_at = None
    _keep(check)


def _cut_off(points: Collection[Point]) -> list[Fault]:
    """Between two rounds: what is known from elsewhere, and no longer there."""
    sentence = (
        "is missing, or another than it was: the log's end was cut off, or an older copy of the database put here"
    )
    return [Fault(one[0], f"Event {one[0]} {sentence}.") for one in points if not audit.holds(one)]


def _tell_once(check: AuditCheck, faults: list[Fault]) -> list[Fault]:
    if not faults or check.first_fault == faults[0].sentence:
        return []
    check.found = 0
    _note(check, faults)
    _keep(check)
    return faults


def _step(check: AuditCheck, now: datetime, chain: Chain) -> list[Fault]:
    # The head first: what is written meanwhile comes after it, and is for the next step.
    head = audit_rows.now()
    if head.fault:
        return _tell_once(check, [head.fault])
    events = audit_rows.following(chain.last_id, head.last_id, TOGETHER)
    faults = [fault for event in events for fault in chain.follow(event)]
    is_last = len(events) < TOGETHER
    faults += chain.end(head) if is_last else ()
    check.last_id, check.hash = chain.last_id, chain.hash
    _note(check, faults)
    _keep(check)
    if is_last:
        with database.atomic():
            _end(check, now)
            _keep(check)
    return faults


def _note(check: AuditCheck, faults: list[Fault]) -> None:
    """A fault is told at once; only a whole round without one takes it back."""
    if faults and not check.found:
        check.first_fault = faults[0].sentence
    check.found += len(faults)
    check.faults = check.found or check.faults


def _end(check: AuditCheck, now: datetime) -> None:
    check.faults, check.began_at, check.ended_at = check.found, None, now
    check.first_fault = check.first_fault if check.found else None
    result = Result.FAILED if check.found else Result.OK
    audit.record(Action.AUDIT_VERIFIED, SYSTEM, "audit log", result=result, events=check.last_id, faults=check.found)
    # The system's journal is outside the database, and remembers: tenantkeep audit verify --since.
    point = audit.written((check.last_id, check.hash))
    logger.info("the audit log was gone through", extra={"faults": check.found, "point": point})


def _keep(check: AuditCheck) -> None:
    keys, _ = audit.keys_or_fault()
    check.mac = keys[-1].mark(STATE, _told(check)) if keys else None
    check.save()


def _told(check: AuditCheck) -> str:
    """All that there is but the mark, as it is read again."""
    return json.dumps({name: str(value) for name, value in check.__data__.items() if name != "mac"}, sort_keys=True)
