"""Keeps what goes by its age alone for a day, after days in which nobody noted the time: the clock may be ahead.

An hour with a clock of next year must cost no backup, no copy and no tenant. No second clock is asked: the scheduler
notes the time with every sweep, and where its last note is days old, nobody was there, or the clock is ahead.
"""

from datetime import datetime, timedelta

from db.clock import is_recent, utcnow
from db.models import Lease

# Longer than a machine is away for a repair, and shorter than anything waits here before it goes.
LEAP = timedelta(days=2)
PAUSE = timedelta(days=1)
# The lease of whoever notes the time. Its time is that of the last note, or after a leap that of the pause's end.
NAME = "time noted"
WAITS = "Nothing goes by its age today: for days the scheduler was not there, or a clock is ahead. It goes on tomorrow."


def note_time() -> bool:
    """Note the time. Return whether a leap was found just now: from then on nothing goes for a day."""
    now, noted_at = utcnow(), _noted_at()
    if noted_at is not None and now < noted_at <= now + PAUSE:
        return False
    has_leapt = noted_at is not None and noted_at <= now - LEAP
    noted = {"name": NAME, "holder": NAME, "expires_at": now + PAUSE if has_leapt else now}
    Lease.insert(noted).on_conflict(conflict_target=[Lease.name], update=noted).execute()
    return has_leapt


def may_go_by_age() -> bool:
    """Tell whether what is old enough may go now."""
    noted_at = _noted_at()
    return noted_at is None or is_recent(noted_at, LEAP, utcnow())


def _noted_at() -> datetime | None:
    noted_at: datetime | None = Lease.select(Lease.expires_at).where(Lease.name == NAME).scalar()
    return noted_at
