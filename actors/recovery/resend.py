"""Which runs need another message: those that nobody works on, and whose message is nowhere.

Where a run's last message is, Redis is asked. One that waits in a queue, however long, needs no second.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.queue.broker import broker, dedupe
from actors.queue.dedupe import Place
from db.models import Run
from db.recovery import lost_runs
from db.runs import runs


def missing(apart: Collection[int] = ()) -> list[Run]:
    """Never sent, or lost with Redis or with a worker; without those whose ids are given. Raises RedisError."""
    return [*lost_runs.never_enqueued(apart), *_lost(lost_runs.due_to_resume(apart))]


def _lost(unclaimed: Sequence[Run]) -> list[Run]:
    found = _look_for(dedupe.places({run.id: run.dedupe_key for run in unclaimed}))
    # They are looked for again when it is their turn, and not at every tick.
    runs.mark_enqueued(found.waiting)
    return [run for run in unclaimed if run.id not in found.waiting and not _is_about_to_begin(run, found)]


@dataclass(frozen=True)
class Found:
    # Run ids, by their message: in its queue, or fetched by a worker, which may have died since.
    waiting: set[int]
    fetched: set[int]


def _is_about_to_begin(run: Run, found: Found) -> bool:
    """Its message is with a worker. Dramatiq hands on what dead ones have; from one whose clock was wrong, too late."""
    return run.id in found.fetched and not lost_runs.has_waited_too_long(run)


def _look_for(places: Mapping[int, Place]) -> Found:
    """A delayed message that is due counts for nothing: it moves to its queue at once, or its worker is gone."""
    in_queues = {run_id: place for run_id, place in places.items() if place.queue in broker.get_declared_queues()}
    with broker.client.pipeline(transaction=False) as ask:
        for place in in_queues.values():
            ask.hexists(f"{broker.namespace}:{place.queue}.msgs", place.message)
        is_there = ask.execute()
    there = {run_id for run_id, is_in in zip(in_queues, is_there, strict=True) if is_in}
    fetched = _fetched({place.queue for place in in_queues.values()}) if there else set()
    with_worker = {run_id for run_id in there if in_queues[run_id].message in fetched}
    return Found(there - with_worker, with_worker)


def _fetched(queues: Collection[str]) -> set[str]:
    """The ids of the messages that workers have fetched and not acknowledged."""
    workers: Any = broker.client.zrange(f"{broker.namespace}:__heartbeats__", 0, -1)
    with broker.client.pipeline(transaction=False) as ask:
        for worker in workers:
            for queue in queues:
                ask.smembers(f"{broker.namespace}:__acks__.{worker.decode('utf-8', 'replace')}.{queue}")
        return {message.decode("utf-8", "replace") for some in ask.execute() for message in some}
