"""When a schedule comes, in words: “Every night at 02:00 (Berlin)” for `0 2 * * *` in Europe/Berlin, and back.

A cron that has no words here is shown as it is. Nothing of the words is stored.
"""

from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from zoneinfo import ZoneInfo

from db.errors import Invalid

# Cron's own numbers of the days; 7 is Sunday too.
DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
# Steps that divide a day, so that every day has the same times.
HOUR_STEPS = (1, 2, 3, 4, 6, 8, 12)
DAILY, WEEKDAYS, HOURLY = "daily", "weekdays", "hourly"
# What is at night: from ten in the evening to six in the morning.
NIGHT_BEGINS, NIGHT_ENDS = 22, 6


@dataclass(frozen=True)
class Recurrence:
    """A choice of the form. `kind`: DAILY, WEEKDAYS, HOURLY or the name of a day; `step`: hours, of HOURLY alone."""

    kind: str
    hour: int = 0
    minute: int = 0
    step: int = 0

    @property
    def time(self) -> str:
        return f"{self.hour:02}:{self.minute:02}"

    @property
    def choice(self) -> str:
        """The value of the form's choice that means this."""
        return f"{HOURLY}-{self.step}" if self.kind == HOURLY else self.kind

    @property
    def cron(self) -> str:
        if self.kind == HOURLY:
            return f"{self.minute} {_hours(self.hour % self.step, self.step)} * * *"
        if self.kind in DAYS:
            return f"{self.minute} {self.hour} * * {DAYS.index(self.kind)}"
        return f"{self.minute} {self.hour} * * {'1-5' if self.kind == WEEKDAYS else '*'}"

    @property
    def words(self) -> str:
        if self.kind == HOURLY:
            return self._hourly_words()
        if self.kind == WEEKDAYS:
            return f"Weekdays at {self.time}"
        if self.kind in DAYS:
            return f"Every {self.kind} at {self.time}"
        is_at_night = self.hour >= NIGHT_BEGINS or self.hour < NIGHT_ENDS
        return f"Every night at {self.time}" if is_at_night else f"Every day at {self.time}"

    def _hourly_words(self) -> str:
        if self.time == "00:00":
            return "Every hour" if self.step == 1 else f"Every {self.step} hours"
        if self.step == 1:
            return f"Every hour, {self.minute} minutes past"
        return f"Every {self.step} hours from {self.time}"


def _hours(first: int, step: int) -> str:
    if first:
        return ",".join(str(hour) for hour in range(first, 24, step))
    return "*" if step == 1 else f"*/{step}"


def choices() -> dict[str, str]:
    """Return what a form offers, as value -> label; the time stands beside it."""
    hourly = {f"{HOURLY}-{step}": f"Every {step} hours from" for step in reversed(HOUR_STEPS) if step > 1}
    return (
        {DAILY: "Every day or night at", WEEKDAYS: "Weekdays (Monday to Friday) at"}
        | {day: f"Every {day} at" for day in (*DAYS[1:], DAYS[0])}
        | hourly
        | {f"{HOURLY}-1": "Every hour from"}
    )


def from_choice(choice: str, time: str) -> Recurrence:
    """Read a form's choice and time, such as 02:00. Raises Invalid."""
    if choice not in choices():
        raise Invalid("Choose how often it comes.")
    try:
        at = datetime.strptime(time.strip()[:5], "%H:%M")  # noqa: DTZ007 - a time of day alone
    except ValueError as e:
        raise Invalid("Give the time as hours and minutes, such as 02:00.") from e
    kind, _, step = choice.partition("-")
    hour = at.hour % int(step) if step else at.hour
    return Recurrence(kind, hour, at.minute, int(step or 0))


def recurrence(cron: str) -> Recurrence | None:
    """Return what the cron means, None where that has no words here."""
    fields = cron.split()
    if len(fields) != 5 or fields[2:4] != ["*", "*"] or not _is_number(fields[0], 59):
        return None
    minute, hours, day = int(fields[0]), _parse_hours(fields[1]), fields[4]
    if not hours:
        return None
    if len(hours) > 1:
        step = _even_step(hours)
        return Recurrence(HOURLY, hours[0], minute, step) if step and day == "*" else None
    kind = _parse_day(day)
    return Recurrence(kind, hours[0], minute) if kind else None


def _is_number(text: str, most: int) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 3 and int(text) <= most


def _parse_hours(field: str) -> list[int]:
    """Return the hours of the day; [] for what is written in another way."""
    if field == "*":
        return list(range(24))
    step = field.removeprefix("*/")
    if step != field:
        return list(range(0, 24, int(step))) if _is_number(step, 23) and int(step) in HOUR_STEPS else []
    parts = field.split(",")
    return sorted({int(part) for part in parts}) if all(_is_number(part, 23) for part in parts) else []


def _even_step(hours: list[int]) -> int:
    """Return the hours between one time and the next where they are always as many, else 0."""
    steps = {later - earlier for earlier, later in pairwise([*hours, hours[0] + 24])}
    return steps.pop() if len(steps) == 1 else 0


def _parse_day(field: str) -> str:
    if field == "*":
        return DAILY
    if field.upper() in ("1-5", "MON-FRI", "1,2,3,4,5"):
        return WEEKDAYS
    return DAYS[int(field) % 7] if _is_number(field, 7) else ""


def when(cron: str) -> str:
    """Say when it comes, without the zone; the cron itself where that has no words."""
    found = recurrence(cron)
    return found.words if found else cron


def describe(cron: str, time_zone: str) -> str:
    """Say when it comes and in which zone: “Every night at 02:00 (Berlin)”."""
    return f"{when(cron)} ({zone_words(time_zone)})"


def zone_words(time_zone: str) -> str:
    """Return what people call the zone: the city."""
    return time_zone.rpartition("/")[2].replace("_", " ")


def moment(at: datetime, time_zone: str, now: datetime) -> str:
    """Say when a moment is, on the zone's own clock: “tonight 02:12”, “tomorrow 14:00”, “Sun 2026-11-29 02:12”."""
    zone = ZoneInfo(time_zone)
    local, today = (moment.replace(tzinfo=UTC).astimezone(zone) for moment in (at, now))
    days = (local.date() - today.date()).days
    is_tonight = (days == 0 and local.hour >= NIGHT_BEGINS) or (days == 1 and local.hour < NIGHT_ENDS)
    if is_tonight:
        return f"tonight {local:%H:%M}"
    if days in (0, 1):
        return f"today {local:%H:%M}" if days == 0 else f"tomorrow {local:%H:%M}"
    return f"{local:%a %Y-%m-%d %H:%M}"
