"""The fields that say when a backup comes: a choice and a time, or cron; a time zone; and how much is read."""

from collections.abc import Mapping
from dataclasses import dataclass

from flask import request
from flask_login import current_user

from db.models import Schedule
from db.tenants import schedule_words, schedules
from web.inputs import without_nul

LONGEST_RULE = 100
NAMES = ("when", "time", "cron", "time_zone", "is_full")
# The value of the field `is_full` that asks for a rehearsal.
REHEARSES = "rehearsal"
PROPOSED = {"when": schedule_words.DAILY, "time": "02:00"}


@dataclass(frozen=True)
class ScheduleForm:
    """Values of the fields. `cron` is empty unless it was typed, and counts in place of the choice."""

    when: str
    time: str
    cron: str
    time_zone: str
    is_full: bool
    # It rehearses a restore, in place of backing up alone.
    is_rehearsal: bool = False
    # Nobody has said which zone yet: the script may put the browser's in its place.
    proposes_zone: bool = False

    @property
    def choices(self) -> dict[str, str]:
        return schedule_words.choices()

    @property
    def time_zones(self) -> list[str]:
        return schedules.time_zones()

    @property
    def rule(self) -> str:
        """The cron that the fields mean. Raises Invalid."""
        return self.cron or schedule_words.from_choice(self.when, self.time).cron

    @property
    def words(self) -> str:
        """When it comes, in words. Raises Invalid."""
        return schedule_words.describe(self.rule, self.time_zone)

    @property
    def values(self) -> dict[str, str]:
        """The fields as a form or an address takes them."""
        does = REHEARSES if self.is_rehearsal else "yes" if self.is_full else "no"
        texts = (self.when, self.time, self.cron, self.time_zone, does)
        return dict(zip(NAMES, texts, strict=True))


def read_form(given: Mapping[str, str]) -> ScheduleForm:
    """Read the fields; what was not given is proposed."""
    texts = {name: without_nul(given.get(name, "")).strip()[:LONGEST_RULE] for name in NAMES}
    return ScheduleForm(
        when=texts["when"] or PROPOSED["when"],
        time=texts["time"] or PROPOSED["time"],
        cron=texts["cron"],
        time_zone=texts["time_zone"] or schedules.last_time_zone(current_user.id),
        is_full=texts["is_full"] == "yes",
        is_rehearsal=texts["is_full"] == REHEARSES,
        proposes_zone=not texts["time_zone"],
    )


def form_of(schedule: Schedule) -> ScheduleForm:
    """Return the fields as they stand for a schedule, or as they were typed and refused."""
    if request.form:
        return read_form(request.form)
    is_full, is_rehearsal = bool(schedule.is_full), bool(schedule.is_rehearsal)
    return from_rule(schedule.cron, schedule.time_zone, is_full, is_rehearsal=is_rehearsal)


def from_rule(cron: str, time_zone: str, is_full: bool, *, is_rehearsal: bool = False) -> ScheduleForm:
    found = schedule_words.recurrence(cron)
    choice, time = (found.choice, found.time) if found else (PROPOSED["when"], PROPOSED["time"])
    return ScheduleForm(choice, time, "" if found else cron, time_zone, is_full, is_rehearsal)
