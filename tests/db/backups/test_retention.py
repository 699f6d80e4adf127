"""Which backup sets stay, rule by rule, and what goes with those that go."""

from datetime import datetime, timedelta
from threading import Event, Thread, Timer

import pytest

from actors.housekeeping import daily_prune
from db.audit.audit import SYSTEM, Actor
from db.backups import manifests, retention
from db.backups.retention import RetentionRules
from db.changes import approvals
from db.database import database
from db.errors import Invalid
from db.housekeeping.daily_prune import STEPS, Ages
from db.models import (
    ApprovedPolicy,
    AuditEvent,
    BackupSet,
    Change,
    Content,
    Manifest,
    Policy,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Snapshot,
    Tenant,
)
from db.policies import snapshots
from db.states import ChangeKind, ChangeState, RestoreState, SetState
from tests.support.captures import capture_by_hand

pytestmark = pytest.mark.usefixtures("lock_order")

TODAY = datetime(2026, 5, 20, 2)
AGES = Ages(runs=730, restores=730, names=365)


def made(tenant, days_ago, snapshot_ids=(), state=SetState.COMPLETE, **more):
    at = TODAY - timedelta(days=days_ago)
    manifest = manifests.save(tenant, snapshot_ids)
    return BackupSet.create(tenant=tenant, state=state, created_at=at, completed_at=at, manifest=manifest,
                            **{"selection": {}, "types": {}, "problems": [], **more})  # fmt: skip


def prune(tenant, step=None):
    """What a run of it lets go of: step -> rows; or, of a step alone, without a run."""
    if step:
        with database.atomic():
            return STEPS[step].delete(tenant, AGES, STEPS[step].find(tenant, AGES))
    run = daily_prune._create_run(tenant, daily_prune.DAILY, is_quiet=True).run
    daily_prune.prune.fn(run.id)
    rows = RunItem.select(RunItem.policy_type, RunItem.freed).where(RunItem.run == run.id).order_by(RunItem.id)
    return {key: freed for key, freed in rows.tuples() if freed}


def nights(tenant, count):
    """One set a night, the newest last; by how many days ago."""
    return {ago: made(tenant, ago) for ago in range(count - 1, -1, -1)}


def kept(tenant, **rules):
    decisions = retention.decide_for(tenant, RetentionRules(**rules))
    return {(TODAY - decision.backup_set.created_at).days for decision in decisions if decision.keep}


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
    for ago, snapshot_id in zip((3, 2, 1, 0), ids, strict=True):
        Snapshot.update(captured_at=TODAY - timedelta(days=ago, hours=1)).where(Snapshot.id == snapshot_id).execute()
    Snapshot.delete().where((Snapshot.policy == policy) & Snapshot.id.not_in(ids)).execute()
    for ago, snapshot_id, row in zip((3, 2, 1, 0), ids, (WHOLE, FAILED, FAILED, FAILED), strict=True):
        types = {"configurationPolicies": WHOLE, "assignmentFilters": row}
        made(cast.contoso, ago, [snapshot_id], state=SetState.INCOMPLETE, types=types)
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    prune(cast.contoso)
    left = {snapshot.id for snapshot in Snapshot.select().where(Snapshot.policy == policy)}
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
    decisions = retention.decide(retention.sets_of_tenant(cast.contoso), RetentionRules(last=2), {})
    assert [decision.keep for decision in decisions if decision.backup_set.selection] == [True, False]


@pytest.mark.parametrize("given", [{}, {"last": "0"}, {"last": "-1"}, {"last": "x"}, {"daily": "9999"}])
def test_rules_that_keep_nothing_or_are_no_numbers_are_refused(given):
    with pytest.raises(Invalid):
        RetentionRules.parse(given)


