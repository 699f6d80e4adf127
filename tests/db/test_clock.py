"""Every process goes by the database's clock, whatever its machine's says."""

from datetime import UTC, datetime, timedelta

import pytest

from db import clock


@pytest.fixture
def set_clock(monkeypatch):
    """set_clock(by): this machine's, from now on."""

    def act(by):
        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + by

        monkeypatch.setattr(clock, "datetime", Wrong)
        clock.follow_database()

    yield act
    monkeypatch.undo()
    clock.follow_database()


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_is_hours_off_is_put_right(database, set_clock, hours):
    set_clock(timedelta(hours=hours))
    assert abs(clock.utcnow() - datetime.now(UTC).replace(tzinfo=None)) < clock.TOLERATED


def test_what_clocks_always_differ_by_changes_nothing(database, set_clock):
    set_clock(timedelta(seconds=1))
    assert clock.follow_database() == timedelta(0)
