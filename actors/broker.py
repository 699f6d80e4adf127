"""The one broker. Actors bind to it when their module is imported, so every actor module imports this first."""

import dramatiq
import redis
from dramatiq.brokers.redis import RedisBroker
from dramatiq.middleware import ShutdownNotifications, TimeLimit
from redis.backoff import NoBackoff
from redis.retry import Retry

import config
from actors.dedupe import Dedupe
from actors.middleware import Beats, Connection, LogContext

# Someone waits for an interactive run; a bulk run may take its time. Priorities do nothing on Redis, queues do.
INTERACTIVE = "interactive"
BULK = "bulk"
QUEUES = (INTERACTIVE, BULK)

HOUR_MS = 3_600_000


def _redis(url: str) -> redis.Redis:
    # No retries: a start must answer at once when Redis is away; the scheduler sends what was not sent.
    return redis.Redis.from_url(
        url, socket_connect_timeout=1, socket_timeout=5, retry=Retry(NoBackoff(), 0), health_check_interval=30
    )


_url, _locks_url = config.redis_urls()
# Locks and budgets, apart from the broker's own database.
locks = _redis(_locks_url)
dedupe = Dedupe(locks)


def _make() -> RedisBroker:
    return RedisBroker(  # type: ignore[no-untyped-call]
        client=_redis(_url),
        middleware=[
            Connection(),  # first: every other hook may use the database
            LogContext(),
            dedupe,
            Beats(dedupe),
            TimeLimit(time_limit=HOUR_MS),
            ShutdownNotifications(),
        ],
        # The defaults take minutes to hand on a dead worker's messages; this costs nothing measurable.
        heartbeat_timeout=15_000,
        maintenance_chance=1_000_000,
    )


broker = _make()
dramatiq.set_broker(broker)


def ping() -> None:
    """Raises redis.RedisError, within about a second, when Redis does not answer."""
    broker.client.ping()
