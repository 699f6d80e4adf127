"""The claim on a run: one message at a time may work on it.

Each write of a claimed run names the claim's token. A worker that was taken for dead, and comes back, matches no row:
its writes raise ClaimLost (docs/decisions/0005-claims.md).
"""

import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import Condition, database, lock_rows
from db.models import Run, Tenant
from db.sql.value_lists import is_in
from db.states import RunKind, RunState
from db.waits import stints

# A worker beats every BEAT_SECONDS; one that missed STALE_SECONDS of beats has lost its claim.
BEAT_SECONDS = 4
STALE_SECONDS = 15
# Crashes and unexpected errors a run may go through before it is given up: a poison policy must not loop for ever.
MAX_ATTEMPTS = 5


class ClaimLost(Exception):
    """Another message has this run now, or it has ended. Stop; whatever you did is not recorded."""


@dataclass
class Claim:
    run: Run
    token: str
    # Something was read, settled or written under it: a run that waits again and again without is stuck.
    has_progressed: bool = False
    began_at: datetime = field(default_factory=utcnow)


def take_claim(run_id: int, kind: RunKind) -> Claim | None:
    """Claim a run that is queued, or running and unclaimed. Return None when there is nothing to do here.

    `kind`: the kind that the message is about. A run of another kind is not meant, whatever its id.
    """
    now, token = utcnow(), secrets.token_hex(16)
    unheld = (Run.state == RunState.RUNNING) & Run.claimed_by.is_null()
    is_taken = (
        Run.update(
            state=RunState.RUNNING,
            claimed_by=token,
            heartbeat_at=now,
            waiting=None,
            resume_at=None,
            started_at=pw.fn.COALESCE(Run.started_at, now),
        )
        .where((Run.id == run_id) & (Run.kind == kind) & ((Run.state == RunState.QUEUED) | unheld))
        .execute()
    )
    return Claim(_with_relations(Run.get_by_id(run_id)), token) if is_taken else None


def _with_relations(run: Run) -> Run:
    """Return the run with its tenant and parent loaded: left to Peewee, the same look-ups cost more."""
    if run.tenant_id is not None:
        run.tenant = Tenant.get_by_id(run.tenant_id)
    if run.parent_id is not None:
        run.parent = Run.get_by_id(run.parent_id)
    return run


def held_by(claim: Claim) -> Condition:
    return (Run.id == claim.run.id) & (Run.state == RunState.RUNNING) & (Run.claimed_by == claim.token)


def record_heartbeat(tokens: Sequence[str]) -> None:
    """Record that these claims' worker is alive."""
    if tokens:
        with database.atomic():
            lock_rows(Run, is_in(Run.claimed_by, tokens))
            Run.update(heartbeat_at=utcnow()).where(is_in(Run.claimed_by, tokens)).execute()


def assert_claim(claim: Claim) -> None:
    """In a transaction: keep others from taking the claim before it ends. Raises ClaimLost when somebody has it."""
    require_one_row(Run.update(heartbeat_at=utcnow()).where(held_by(claim)))


def wait(claim: Claim, reason: str, seconds: float) -> None:
    """Give the claim back until `seconds` from now; the reason is shown on the run's page."""
    _set_aside(claim, reason, seconds)


def _set_aside(claim: Claim, reason: str, seconds: float, **columns: Any) -> None:
    with database.atomic():
        stints.record(claim.run, claim.began_at, reason, seconds)
        require_one_row(
            Run.update(
                claimed_by=None,
                heartbeat_at=None,
                waiting=reason[:500],
                resume_at=utcnow() + timedelta(seconds=seconds),
                progressed_at=utcnow() if claim.has_progressed else Run.progressed_at,
                **columns,
            ).where(held_by(claim))
        )


def release(claim: Claim) -> None:
    """Give the claim back, with nothing to wait for."""
    require_one_row(Run.update(claimed_by=None, heartbeat_at=None).where(held_by(claim)))


def schedule_retry(claim: Claim, reason: str, seconds: float) -> bool:
    """Wait, after an attempt that failed. Return False when the run has used up its attempts."""
    if claim.run.attempts + 1 >= MAX_ATTEMPTS:
        return False
    _set_aside(claim, reason, seconds, attempts=Run.attempts + 1)
    return True


def require_one_row(update: Any) -> None:
    if update.execute() != 1:
        raise ClaimLost


def is_cancel_requested(claim: Claim) -> bool:
    """Return whether to stop; asked before every item. Raises ClaimLost."""
    row = Run.select(Run.cancel_requested_at).where(held_by(claim)).tuples().first()
    if row is None:
        raise ClaimLost
    return row[0] is not None


def reset_attempts(claim: Claim) -> None:
    """Forget failed attempts, since the run got on."""
    Run.update(attempts=0).where(held_by(claim) & (Run.attempts > 0)).execute()
    claim.run.attempts, claim.has_progressed = 0, True
