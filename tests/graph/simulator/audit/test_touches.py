"""A change, before a log has words for it."""

from datetime import datetime, timedelta, timezone

import pytest

from graph.simulator.audit.doers import RecordedDoer
from graph.simulator.audit.touches import Touch, graph_time


@pytest.mark.parametrize(
    ("before", "after", "operation", "name"),
    [
        (None, {"displayName": "New"}, "Create", "New"),
        ({"name": "Old"}, {"name": "New"}, "Patch", "New"),
        ({"profileName": "Old"}, None, "Delete", "Old"),
        ({}, {"version": 2}, "Patch", "<null>"),
    ],
)
def test_what_was_done_and_to_what(before, after, operation, name):
    touch = Touch("path", "id", before, after, RecordedDoer(), "correlation", datetime(2026, 1, 2))
    assert (touch.operation, touch.name) == (operation, name)


def test_times_are_utc_with_seven_digits():
    there = datetime(2026, 1, 2, 3, 4, 5, 6, timezone(timedelta(hours=2)))
    assert graph_time(there) == "2026-01-02T01:04:05.0000060Z"
