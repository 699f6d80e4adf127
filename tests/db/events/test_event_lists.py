"""Events as pages list them: narrowed by who, what, which log and when."""

from datetime import timedelta

from db.clock import utcnow
from db.events import event_lists
from db.events.event_lists import WantedEvents
from db.models import Change
from tests.support.changes import record_change, record_event


def test_events_are_narrowed_by_who_what_when_and_words(cast, captured):
    policy, two = captured[0][0], captured[1][0]
    anna = record_event(policy).id
    app = record_event(two, "Autopatch", operation="Delete", log="entra", at=utcnow() - timedelta(days=3)).id
    ours = record_event(policy, "Tenantkeep", restore_id=3, at=utcnow() - timedelta(days=4)).id
    record_event(captured[2][0], "somebody of Fabrikam")

    def found(**wanted):
        return [row[0] for row in event_lists.matching(cast.contoso, WantedEvents(**wanted)).tuples()]

    assert found() == [anna, app, ours], "what happened last comes first"
    assert found(doer="Autopatch") == found(operation="Delete") == found(log="entra") == [app]
    assert found(doer=event_lists.OURS) == [ours]
    assert found(words=["policy", "anna"]) == found(words=["ANNA@"]) == [anna]
    assert found(words=["192.0.2.44"]) == [anna, app, ours]
    assert found(since=utcnow() - timedelta(days=1)) == [anna]
    assert found(until=utcnow() - timedelta(days=1)) == [app, ours]
    assert event_lists.newest_doers([cast.contoso.id], 10) == ["anna@contoso.example", "Autopatch", "Tenantkeep"]
    assert event_lists.operations(cast.contoso) == ["Delete", "Patch"]
    assert [event.id for event in event_lists.load([ours, anna])] == [ours, anna]
    assert event_lists.policies_of([anna])[anna] == [policy]


def test_changes_are_found_by_who_touched_their_policy_meanwhile(cast, captured):
    policy, other = captured[0][0], captured[2][0]
    change = record_change(policy)
    record_change(policy, since_at=utcnow(), seen_at=utcnow())
    record_change(other)
    record_event(policy)
    record_event(other)

    def found(tenant_ids):
        return [row.id for row in Change.select().where(event_lists.is_changed_by("anna@contoso.example", tenant_ids))]

    assert found([cast.contoso.id]) == [change.id]
    assert len(found(None)) == 2