@pytest.fixture
def history(cast):
    """One policy with five snapshots, four of them listed by a set each; captured long ago."""
    policy = Policy.get(Policy.tenant == cast.contoso)
    ids = [capture_by_hand(policy, Actor.person(cast.ada, None))[1].id for _ in range(5)]
    for ago, snapshot_id in zip((4, 3, 2, 1, 0), ids, strict=True):
        Snapshot.update(captured_at=TODAY - timedelta(days=ago, hours=1)).where(Snapshot.id == snapshot_id).execute()
    Content.update(created_at=TODAY - timedelta(days=400)).execute()
    for ago, snapshot_id in ((3, ids[1]), (2, ids[2]), (1, ids[3]), (0, ids[4])):
        made(cast.contoso, ago, [snapshot_id])
    return ids


def test_what_no_set_lists_any_longer_goes_with_its_content(cast, history):
    made(cast.fabrikam, 9)
    retention.set_rules(cast.contoso, RetentionRules(last=2), SYSTEM)
    before = Snapshot.select().count(), Content.select().count(), BackupSet.select().count(), Manifest.select().count()
    tenant = Tenant.get_by_id(cast.contoso.id)
    seen = retention.preview(tenant, RetentionRules(last=2)).freed
    assert (Snapshot.select().count(), Content.select().count(), BackupSet.select().count(),
            Manifest.select().count()) == before, "a preview writes nothing"  # fmt: skip
    assert prune(tenant) == {"backup sets": seen.sets, "snapshots": seen.snapshots, "contents": seen.contents}
    assert (seen.sets, seen.snapshots, seen.contents) == (2, 3, 3)
    assert {snapshot.id for snapshot in Snapshot.select()} == set(history[3:])
    assert Content.select().count() == 2
    assert Policy.get(Policy.snapshot_count > 0).snapshot_count == 2
    assert BackupSet.select().where(BackupSet.tenant == cast.fabrikam).count() == 1, "another tenant's stay"
    events = AuditEvent.select().where(AuditEvent.action == "backup-sets:pruned").order_by(AuditEvent.id)
    told = [(event.details["what"], event.details["count"]) for event in events]
    assert told == [("backup sets", 2), ("snapshots", 3), ("contents", 3)]
    assert prune(tenant) == {}


def test_a_content_that_a_later_snapshot_shares_stays(cast, history):
    shared = Snapshot.get_by_id(history[1]).content_id
    Snapshot.update(content=shared).where(Snapshot.id == history[4]).execute()
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    prune(cast.contoso)
    assert snapshots.read_snapshot(Snapshot.get_by_id(history[4]))


def test_a_capture_made_by_hand_since_the_oldest_kept_set_stays(cast, history):
    BackupSet.delete().where(
        BackupSet.created_at == TODAY - timedelta(days=1)
    ).execute()  # its snapshot is now in no set
    retention.set_rules(cast.contoso, RetentionRules(last=2), SYSTEM)
    prune(cast.contoso)
    assert history[3] in {snapshot.id for snapshot in Snapshot.select()}


def test_what_nobody_reads_goes_although_no_set_does(cast, captured):
    kept, unread, young = (snapshots.save_content(cast.contoso.id, {"body": {"n": n}}, str(n) * 64) for n in range(3))
    policy, _, snapshot = captured[0]
    Snapshot.update(content=kept).where(Snapshot.id == snapshot.id).execute()
    Content.update(created_at=TODAY - timedelta(days=400)).where(Content.id != young).execute()
    prune(cast.contoso)
    left = {content.id for content in Content.select().where(Content.tenant == policy.tenant)}
    assert {kept, young} <= left
    assert unread not in left


# --- asked again, in the statement that deletes ----------------------------------------------------------------------


def let_go(tenant, step, ids):
    with database.atomic():
        return STEPS[step].delete(tenant, AGES, ids)


def test_a_set_that_is_pinned_after_it_was_decided_upon_stays(cast, history):
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    tenant = Tenant.get_by_id(cast.contoso.id)
    going = STEPS["backup sets"].find(tenant, AGES)
    pinned = BackupSet.get_by_id(going[0])
    retention.pin(pinned, "the auditors ask for it", None, SYSTEM)
    retention.pin(BackupSet.get_by_id(going[1]), "for a moment", None, SYSTEM)
    retention.unpin(BackupSet.get_by_id(going[1]), SYSTEM)
    assert let_go(tenant, "backup sets", going) == len(going) - 2, "the end of a protection waits its days anew"
    assert BackupSet.get_by_id(pinned.id).pinned_reason
    prune(tenant)
    assert set(manifests.snapshot_ids(pinned.manifest)) <= {snapshot.id for snapshot in Snapshot.select()}


