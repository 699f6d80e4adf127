"""Finds the runs that need another message: nobody works on them, and their last message is in no queue.

Redis is asked where a run's last message is. One that waits in a queue, however long, needs no second.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.queue import tag_queues
from actors.queue.broker import broker, dedupe
from actors.queue.dedupe import MessagePlace
from db.models import Run
from db.recovery import lost_runs
from db.runs import runs


def runs_without_message(apart: Collection[int] = ()) -> list[Run]:
    """Return runs whose message was never sent, or was lost with Redis or a worker. Raises redis.RedisError.

    `apart`: ids of runs to leave out.
    """
    return [*lost_runs.never_enqueued(apart), *_with_lost_message(lost_runs.due_to_resume(apart))]


def _with_lost_message(unclaimed: Sequence[Run]) -> list[Run]:
    places = dedupe.places({run.id: run.dedupe_key for run in unclaimed})
    located = _locate(places)
    # Their workers may be none, since a tenant has another tag: another message goes to the queue of now.
    located.waiting.difference_update(
        tag_queues.misplaced(unclaimed, {run_id: places[run_id].queue for run_id in located.waiting})
    )
    # So that their messages are looked for again after a while, and not at every tick.
    runs.mark_enqueued(located.waiting)
    return [run for run in unclaimed if run.id not in located.waiting and not _is_about_to_begin(run, located)]


@dataclass(frozen=True)
class LocatedMessages:
    # Ids of runs whose message is in its queue, or was fetched by a worker, which may have died since.
    waiting: set[int]
    fetched: set[int]


def _is_about_to_begin(run: Run, located: LocatedMessages) -> bool:
    """Tell whether a worker has the run's message and may still begin.

    Dramatiq hands on the messages of dead workers; those of one whose clock was wrong it hands on too late.
    """
    return run.id in located.fetched and not lost_runs.has_waited_too_long(run)


def _locate(places: Mapping[int, MessagePlace]) -> LocatedMessages:
    """Look for each message in Redis. A delayed one that is due counts as lost: it moves to its queue at once, or its
    worker is gone.
    """
    in_queues = {run_id: place for run_id, place in places.items() if place.queue in broker.get_declared_queues()}
    with broker.client.pipeline(transaction=False) as ask:
        for place in in_queues.values():
            ask.hexists(f"{broker.namespace}:{place.queue}.msgs", place.message)
        is_there = ask.execute()
    there = {run_id for run_id, is_in in zip(in_queues, is_there, strict=True) if is_in}
    fetched = _fetched_message_ids({place.queue for place in in_queues.values()}) if there else set()
    with_worker = {run_id for run_id in there if in_queues[run_id].message in fetched}
    return LocatedMessages(there - with_worker, with_worker)


def _fetched_message_ids(queues: Collection[str]) -> set[str]:
    """Return the ids of messages that workers have fetched and not acknowledged."""
    workers: Any = broker.client.zrange(f"{broker.namespace}:__heartbeats__", 0, -1)
    with broker.client.pipeline(transaction=False) as ask:
        for worker in workers:
            for queue in queues:
                ask.smembers(f"{broker.namespace}:__acks__.{worker.decode('utf-8', 'replace')}.{queue}")
        return {message.decode("utf-8", "replace") for message_ids in ask.execute() for message in message_ids}
