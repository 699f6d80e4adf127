"""The last 90 days of a tenant, as numbers that the template draws: backups, changes and restores of each day."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from flask import url_for

from db.backups import nights
from db.changes import change_lists
from db.clock import utcnow
from db.models import Tenant
from db.runs import run_history
from db.states import Level, RunKind
from web.verdicts.verdicts import LOOKS

DAYS = 90
CELL = 28
# So many changes of 90 days are counted; of more, the newest.
MOST_CHANGES = 50_000
_HEIGHTS = {Level.GOOD: 7, Level.ATTENTION: 5, Level.BAD: 3}


class CalendarDay(NamedTuple):
    """A day in the zone of the picture. `level`: of its best backup; None without one."""

    day: date
    backups: int
    level: Level | None
    changes: int
    restores: int

    @property
    def look(self) -> str:
        return LOOKS[self.level][0] if self.level else "none"

    @property
    def height(self) -> int:
        """The height of the bar of its backups, which says how good they are without a colour."""
        return _HEIGHTS.get(self.level, 0) if self.level else 0

    @property
    def is_empty(self) -> bool:
        return not (self.backups or self.changes or self.restores)


@dataclass(frozen=True)
class DayCalendar:
    """The days, the oldest first: a column a week, a row a weekday."""

    tenant: Tenant
    zone: str
    days: Sequence[CalendarDay]

    @property
    def weeks(self) -> int:
        return self.place(self.days[-1])[0] + 1

    @property
    def width(self) -> int:
        return self.weeks * CELL

    @property
    def height(self) -> int:
        return 7 * CELL

    def place(self, day: CalendarDay) -> tuple[int, int]:
        """Return the column and the row of a day."""
        return (day.day - self.monday).days // 7, day.day.weekday()

    @property
    def monday(self) -> date:
        """The Monday of the first week."""
        first = self.days[0].day
        return first - timedelta(days=first.weekday())

    @cached_property
    def busy_days(self) -> list[CalendarDay]:
        """The days on which something happened, the newest first: what the table has."""
        return [day for day in reversed(self.days) if not day.is_empty]

    def address(self, endpoint: str, day: CalendarDay, **values: Any) -> str:
        """Return the address of a list that shows this day alone."""
        narrowed = {"tenant": self.tenant.id, "since": day.day, "until": day.day, "zone": self.zone}
        return url_for(endpoint, **narrowed, **values)

    def address_of(self, day: CalendarDay) -> str:
        """Return the address of the list that says most about a day: its changes, its restores, or its backups."""
        lists = (("change_list", day.changes), ("restore_list", day.restores), ("backup_set_list", day.backups))
        return next((self.address(f"{name}.index_view", day) for name, count in lists if count), "")

    @property
    def total(self) -> Counter[str]:
        names = ("backups", "changes", "restores")
        return Counter({name: sum(getattr(day, name) for day in self.days) for name in names})


def day_calendar(tenant: Tenant, zone: ZoneInfo) -> DayCalendar:
    """Look up what happened in the tenant on each of the last 90 days, as days begin and end in this zone."""
    last = utcnow().replace(tzinfo=UTC).astimezone(zone).date()
    days = [last - timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    since = datetime.combine(days[0], time(), zone).astimezone(UTC).replace(tzinfo=None)
    sets = nights.made_since(tenant, since)
    changes = _by_day(change_lists.moments(tenant, since, MOST_CHANGES), zone)
    restores = _by_day(run_history.begun_since(tenant, RunKind.RESTORE, since), zone)
    backups = _by_day((at for at, _ in sets), zone)
    best: dict[date, Level] = {}
    for at, level in sets:
        day = _day_of(at, zone)
        best[day] = min(best.get(day, level), level, key=nights.BEST_FIRST.index)
    found = [CalendarDay(day, backups[day], best.get(day), changes[day], restores[day]) for day in days]
    return DayCalendar(tenant, zone.key, found)


def _by_day(moments: Iterable[datetime], zone: ZoneInfo) -> Counter[date]:
    return Counter(_day_of(at, zone) for at in moments)


def _day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.replace(tzinfo=UTC).astimezone(zone).date()
