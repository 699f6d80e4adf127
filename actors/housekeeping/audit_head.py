"""Where the audit log ended, remembered outside the database: in Redis, every few seconds.

Whoever may write to the database alone can cut the end off and leave no trace in it. So the scheduler asks at every
sweep whether the event it saw last is still there, and the same. Redis may forget; the scheduler's log and every
export remember too.
"""

import re

from actors.queue.broker import locks
from db.audit import audit, audit_keys
from db.audit.audit_rows import Point
from db.schema.row_ids import MOST

PREFIX = "tenantkeep:audit-log-ended:"
_POINT = re.compile("([0-9]{1,19}):([0-9a-f]{40,64})")


def remembered() -> list[Point]:
    """The one point, or none. Raises redis.RedisError, and SealError."""
    said = locks.get(_name())
    found = point(said.decode("ascii", "replace")) if isinstance(said, bytes) else None
    return [found] if found else []


def point(text: str) -> Point | None:
    """None: that is none, whoever wrote it."""
    found = _POINT.fullmatch(text.strip())
    return (int(found[1]), found[2]) if found and int(found[1]) <= MOST else None


def remember(point: Point) -> None:
    locks.set(_name(), audit.written(point))


def follow() -> list[Point]:
    """What was remembered; where the log goes on from there, its end of now is remembered instead."""
    # The end first: what is written meanwhile comes after it.
    end, before = audit.head(), remembered()
    if (
        audit.written(end) not in map(audit.written, before)
        and all(audit.holds(point) for point in before)
        and audit.holds(end)
    ):
        remember(end)
    return before


def _name() -> str:
    return PREFIX + audit_keys.installation_mark()
