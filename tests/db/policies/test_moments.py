"""A tenant at a moment: which policies were there, which snapshot says how each was, and how sure that is."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Change, Content, Policy, Snapshot
from db.policies import moments, policies
from db.states import ChangeKind
from tests.support.captures import capture_by_hand

NOW = utcnow().replace(microsecond=0)
# All times here are hours before now: 10 is earlier than 5.
SURE, UNSURE = False, True


def ago(hours):
    return None if hours is None else NOW - timedelta(hours=hours)


def snapshot(policy, captured, confirmed=None, modified=None):
    _, row = capture_by_hand(Policy.get_by_id(policy.id), SYSTEM, {"name": policy.name, "at": captured})
    times = {"captured_at": ago(captured), "confirmed_at": ago(confirmed or captured), "modified_at": ago(modified)}
    Snapshot.update(**times).where(Snapshot.id == row.id).execute()
    return row.id


@pytest.fixture
def policy(cast):
    """The only policy of Contoso, seen from 20 hours ago until now."""
    first, second = Policy.select().where(Policy.tenant == cast.contoso).order_by(Policy.id)
    second.delete_instance()
    Policy.update(first_seen_at=ago(20), last_seen_at=NOW).execute()
    return first


# (hours ago at which it was captured, read again as the same, changed in the tenant as its date says), the moment;
# the number of the snapshot that says how it was, whether that is unsure, and when it was changed next.
VERSIONS = {
    "read before and after": ([(10, 4, None), (2, 2, None)], 6, (0, SURE, 2)),
    "nothing captured since": ([(10, 9, None)], 6, (0, SURE, None)),
    "found changed later, nobody knows when": ([(10, 9, None), (2, 2, None)], 6, (0, UNSURE, 2)),
    "changed later, as its date says": ([(10, 9, 11), (2, 2, 3)], 6, (0, SURE, 3)),
    "changed by then, as its date says, and captured later": ([(10, 9, 11), (2, 2, 7)], 6, (1, SURE, None)),
    "not captured by then": ([(2, 2, None)], 6, (0, UNSURE, None)),
    "not captured by then, and not changed since": ([(2, 2, 8)], 6, (0, SURE, None)),
    "of three the newest by then": ([(12, 12, None), (8, 5, None), (2, 2, None)], 6, (1, SURE, 2)),
    "never captured": ([], 6, (None, UNSURE, None)),
}


@pytest.mark.parametrize("case", VERSIONS)
def test_the_version_of_a_moment_is_told_with_how_sure_it_is(cast, policy, case):
    versions, at, (number, is_unsure, changed) = VERSIONS[case]
    ids = [snapshot(policy, *times) for times in versions]
    [then] = moments.moment(cast.contoso, ago(at)).policies
    assert then.snapshot_id == (None if number is None else ids[number])
    assert (then.may_differ, then.changed_next_at) == (is_unsure, ago(changed))
    assert then.is_same_now == (bool(ids) and then.snapshot_id == ids[-1])
    found = moments.snapshots_at(cast.contoso, ago(at))
    assert {key: row.id for key, row in found.items()} == ({} if number is None else {policy.id: ids[number]})


# When its list shows it to be changed, not read since, and the moment; whether that is unsure, when it was changed
# next, and whether the tenant has it as it was then.
UNREAD = {
    "changed since": (2, 6, (SURE, 2, False)),
    "changed by then, so as it is now": (8, 6, (UNSURE, None, True)),
    "of before it was read": (11, 6, (SURE, None, True)),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_a_list_alone_shows_to_be_changed_counts_as_changed(cast, policy, case):
    modified, at, expected = UNREAD[case]
    snapshot(policy, 10, 9, 12)
    Policy.update(last_captured_at=ago(9), modified_at=ago(modified)).where(Policy.id == policy.id).execute()
    [then] = moments.moment(cast.contoso, ago(at)).policies
    is_unsure, changed, is_same = expected
    assert (then.may_differ, then.changed_next_at, then.is_same_now) == (is_unsure, ago(changed), is_same)


def test_what_was_put_back_since_is_the_same_now_though_other_contents_were_between(cast, policy):
    ids = [snapshot(policy, hours) for hours in (10, 5, 2)]
    first = Snapshot.get_by_id(ids[0])
    Snapshot.update(content=first.content_id).where(Snapshot.id == ids[2]).execute()
    [then] = moments.moment(cast.contoso, ago(8)).policies
    assert then.is_same_now
    assert Content.select().count() == 3


def test_only_what_was_there_then_is_shown_and_what_came_since_is_told(cast, policy):
    def listed(name, first_seen, **columns):
        row = policies.get_or_create(cast.contoso, "configurationPolicies", name, name, None)
        Policy.update(first_seen_at=ago(first_seen), **columns).where(Policy.id == row.id).execute()
        return row

    gone = {"state": "gone"}
    listed("made since", 3)
    listed("gone before", 20, **gone, last_seen_at=ago(9), gone_at=ago(8))
    listed("gone since", 20, **gone, last_seen_at=ago(4), gone_at=ago(3))
    listed("gone about then", 20, **gone, last_seen_at=ago(7), gone_at=ago(5))
    away, back = listed("away then, and back", 20), listed("back by then", 20)
    for row, went, seen in ((away, 8, 4), (back, 9, 7)):
        Change.create(tenant=cast.contoso, policy=row, kind=ChangeKind.CAME_BACK, since_at=ago(went), seen_at=ago(seen))
    found = moments.moment(cast.contoso, ago(6))
    there = {then.name: then.may_have_been_gone for then in found.policies}
    assert there == {policy.name: False, "gone since": False, "gone about then": True, "back by then": False}
    assert {row.name for row in found.new_since} == {"made since", "away then, and back"}
    assert (found.known_since, found.is_before_all) == (ago(20), False)
    assert moments.moment(cast.contoso, ago(30)).is_before_all
    assert moments.nearby_changes(cast.contoso, ago(6)) == moments.NearbyTimes(ago(7), ago(4))


# When the list that did not have it was read, when the tenant says that it was changed, and whether it counts as added
# since 6 hours ago; and whether it may have been there by then.
ADDED = {
    "between two looks, and changed later": (8, 5, {"may": True}),
    "between two looks, and there by then as its date says": (8, 7, {}),
    "after a look that came later": (5, 7, {"may": False}),
    "between two looks, with no date": (8, None, {"may": True}),
}


@pytest.mark.parametrize("has_snapshots", [False, True])
@pytest.mark.parametrize("case", ADDED)
def test_what_was_there_by_its_date_was_not_added_since(cast, policy, case, has_snapshots):
    since, modified, added = ADDED[case]
    Policy.update(modified_at=ago(modified)).where(Policy.id == policy.id).execute()
    if has_snapshots:
        snapshot(policy, 4, None, modified)
        snapshot(policy, 3, None, 3)
    change = {"policy": policy, "since_at": ago(since), "seen_at": ago(4)}
    Change.create(tenant=cast.contoso, kind=ChangeKind.ADDED, **change)
    assert list(moments.added_since(cast.contoso, ago(6), ()).items()) == [(policy.id, may) for may in added.values()]
    assert policy.id in moments.added_since(cast.contoso, ago(6), {policy.policy_type}), "it has its old date again"
    Change.create(tenant=cast.contoso, kind=ChangeKind.CAME_BACK, **change)
    assert moments.added_since(cast.contoso, ago(6), ()) == {policy.id: False}


def test_a_moment_costs_some_statements_however_many_policies_there_are(cast, policy, database, monkeypatch):
    snapshot(policy, 10)
    snapshot(policy, 2)
    engine = type(database.obj if hasattr(database, "obj") else database)
    statements = []
    original = engine.execute_sql
    monkeypatch.setattr(
        engine, "execute_sql", lambda self, sql, params=None: statements.append(sql) or original(self, sql, params)
    )
    moments.moment(cast.contoso, ago(6))
    few = len(statements)
    for number in range(30):
        row = policies.get_or_create(cast.contoso, "configurationPolicies", f"n{number}", f"n{number}", None)
        Policy.update(first_seen_at=ago(20)).where(Policy.id == row.id).execute()
    statements.clear()
    assert len(moments.moment(cast.contoso, ago(6)).policies) == 31
    assert len(statements) == few
