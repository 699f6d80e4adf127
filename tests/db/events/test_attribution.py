"""Which events belong to which change: between two looks, each to one change, failed ones told apart."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.events import attribution, tenant_events
from db.models import Change, Policy, TenantEvent
from db.states import ChangeKind, DoerKind
from tests.db.events.made_events import made, save

SQLITE = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
pytestmark = pytest.mark.usefixtures("lock_order")
MINUTE = timedelta(minutes=1)


@pytest.fixture
def story(cast):
    """story(changes, events): changes of a policy as (since, seen), events as minutes ago; -> numbers of events."""
    policy = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id).first()
    now = utcnow()

    def tell(windows, events, **values):
        changes = [
            Change.create(
                tenant=cast.contoso, policy=policy, kind=ChangeKind.CHANGED, since_at=since and now - since * MINUTE,
                seen_at=now - seen * MINUTE,
            )
            for since, seen in windows
        ]  # fmt: skip
        save(
            cast.contoso, *(made(policy.graph_id, at=now - ago * MINUTE, doer_id=str(ago), **values) for ago in events)
        )
        found = attribution.events_of_changes(changes)
        return [[int(event.doer_id) for event in found[change.id]] for change in changes]

    tell.policy = policy
    return tell


@SQLITE
@pytest.mark.parametrize(
    ("windows", "events", "expected"),
    [
        ([(60, 30)], [61, 45, 40, 29, 90, 10], [[61, 45, 40, 29]]),  # all of them, and what clocks differ by
        ([(60, 30), (30, 10)], [45, 29, 30], [[45, 30], [29]]),  # to each its own, where they meet to the first
        ([(60, 30), (50, 10)], [55, 45, 20], [[55, 45], [20]]),  # where they overlap, to the first that was seen after
        ([(30, 10), (60, 30)], [45, 20], [[20], [45]]),  # in whatever order they are asked for
        ([(None, 10)], [60 * 24 * 29, 5], [[60 * 24 * 29]]),  # of a policy that nobody looked at before
        ([(60, 30)], [], [[]]),
    ],
)
def test_an_event_belongs_to_the_first_change_that_was_seen_after_it(story, windows, events, expected):
    assert story(windows, events) == expected


def test_a_change_that_was_not_asked_for_keeps_its_events(story, cast):
    story([(60, 30), (50, 10)], [45, 20])
    _, second = Change.select().order_by(Change.id)
    assert [event.doer_id for event in attribution.events_of_changes([second])[second.id]] == ["20"]
    assert attribution.events_of_changes([]) == {}


def test_who_only_tried_is_shown_and_made_nothing(story):
    assert story([(60, 30)], [50], is_success=False) == [[50]]
    [event] = TenantEvent.select()
    assert attribution.doers_of([event]) == []
    done = [TenantEvent(**{**event.__data__, "is_success": True, "doer_name": name}) for name in ("b", "a", "b")]
    assert [doer.name for doer in attribution.doers_of(done)] == ["b", "a"]


@pytest.mark.parametrize(
    ("columns", "name", "is_in_portal", "app_name"),
    [
        ({"app_id": attribution.PORTAL_APP, "app_name": "Microsoft Intune portal extension"}, "anna", True, None),
        ({"app_id": "x", "app_name": "A script"}, "anna", False, "A script"),
        ({"doer_name": None}, "7", False, None),
        ({"doer_kind": DoerKind.NOT_STATED, "doer_name": None, "doer_id": None}, None, False, None),
    ],
)
def test_a_doer_is_named_as_the_log_does(columns, name, is_in_portal, app_name):
    event = TenantEvent(**{"doer_kind": DoerKind.PERSON, "doer_name": "anna", "doer_id": "7", **columns})
    doer = attribution.doer_of(event)
    assert (doer.name, doer.is_in_portal, doer.app_name) == (name, is_in_portal, app_name)


def test_the_events_of_a_policy_and_of_a_tenant_are_found_by_time(story, cast):
    story([], [50, 20, 35])
    ago = [int(event.doer_id) for event in attribution.events_of_policy(story.policy)]
    assert ago == [50, 35, 20]
    now = utcnow()
    some = attribution.events_of_policy(story.policy, now - 40 * MINUTE, now - 30 * MINUTE)
    assert [int(event.doer_id) for event in some] == [35]
    assert [int(event.doer_id) for event in attribution.events_of_tenant(cast.contoso)] == [20, 35, 50]
    assert not attribution.events_of_tenant(cast.fabrikam).exists()
    assert tenant_events.of_ids([event.id for event in some]) == some
