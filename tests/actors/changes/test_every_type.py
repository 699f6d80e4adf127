"""Every policy type: what was changed, assigned anew, added, removed and put back is told once, as what it is."""

from collections import defaultdict
from copy import deepcopy

import pytest

from db.models import Change, Occurrence, Policy
from db.policies import snapshots
from db.states import ChangeKind, PolicyState
from graph.policy_types.table import POLICY_TYPES
from tests.support.outside_changes import ALL_DEVICES
from tests.support.simulated_tenant import collection_of

COPY_ID = "0badc0de-0000-4000-8000-{:012d}"
NEW_ID = "0badcafe-0000-4000-8000-{:012d}"
# There is one in a tenant, or they are Microsoft's: nobody adds or removes them.
NOT_MADE = {"deviceManagementSettings", "organizationalBranding", "depOnboardingSettings", "groups"}


def by_type(tenant):
    policies = Policy.select().where((Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT))
    found = defaultdict(list)
    for policy in policies.order_by(Policy.policy_type, Policy.id):
        found[policy.policy_type].append(policy)
    return found


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_change_is_told_once_with_what_was_before_and_after(stage):
    multiply(stage.simulated)
    stage.back_up()
    assert stage.changes() == [], "a first backup tells nothing"
    expected, removed = {}, []
    assert POLICY_TYPES.keys() - by_type(stage.tenant) == {"inventoryPolicies"}, "which this tenant does not offer"
    for number, (key, policies) in enumerate(by_type(stage.tenant).items()):
        expected |= act(stage, key, [one for one in policies if not one.is_built_in] or policies, number, removed)
    first = tell(stage)
    assert first == expected
    assert_right(Change.select())
    assert tell(stage) == {}, "a second look tells nothing anew"
    for key, item in removed:
        stage.simulated.put(collection_of(POLICY_TYPES[key]), item)
    came_back = tell(stage)
    assert set(came_back.values()) == {ChangeKind.CAME_BACK}
    assert len(came_back) == len(removed)
    assert POLICY_TYPES.keys() - {key for key, _ in removed} == {*NOT_MADE, "inventoryPolicies"}
    assert_right(Change.select().where(Change.kind == ChangeKind.CAME_BACK))
    assert tell(stage) == {}
    assert Occurrence.select().count() == Change.select().count()


def multiply(simulated):
    """Let there be four of each type, so that each can be done something else to."""
    objects = simulated.objects()
    for number, (key, policy_type) in enumerate(POLICY_TYPES.items()):
        held = list(objects.get(collection_of(policy_type), {}).values())
        if key in NOT_MADE or not held:
            continue
        own = [one for one in held if not policy_type.is_built_in(one)]
        item = next(iter(own), held[0])
        for copy in range(4 - len(own)):
            simulated.put(collection_of(policy_type), item | {"id": COPY_ID.format(number * 10 + copy)})


def act(stage, key, policies, number, removed):
    """Do to the policies of a type what can be done to them. Return {(policy type, Graph id): kind}."""
    done, left = {}, list(policies)
    one = left.pop(0)
    if key in NOT_MADE:
        stage.outside.change(key, one.graph_id)
        return {(key, one.graph_id): ChangeKind.CHANGED}
    new = NEW_ID.format(number)
    item = deepcopy(stage.outside.held(key, one.graph_id))
    made = stage.outside.add(key, item | {"id": new}, new)
    done[key, made["id"]] = ChangeKind.ADDED
    if left:
        gone = left.pop()
        removed.append((key, deepcopy(stage.outside.held(key, gone.graph_id))))
        stage.outside.remove(key, gone.graph_id)
        done[key, gone.graph_id] = ChangeKind.REMOVED
    if left and POLICY_TYPES[key].assignments != "none":
        other = left.pop()
        held = stage.outside.held(key, other.graph_id)
        stage.outside.assign(key, other.graph_id, [] if held.get("assignments") else ALL_DEVICES)
        done[key, other.graph_id] = ChangeKind.ASSIGNMENTS_CHANGED
    stage.outside.change(key, one.graph_id)
    return done | {(key, one.graph_id): ChangeKind.CHANGED}


def tell(stage):
    """Back up. Return {(policy type, Graph id): kind} of what that told."""
    known = {change.id for change in stage.changes()}
    stage.back_up()
    told = [change for change in stage.changes() if change.id not in known]
    found = {(change.policy.policy_type, change.policy.graph_id): change.kind for change in told}
    assert len(found) == len(told), "each is told once"
    return found


def assert_right(changes):
    for change in changes:
        newest = snapshots.latest(change.policy)
        if change.kind == ChangeKind.REMOVED:
            assert (change.before, change.after, change.after_mark) == (newest, None, None)
        else:
            assert (change.after, change.after_mark) == (newest, newest.content.fingerprint)
        assert (change.before is None) == (change.kind == ChangeKind.ADDED), change.policy
        assert None not in (change.assessed_at, change.severity)
        assert change.since_at < change.seen_at
        if change.kind in (ChangeKind.CHANGED, ChangeKind.ASSIGNMENTS_CHANGED):
            assert change.difference_count == len(change.differences) > 0
            assert all(set(one) == {"path", "label", "how"} for one in change.differences)
