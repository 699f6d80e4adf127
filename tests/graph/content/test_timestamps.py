from datetime import datetime

import pytest

from graph.content.timestamps import parse_time


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-01T10:20:30Z", datetime(2026, 3, 1, 10, 20, 30)),
        ("2026-03-01T10:20:30", datetime(2026, 3, 1, 10, 20, 30)),
        ("2026-03-01T10:20:30.1234567Z", datetime(2026, 3, 1, 10, 20, 30, 123456)),
        ("2026-03-01T10:20:30.5+02:00", datetime(2026, 3, 1, 8, 20, 30, 500000)),
        ("/Date(1767225600000)/", datetime(2026, 1, 1)),
    ],
)
def test_time_is_naive_utc(text, time):
    assert parse_time(text) == time


@pytest.mark.parametrize(
    "value", [None, 5, "", "soon", "0001-01-01T00:00:00Z", "2026-13-45T00:00:00Z", "/Date(99999999999999999)/"]
)
def test_what_is_no_time_is_none(value):
    assert parse_time(value) is None
