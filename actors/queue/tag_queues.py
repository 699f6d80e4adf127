"""Queues by tag: the runs of tenants that have one of TENANTKEEP_QUEUE_TAGS go to queues with workers of their own.

`bulk` of the tag "gold" is the queue `bulk.gold`. Workers that are started with `--tag gold` serve the queues of that
tag alone, the others those without a tag. A tenant with several of these tags goes by the first that the setting names.
Whichever queue a message is in, its worker may take the run: a claim decides, not the queue.
"""

from collections.abc import Collection, Iterable
from urllib.parse import quote

from dramatiq import Broker

import config
from db.installation import installation
from db.models import Run
from db.tenants import tags

SEPARATOR = "."


def tagged(queue: str, tag: str) -> str:
    """Return the queue of a tag, "" for none. A tag may hold anything; a queue's name may not."""
    return f"{queue}{SEPARATOR}{quote(tag, safe='')}" if tag else queue


def declare(broker: Broker, queues: Iterable[str]) -> None:
    """Declare these queues for each of the tags that have workers of their own."""
    for tag in config.queue_tags():
        for queue in queues:
            broker.declare_queue(tagged(queue, tag))


def tags_of(runs: Collection[Run]) -> dict[int, str]:
    """Return run id -> the tag by which its messages go, "" for none. One statement, or none without the setting."""
    among = config.settings().queue_tags
    found = tags.first_of_each({run.tenant_id for run in runs}, among) if among else {}
    return {run.id: found.get(run.tenant_id, "") for run in runs}


def queue_of(run: Run, queue: str) -> str:
    """Return the queue for the run's message: `queue`, or that of its tenant's tag."""
    return tagged(queue, tags_of([run])[run.id])


def misplaced(runs: Collection[Run], queues: dict[int, str]) -> set[int]:
    """Return the ids of runs whose message is in the queue of another tag than their tenant has now.

    `queues`: run id -> the queue that it is in.
    """
    tags_now = tags_of([run for run in runs if run.id in queues])
    return {run_id for run_id, tag in tags_now.items() if queues[run_id].partition(SEPARATOR)[2] != quote(tag, safe="")}


def tags_without_worker(queues: Collection[str]) -> list[str]:
    """Return the tags of which no live worker serves one of these queues."""
    among = config.settings().queue_tags
    served = installation.served_queues() if among else None
    if served is None:
        return []
    return [tag for tag in among if not served.issuperset(tagged(queue, tag) for queue in queues)]


def sentence_without_worker(tag: str) -> str:
    return f"No worker serves the tenants tagged “{tag}”: their runs wait. Start one with tenantkeep worker --tag."
