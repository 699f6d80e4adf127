"""When notices leave: paces and quiet hours, by the wall clock, over the nights in which it is changed."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from db.errors import Invalid
from db.models import NoticeRule
from db.notices import pace
from db.states import NoticePace

# Whole and half hours, one that changes by half an hour, one that left a day out, one without changes.
ZONES = ("Europe/Vienna", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Pacific/Apia", "UTC")
CLOCK = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from((0, 15, 30, 59)))


def rule(pace=NoticePace.AT_ONCE, zone="Europe/Vienna", **columns):
    return NoticeRule(pace=pace, time_zone=zone, **columns)


def on_the_wall(at, zone):
    return at.replace(tzinfo=UTC).astimezone(ZoneInfo(zone))


@given(
    rule=st.builds(
        rule,
        st.sampled_from(NoticePace),
        st.sampled_from(ZONES),
        daily_at=CLOCK,
        quiet_from=CLOCK,
        quiet_to=CLOCK,
    ),
    now=st.datetimes(datetime(2026, 1, 1), datetime(2027, 1, 1))
    | st.datetimes(datetime(2026, 3, 28), datetime(2026, 3, 30))
    | st.datetimes(datetime(2026, 10, 24), datetime(2026, 10, 26))
    | st.datetimes(datetime(2011, 12, 29), datetime(2011, 12, 31)),
)
@example(rule(NoticePace.DAILY, "Pacific/Apia", daily_at="07:30", quiet_from="22:00", quiet_to="06:00"),
         datetime(2011, 12, 29, 20))  # fmt: skip
def test_a_notice_is_never_early_never_in_quiet_hours_and_comes_within_its_days(rule, now):
    due_at = pace.due_at(rule, now)
    assert due_at >= now
    shown = f"{on_the_wall(due_at, rule.time_zone):%H:%M}"
    begin, end = rule.quiet_from, rule.quiet_to
    if begin < end:
        assert not begin <= shown < end
    elif begin > end:
        assert end <= shown < begin
    # A day that has 25 hours, and quiet hours behind it.
    longest = {NoticePace.AT_ONCE: 25, NoticePace.HOURLY: 26, NoticePace.DAILY: 50}[rule.pace]
    assert due_at - now <= timedelta(hours=longest)
    assert pace.due_at(rule, now, breaks_quiet=True) <= due_at


@pytest.mark.parametrize(
    ("zone", "pace_", "now", "due_at"),
    [
        ("Europe/Vienna", NoticePace.DAILY, "2026-03-28 10:00", "2026-03-29 05:30"),  # summer time has begun
        ("Europe/Vienna", NoticePace.DAILY, "2026-10-24 10:00", "2026-10-25 06:30"),
        ("Europe/Vienna", NoticePace.DAILY, "2026-10-25 06:30", "2026-10-26 06:30"),  # just told: tomorrow
        ("Asia/Kathmandu", NoticePace.HOURLY, "2026-05-01 10:14", "2026-05-01 10:15"),  # 16:00 there
        ("Europe/Vienna", NoticePace.HOURLY, "2026-05-01 10:00", "2026-05-01 11:00"),
        ("Europe/Vienna", NoticePace.AT_ONCE, "2026-05-01 10:14", "2026-05-01 10:14"),
        ("Europe/Vienna", NoticePace.AT_ONCE, "2026-03-28 22:00", "2026-03-29 04:00"),  # a night of seven hours
        ("Europe/Vienna", NoticePace.AT_ONCE, "2026-10-24 21:00", "2026-10-25 05:00"),  # and of nine
    ],
)
def test_paces_follow_the_wall_clock(zone, pace_, now, due_at):
    chosen = rule(pace_, zone, daily_at="07:30", quiet_from="22:00", quiet_to="06:00")
    assert pace.due_at(chosen, datetime.fromisoformat(now)) == datetime.fromisoformat(due_at)


@pytest.mark.parametrize(
    ("daily_at", "now", "due_at"),
    [
        ("02:30", "2026-03-28 23:00", "2026-03-29 01:30"),  # 02:30 is left out: an hour later on the clock
        ("02:30", "2026-10-24 23:00", "2026-10-25 00:30"),  # it comes twice: the first
        ("02:30", "2026-10-25 00:30", "2026-10-26 01:30"),
    ],
)
def test_a_time_that_is_left_out_or_comes_twice_comes_once(daily_at, now, due_at):
    chosen = rule(NoticePace.DAILY, daily_at=daily_at)
    assert pace.due_at(chosen, datetime.fromisoformat(now)) == datetime.fromisoformat(due_at)


@pytest.mark.parametrize(
    ("zone", "quiet_to", "now", "due_at"),
    [
        ("Europe/Vienna", "02:30", "2026-03-29 00:30", "2026-03-29 01:00"),  # the clock goes from 2 to 3
        ("Europe/Vienna", "02:30", "2026-10-24 23:30", "2026-10-25 00:30"),  # over when it shows 2:30 at first
        ("Europe/Vienna", "02:30", "2026-10-25 01:10", "2026-10-25 01:30"),  # and 2:10 again: quiet again
    ],
)
def test_quiet_hours_that_end_where_the_clock_is_changed(zone, quiet_to, now, due_at):
    chosen = rule(zone=zone, quiet_from="22:00", quiet_to=quiet_to)
    assert pace.due_at(chosen, datetime.fromisoformat(now)) == datetime.fromisoformat(due_at)


@pytest.mark.parametrize("text", ["24:00", "7", "07:60", "", "٠٧:٣٠", "7.30"])
def test_what_is_no_time_of_day_is_refused(text):
    with pytest.raises(Invalid, match="no time of day"):
        pace.parse_time(text)
