"""The broker. Actors bind to it when their module is imported, so every actor module imports this first."""

import logging
from collections.abc import Mapping
from datetime import UTC
from time import monotonic
from typing import Any

import dramatiq
import dramatiq.brokers.redis
import dramatiq.worker
from dramatiq import Message
from dramatiq.brokers.redis import RedisBroker
from dramatiq.errors import DecodeError
from dramatiq.middleware import ShutdownNotifications, TimeLimit

import config
from actors.process import counters, logs
from actors.queue import redis_clients, tag_queues
from actors.queue.dedupe import Dedupe
from actors.queue.middleware import DatabaseConnection, Heartbeats, LogContext
from actors.queue.queue_names import PRIORITY
from db.clock import utcnow

logger = logging.getLogger(__name__)

HOUR_MS = 3_600_000


_url, _locks_url = config.redis_urls()
# Locks and budgets live in a Redis database of their own, apart from the broker's, unless a prefix says otherwise.
locks = redis_clients.client_for(_locks_url)
dedupe = Dedupe(locks)


# How often a worker looks for delayed messages that another process sent. What it sent itself it fetches at once, and
# holds until its time. An idle worker's looks are most of what it costs, and half of them were for these.
DELAYED_SECONDS = 1.0


class Broker(RedisBroker):
    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        # Queue of delayed messages -> when it was last looked into.
        self._looked_at: dict[str, float] = {}

    def enqueue(self, message: Message[Any], *, delay: int | None = None) -> Message[Any]:
        enqueued = super().enqueue(message, delay=delay)
        self._looked_at.pop(enqueued.queue_name, None)
        return enqueued

    def do_fetch(self, queue_name: str, prefetch: int) -> list[bytes | None]:
        """Leave out data that is no message of ours: one that fails to decode would lose all fetched with it."""
        if queue_name in self.delay_queues and not self._is_look_due(queue_name):
            return []
        fetched = self._dispatch("fetch")(queue_name, prefetch)  # type: ignore[no-untyped-call]
        ours = [message for message in fetched if _is_ours(message)]
        if len(ours) < len(fetched):
            logger.warning("what is no message of ours was put into the queue, and is left out", extra=logs.REPEATED)
        return ours

    def _is_look_due(self, queue_name: str) -> bool:
        now = monotonic()
        is_due = now - self._looked_at.get(queue_name, -DELAYED_SECONDS) >= DELAYED_SECONDS
        if is_due:
            self._looked_at[queue_name] = now
        return is_due


def database_millis() -> int:
    """Return the database's time in milliseconds since 1970."""
    return int(utcnow().replace(tzinfo=UTC).timestamp() * 1000)


# Dramatiq goes by its machine's clock: a worker whose clock is ahead and that dies would keep the messages that it
# had fetched until the others' clocks are as far. With one time for all (docs/decisions/0001-naive-utc.md) it is known
# for dead like any other, and a delayed message comes when it is due, whoever sent it.
for _module in (dramatiq.brokers.redis, dramatiq.worker):
    _module.current_millis = database_millis  # type: ignore[attr-defined]


def _is_ours(data: bytes | None) -> bool:
    if data is None:  # fetched by id, and gone; dramatiq says so
        return True
    try:
        message = Message.decode(data)
    except DecodeError:
        return False
    options, names = message.options, (message.queue_name, message.actor_name, message.message_id)
    return (
        all(isinstance(name, str) for name in names)
        and isinstance(options, Mapping)
        and isinstance(options.get("redis_message_id"), str)
        and isinstance(options.get("dedupe_key", ""), str)
        and isinstance(options.get("eta", 0), int | float)
        and isinstance(message.kwargs, dict)
        and all(isinstance(value, int | str) for value in (*message.args, *message.kwargs.values()))
        # A run's message has the run's id, and nothing else.
        and ("dedupe_key" not in options or (not message.kwargs and [type(value) for value in message.args] == [int]))
    )


def _make_broker() -> Broker:
    return Broker(
        client=redis_clients.client_for(_url),
        namespace=redis_clients.NAMESPACE,
        middleware=[
            DatabaseConnection(),  # first: every other hook may use the database
            LogContext(),
            dedupe,
            Heartbeats(dedupe, lambda: counters.flush(locks)),
            TimeLimit(time_limit=HOUR_MS),
            ShutdownNotifications(),
        ],
        # The defaults take minutes to hand on a dead worker's messages; this costs nothing measurable.
        heartbeat_timeout=15_000,
        maintenance_chance=1_000_000,
    )


broker = _make_broker()
tag_queues.declare(broker, PRIORITY)
dramatiq.set_broker(broker)


def redis_problem(*, with_reason: bool = True) -> str | None:
    """Return what is wrong with Redis and what to do, within about a second, or None. The reason names hosts."""
    for client, setting in ((broker.client, "TENANTKEEP_REDIS_URL"), (locks, "TENANTKEEP_REDIS_LOCKS_URL")):
        trouble = redis_clients.trouble(client, with_reason=with_reason)
        if trouble:
            return f"{trouble} Check {setting}."
    return None
