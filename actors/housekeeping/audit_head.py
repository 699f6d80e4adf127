"""The end of the audit log, remembered outside the database: in Redis, every few seconds.

Whoever may write to the database alone can cut the end off and leave no trace in it. So the scheduler asks at every
sweep whether the event it saw last is still there, and the same. Redis may forget; the scheduler's log and every
export remember too.
"""

import re

from actors.queue import redis_clients
from actors.queue.broker import locks
from db.audit import audit_keys, chain
from db.audit.audit_rows import ChainPoint
from db.schema.row_ids import MAX_ID

PREFIX = redis_clients.key("audit-log-ended:")
_POINT = re.compile("([0-9]{1,19}):([0-9a-f]{40,64})")


def recall() -> list[ChainPoint]:
    """Return a list of the remembered point, empty if there is none. Raises redis.RedisError, and SealError."""
    value = locks.get(_redis_key())
    point = parse_point(value.decode("ascii", "replace")) if isinstance(value, bytes) else None
    return [point] if point else []


def parse_point(text: str) -> ChainPoint | None:
    """Parse a point; None for anything else, whoever wrote it."""
    match = _POINT.fullmatch(text.strip())
    return (int(match[1]), match[2]) if match and int(match[1]) <= MAX_ID else None


def remember(point: ChainPoint) -> None:
    locks.set(_redis_key(), chain.point_as_text(point))


def recall_and_advance() -> list[ChainPoint]:
    """Return the remembered point. If the log still contains it, remember the log's end of now instead."""
    # The end first: events that are written meanwhile come after it.
    end, before = chain.end_of_log(), recall()
    if (
        chain.point_as_text(end) not in map(chain.point_as_text, before)
        and all(chain.contains_point(point) for point in before)
        and chain.contains_point(end)
    ):
        remember(end)
    return before


def _redis_key() -> str:
    return PREFIX + audit_keys.installation_hash()
