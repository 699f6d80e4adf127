"""Which policies became others since a time, and which snapshot was right."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Mapping, Policy, Run, Snapshot
from db.policies import later_changes, policies
from db.states import LaterChangeKind, RunKind
from tests.support.captures import capture_by_hand


@pytest.fixture
def policy(cast):
    return Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))


def capture(policy, body, minutes_ago, kind=None):
    """A snapshot of that time with this content."""
    policy = Policy.get_by_id(policy.id)
    run, snapshot = capture_by_hand(policy, SYSTEM, {"name": policy.name, "value": body})
    at = utcnow() - timedelta(minutes=minutes_ago)
    known = Snapshot.select().where((Snapshot.policy == policy) & (Snapshot.id < snapshot.id))
    same = next((one.content_id for one in known if changes_body(one) == body), snapshot.content_id)
    Snapshot.update(captured_at=at, confirmed_at=at, content=same).where(Snapshot.id == snapshot.id).execute()
    Policy.update(last_captured_at=at).where(Policy.id == policy.id).execute()
    if kind:
        Run.update(kind=kind).where(Run.id == run.id).execute()
    return snapshot.id


def changes_body(snapshot):
    from db.policies import snapshots

    return snapshots.read_snapshot(snapshot)["body"]["value"]


def ago(minutes):
    return utcnow() - timedelta(minutes=minutes)


def found(tenant, since):
    return {
        change.policy.name: (change.kind, change.right_id, change.now_id)
        for change in later_changes.find_later_changes(tenant, since)
    }


@pytest.fixture
def old(cast):
    """Every policy was first seen long ago."""
    Policy.update(first_seen_at=ago(9999)).execute()


def test_the_version_to_put_back_is_the_last_that_differs_and_not_the_newest(cast, policy, old):
    good = capture(policy, "good", 100)
    capture(policy, "broken", 10)
    assert found(cast.contoso, ago(50)) == {policy.name: (LaterChangeKind.CHANGED, good, good + 1)}
    assert later_changes.right_version_id(Policy.get_by_id(policy.id)) == good
    assert found(cast.contoso, ago(5)) == {}, "it was so by then"


@pytest.mark.parametrize(("confirmed", "right"), [(False, "good"), (True, "step")])
def test_what_only_a_look_saw_is_put_back_only_where_a_later_reading_found_it_again(
    cast, policy, old, confirmed, right
):
    ids = {"good": capture(policy, "good", 100), "step": capture(policy, "step", 20, RunKind.LOOK)}
    capture(policy, "broken", 10, RunKind.LOOK)
    if confirmed:
        Snapshot.update(confirmed_at=ago(15)).where(Snapshot.id == ids["step"]).execute()
    assert found(cast.contoso, ago(50))[policy.name][1] == ids[right]


def test_what_was_put_back_by_hand_did_not_change(cast, policy, old):
    for body, minutes in (("good", 100), ("broken", 20), ("good", 10)):
        capture(policy, body, minutes)
    assert found(cast.contoso, ago(50)) == {}


def test_what_was_changed_and_not_read_yet_is_told_so_and_its_newest_snapshot_is_right(cast, policy, old):
    good = capture(policy, "good", 100)
    Policy.update(modified_at=ago(3)).where(Policy.id == policy.id).execute()
    [change] = later_changes.find_later_changes(cast.contoso, ago(50))
    assert change.is_unread
    assert (change.right_id, change.at) == (good, Policy.get_by_id(policy.id).modified_at)
    assert later_changes.right_version_id(Policy.get_by_id(policy.id)) == good


def test_deleted_and_new_are_told_apart_and_what_was_never_captured_is_neither(cast, policy, old):
    good = capture(policy, "good", 100)
    other = Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("2"))
    policies.mark_gone(policy)
    made = policies.get_or_create(cast.contoso, "configurationPolicies", "made", "Made", None)
    assert found(cast.contoso, ago(50)) == {
        policy.name: (LaterChangeKind.DELETED, good, None),
        "Made": (LaterChangeKind.NEW, None, None),
    }
    assert later_changes.count_never_captured(cast.contoso, ago(50)) == 1, other.name
    assert later_changes.find_later_changes(cast.fabrikam, ago(50)) == []
    assert made.name not in found(cast.contoso, None), "without a backup nobody knows what is new"


@pytest.mark.parametrize(("after", "is_changed"), [("good", False), ("other", True)])
def test_what_a_restore_made_again_is_one_with_what_was_deleted(cast, policy, old, after, is_changed):
    good = capture(policy, "good", 100)
    policies.mark_gone(policy)
    again = policies.get_or_create(cast.contoso, policy.policy_type, "again", policy.name, None)
    now = capture(again, after, 1)
    if after == "good":
        Snapshot.update(content=Snapshot.get_by_id(good).content_id).where(Snapshot.id == now).execute()
    Mapping.create(
        tenant=cast.contoso,
        source_directory_id=cast.contoso.directory_id,
        kind=policy.policy_type,
        source_id=policy.graph_id,
        target_id="again",
    )
    expected = {policy.name: (LaterChangeKind.CHANGED, good, now)} if is_changed else {}
    assert found(cast.contoso, ago(50)) == expected