def test_an_approved_snapshot_and_the_sides_of_an_open_change_stay_with_their_contents(cast, history):
    """Also where they were approved after it was decided upon."""
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    tenant = Tenant.get_by_id(cast.contoso.id)
    prune(tenant, "backup sets")
    going = STEPS["snapshots"].find(tenant, AGES)
    right, before, *others = going
    approvals.approve_snapshots(tenant, [right], [], SYSTEM, "backup set 1")
    policy = Snapshot.get_by_id(before).policy
    standing = {"tenant": tenant, "policy": policy, "before": before}
    Change.create(**standing, kind=ChangeKind.CHANGED, state=ChangeState.OPEN)
    Change.create(**{**standing, "before": others[0]}, kind=ChangeKind.CHANGED, state=ChangeState.UNDONE)
    assert let_go(tenant, "snapshots", going) == len(others)
    assert prune(tenant).keys() <= {"contents"}
    kept = Snapshot.select(Snapshot, Content).join(Content).where(Snapshot.id.in_([right, before]))
    assert {snapshot.id for snapshot in kept} == {right, before}
    Change.update(state=ChangeState.UNDONE).execute()
    ApprovedPolicy.delete().execute()
    assert prune(tenant)["snapshots"] == 2


def test_a_set_that_is_gone_can_be_neither_pinned_nor_unpinned_and_nothing_says_that_it_was(cast):
    gone = nights(cast.contoso, 1)[0]
    BackupSet.delete().execute()
    for act in (lambda: retention.pin(gone, "keep", None, SYSTEM), lambda: retention.unpin(gone, SYSTEM)):
        with pytest.raises(Invalid, match="is gone"):
            act()
    assert not AuditEvent.select().where(AuditEvent.action.startswith("backup-set:")).exists()


def test_nothing_goes_by_rules_that_were_changed_meanwhile(cast, history):
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    tenant = Tenant.get_by_id(cast.contoso.id)
    found = {step: STEPS[step].find(tenant, AGES) for step in ("backup sets", "snapshots")}
    retention.set_rules(cast.contoso, None, SYSTEM)
    assert all(found.values())
    assert [let_go(tenant, step, ids) for step, ids in found.items()] == [0, 0]


def test_a_set_that_is_there_still_has_what_it_lists(cast, history):
    """Its turn to go came between the two steps: a backup has ended meanwhile. Somebody may pin it yet."""
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    tenant = Tenant.get_by_id(cast.contoso.id)
    assert STEPS["snapshots"].find(tenant, AGES) == [history[0]], "the one that no set lists"


def test_a_content_that_a_capture_is_about_to_refer_to_stays(cast, captured):
    old = snapshots.save_content(cast.contoso.id, {"body": {}}, "a" * 64)
    Content.update(created_at=TODAY - timedelta(days=400)).where(Content.id == old).execute()
    going = STEPS["contents"].find(cast.contoso, AGES)
    assert snapshots.save_content(cast.contoso.id, {"body": {}}, "a" * 64) == old
    assert (going, let_go(cast.contoso, "contents", going)) == ([old], 0)


def test_a_content_that_goes_while_a_capture_looks_for_it_is_made_anew(cast, captured):
    old = snapshots.save_content(cast.contoso.id, {"body": {}}, "a" * 64)
    Content.update(created_at=TODAY - timedelta(days=400)).where(Content.id == old).execute()
    found = []

    def capture():
        with database.connection_context():
            found.append(snapshots.save_content(cast.contoso.id, {"body": {}}, "a" * 64))

    other = Thread(target=capture)
    with database.atomic():
        assert STEPS["contents"].delete(cast.contoso, AGES, [old]) == 1
        other.start()
        other.join(0.3)
    other.join(60)
    assert Content.get_by_id(found[0]).fingerprint == "a" * 64


