"""Depth and age of each queue: for `/metrics`, and for whoever adds workers by it."""

import time
from dataclasses import dataclass

from dramatiq import Message
from dramatiq.errors import DecodeError

from actors.queue.broker import broker


@dataclass(frozen=True)
class QueueDepth:
    # Not done yet: waiting, or with a worker.
    messages: int
    # Sent for later: a run waits for Graph, or for its next try.
    delayed: int
    # Since the first was sent of those that no worker has taken; 0: there is none.
    oldest_seconds: float


def measure() -> dict[str, QueueDepth]:
    """Return queue -> its depth, by two calls of Redis. Raises RedisError. Dramatiq's own names: its dispatch.lua."""
    queues = sorted(broker.get_declared_queues())
    names = [f"{broker.namespace}:{queue}" for queue in queues]
    asked = broker.client.pipeline(transaction=False)
    for name in names:
        asked.hlen(f"{name}.msgs")
        asked.hlen(f"{name}.DQ.msgs")
        asked.lindex(name, 0)
    answers = asked.execute()
    counts = [answers[place : place + 3] for place in range(0, len(answers), 3)]
    asked = broker.client.pipeline(transaction=False)
    for name, (_, _, first) in zip(names, counts, strict=True):
        asked.hget(f"{name}.msgs", first or "")
    return {
        queue: QueueDepth(messages, delayed, _age_seconds(data))
        for queue, (messages, delayed, _), data in zip(queues, counts, asked.execute(), strict=True)
    }


def _age_seconds(data: bytes | None) -> float:
    if data is None:
        return 0
    try:
        return round(max(0.0, time.time() - Message.decode(data).message_timestamp / 1000), 1)
    except (DecodeError, TypeError, KeyError):  # no message of ours
        return 0
