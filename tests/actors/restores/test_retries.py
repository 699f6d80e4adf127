"""Trying again what a live restore could not do: nothing that somebody did meanwhile is written over unseen."""

from datetime import timedelta

import pytest

import actors.restores.live_restore
from actors.plans import drafts
from actors.restores import safety_backup
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import AuditEvent, BackupSet, Restore, RestoreItem, Run, Snapshot, Write
from db.policies import snapshots
from db.restores import four_eyes, plan_fingerprint, restore_items, retries
from db.runs import completion, run_progress
from db.runs.claims import Claim, ClaimLost
from db.states import RunState
from tests.actors.restores.test_live_restore import (
    CATALOG,
    GROUP,
    assigned_to,
    captured,
    drafted,
    live,
    manifest,
    policy_of,
)
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, items_of, options, person, plan_of, previewed, undone
from tests.support.simulated_tenant import catalog_policy

pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


def interrupted(restore, ended):
    """The live run, cancelled while it waits to look what became of a write."""
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket").run
    servers.wait_for(lambda: "answer was lost" in str(run_progress.waiting_reason(Run.get_by_id(run.id))), "The wait")
    completion.request_cancel(run, SYSTEM)
    run = ended(run.id)
    assert [one.state for one in items_of(run).values()] == ["uncertain"]
    return run


def retried(run, ended):
    return ended(actors.restores.live_restore.retry_failed(run, SYSTEM).run.id)


def changed_by_somebody(graph, policy_id, **body):
    graph.put(CATALOG, {**graph.objects()[CATALOG][policy_id], **body})


@pytest.fixture
def half_updated(contoso, cast, ended):
    """A run whose update wrote the body, and was interrupted before the assignments: (policy, run)."""
    contoso.put("groups", {"id": GROUP, "displayName": "SG-Pilot"})
    policy = policy_of(cast.contoso)
    body = {name: one for name, one in catalog_policy(policy.graph_id, policy.name).items() if name != "assignments"}
    body |= {"description": "as it was"}
    _, snapshot = capture_by_hand(policy, SYSTEM, body, assignments=assigned_to(GROUP), groups={GROUP: "SG-Pilot"})
    contoso.fault(kind="lost_before", path="/assign$")
    run = interrupted(previewed(drafted(snapshot, cast.contoso), ended), ended)
    assert live(contoso, policy)["description"] == "as it was"
    return policy, run


def test_a_retry_goes_on_with_a_half_written_update_and_captures_it_before(half_updated, contoso, ended):
    policy, run = half_updated
    again = retried(run, ended)
    assert items_of(again)[policy.name].outcome == "updated"
    assert [one["target"]["groupId"] for one in live(contoso, policy)["assignments"]] == [GROUP]
    before, after = Snapshot.select().where(Snapshot.run == again).order_by(Snapshot.id)
    assert snapshots.read_snapshot(before)["body"]["description"] == "as it was"
    assert (
        len(snapshots.read_snapshot(before)["assignments"]),
        len(snapshots.read_snapshot(after)["assignments"]),
    ) == (0, 1)


def test_what_a_cancelled_retry_did_not_come_to_can_be_tried_again(half_updated, contoso, ended, worker):
    policy, run = half_updated
    worker.pause()
    cancelled = actors.restores.live_restore.retry_failed(run, SYSTEM).run
    assert "Only what a finished restore" in retries.refusal(run, 24)
    completion.request_cancel(cancelled, SYSTEM)
    worker.resume()
    assert [one.outcome for one in items_of(cancelled).values()] == ["cancelled"]
    assert items_of(retried(run, ended))[policy.name].outcome == "updated"


def test_what_somebody_changed_before_the_retry_is_a_conflict_captured_and_left_alone(half_updated, contoso, ended):
    policy, run = half_updated
    changed_by_somebody(contoso, policy.graph_id, description="somebody's")
    again = retried(run, ended)
    assert (items_of(again)[policy.name].outcome, live(contoso, policy)["description"]) == ("conflict", "somebody's")
    assert "since this restore began" in items_of(again)[policy.name].message
    assert live(contoso, policy)["assignments"] == []
    [kept] = Snapshot.select().where(Snapshot.run == again)
    assert snapshots.read_snapshot(kept)["body"]["description"] == "somebody's"
    assert "Nothing in run" in retries.refusal(again, 24)


def test_an_undo_writes_back_what_was_there_before_the_first_write_and_captures_what_came_since(
    half_updated, contoso, ended
):
    policy, run = half_updated
    restore = Restore.get_by_id(retried(run, ended).restore_id)
    changed_by_somebody(contoso, policy.graph_id, description="somebody's, later")
    undo, undoing = executed(previewed(undone(restore), ended), ended)
    assert undoing.state == RunState.SUCCEEDED
    assert (live(contoso, policy)["description"], live(contoso, policy)["assignments"]) == ("", [])
    [item] = restore_items.items(undo)
    assert (
        snapshots.read_snapshot(Snapshot.get_by_id(item.safety_snapshot_id))["body"]["description"]
        == "somebody's, later"
    )


