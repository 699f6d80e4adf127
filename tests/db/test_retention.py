"""Which backup sets stay, rule by rule, and what goes with those that go."""

from datetime import datetime, timedelta

import pytest

from actors import pruning
from db import installation, manifests, retention, snapshots
from db.audit import SYSTEM, Actor
from db.errors import Invalid
from db.models import AuditEvent, BackupSet, Content, Lease, Manifest, Policy, Run, RunItem, Snapshot, Tenant
from db.retention import Rules
from db.states import SetState
from tests.conftest import capture_by_hand

pytestmark = pytest.mark.usefixtures("lock_order")

TODAY = datetime(2026, 5, 20, 2)


def made(tenant, days_ago, snapshot_ids=(), state=SetState.COMPLETE, **more):
    at = TODAY - timedelta(days=days_ago)
    manifest = manifests.keep(tenant, snapshot_ids)
    return BackupSet.create(tenant=tenant, state=state, created_at=at, completed_at=at, manifest=manifest,
                            **{"selection": {}, "types": {}, "problems": [], **more})  # fmt: skip


def nights(tenant, count):
    """One set a night, the newest last; by how many days ago."""
    return {ago: made(tenant, ago) for ago in range(count - 1, -1, -1)}


def kept(tenant, **rules):
    decisions = retention.decide(retention._sets(tenant), Rules(**rules))
    return {(TODAY - one.backup_set.created_at).days for one in decisions if one.keep}


@pytest.mark.parametrize(
    ("rules", "days_ago"),
    [
        ({"last": 3}, {0, 1, 2}),
        ({"daily": 2}, {0, 1}),
        # 20 May 2026 is a Wednesday: its week's newest, and the Sundays before.
        ({"weekly": 3}, {0, 3, 10}),
        ({"monthly": 2}, {0, 20}),
        ({"last": 1, "daily": 2, "weekly": 2, "monthly": 3}, {0, 1, 3, 20, 50}),
    ],
)
def test_each_rule_keeps_the_newest_of_its_period(cast, rules, days_ago):
    nights(cast.contoso, 80)
    assert kept(cast.contoso, **rules) == days_ago


def test_two_in_a_day_count_as_one_day(cast):
    made(cast.contoso, 1)
    made(cast.contoso, 0.5)
    made(cast.contoso, 0)
    assert len(kept(cast.contoso, daily=1)) == 1


WHOLE, FAILED = {"state": "done", "listed": 2, "captured": 2}, {"state": "failed", "listed": 0, "message": "503"}
SHORT = {"state": "done", "listed": 2, "captured": 1, "error": 1}


def nights_of(tenant, *rows):
    """One incomplete set a night, the newest last; each holds all of the catalog, and of filters what its row says."""
    for ago, row in zip(range(len(rows) - 1, -1, -1), rows, strict=True):
        types = {"configurationPolicies": WHOLE, "assignmentFilters": row}
        made(tenant, ago, state=SetState.INCOMPLETE, types=types)


def test_a_type_that_fails_every_night_keeps_its_last_good_set_and_the_others_go_on(cast):
    nights_of(cast.contoso, WHOLE, WHOLE, FAILED, FAILED, FAILED)
    assert kept(cast.contoso, last=1) == {0, 3}
    assert kept(cast.contoso, last=2) == {0, 1, 3, 4}


def test_a_type_with_one_damaged_policy_keeps_its_last_whole_set_and_the_newest(cast):
    nights_of(cast.contoso, WHOLE, SHORT, SHORT, SHORT)
    assert kept(cast.contoso, last=1) == {0, 3}


def test_a_set_that_holds_nothing_whole_satisfies_no_rule(cast):
    nights_of(cast.contoso, WHOLE)
    made(cast.contoso, -1, state=SetState.INCOMPLETE, types={"configurationPolicies": FAILED})
    assert kept(cast.contoso, last=1) == {0}


def test_what_a_type_keeps_from_long_ago_holds_up_only_its_own_snapshots(cast, captured):
    """The catalog's old snapshots go, although the last good set of the filters is older than they are."""
    policy = Policy.get(Policy.tenant == cast.contoso)
    ids = [capture_by_hand(policy, Actor.person(cast.ada, None))[1].id for _ in range(4)]
    for ago, one in zip((3, 2, 1, 0), ids, strict=True):
        Snapshot.update(captured_at=TODAY - timedelta(days=ago, hours=1)).where(Snapshot.id == one).execute()
    Snapshot.delete().where((Snapshot.policy == policy) & Snapshot.id.not_in(ids)).execute()
    for ago, one, row in zip((3, 2, 1, 0), ids, (WHOLE, FAILED, FAILED, FAILED), strict=True):
        types = {"configurationPolicies": WHOLE, "assignmentFilters": row}
        made(cast.contoso, ago, [one], state=SetState.INCOMPLETE, types=types)
    retention.set_rules(cast.contoso, Rules(last=1), SYSTEM)
    retention.prune(Tenant.get_by_id(cast.contoso.id), SYSTEM)
    left = {one.id for one in Snapshot.select().where(Snapshot.policy == policy)}
    assert left == {ids[0], ids[3]}, "the one in the filters' last good set, and the newest"


def test_the_last_complete_one_stays_and_incomplete_ones_satisfy_no_rule(cast):
    made(cast.contoso, 9)
    made(cast.contoso, 5, state=SetState.INCOMPLETE)
    made(cast.contoso, 2, state=SetState.WARNINGS)
    assert kept(cast.contoso, daily=1) == {2}


