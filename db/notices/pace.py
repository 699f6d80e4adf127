"""When a notice leaves: its rule's pace and quiet hours, by the wall clock of its zone, over clock changes too."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from db.clock import zone_of
from db.errors import Invalid
from db.models import NoticeRule
from db.states import NoticePace

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def due_at(rule: NoticeRule, now: datetime, *, breaks_quiet: bool = False) -> datetime:
    """Return when what is to be told now leaves by this rule; naive UTC in and out.

    Never before now and never in the quiet hours, unless it breaks them.
    """
    zone = zone_of(rule.time_zone)
    leaves = now
    if rule.pace == NoticePace.HOURLY:
        leaves = _next_hour(zone, now)
    elif rule.pace == NoticePace.DAILY:
        leaves = _next_time(zone, parse_time(rule.daily_at), now)
    if rule.quiet_from is None or rule.quiet_to is None or breaks_quiet:
        return leaves
    return _end_of_quiet(rule.time_zone, rule.quiet_from, rule.quiet_to, leaves)


def parse_time(text: str) -> time:
    """Return the time of day. Raises Invalid."""
    found = re.fullmatch(r"([01]?[0-9]|2[0-3]):([0-5][0-9])", text.strip(), re.ASCII)
    if not found:
        raise Invalid(f"“{text}” is no time of day. Give one such as 07:30.")
    return time(int(found[1]), int(found[2]))


def _local(zone: ZoneInfo, at: datetime) -> datetime:
    return at.replace(tzinfo=UTC).astimezone(zone)


def _utc(local: datetime) -> datetime:
    return local.astimezone(UTC).replace(tzinfo=None)


def _next_hour(zone: ZoneInfo, now: datetime) -> datetime:
    local = _local(zone, now)
    past = timedelta(minutes=local.minute, seconds=local.second, microseconds=local.microsecond)
    return now - past + HOUR


def _next_time(zone: ZoneInfo, wall: time, now: datetime) -> datetime:
    """Return the next moment at which a clock in the zone comes to this time.

    Where the clock is put forward over it, that is as much later; where it shows it twice, the first counts.
    """
    return next(moment for moment in _moments(zone, wall, now) if moment > now)


def _moments(zone: ZoneInfo, wall: time, now: datetime) -> Iterator[datetime]:
    today: date = _local(zone, now).date()
    for days in range(-1, 4):
        yield _utc(datetime.combine(today + days * DAY, wall, zone))


def _is_within(wall: time, begin: time, end: time) -> bool:
    return begin <= wall < end if begin <= end else wall >= begin or wall < end


@lru_cache(maxsize=10_000)
def _end_of_quiet(zone_name: str, quiet_from: str, quiet_to: str, at: datetime) -> datetime:
    """Return `at`, or the first full minute after it at which the quiet hours are over.

    Minute by minute: whatever a zone does to its clock that night, this is what the clock on the wall shows.
    """
    zone, begin, end = zone_of(zone_name), parse_time(quiet_from), parse_time(quiet_to)
    if begin == end or not _is_within(_local(zone, at).time(), begin, end):
        return at
    moment = at.replace(second=0, microsecond=0) + MINUTE
    while _is_within(_local(zone, moment).time(), begin, end):
        moment += MINUTE
    return moment
