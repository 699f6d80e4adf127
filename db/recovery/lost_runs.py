"""Runs that need another message: never sent, due after a wait, or left by a worker that died."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import Condition, database, lock_rows
from db.models import IS_ACTIVE, Run
from db.runs import child_runs, claims, completion
from db.runs.claims import MAX_ATTEMPTS, STALE_SECONDS
from db.states import RunState
from db.waits import stints

# A start sends at once: what was not sent after this long never will be by its starter.
UNSENT_SECONDS = 3
# After so long, a message that nobody has taken is looked for in Redis, and again after as long.
LOST_SECONDS = 30
# A worker that died with its clock wrong may keep a message for hours.
PATIENCE_SECONDS = 600
# Longer than any wait that Graph was seen to ask for.
STALLED_SECONDS = 900
# The number of runs, of thousands, that are handled at a tick.
RUNS_PER_TICK = 500


def never_enqueued(excluded_ids: Collection[int] = ()) -> list[Run]:
    """Return queued runs whose message was never sent."""
    return _oldest_active(
        (Run.state == RunState.QUEUED) & Run.enqueued_at.is_null() & _is_before_unsent_limit(Run.created_at),
        excluded_ids,
    )


def due_to_resume(excluded_ids: Collection[int] = ()) -> list[Run]:
    """Return runs that were sent and that nobody took: queued for a while, or due after a wait.

    Whether their message is lost, Redis knows. Runs whose message was sent, or seen, the longest ago come first: so
    each has its turn.
    """
    a_while_ago = Run.enqueued_at < _ago(LOST_SECONDS)
    not_since = Run.enqueued_at.is_null() | (Run.enqueued_at < Run.resume_at) | a_while_ago
    is_due = (
        (Run.state == RunState.RUNNING) & Run.claimed_by.is_null() & _is_before_unsent_limit(Run.resume_at) & not_since
    )
    is_queued = (Run.state == RunState.QUEUED) & a_while_ago
    return _oldest_active(is_queued | is_due, excluded_ids, pw.fn.COALESCE(Run.enqueued_at, Run.created_at))


def _is_before_unsent_limit(field: pw.Field) -> Condition:
    """Return the condition that the time is so long ago that a starter would have sent the message."""
    return field < _ago(UNSENT_SECONDS)


def has_waited_too_long(run: Run) -> bool:
    """Return whether the run was sent long ago, and its wait, if any, has been over for as long."""
    times = [at for at in (run.enqueued_at, run.resume_at) if at]
    return bool(times and max(times) < _ago(PATIENCE_SECONDS))


def stalled() -> list[Run]:
    """Return runs, and child runs, that have waited again and again for so long without getting anything done.

    That must not happen: it means a defect, a limit that others use up, or a service that only says "later".
    """
    at_last = pw.fn.COALESCE(Run.progressed_at, Run.started_at)
    waits = (Run.state == RunState.RUNNING) & Run.claimed_by.is_null() & Run.waiting.is_null(False)
    return _oldest_active(waits & (at_last < _ago(STALLED_SECONDS)))


def presumed_lost(excluded_ids: Collection[int] = ()) -> list[Run]:
    """Return claimed runs whose worker's heartbeat stopped."""
    # A heartbeat from the future is one of before the clock was set back: nobody keeps it up.
    is_old = (Run.heartbeat_at < _ago(STALE_SECONDS)) | (Run.heartbeat_at > _ago(-STALE_SECONDS))
    return _oldest_active((Run.state == RunState.RUNNING) & Run.claimed_by.is_null(False) & is_old, excluded_ids)


def take_back(run: Run) -> list[Run]:
    """Take the claim from its worker, unless it is at work after all. Return what to send.

    A run that has lost its worker MAX_ATTEMPTS times is failed instead.
    """
    with database.atomic():
        lock_rows(Run, Run.id == (run.parent_id or run.id))
        is_taken = (
            Run.update(
                claimed_by=None,
                heartbeat_at=None,
                attempts=Run.attempts + 1,
                waiting=stints.LOST,
                resume_at=utcnow(),
            )
            .where((Run.id == run.id) & (Run.claimed_by == run.claimed_by) & (Run.heartbeat_at == run.heartbeat_at))
            .execute()
        )
        if is_taken:
            stints.record(run, None, stints.LOST)
    if not is_taken:
        return []
    return [run] if run.attempts + 1 < MAX_ATTEMPTS else _give_up(run)


def _give_up(run: Run) -> list[Run]:
    """Give up on a run that keeps killing workers. For a child run, return the sibling to start next."""
    held = claims.take_claim(run.id, run.kind)
    if held is None:
        return []
    message = f"The worker died {MAX_ATTEMPTS} times in this run. Look at the worker's log, then start it again."
    if run.parent_id is None:
        completion.fail(held, "worker_died", message)
        return []
    following = child_runs.fail_child(held, "worker_died", message, None)
    if following is None:
        child_runs.finish_parent_if_done(run.parent_id)
    return [following] if following else []


def _ago(seconds: float) -> datetime:
    return utcnow() - timedelta(seconds=seconds)


def _oldest_active(expression: pw.Expression, excluded_ids: Collection[int] = (), by: Any = Run.id) -> list[Run]:
    """Return active runs without the excluded ones: what nobody can handle must not hide what is behind it.

    They are read to the end before anything is written: SQLite refuses a write beside a reading that has grown old.
    """
    active_runs = Run.select().where(IS_ACTIVE & expression & Run.id.not_in(list(excluded_ids)))
    return list(active_runs.order_by(by, Run.id).limit(RUNS_PER_TICK))


def cancelled_and_unclaimed(excluded_ids: Collection[int] = ()) -> list[Run]:
    """Return runs whose cancel was asked for, and that no worker holds to see it."""
    is_asked = Run.parent.is_null() & Run.cancel_requested_at.is_null(False)
    return _oldest_active(Run.claimed_by.is_null() & is_asked, excluded_ids)


def parents_of_ended_children(excluded_ids: Collection[int] = ()) -> list[Run]:
    """Return parent runs whose children are all done but which nobody finished (the worker died in between)."""
    part = Run.alias()
    parts = part.select(part.id).where((part.parent == Run.id) & (part.state << pw.SQL("('queued', 'running')")))
    is_handed_out = Run.parts.is_null(False) & Run.claimed_by.is_null()
    return _oldest_active((Run.state == RunState.RUNNING) & is_handed_out & ~pw.fn.EXISTS(parts), excluded_ids)
