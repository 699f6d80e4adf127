"""Runs that need another message: never sent, due after a wait, or left by a worker that died."""

from datetime import timedelta

import peewee as pw

from db import parts, run_ends, runs
from db.clock import utcnow
from db.models import IS_ACTIVE, Run
from db.runs import MAX_ATTEMPTS, STALE_SECONDS
from db.states import RunState

# A start sends at once: what was not sent after this long never will be by its starter.
UNSENT_SECONDS = 3
# A message that waits this long in an empty queue was lost with Redis.
LOST_SECONDS = 30
# However long the queue: a worker that died with its clock wrong may keep a message for hours.
PATIENCE_SECONDS = 600
# Longer than any wait that Graph was seen to ask for.
STALLED_SECONDS = 900


def unsent(limit: int = 500) -> list[Run]:
    """Queued, and their message was never sent."""
    return _oldest(
        (Run.state == RunState.QUEUED) & Run.enqueued_at.is_null() & (Run.created_at < _ago(UNSENT_SECONDS)), limit
    )


def lost(limit: int = 500) -> list[Run]:
    """Queued and sent long ago. Whether the message was lost or waits its turn, only the queue's length tells."""
    return _oldest((Run.state == RunState.QUEUED) & (Run.enqueued_at < _ago(LOST_SECONDS)), limit)


def is_out_of_patience(run: Run) -> bool:
    return bool(run.enqueued_at < _ago(PATIENCE_SECONDS))


def due(limit: int = 500) -> list[Run]:
    """Their wait is over, and their delayed message did not come."""
    return _oldest(
        (Run.state == RunState.RUNNING) & Run.claimed_by.is_null() & (Run.resume_at < _ago(UNSENT_SECONDS)), limit
    )


def stalled() -> list[Run]:
    """Runs, and parts of them, that have waited again and again for so long without getting anything done.

    None of it may happen: it means a defect, a limit that others use up, or a service that only says "later".
    """
    at_last = pw.fn.COALESCE(Run.progressed_at, Run.started_at)
    waits = (Run.state == RunState.RUNNING) & Run.claimed_by.is_null() & Run.waiting.is_null(False)
    return _oldest(waits & (at_last < _ago(STALLED_SECONDS)), 500)


def take_back_abandoned() -> list[Run]:
    """Take the claim from workers whose heartbeat stopped; returns the runs to send again.

    A run that has lost its worker MAX_ATTEMPTS times is failed instead.
    """
    again: list[Run] = []
    # A heartbeat from the future is one of before the clock was set back: nobody keeps it up.
    is_old = (Run.heartbeat_at < _ago(STALE_SECONDS)) | (Run.heartbeat_at > _ago(-STALE_SECONDS))
    stale = (Run.state == RunState.RUNNING) & Run.claimed_by.is_null(False) & is_old
    # Read to the end before anything is written: SQLite refuses, at once, a write beside a reading that has grown old.
    for run in list(Run.select().where(IS_ACTIVE & stale)):
        taken = (
            Run.update(
                claimed_by=None,
                heartbeat_at=None,
                attempts=Run.attempts + 1,
                waiting="Its worker stopped; another one takes over.",
                resume_at=utcnow(),
            )
            .where((Run.id == run.id) & (Run.claimed_by == run.claimed_by) & (Run.heartbeat_at == run.heartbeat_at))
            .execute()
        )
        if taken:
            again += [run] if run.attempts + 1 < MAX_ATTEMPTS else _given_up(run)
    return again


def _given_up(run: Run) -> list[Run]:
    """Fail it: it is likely what kills its workers. Of a part, the rest goes on; returns what to send for that."""
    held = runs.claim(run.id, run.kind)
    if held is None:
        return []
    message = f"The worker died {MAX_ATTEMPTS} times in this run. Look at the worker's log, then start it again."
    if run.parent_id is None:
        run_ends.fail(held, "worker_died", message)
        return []
    following = parts.fail(held, "worker_died", message, None)
    if following is None:
        parts.close(run.parent_id)
    return [following] if following else []


def _ago(seconds: float) -> object:
    return utcnow() - timedelta(seconds=seconds)


def _oldest(expression: pw.Expression, limit: int) -> list[Run]:
    return list(Run.select().where(IS_ACTIVE & expression).order_by(Run.id).limit(limit))


def cancelled_and_unheld(limit: int = 500) -> list[Run]:
    """A cancel was asked for, and no worker holds the run to see it."""
    is_asked = Run.parent.is_null() & Run.cancel_requested_at.is_null(False)
    return _oldest(Run.claimed_by.is_null() & is_asked, limit)


def without_parts(limit: int = 500) -> list[Run]:
    """Wholes whose last part ended, and whose worker died before it could end them."""
    part = Run.alias()
    parts = part.select(part.id).where((part.parent == Run.id) & (part.state << pw.SQL("('queued', 'running')")))
    return _oldest(
        (Run.state == RunState.RUNNING) & Run.parts.is_null(False) & Run.claimed_by.is_null() & ~pw.fn.EXISTS(parts),
        limit,
    )
