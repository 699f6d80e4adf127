"""Changes are recorded with what saw them: each once, as what it is; and nothing that was only not read."""

import hashlib
import threading
from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database as engine
from db.models import Change, Policy, Run, Snapshot
from db.policies import policies, snapshots
from db.runs import runs
from db.states import ChangeKind, PolicyState, RunKind
from db.tenants import coverage

TYPE = "intents"
pytestmark = pytest.mark.usefixtures("lock_order")


@pytest.fixture
def run(cast):
    return runs.start(tenant=cast.contoso, kind=RunKind.SYNC, dedupe_key="k", items=[], actor=SYSTEM).run


def rows(*graph_ids):
    facts = {"odata_type": None, "platform": None, "is_built_in": False, "modified_at": None}
    return [{"graph_id": graph_id, "name": graph_id, **facts} for graph_id in graph_ids]


def list_all(run, *graph_ids, rules="1", is_whole=True):
    began = utcnow()
    since = coverage.record_lists(run.tenant, {TYPE: (began, rules)})[TYPE] if is_whole else None
    policies.record_listing(
        run.tenant, TYPE, rows(*graph_ids), began=began, is_whole=is_whole, run=run, whole_since=since
    )


def of(graph_id):
    return Policy.get((Policy.policy_type == TYPE) & (Policy.graph_id == graph_id))


def draft(policy, text, read_at=None, **facts):
    mark = hashlib.sha256(text.encode()).hexdigest()
    content = {"body": {"name": text}, "assignments": []}
    facts = {"name": policy.name, "modified_at": None, "proof": {}, "references": {}, "assignments_mark": "a"} | facts
    return snapshots.SnapshotDraft.of(policy, content, mark, read_at=read_at or utcnow(), **facts)


def read(run, graph_id, text, read_at=None, **facts):
    return snapshots.save(run, [draft(of(graph_id), text, read_at, **facts)])[of(graph_id).id]


def told():
    return [(change.policy.graph_id, change.kind) for change in Change.select().order_by(Change.id)]


def test_a_first_list_and_a_first_snapshot_are_no_change_and_what_follows_is_told_once(run):
    list_all(run, "a", "b")
    read(run, "a", "one")
    assert told() == []
    list_all(run, "a", "b", "c")
    read(run, "c", "one")
    read(run, "a", "two")
    read(run, "a", "two")
    list_all(run, "a", "b", "c")
    assert told() == [("c", ChangeKind.ADDED), ("a", ChangeKind.CHANGED)]
    added, changed = Change.select().order_by(Change.id)
    first, second = Snapshot.select().where(Snapshot.policy == of("a")).order_by(Snapshot.id)
    assert (added.before, added.after) == (None, snapshots.latest(of("c"))), "the list's row was completed"
    assert (changed.before, changed.after) == (first, second)
    assert (changed.before_mark, changed.after_mark) == (first.content.fingerprint, second.content.fingerprint)
    assert changed.since_at == first.confirmed_at <= changed.seen_at


def test_a_removed_policy_is_told_once_and_again_when_it_comes_back(run):
    list_all(run, "a", "b")
    read(run, "a", "one")
    seen = of("a").last_seen_at
    list_all(run, "b")
    list_all(run, "b")
    [removed] = Change.select()
    assert (removed.kind, removed.before, removed.after_mark) == (ChangeKind.REMOVED, snapshots.latest(of("a")), None)
    assert removed.since_at >= seen
    list_all(run, "a", "b")
    assert told() == [("a", ChangeKind.REMOVED), ("a", ChangeKind.CAME_BACK)]
    assert of("a").assignments_mark is None, "its list alone must not say that it is as it was"
    read(run, "a", "one")
    back = Change.select().order_by(Change.id.desc()).first()
    assert (back.before, back.after) == (removed.before, snapshots.latest(of("a"))), "unchanged, and told as back"
    assert Change.select().count() == 2


def test_one_that_a_capture_missed_and_found_again_is_told_as_both(run):
    list_all(run, "a")
    read(run, "a", "one")
    policies.mark_gone(of("a"), run)
    policies.mark_gone(of("a"), run)
    read(run, "a", "two")
    assert told() == [("a", ChangeKind.REMOVED), ("a", ChangeKind.CAME_BACK)]
    assert of("a").state == PolicyState.PRESENT


def test_what_was_not_read_is_no_change(run):
    list_all(run, "a", "b")
    list_all(run, "a", is_whole=False)
    assert told() == [], "a list that is not whole"
    list_all(run, "a", "b", "c", rules="2")
    list_all(run, "a", "b", "c", rules="2")
    assert told() == [], "our own rules cover more now"
    list_all(run, "a", "b", rules="3")
    assert told() == [], "or less"
    list_all(run, "a", "b", "d", rules="3")
    assert told() == [("d", ChangeKind.ADDED)]


def test_what_is_the_same_by_newer_rules_is_no_change(run):
    list_all(run, "a")
    first = read(run, "a", "one")
    content = Snapshot.get_by_id(first.snapshot_id).content_id
    assert read(run, "a", "two", same_as=content).snapshot_id == first.snapshot_id
    assert told() == []


def test_a_reading_that_a_later_one_overtook_changes_nothing(run):
    list_all(run, "a")
    began = utcnow()
    read(run, "a", "one", began - timedelta(minutes=9))
    newer = read(run, "a", "two", began)
    assert read(run, "a", "one", began - timedelta(minutes=5)) == snapshots.SavedSnapshot(
        newer.snapshot_id, "unchanged"
    )
    read(run, "a", "two")
    assert told() == [("a", ChangeKind.CHANGED)]


def test_a_reading_after_the_clock_was_set_back_is_kept(run):
    list_all(run, "a")
    read(run, "a", "one", utcnow() + timedelta(hours=1))
    read(run, "a", "two")
    assert told() == [("a", ChangeKind.CHANGED)]


def test_a_group_that_policies_name_after_it_was_deleted_is_told_once(run, cast):
    policies.record_listing(cast.contoso, TYPE, rows("a"), is_whole=False)
    read(run, "a", "one")
    for _ in range(3):
        policies.record_listing(cast.contoso, TYPE, rows("a"), is_whole=False)
        policies.mark_gone(of("a"), run)
    assert told() == [("a", ChangeKind.REMOVED)]
    policies.record_listing(cast.contoso, TYPE, rows("a"), is_whole=False)
    read(run, "a", "one")
    assert told()[1:] == [("a", ChangeKind.CAME_BACK)]


def test_a_policy_that_our_own_run_made_is_told_as_added_whoever_lists_it_too(run, cast):
    list_all(run, "a")
    made = policies.get_or_create(cast.contoso, TYPE, "made", "Made", None, run)
    policies.get_or_create(cast.contoso, TYPE, "made", "Made", None, run)
    list_all(run, "a", "made")
    read(run, "made", "one")
    assert told() == [("made", ChangeKind.ADDED)]
    assert Change.get().after == snapshots.latest(made)


def test_two_captures_at_once_tell_one_change(run):
    list_all(run, "a")
    read(run, "a", "one")
    ready = threading.Barrier(2, timeout=30)

    def capture():
        with engine.connection_context():
            one = draft(of("a"), "two")
            ready.wait(60)
            snapshots.save(Run.get_by_id(run.id), [one])

    threads = [threading.Thread(target=capture) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert told() == [("a", ChangeKind.CHANGED)]
    assert Snapshot.select().where(Snapshot.policy == of("a")).count() == 2