def test_pinned_ones_and_those_still_being_made_stay(cast):
    sets = nights(cast.contoso, 6)
    retention.pin(sets[5], "before the migration", None, SYSTEM)
    made(cast.contoso, 4, state=SetState.RUNNING)
    assert kept(cast.contoso, last=1) == {0, 4, 5}
    retention.unpin(sets[5], SYSTEM)
    assert kept(cast.contoso, last=1) == {0, 4}
    with pytest.raises(Invalid, match="why"):
        retention.pin(sets[5], "  ", None, SYSTEM)


def test_selections_stay_while_they_are_newer_than_the_oldest_whole_set_that_stays(cast):
    made(cast.contoso, 9, selection={"policies": [1]})
    nights(cast.contoso, 4)
    made(cast.contoso, 0, selection={"policies": [1]})
    decisions = retention.decide(retention._sets(cast.contoso), Rules(last=2))
    assert [one.keep for one in decisions if one.backup_set.selection] == [True, False]


@pytest.mark.parametrize("given", [{}, {"last": "0"}, {"last": "-1"}, {"last": "x"}, {"daily": "9999"}])
def test_rules_that_keep_nothing_or_are_no_numbers_are_refused(given):
    with pytest.raises(Invalid):
        Rules.parse(given)


@pytest.fixture
def history(cast):
    """One policy with five snapshots, four of them listed by a set each; captured long ago."""
    policy = Policy.get(Policy.tenant == cast.contoso)
    ids = [capture_by_hand(policy, Actor.person(cast.ada, None))[1].id for _ in range(5)]
    for ago, one in zip((4, 3, 2, 1, 0), ids, strict=True):
        Snapshot.update(captured_at=TODAY - timedelta(days=ago, hours=1)).where(Snapshot.id == one).execute()
    Content.update(created_at=TODAY - timedelta(days=400)).execute()
    for ago, one in ((3, ids[1]), (2, ids[2]), (1, ids[3]), (0, ids[4])):
        made(cast.contoso, ago, [one])
    return ids


def test_what_no_set_lists_any_longer_goes_with_its_content(cast, history):
    made(cast.fabrikam, 9)
    retention.set_rules(cast.contoso, Rules(last=2), SYSTEM)
    before = Snapshot.select().count(), Content.select().count(), BackupSet.select().count(), Manifest.select().count()
    tenant = Tenant.get_by_id(cast.contoso.id)
    seen = retention.preview(tenant, Rules(last=2)).freed
    assert (Snapshot.select().count(), Content.select().count(), BackupSet.select().count(),
            Manifest.select().count()) == before, "a preview writes nothing"  # fmt: skip
    freed = retention.prune(tenant, SYSTEM)
    assert freed == seen
    assert (freed.sets, freed.snapshots, freed.contents) == (2, 3, 3)
    assert {one.id for one in Snapshot.select()} == set(history[3:])
    assert Content.select().count() == 2
    assert Policy.get(Policy.snapshot_count > 0).snapshot_count == 2
    assert BackupSet.select().where(BackupSet.tenant == cast.fabrikam).count() == 1, "another tenant's stay"
    event = AuditEvent.get(AuditEvent.action == "backup-sets:pruned")
    assert event.details == {"sets": 2, "snapshots": 3, "contents": 3}
    assert retention.prune(tenant, SYSTEM).sets == 0


def test_a_content_that_a_later_snapshot_shares_stays(cast, history):
    shared = Snapshot.get_by_id(history[1]).content_id
    Snapshot.update(content=shared).where(Snapshot.id == history[4]).execute()
    retention.set_rules(cast.contoso, Rules(last=1), SYSTEM)
    retention.prune(Tenant.get_by_id(cast.contoso.id), SYSTEM)
    assert snapshots.body(Snapshot.get_by_id(history[4]))


def test_a_capture_made_by_hand_since_the_oldest_kept_set_stays(cast, history):
    BackupSet.delete().where(
        BackupSet.created_at == TODAY - timedelta(days=1)
    ).execute()  # its snapshot is now in no set
    retention.set_rules(cast.contoso, Rules(last=2), SYSTEM)
    retention.prune(Tenant.get_by_id(cast.contoso.id), SYSTEM)
    assert history[3] in {one.id for one in Snapshot.select()}


def test_what_nobody_reads_goes_although_no_set_does(cast, captured):
    kept, unread, young = (snapshots.keep_content(cast.contoso.id, {"body": {"n": n}}, str(n) * 64) for n in range(3))
    policy, _, snapshot = captured[0]
    Snapshot.update(content=kept).where(Snapshot.id == snapshot.id).execute()
    Content.update(created_at=TODAY - timedelta(days=400)).where(Content.id != young).execute()
    pruning.prune_daily()
    left = {one.id for one in Content.select().where(Content.tenant == policy.tenant)}
    assert {kept, young} <= left
    assert unread not in left


def test_pruning_happens_once_a_day_and_forgets_items_but_not_totals(cast, history, monkeypatch):
    retention.set_rules(cast.contoso, Rules(last=1), SYSTEM)
    Run.update(ended_at=TODAY - timedelta(days=300)).where(Run.id == 1).execute()
    pruning.prune_daily()
    assert BackupSet.select().count() == 1
    assert (RunItem.select().where(RunItem.run == 1).count(), Run.get_by_id(1).total) == (0, 1)
    made(cast.contoso, 30)
    pruning.prune_daily()
    assert BackupSet.select().count() == 2, "not again today"
    Lease.update(expires_at=TODAY - timedelta(days=400)).execute()
    pruning.prune_daily()
    assert BackupSet.select().count() == 1
    assert installation.take_lease("other", "x", 1)
