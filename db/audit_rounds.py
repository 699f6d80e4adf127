"""Goes along the audit log's chain once a day, a few events at a time: a tick of the scheduler must stay short."""

from datetime import datetime, timedelta

from db import audit
from db.audit import SYSTEM, Action, Chain, Fault
from db.clock import utcnow
from db.database import database
from db.models import AuditCheck, AuditHead
from db.states import Result

TOGETHER = 2000
EVERY = timedelta(days=1)


def state() -> AuditCheck:
    """What the last rounds found: `faults` and `first_fault`, as of `ended_at`."""
    return AuditCheck.get()


def go_on() -> list[Fault]:
    """The next few events of this round, or of a new one when it is time; what is wrong with them."""
    check, now = AuditCheck.get(), utcnow()
    if check.began_at is None:
        if check.ended_at is not None and now - check.ended_at < EVERY:
            return []
        check.last_id, check.hash, check.began_at, check.found = 0, audit.GENESIS, now, 0
    return _step(check, now)


def _step(check: AuditCheck, now: datetime) -> list[Fault]:
    # The head first: what is written meanwhile comes after it, and is for the next step.
    head, chain = AuditHead.get(), Chain(check.last_id, check.hash)
    events = audit.following(chain.last_id, head.last_id, TOGETHER)
    faults = [fault for event in events for fault in chain.follow(event)]
    is_last = len(events) < TOGETHER
    faults += chain.end(head) if is_last else ()
    check.last_id, check.hash = chain.last_id, chain.hash
    with database.atomic():
        _note(check, faults)
        if is_last:
            _end(check, now)
        check.save()
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
