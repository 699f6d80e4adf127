"""Putting messages into their actors' queues, a run's above all."""

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import redis
from dramatiq import Actor
from dramatiq.errors import BrokerConnectionError

from actors.process import logs
from actors.queue import tag_queues
from actors.queue.broker import broker
from actors.queue.dedupe import DuplicateRun, LockUnavailable
from actors.queue.queue_names import BULK, UNDER_WAY
from db.models import Run
from db.runs import runs
from db.runs.runs import StartedRun
from db.states import RunState

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class EnqueuedRun:
    """The answer to a request for a run: the run itself, be it new or found active."""

    run: Run
    is_new: bool
    # False: Redis is away. The run is recorded; the scheduler sends it when Redis is back.
    is_sent: bool
    # The run that was found active does less than was asked for.
    does_less: bool = False


class _HeldBack(threading.local):
    runs: list[Run] | None = None


_held_back = _HeldBack()


@contextmanager
def held_back() -> Iterator[list[Run]]:
    """Hold the messages of new runs back until the body is through, for a caller that commits more with them.

    Begin the transaction inside the body. Yields the runs held back: whoever begins anew empties it. After an error
    nothing is sent: what was committed all the same is found by the scheduler.
    """
    waiting: list[Run] = []
    _held_back.runs = waiting
    try:
        yield waiting
    finally:
        _held_back.runs = None
    for run in waiting:
        enqueue(run)


def send(actor: Actor[..., Any], *, delay_ms: int | None = None, **arguments: object) -> bool:
    """Send a message that is no run's. Return False when Redis is away: whoever sweeps for the work sends another."""
    try:
        actor.send_with_options(kwargs=arguments, delay=delay_ms)
    except (BrokerConnectionError, redis.RedisError):
        logger.warning("the queue is unreachable", extra=logs.REPEATED)
        return False
    return True


def enqueue_new(start: StartedRun) -> EnqueuedRun:
    """Enqueue a new run, after the commit that made it. A run found active has been enqueued already."""
    if start.is_new and _held_back.runs is not None:
        _held_back.runs.append(start.run)
        return EnqueuedRun(start.run, start.is_new, is_sent=True)
    is_sent = enqueue(start.run) if start.is_new else True
    return EnqueuedRun(start.run, start.is_new, is_sent)


def queue_for(queue: str, state: RunState) -> str:
    """Return the queue for a message of a run in this state, tags aside; `queue` is its actor's."""
    return UNDER_WAY if queue == BULK and state != RunState.QUEUED else queue


def enqueue(run: Run, delay_seconds: float | None = None) -> bool:
    """Send the run's id to its actor. Return False when Redis is away or another run still holds the key."""
    actor = broker.get_actor(run.kind)  # the actor of a kind of run has its name
    delay = None if delay_seconds is None else int(delay_seconds * 1000)
    message = actor.message_with_options(args=(run.id,), dedupe_key=run.dedupe_key)
    queue = tag_queues.queue_of(run, queue_for(actor.queue_name, run.state))
    try:
        broker.enqueue(message.copy(queue_name=queue), delay=delay)
    except DuplicateRun as e:
        logger.info("run waits for the lock of another", extra={"run_id": run.id, "owner": e.owner})
        return False
    except (LockUnavailable, BrokerConnectionError, redis.RedisError) as e:
        logger.warning("the queue is unreachable", extra={"run_id": run.id, "error": type(e).__name__})
        return False
    runs.mark_enqueued([run.id])
    return True