def test_what_somebody_changed_while_the_run_waited_is_a_conflict_in_the_same_run_too(
    contoso, cast, ended, monkeypatch
):
    """The body is written; the assignments wait, here for Graph, there for days until somebody approves them."""
    contoso.put("groups", {"id": GROUP, "displayName": "SG-Pilot"})
    policy = policy_of(cast.contoso)
    body = {name: one for name, one in catalog_policy(policy.graph_id, policy.name).items() if name != "assignments"}
    body |= {"description": "as it was"}
    _, snapshot = capture_by_hand(policy, SYSTEM, body, assignments=assigned_to(GROUP), groups={GROUP: "SG-Pilot"})
    restore = previewed(drafted(snapshot, cast.contoso), ended)
    contoso.fault(kind="status", status=429, retry_after="2", path="/assign$")
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket").run
    servers.wait_for(lambda: run_progress.waiting_reason(Run.get_by_id(run.id)), "The wait")
    changed_by_somebody(contoso, policy.graph_id, description="somebody's")
    assert items_of(ended(run.id))[policy.name].outcome == "conflict"
    assert (live(contoso, policy)["description"], live(contoso, policy)["assignments"]) == ("somebody's", [])


def test_what_a_retry_captures_for_the_first_time_is_in_the_safety_set_too(contoso, cast, ended):
    first, second = policy_of(cast.contoso, 1), policy_of(cast.contoso, 2)
    kept = [captured(one, description="as it was") for one in (first, second)]
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest(cast.contoso, kept))  # fmt: skip
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)
    contoso.fault(kind="status", status=400, path=second.graph_id, times=50)
    restore, run = executed(restore, ended)
    assert (items_of(run)[second.name].outcome, restore.safety_set.manifest.count) == ("error", 1)
    contoso.clear_faults()
    assert items_of(retried(run, ended))[second.name].outcome == "updated"
    safety = Restore.get_by_id(restore.id).safety_set
    assert (safety.id, safety.manifest.count) == (restore.safety_set_id, 2)


def test_a_copy_is_no_change_of_what_it_is_a_copy_of(contoso, cast, ended):
    """An answer is lost after it was made: it goes on, though it has nothing of the other one's assignments yet."""
    contoso.put("groups", {"id": GROUP, "displayName": "SG-Pilot"})
    policy = policy_of(cast.contoso)
    body = {**contoso.objects()[CATALOG][policy.graph_id], "assignments": assigned_to(GROUP)}
    contoso.put(CATALOG, body)
    body = {name: one for name, one in body.items() if name != "assignments"}
    _, snapshot = capture_by_hand(policy, SYSTEM, body, assignments=assigned_to(GROUP), groups={GROUP: "SG-Pilot"})
    copy = drafted(snapshot, cast.contoso, existing="copy", prefix="Copy of ")
    contoso.fault(kind="lost_before", path="/assign$")
    _, run = executed(previewed(copy, ended), ended)
    assert items_of(run)[policy.name].outcome == "created"
    made = contoso.objects()[CATALOG][RestoreItem.get(RestoreItem.restore == copy).created_id]
    assert [one["target"]["groupId"] for one in made["assignments"]] == [GROUP]


def test_the_undo_of_a_copy_that_was_lost_leaves_alone_what_it_is_a_copy_of(contoso, cast, ended):
    policy = policy_of(cast.contoso)
    copy = drafted(captured(policy, description="as it was"), cast.contoso, existing="copy", prefix="Copy of ")
    copy = previewed(copy, ended)
    contoso.fault(kind="lost_before", path="configurationPolicies$")
    interrupted(copy, ended)
    with pytest.raises(Invalid, match="nothing to undo"):
        undone(copy)


def test_a_worker_that_lost_the_run_makes_no_second_safety_set(half_updated):
    _policy, run = half_updated
    restore = Restore.get_by_id(run.restore_id)
    restore.safety_set = None  # as it was when the worker looked
    with pytest.raises(ClaimLost):
        safety_backup._complete_set(Claim(run, "taken by another"), restore)
    assert BackupSet.select().count() == 1


@pytest.fixture
def lost_create(contoso, cast, ended):
    """A run that was interrupted after the answer to its create was lost: (policy, run). It made nothing so far."""
    policy = policy_of(cast.contoso)
    snapshot = captured(policy, description="as it was")
    contoso.delete(CATALOG, policy.graph_id)
    restore = previewed(drafted(snapshot, cast.contoso), ended)
    contoso.fault(kind="lost_before", path="configurationPolicies$")
    return policy, interrupted(restore, ended)