def test_a_manifest_that_a_set_is_about_to_share_stays(cast, history):
    """The list of snapshots of a set that goes, just as another set comes to have the same ones."""
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    tenant = Tenant.get_by_id(cast.contoso.id)
    going = STEPS["backup sets"].find(tenant, AGES)
    shared = manifests.snapshot_ids(BackupSet.get_by_id(going[0]).manifest)

    is_made, may_commit = Event(), Event()

    def make():
        with database.connection_context(), database.atomic():
            made(tenant, -1, shared, name="the other")
            is_made.set()
            may_commit.wait(60)

    other = Thread(target=make)
    other.start()
    is_made.wait(60)
    Timer(0.3, may_commit.set).start()
    assert let_go(tenant, "backup sets", going) == len(going)
    other.join(60)
    assert manifests.snapshot_ids(BackupSet.get(BackupSet.name == "the other").manifest) == shared


# --- what else stays -------------------------------------------------------------------------------------------------


def test_a_set_that_a_retry_completes_stays_and_the_preview_says_so(cast):
    oldest, other, _ = nights(cast.contoso, 3).values()
    run = Run.create(tenant=cast.contoso, kind="backup_set.capture", state="running", backup_set_id=oldest.id,
                     dedupe_key="x")  # fmt: skip
    rules = RetentionRules(last=1)
    said = {one.backup_set.id: (one.keep, one.why) for one in retention.preview(cast.contoso, rules).decisions}
    assert (said[oldest.id], said[other.id]) == ((True, "being completed by a retry"), (False, "no rule keeps it"))
    Run.update(state="succeeded", ended_at=TODAY).where(Run.id == run.id).execute()
    assert kept(cast.contoso, last=1) == {0}


def test_what_a_restore_under_way_uses_stays_and_the_preview_says_so(cast, history):
    """A live restore of an old set that has waited for an approval for days, with what it captured before."""
    oldest, newer = BackupSet.select().order_by(BackupSet.id).limit(2)
    before = made(cast.contoso, 3, [history[0]], selection={"policies": [1]}, name="Before")
    restore = Restore.create(tenant=cast.fabrikam, source_directory_id="x", source_name="x", options={},
                             state=RestoreState.RUNNING, backup_set=oldest, safety_set=before)  # fmt: skip
    RestoreItem.create(restore=restore, policy_type="x", graph_id="x", name="x", references={}, snapshot=history[1],
                       safety_snapshot=history[0])  # fmt: skip
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    tenant = Tenant.get_by_id(cast.contoso.id)
    why = {
        decision.backup_set.id: decision.why for decision in retention.preview(tenant, RetentionRules(last=1)).decisions
    }
    assert (why[oldest.id], why[before.id]) == (f"restore {restore.id} uses it",) * 2
    BackupSet.update(deletion_due_at=TODAY - timedelta(days=1)).execute()
    assert let_go(tenant, "backup sets", [oldest.id, before.id, newer.id]) == 1
    BackupSet.delete().where(BackupSet.id == before.id).execute()  # as an earlier version did
    prune(tenant)
    item = RestoreItem.get()
    assert (item.snapshot_id, item.safety_snapshot_id) == (history[1], history[0])
    Restore.update(state=RestoreState.FINISHED, backup_set=oldest).execute()
    assert prune(tenant) == {"backup sets": 1, "snapshots": 1, "contents": 1}, (
        "what was there before stays, to be undone"
    )
    assert RestoreItem.get().safety_snapshot_id == history[0]


def test_an_old_pin_holds_up_no_more_than_its_own_snapshots(cast, history):
    pinned = made(cast.contoso, 300, [history[0]], selection={"policies": [1]})
    retention.pin(pinned, "before the migration", None, SYSTEM)
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    assert prune(Tenant.get_by_id(cast.contoso.id)) == {"backup sets": 3, "snapshots": 3, "contents": 3}
    assert {snapshot.id for snapshot in Snapshot.select()} == {history[0], history[4]}


def test_where_the_rules_keep_no_set_yet_no_snapshot_is_too_old(cast, history):
    BackupSet.delete().execute()
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    assert prune(Tenant.get_by_id(cast.contoso.id)) == {}
    assert Snapshot.select().count() == 5
