"""Events between two looks are about the change that the later look saw."""

from datetime import timedelta

from db.clock import utcnow
from db.events import attribution
from tests.support.changes import record_change, record_event


def test_events_between_the_two_looks_are_those_of_the_change(captured):
    policy, now = captured[0][0], utcnow()
    first = record_change(policy, since_at=now - timedelta(hours=4), seen_at=now - timedelta(hours=2))
    second = record_change(policy, since_at=now - timedelta(hours=2), seen_at=now)
    early, late = record_event(policy, at=now - timedelta(hours=3)), record_event(policy, at=now - timedelta(hours=1))
    record_event(policy, at=now - timedelta(hours=5))
    found = attribution.events_of_changes([first, second])
    assert {key: [event.id for event in events] for key, events in found.items()} == {
        first.id: [early.id],
        second.id: [late.id],
    }
    assert attribution.events_of_changes([]) == {}