SOMEBODYS = "7" * 8 + "-0000-4000-8000-" + "7" * 12


def test_what_a_later_run_took_up_is_not_tried_again_from_an_old_page(lost_create, contoso, cast, ended):
    policy, run = lost_create
    contoso.put(CATALOG, {**catalog_policy(SOMEBODYS, policy.name), "description": "as it was"})
    assert retries.refusal(run, 24) == ""
    again = retried(run, ended)
    assert items_of(again)[policy.name].outcome == "recreated"
    changed_by_somebody(contoso, SOMEBODYS, description="a month later")
    assert "Nothing in run" in retries.refusal(run, 24)
    with pytest.raises(Invalid, match="Nothing in run"):
        actors.restores.live_restore.retry_failed(run, SYSTEM)
    assert contoso.objects()[CATALOG][SOMEBODYS]["description"] == "a month later"


def test_somebody_elses_of_the_name_is_not_taken_for_what_a_lost_create_made(lost_create, contoso, cast, ended):
    policy, run = lost_create
    contoso.put(CATALOG, {**catalog_policy(SOMEBODYS, policy.name), "description": "somebody's"})
    again = retried(run, ended)
    [item] = items_of(again).values()
    assert (item.state, item.reason) == ("uncertain", "uncertain")
    assert "not as it was sent" in item.message
    assert contoso.objects()[CATALOG][SOMEBODYS]["description"] == "somebody's"
    assert RestoreItem.get(RestoreItem.restore == again.restore_id).created_id is None
    with pytest.raises(Invalid, match="nothing to undo"):
        undone(Restore.get_by_id(again.restore_id))
    afresh = previewed(drafts.repeat_unfinished(Restore.get_by_id(again.restore_id), SYSTEM), ended)
    assert plan_of(afresh) == {policy.name: "update"}


def test_with_four_eyes_each_retry_is_approved_anew_by_who_did_not_ask(lost_create, contoso, cast, ended):
    policy, run = lost_create
    contoso.put(CATALOG, {**catalog_policy(SOMEBODYS, policy.name), "description": "somebody's"})
    mine = Restore.id == run.restore_id
    four_eyes.record_requester([run.restore_id], cast.max, four_eyes.ASKED_FOR_IT)
    Restore.update(asks_four_eyes=True).where(mine).execute()
    plan_fingerprint.save(Restore.get(mine), (), four_eyes.break_glass_list(Restore.get(mine)))
    Restore.update(approved_by=cast.root, approved_fingerprint=Restore.get(mine).planned_mark).where(mine).execute()
    with pytest.raises(Invalid, match="approves each retry of it first"):
        actors.restores.live_restore.retry_failed(run, SYSTEM)
    with pytest.raises(Invalid, match="for you asked for it"):
        retries.approve(run, person(cast.max.id), "mine", 24)
    with pytest.raises(Invalid, match="in the browser"):
        retries.approve(run, SYSTEM, "by a command", 24)
    retries.approve(run, person(cast.root.id), "looked again", 24)
    assert retries.refusal(run, 24) == ""
    again = retried(run, ended)
    assert Restore.get(mine).retry_approved_run is None, "it is used up"
    said = {one.action: one.details["fingerprint"] for one in AuditEvent.select().where(
        AuditEvent.action.in_(["restore:retry-approved", "restore:retried"]))}  # fmt: skip
    assert said == dict.fromkeys(("restore:retry-approved", "restore:retried"), Restore.get(mine).planned_mark)
    with pytest.raises(Invalid, match="approves each retry of it first"):
        actors.restores.live_restore.retry_failed(again, SYSTEM)


def test_a_retry_needs_a_plan_that_may_still_be_executed(lost_create, cast):
    _, run = lost_create
    mine = Restore.id == run.restore_id
    assert retries.refusal(run, 24) == ""
    Restore.update(break_glass=[{"kind": "users", "id": "x", "name": "x"}]).where(mine).execute()
    assert "the break-glass list" in retries.refusal(run, 24)
    Restore.update(break_glass=None, previewed_at=utcnow() - timedelta(hours=25)).where(mine).execute()
    assert "older than 24 hours" in retries.refusal(run, 24)
    with pytest.raises(Invalid, match="Make a new restore"):
        actors.restores.live_restore.retry_failed(run, SYSTEM)
    with pytest.raises(Invalid, match="Make a new restore"):
        retries.approve(run, person(cast.root.id), "late", 24)
    assert Restore.get(mine).state == "finished"
    assert Write.select().count() == 1
