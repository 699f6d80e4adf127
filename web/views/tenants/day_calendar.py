"""The days of a tenant, the last 90 or those of a month: backups, changes and restores of each, and what is to come."""

from calendar import monthrange
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from itertools import takewhile
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from babel.dates import format_date
from flask import url_for

from db.backups import nights
from db.changes import change_lists
from db.clock import utcnow
from db.models import Tenant
from db.runs import run_history
from db.states import Level, RunKind
from db.tenants import schedules
from web.translation.languages import current_language
from web.verdicts.verdicts import LOOKS

DAYS = 90
CELL = 28
# So many changes of 90 days are counted; of more, the newest.
MOST_CHANGES = 50_000
# So far a month can be away, and so many times of a schedule are counted.
BACK_DAYS, FORWARD_DAYS, MOST_COMING = 800, 62, 2000
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
    last = _today(zone)
    days = [last - timedelta(days=number) for number in range(DAYS - 1, -1, -1)]
    return DayCalendar(tenant, zone.key, _look_up(tenant, zone, days))


@dataclass(frozen=True)
class MonthCalendar(DayCalendar):
    """The days of a month, the first first. `coming`: day -> times at which a schedule starts a backup."""

    today: date
    coming: Mapping[date, int]

    @property
    def first(self) -> date:
        return self.days[0].day

    @property
    def title(self) -> str:
        return format_date(self.first, "LLLL yyyy", locale=current_language())

    @property
    def weekdays(self) -> list[str]:
        days = (self.monday + timedelta(days=number) for number in range(7))
        return [format_date(day, "ccc", locale=current_language()) for day in days]

    @property
    def rows(self) -> list[list[CalendarDay | None]]:
        """The weeks, from Monday on; None: a day of another month."""
        lead: list[CalendarDay | None] = [None] * self.first.weekday()
        cells = [*lead, *self.days]
        cells += [None] * (-len(cells) % 7)
        return [cells[begin : begin + 7] for begin in range(0, len(cells), 7)]

    def address_of(self, day: CalendarDay) -> str:
        """Return the address of the list that says most about a day: of one to come, the schedules."""
        if day.day > self.today:
            return url_for("tenants.backups", tenant_id=self.tenant.id)
        return super().address_of(day) or self.address("change_list.index_view", day)

    @property
    def before(self) -> str:
        return self._month(self.first - timedelta(days=1))

    @property
    def after(self) -> str:
        """Return "" where nothing is known of the month after."""
        begin = self.days[-1].day + timedelta(days=1)
        return self._month(begin) if begin <= self.today + timedelta(days=FORWARD_DAYS) else ""

    def _month(self, day: date) -> str:
        values: dict[str, Any] = {"month": f"{day:%Y-%m}", "zone": self.zone, "_anchor": "month"}
        return url_for("tenant_changes.page", tenant_id=self.tenant.id, **values)


def month_calendar(tenant: Tenant, zone: ZoneInfo, wanted: str) -> MonthCalendar:
    """Look up a month of the tenant, “2026-11”; for anything else, and for one too far away, this month."""
    today = _today(zone)
    first = _month_of(wanted, today)
    days = [first + timedelta(days=number) for number in range(monthrange(first.year, first.month)[1])]
    return MonthCalendar(tenant, zone.key, _look_up(tenant, zone, days), today, _coming(tenant, zone, days[-1]))


def _month_of(wanted: str, today: date) -> date:
    try:
        first = datetime.strptime(wanted[:7], "%Y-%m").date()  # noqa: DTZ007 - a month of the reader's own zone
    except ValueError:
        first = today
    is_near = today - timedelta(days=BACK_DAYS) <= first <= today + timedelta(days=FORWARD_DAYS)
    return (first if is_near else today).replace(day=1)


def _coming(tenant: Tenant, zone: ZoneInfo, last: date) -> Counter[date]:
    """Count the times to come of the tenant's schedules, up to a day."""
    counts: Counter[date] = Counter()
    for schedule in schedules.of_tenants([tenant.id]):
        moments = [] if schedule.is_paused else schedules.coming(schedule, MOST_COMING)
        counts.update(takewhile(lambda day: day <= last, (_day_of(at, zone) for at in moments)))
    return counts


def _today(zone: ZoneInfo) -> date:
    return utcnow().replace(tzinfo=UTC).astimezone(zone).date()


def _look_up(tenant: Tenant, zone: ZoneInfo, days: Sequence[date]) -> list[CalendarDay]:
    since = datetime.combine(days[0], time(), zone).astimezone(UTC).replace(tzinfo=None)
    sets = nights.made_since(tenant, since)
    changes = _by_day(change_lists.moments(tenant, since, MOST_CHANGES), zone)
    restores = _by_day(run_history.begun_since(tenant, RunKind.RESTORE, since), zone)
    backups = _by_day((at for at, _ in sets), zone)
    best: dict[date, Level] = {}
    for at, level in sets:
        day = _day_of(at, zone)
        best[day] = min(best.get(day, level), level, key=nights.BEST_FIRST.index)
    return [CalendarDay(day, backups[day], best.get(day), changes[day], restores[day]) for day in days]


def _by_day(moments: Iterable[datetime], zone: ZoneInfo) -> Counter[date]:
    return Counter(_day_of(at, zone) for at in moments)


def _day_of(at: datetime, zone: ZoneInfo) -> date:
    return at.replace(tzinfo=UTC).astimezone(zone).date()
