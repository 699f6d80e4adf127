"""Times are told in UTC, to the second, and say so."""

from datetime import datetime

from web.api.representations.values import time, time_or_none


def test_a_time_says_that_it_is_utc():
    assert time(datetime(2026, 11, 27, 3, 4, 5, 999)) == "2026-11-27T03:04:05Z"
    assert time_or_none(None) is None
