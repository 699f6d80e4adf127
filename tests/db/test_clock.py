"""Every process goes by the database's clock, whatever its machine's says."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from actors.recovery import heartbeat
from db import clock
from db.errors import Invalid
from db.models import User
from tests.support import product_modules


@pytest.fixture
def set_clock(monkeypatch):
    """set_clock(by): this machine's, from now on; nobody has noticed yet."""

    def act(by):
        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + by

        monkeypatch.setattr(clock, "datetime", Wrong)

    yield act
    monkeypatch.undo()
    clock.sync_with_database()


@pytest.mark.parametrize("hours", [-3, 3])
def test_every_beat_puts_a_clock_right_that_was_set_hours_off_meanwhile(database, set_clock, hours):
    """Web's too, which has no loop of its own: what it starts must not lie hours ahead of the scheduler."""
    set_clock(timedelta(hours=hours))
    heartbeat.beat("web")
    assert abs(clock.utcnow() - datetime.now(UTC).replace(tzinfo=None)) < clock.TOLERATED_DIFFERENCE
    database.connect(reuse_if_open=True)


def test_what_clocks_always_differ_by_changes_nothing(database, set_clock):
    set_clock(timedelta(seconds=1))
    assert clock.sync_with_database() == timedelta(0)


def test_an_answer_that_came_too_late_is_asked_for_again(database, set_clock, monkeypatch):
    """At once: what begins on a busy machine must not go by a wrong clock until its first heartbeat."""
    set_clock(timedelta(hours=3))
    moments = iter([0, 9, 9, 9.1])
    monkeypatch.setattr(clock, "monotonic", lambda: next(moments))
    assert abs(clock.sync_with_database() - timedelta(hours=3)) < clock.TOLERATED_DIFFERENCE


def test_a_moment_a_little_ahead_is_now_and_a_later_one_is_yet_to_come():
    earlier, ahead = clock.utcnow() - timedelta(hours=1), clock.utcnow() + clock.MAX_SKEW
    assert clock.past(earlier) == earlier
    assert clock.past(ahead - timedelta(seconds=1)) <= clock.utcnow()
    with pytest.raises(Invalid):
        clock.past(ahead + timedelta(seconds=5))


def test_nothing_counts_as_young_only_because_a_clock_was_ahead():
    """A session, an answer of Entra or a plan of such an hour would hold for as long as the clock was ahead."""
    by_hand = re.compile(r">=? \(?(?:now|utcnow\(\)) - (?:[A-Z]|timedelta)")
    # What Microsoft's clock wrote is none of ours.
    found = {
        f"{name}: {line.strip()}"
        for name, path in product_modules.modules().items()
        for line in path.read_text().splitlines()
        if by_hand.search(line) and 'event["at"]' not in line and name not in {"db.clock", "actors.copies.probes"}
    }
    assert not found, f"Ask db.clock.is_recent instead: {found}"


@pytest.mark.parametrize(
    ("age", "is_recent"),
    [
        (timedelta(minutes=59), True),
        (timedelta(hours=1), False),
        (-clock.MAX_SKEW, True),
        (-clock.MAX_SKEW - timedelta(seconds=1), False),
    ],
)
def test_a_time_is_recent_up_to_a_pause_and_not_where_a_clock_was_ahead(cast, age, is_recent):
    now = clock.utcnow()
    assert clock.is_recent(now - age, timedelta(hours=1), now) is is_recent
    User.update(created_at=now - age).execute()
    assert User.select().where(clock.is_recent(User.created_at, timedelta(hours=1), now)).exists() is is_recent
