"""What a restore has put back since a moment counts as put back, until somebody changes or deletes it again."""

from datetime import timedelta
from itertools import pairwise

import pytest

from actors.changes import bringing_back
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Content, Mapping, Policy, Restore, RestoreItem, Snapshot
from db.policies import policies
from db.states import LaterChangeKind, PolicyState
from tests.support.captures import capture_by_hand

NOW = utcnow().replace(microsecond=0)
MOMENT = NOW - timedelta(hours=6)
CATALOG = "configurationPolicies"
ALL_OF_IT = {"assignments": "exact", "conditional_access": "as captured"}


@pytest.fixture
def tenant(cast):
    Policy.delete().where(Policy.tenant == cast.contoso).execute()
    return cast.contoso


def policy(tenant, graph_id, first_seen, gone=None):
    row = policies.get_or_create(tenant, CATALOG, graph_id, "Antivirus", None)
    columns = {"first_seen_at": NOW - timedelta(hours=first_seen), "last_seen_at": NOW}
    if gone is not None:
        went = NOW - timedelta(hours=gone)
        columns |= {"state": PolicyState.GONE, "gone_at": went, "last_seen_at": went}
    Policy.update(**columns).where(Policy.id == row.id).execute()
    return row


def captured(row, hours, as_in=None):
    """A snapshot; with the content of another one, where that is given."""
    was = Policy.get_by_id(row.id)
    _, snapshot = capture_by_hand(was, SYSTEM)
    at = NOW - timedelta(hours=hours)
    columns = {"captured_at": at, "confirmed_at": at} | ({"content": as_in.content_id} if as_in else {})
    Snapshot.update(**columns).where(Snapshot.id == snapshot.id).execute()
    Policy.update(state=was.state, gone_at=was.gone_at, last_seen_at=was.last_seen_at).where(
        Policy.id == row.id
    ).execute()
    return Snapshot.get_by_id(snapshot.id)


def made_again(tenant, source, target_id):
    Mapping.create(
        tenant=tenant, source_directory_id=tenant.directory_id, kind=CATALOG, source_id=source, target_id=target_id
    )


def deeds(tenant):
    return [(deed.kind, deed.policy_id, deed.snapshot_id) for deed in bringing_back.find(tenant, MOMENT).deeds]


@pytest.mark.parametrize("between", [(), ("again", "and again")])
def test_what_was_made_again_counts_as_changed_once_somebody_changes_it(tenant, between):
    first = policy(tenant, "first", 20, gone=5)
    then = captured(first, 10)
    line = ["first", *between, "last"]
    for source, target in pairwise(line):
        made_again(tenant, source, target)
    assert deeds(tenant) == [], "it was not seen in a list yet"
    for name in between:
        policy(tenant, name, 4, gone=3)
    last = policy(tenant, "last", 2)
    assert deeds(tenant) == [], "nobody has read it yet"
    captured(last, 2, as_in=then)
    assert deeds(tenant) == []
    captured(last, 1)
    assert deeds(tenant) == [(LaterChangeKind.CHANGED, last.id, then.id)]
    Policy.update(state=PolicyState.GONE, gone_at=NOW).where(Policy.id == last.id).execute()
    assert deeds(tenant) == [(LaterChangeKind.DELETED, first.id, then.id)]


def test_what_was_there_beside_the_one_that_it_was_made_again_as_is_judged_once(tenant):
    first, last = policy(tenant, "first", 20, gone=5), policy(tenant, "last", 7)
    made_again(tenant, "first", "last")
    captured(first, 10)
    then = captured(last, 7)
    captured(last, 1)
    assert deeds(tenant) == [(LaterChangeKind.CHANGED, last.id, then.id)]


@pytest.mark.parametrize("is_made_again", [False, True])
def test_what_a_restore_left_otherwise_because_ids_are_others_is_as_it_was(tenant, is_made_again):
    first = policy(tenant, "first", 20, gone=5 if is_made_again else None)
    then, now = captured(first, 10), first
    if is_made_again:
        now = policy(tenant, "last", 2)
        made_again(tenant, "first", "last")
    left = captured(now, 1)
    expected = [(LaterChangeKind.CHANGED, now.id, then.id)]
    assert deeds(tenant) == expected
    restore = Restore.create(tenant=tenant, source_directory_id=tenant.directory_id, source_name="", options=ALL_OF_IT)
    ids = {"created_id": "last"} if is_made_again else {"target_id": "first"}
    facts = {"policy_type": CATALOG, "graph_id": "first", "name": "Antivirus", "references": {}, "verified": True}
    mark = Content.get_by_id(left.content_id).fingerprint
    RestoreItem.create(restore=restore, content=then.content_id, after_mark=mark, **facts, **ids)
    assert deeds(tenant) == []
    for lacking in ({"assignments": "leave"}, {"conditional_access": "report only"}):
        Restore.update(options=ALL_OF_IT | lacking).execute()
        assert deeds(tenant) == expected, "an option left something out"
    Restore.update(options=ALL_OF_IT | {"assignments": "made"}).execute()
    assert (deeds(tenant) == []) == is_made_again
    Restore.update(options=ALL_OF_IT).execute()
    captured(now, 0.5)
    assert deeds(tenant) == expected, "somebody changed it since"


@pytest.mark.parametrize(("gone", "seen", "is_unsure"), [(5, 5, False), (5, 7, True)])
def test_what_may_have_been_deleted_before_the_moment_is_told_apart(tenant, gone, seen, is_unsure):
    row = policy(tenant, "first", 20, gone=gone)
    Policy.update(last_seen_at=NOW - timedelta(hours=seen)).where(Policy.id == row.id).execute()
    captured(row, 10)
    assert [deed.is_unsure for deed in bringing_back.find(tenant, MOMENT).deeds] == [is_unsure]
