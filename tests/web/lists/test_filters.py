"""Whatever an address says of days, zones and choices is a filter or none, never an error."""

from datetime import date, timedelta
from zoneinfo import available_timezones

from flask import Flask
from hypothesis import example, given
from hypothesis import strategies as st

from tests.support import strategies
from web.lists import filters
from web.lists.filters import Filter

app = Flask("days")
texts = strategies.texts.filter(lambda text: "\ud800" not in text and text.encode(errors="ignore").decode() == text)
zones = st.sampled_from(sorted(available_timezones())) | texts
any_day = st.dates().map(str) | texts | st.sampled_from(["0001-01-01", "9999-12-31", "2026-W01-1", "20260101"])


def days(**asked):
    with app.test_request_context(query_string=asked):
        return filters.asked_days()


@given(any_day, any_day, zones)
@example("0001-01-01", "9999-12-31", "Pacific/Kiritimati")
@example("0001-01-01", "0001-01-01", "Etc/GMT-14")
def test_any_days_and_zone_are_two_moments_or_none(since, until, zone):
    for moment in days(since=since, until=until, zone=zone):
        assert moment is None or moment.tzinfo is None


@given(st.dates(date(1900, 1, 1), date(2200, 1, 1)), st.sampled_from(sorted(available_timezones())))
def test_a_day_ends_where_the_next_begins_in_every_zone(day, zone):
    begin, end = days(since=str(day), until=str(day), zone=zone)
    assert end == days(since=str(day + timedelta(days=1)), zone=zone)[0]
    # Samoa had no 30 December 2011: that day is empty.
    assert timedelta(0) <= end - begin <= timedelta(hours=26)


@given(texts)
def test_what_is_no_choice_of_a_filter_is_no_filter(value):
    one = Filter("state", "State", lambda: {"a": "A"}, lambda _value: None)
    with app.test_request_context(query_string={"state": value}):
        assert one.chosen() in {"", "a"} & {"", value}
