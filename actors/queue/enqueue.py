"""Starting a run: make it or find the active one, send its message, answer at once."""

import logging
from dataclasses import dataclass

import redis
from dramatiq.errors import BrokerConnectionError

from actors.queue.broker import BULK, UNDER_WAY, broker
from actors.queue.dedupe import DuplicateRun, LockUnavailable
from db.models import Run
from db.runs import runs
from db.runs.runs import StartedRun
from db.states import RunState

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Start:
    run: Run
    is_new: bool
    # False: Redis is away. The run is recorded; the scheduler sends it when Redis is back.
    is_sent: bool
    # The run that was found does less than was asked for.
    is_less: bool = False


def started(start: StartedRun) -> Start:
    """Send a new run's message, after the commit that made it. A run found active has been sent already."""
    is_sent = send(start.run) if start.is_new else True
    return Start(start.run, start.is_new, is_sent)


def queue_for(queue: str, state: RunState) -> str:
    """Where a message of a run in this state goes, whose actor's queue this is."""
    return UNDER_WAY if queue == BULK and state != RunState.QUEUED else queue


def send(run: Run, delay_seconds: float | None = None) -> bool:
    """Send this run's id to its actor; False when Redis is away or another run still holds the key."""
    actor = broker.get_actor(run.kind)  # the actor of a kind of run has its name
    delay = None if delay_seconds is None else int(delay_seconds * 1000)
    message = actor.message_with_options(args=(run.id,), dedupe_key=run.dedupe_key)
    try:
        broker.enqueue(message.copy(queue_name=queue_for(actor.queue_name, run.state)), delay=delay)
    except DuplicateRun as e:
        logger.info("run waits for the lock of another", extra={"run_id": run.id, "owner": e.owner})
        return False
    except (LockUnavailable, BrokerConnectionError, redis.RedisError) as e:
        logger.warning("the queue is unreachable", extra={"run_id": run.id, "error": type(e).__name__})
        return False
    runs.mark_enqueued([run.id])
    return True
