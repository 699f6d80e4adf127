"""One time for all processes, the database's: docs/decisions/0001-naive-utc.md."""

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from time import monotonic
from typing import Any, overload
from zoneinfo import ZoneInfo

import peewee as pw

from db.database import Condition, database, is_sqlite
from db.errors import Invalid

# Less is the time that the question itself takes, and what clocks differ by on machines that are well.
TOLERATED_DIFFERENCE = timedelta(seconds=2)
# A time of another machine, or of a person, may be ahead of ours by this much and still be past.
MAX_SKEW = timedelta(seconds=60)
# On a busy machine the first answer may come too late, and a process that begins would go by a clock that is wrong.
QUESTIONS = 3
_ASK_SQLITE = "SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')"
_ASK_POSTGRESQL = "SELECT to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.MS')"

_ahead = timedelta(0)


def utcnow() -> datetime:
    """Return the time in UTC, without a zone, as every table keeps it."""
    return _machine_time() - _ahead


def past(at: datetime) -> datetime:
    """Return a moment that somebody named, now at the latest. Raises Invalid for one that is yet to come."""
    now = utcnow()
    if at > now + MAX_SKEW:
        raise Invalid("This moment is yet to come. Choose an earlier one.")
    return min(at, now)


def has_come(time: pw.Field, now: datetime, longest: timedelta) -> Condition:
    """Return the condition that the time of a row has come.

    A time further off than `longest` counts too: nothing waits so long, so a clock that was set back since wrote it.
    """
    return (time <= now) | (time > now + longest)


@overload
def is_recent(at: datetime, longest: timedelta, now: datetime) -> bool: ...
@overload
def is_recent(at: pw.Field, longest: timedelta, now: datetime) -> Condition: ...
def is_recent(at: Any, longest: timedelta, now: datetime) -> Any:
    """Tell whether a time is less than `longest` ago. For a column, return the condition.

    A time ahead of now is not recent: a clock that was set back since wrote it.
    """
    return (at > now - longest) & (at <= now + MAX_SKEW)


def _machine_time() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


def sync_with_database() -> timedelta:
    """Measure how far this machine's clock is ahead, for `utcnow`. Called at start and with each heartbeat."""
    global _ahead
    for _ in range(QUESTIONS):
        asked_at = monotonic()
        database_time = database.execute_sql(_ASK_SQLITE if is_sqlite() else _ASK_POSTGRESQL).fetchone()[0]
        difference = _machine_time() - datetime.fromisoformat(database_time)
        # An answer that was long on its way is too old to go by.
        if monotonic() - asked_at < TOLERATED_DIFFERENCE.total_seconds() / 2:
            _ahead = difference if abs(difference) > TOLERATED_DIFFERENCE else timedelta(0)
            break
    return _ahead


@lru_cache(maxsize=1000)
def zone_of(name: str) -> ZoneInfo:
    """Return the time zone. Raises Invalid."""
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, OSError) as e:
        # A name may be a path that is none, leads elsewhere, or is a directory.
        raise Invalid(f"There is no time zone “{name}”. Give one such as Europe/Vienna or UTC.") from e
