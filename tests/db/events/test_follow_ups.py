"""What events leave to do: when a policy is read because of one, when a list is, and when one is settled."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.events import follow_ups
from db.events.follow_ups import LookedAt
from db.models import Content, Policy, Snapshot, TenantEvent, TenantEventPolicy
from db.states import PolicyState

NOW = utcnow().replace(microsecond=0)
SETTLE = timedelta(minutes=2)
TYPE = "configurationPolicies"


def ago(minutes):
    return NOW - timedelta(minutes=minutes)


@pytest.fixture
def policy(captured):
    """A policy of Contoso that was captured."""
    return captured[0][0]


def event(tenant, minutes_ago, policy=None, **columns):
    made = TenantEvent.create(
        tenant=tenant, log="intune", event_id=str(TenantEvent.select().count()), at=ago(minutes_ago),
        **{"activity": "Patch", "operation": "update", "doer_kind": "person", "object_ids": [], "properties": [],
           "policy_types": [TYPE], "awaits_policy": policy is None, **columns},
    )  # fmt: skip
    if policy:
        TenantEventPolicy.create(event=made, policy=policy, at=made.at)
    return made


def read(policy, minutes_ago, *, became_so=None):
    """The policy was read then; `became_so`: minutes since what it is now was read first."""
    at = ago(minutes_ago)
    Policy.update(last_captured_at=at, state=PolicyState.PRESENT).where(Policy.id == policy.id).execute()
    content = Content.select().first()
    Snapshot.delete().where(Snapshot.policy == policy).execute()
    captured = ago(600 if became_so is None else became_so)
    Snapshot.create(tenant=policy.tenant, policy=policy, content=content, captured_at=captured, confirmed_at=at,
                    name=policy.name, proof={}, references={})  # fmt: skip


def found(tenant, looked=None, since=120):
    left = follow_ups.find(tenant, ago(since), SETTLE, {TYPE}, looked)
    return [each.id for each in left.policies], left.policy_types, left.settled, left.unseen_since


# (minutes since the event, since the policy was read, since it became what it is) -> (read it, the event is settled,
# what was changed before it may be called captured)
CASES = [
    pytest.param(10, 30, None, True, False, False, id="not read since"),
    pytest.param(10, 10, None, True, False, False, id="read in the same moment"),
    pytest.param(10, 9, 9, True, False, False, id="read so soon that another change may be missing"),
    pytest.param(10, 5, 5, False, True, True, id="read long enough after, and it was another"),
    pytest.param(10, 5, None, True, False, True, id="read long enough after, and it was as before: it may come late"),
    pytest.param(30, 5, None, False, True, True, id="it has been as before for a quarter of an hour"),
]


@pytest.mark.parametrize(("at", "read_at", "became_so", "is_read", "is_settled", "is_seen"), CASES)
def test_a_policy_is_read_until_it_was_read_late_enough(policy, at, read_at, became_so, is_read, is_settled, is_seen):
    read(policy, read_at, became_so=became_so)
    made = event(policy.tenant, at, policy)
    unseen = None if is_seen else made.at
    assert found(policy.tenant) == ([policy.id] if is_read else [], set(), [made.id] if is_settled else [], unseen)


def test_what_a_restore_of_ours_wrote_was_read_by_it(policy):
    read(policy, 10)
    event(policy.tenant, 11, policy, restore_id=7)
    assert found(policy.tenant)[0] == []
    event(policy.tenant, 7, policy, restore_id=8)
    assert found(policy.tenant)[0] == [policy.id]


def test_a_deletion_is_looked_for_once_and_what_comes_back_is_read_again(policy):
    read(policy, 30)
    deleted = event(policy.tenant, 10, policy, operation="delete")
    assert found(policy.tenant)[0] == [policy.id]
    Policy.update(state=PolicyState.GONE, gone_at=ago(10)).where(Policy.id == policy.id).execute()
    assert found(policy.tenant) == ([], set(), [deleted.id], None)
    undeleted = event(policy.tenant, 5, policy, operation="action")
    assert found(policy.tenant) == ([policy.id], set(), [deleted.id], undeleted.at)
    # Graph said again that it is not there.
    assert found(policy.tenant, LookedAt(ago(1), (), {policy.id}))[:3] == ([], set(), [deleted.id, undeleted.id])


def test_an_unknown_policy_has_its_types_listed_until_a_list_was_begun_late_enough(policy):
    made = event(policy.tenant, 10, policy_types=[TYPE, "groups"], operation="create")
    assert found(policy.tenant) == ([], {TYPE}, [], made.at)
    assert found(policy.tenant, LookedAt(ago(9), {TYPE}))[1:3] == ({TYPE}, [])
    assert found(policy.tenant, LookedAt(ago(5), {"intents"}))[1:3] == ({TYPE}, [])
    assert found(policy.tenant, LookedAt(ago(5), {TYPE}))[1:] == (set(), [made.id], None)


def test_what_needs_nothing_asks_for_nothing(policy):
    """What failed, was followed, is too old, is another tenant's, or was deleted before anybody knew it."""
    read(policy, 30)
    event(policy.tenant, 10, policy, is_success=False)
    event(policy.tenant, 10, policy, followed_at=ago(1))
    event(policy.tenant, 200, policy)
    event(policy.tenant, 10, policy_types=["groups"])
    event(policy.tenant, 10, operation="delete")
    assert found(policy.tenant)[:2] == ([], set())
    assert found(policy.tenant)[3] is None
    follow_ups.mark_followed([event(policy.tenant, 10, policy).id])
    assert found(policy.tenant)[0] == []
