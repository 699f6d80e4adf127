"""A restore, from draft to undo: what it writes, what it refuses to, and what it says of either."""

from datetime import timedelta

import pytest

import actors.plans.preview
import actors.restores.live_restore
import config
from actors.plans import drafts
from actors.restores import outcomes
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.errors import Invalid
from db.models import (
    AuditEvent,
    BackupSet,
    Manifest,
    Notification,
    Policy,
    Restore,
    RestoreItem,
    Run,
    Snapshot,
    Tenant,
    Write,
)
from db.policies import snapshots
from db.recovery import write_log as db_writes
from db.recovery.write_log import WriteAnswer
from db.restores import approvals, mappings, restore_drafts, restore_items, restore_rules
from db.runs import completion, run_progress
from db.states import RestoreState, RunState, WriteState
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.restore_steps import executed, items_of, options, person, plan_of, previewed, undone
from tests.support.simulated_tenant import WRITE, SimulatedTenant, catalog_policy
from tests.support.told import told_of

CATALOG = "deviceManagement/configurationPolicies"
pytestmark = pytest.mark.usefixtures("app", "worker", "quick", "lock_order")


def policy_of(tenant, number=1):
    mine = Policy.graph_id.endswith(f"000000{number}-0000-4000-8000-000000000000")
    return Policy.get((Policy.tenant == tenant) & mine)


def captured(policy, **body):
    """A snapshot of it, as if it had once been so."""
    content = {**catalog_policy(policy.graph_id, policy.name), **body}
    assignments = content.pop("assignments", None) or ()
    return capture_by_hand(policy, SYSTEM, content, assignments)[1]


def drafted(snapshot, tenant, **changes):
    return drafts.from_snapshot(snapshot, tenant, options(**changes), SYSTEM)


def live(graph, policy):
    return graph.objects()[CATALOG][policy.graph_id]


def writes(graph):
    return graph.requests()["writes"]


# --- preview ---------------------------------------------------------------------------------------------------------


def test_a_preview_writes_nothing_and_says_what_would_be_written(contoso, cast, ended):
    policy = policy_of(cast.contoso)
    restore = previewed(drafted(captured(policy, description="as it was"), cast.contoso), ended)
    [item] = restore_items.items(restore)
    assert (restore.state, item.action, item.differences) == (RestoreState.PREVIEWED, "update", 1)
    [difference] = drafts.differences(item, None, {})
    assert (difference.label, difference.before, difference.after) == ("Description", None, "as it was")
    assert writes(contoso) == 0


def test_a_preview_without_the_permission_to_write_names_it(graph, cast, ended):
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    [item] = restore_items.items(restore)
    assert (item.action, item.reason) == ("blocked", "permission_missing")
    assert "DeviceManagementConfiguration.ReadWrite.All" in item.message


def test_a_preview_that_may_not_even_read_names_the_permission_to_read(contoso, cast, ended):
    restore = drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso)
    contoso.change(permissions=[one for one in WRITE if "Configuration" not in one])
    graph_clients.clear_cache()
    [item] = restore_items.items(previewed(restore, ended))
    assert (item.action, item.reason) == ("blocked", "permission_missing")
    assert "DeviceManagementConfiguration.Read.All" in item.message
    contoso.change(permissions=WRITE)
    graph_clients.clear_cache()


def test_several_of_one_name_block_the_item(contoso, cast, ended):
    policy = policy_of(cast.contoso)
    snapshot = captured(policy)
    contoso.delete(CATALOG, policy.graph_id)
    for number in (7, 8):
        contoso.put(CATALOG, catalog_policy(f"7000000{number}-0000-4000-8000-000000000000", policy.name))
    restore = previewed(drafted(snapshot, cast.contoso), ended)
    assert plan_of(restore) == {policy.name: "blocked: ambiguous"}


def test_a_name_on_another_platform_is_another_policy(contoso, cast, ended):
    policy = policy_of(cast.contoso)
    snapshot = captured(policy)
    contoso.put(CATALOG, {**catalog_policy(policy.graph_id, policy.name), "id": "7" * 8 + "-0000-4000-8000-" + "7" * 12,
                          "platforms": "macOS"})  # fmt: skip
    contoso.delete(CATALOG, policy.graph_id)
    assert plan_of(previewed(drafted(snapshot, cast.contoso), ended)) == {policy.name: "recreate"}


def test_a_changed_option_makes_it_a_draft_again_without_a_plan(contoso, cast, ended):
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    restore_drafts.change_options(restore, options(existing="skip"), SYSTEM)
    restore = Restore.get_by_id(restore.id)
    assert (restore.state, plan_of(restore)) == (RestoreState.DRAFT, {policy_of(cast.contoso).name: None})
    with pytest.raises(Invalid, match="Preview it first"):
        actors.restores.live_restore.start(restore, SYSTEM, reason="ticket")


# --- options ---------------------------------------------------------------------------------------------------------


def test_existing_policies_can_be_left_alone(contoso, cast, ended):
    snapshot = captured(policy_of(cast.contoso), description="old")
    restore = previewed(drafted(snapshot, cast.contoso, existing="skip"), ended)
    _, run = executed(restore, ended)
    assert (plan_of(restore), writes(contoso)) == ({policy_of(cast.contoso).name: "exists: exists"}, 0)
    assert items_of(run)[policy_of(cast.contoso).name].state == "skipped"


def test_a_copy_gets_its_prefix_once_and_never_a_second_one(contoso, cast, ended):
    policy = policy_of(cast.contoso)
    snapshot = captured(policy, description="old")
    for _ in range(2):
        executed(previewed(drafted(snapshot, cast.contoso, existing="copy", prefix="[Restored] "), ended), ended)
    names = [one["name"] for one in contoso.objects()[CATALOG].values()]
    assert names.count(f"[Restored] {policy.name}") == 1
    assert live(contoso, policy)["description"] == ""


GROUP = "9" * 8 + "-0000-4000-8000-" + "9" * 12


def assigned_to(group):
    return [{"id": f"x_{group}", "source": "direct",
             "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}}]  # fmt: skip


@pytest.mark.parametrize(("choice", "expected"), [("leave", [GROUP]), ("none", []), ("exact", [])])
def test_assignments_are_left_removed_or_restored_as_chosen(contoso, cast, ended, choice, expected):
    """The snapshot has none; what is there now has one group."""
    contoso.put("groups", {"id": GROUP, "displayName": "SG-Later"})
    policy = policy_of(cast.contoso)
    snapshot = captured(policy, description="old")
    contoso.put(CATALOG, {**catalog_policy(policy.graph_id, policy.name), "assignments": assigned_to(GROUP)})
    executed(previewed(drafted(snapshot, cast.contoso, assignments=choice), ended), ended)
    assert [one["target"]["groupId"] for one in live(contoso, policy)["assignments"]] == expected
    assert live(contoso, policy)["description"] == "old"


@pytest.mark.parametrize(("choice", "expected"), [("made", [GROUP]), ("leave", [])])
def test_a_policy_that_is_made_again_has_its_assignments_or_says_that_it_has_none(
    contoso, cast, ended, choice, expected
):
    contoso.put("groups", {"id": GROUP, "displayName": "SG-Pilot"})
    policy = policy_of(cast.contoso)
    snapshot = captured(policy, assignments=assigned_to(GROUP))
    contoso.delete(CATALOG, policy.graph_id)
    restore, _ = executed(previewed(drafted(snapshot, cast.contoso, assignments=choice), ended), ended)
    [made] = [policy for policy in contoso.objects()[CATALOG].values() if policy["name"] == snapshot.name]
    assert [one["target"]["groupId"] for one in made.get("assignments") or ()] == expected
    nobody = [sentence for sentence in told_of(restore_items.items(restore)[0]) if "assigned to nobody" in sentence]
    assert nobody == ([] if expected else ["It will be assigned to nobody; it was assigned to SG-Pilot."])


# --- Conditional Access ----------------------------------------------------------------------------------------------

ACCESS = "identity/conditionalAccess/policies"
BREAK_GLASS = "8" * 8 + "-0000-4000-8000-" + "8" * 12


def access_policy(excluded=()):
    return {
        "id": "c" * 8 + "-0000-4000-8000-" + "c" * 12,
        "displayName": "CA001",
        "state": "enabled",
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"]},
            "users": {"includeUsers": ["All"], "excludeGroups": list(excluded)},
        },
        "grantControls": {"operator": "OR", "builtInControls": ["mfa"]},
        "sessionControls": None,
    }


@pytest.fixture
def access(contoso, cast, ended):
    """access(excluded groups) -> the snapshot of an enabled policy for all users, which is gone by now."""
    contoso.put("groups", {"id": BREAK_GLASS, "displayName": "SG-Break-Glass", "members": [{"id": "ada"}]})

    def make(excluded=()):
        body = access_policy(excluded)
        contoso.put(ACCESS, body)  # the service knows the shape of such policies
        contoso.delete(ACCESS, body["id"])
        policy = Policy.create(tenant=cast.contoso, policy_type="conditionalAccessPolicies", graph_id=body["id"],
                               name=body["displayName"])  # fmt: skip
        return capture_by_hand(policy, SYSTEM, body)[1]

    return make


@pytest.mark.parametrize(
    ("choice", "state"),
    [("report only", "enabledForReportingButNotEnforced"), ("off", "disabled")],
)
def test_conditional_access_comes_back_in_the_state_that_was_chosen(access, contoso, cast, ended, choice, state):
    restore = previewed(drafted(access(), cast.contoso, conditional_access=choice), ended)
    executed(restore, ended)
    assert [one["state"] for one in contoso.objects()[ACCESS].values()] == [state]


def test_the_guard_stops_what_could_lock_everybody_out_unless_a_reason_is_given(access, contoso, cast, ended):
    restore_rules.change(cast.contoso, False, f"group {BREAK_GLASS} SG-Break-Glass", SYSTEM)
    snapshot = access()
    restore = previewed(drafted(snapshot, cast.contoso), ended)
    assert plan_of(restore) == {"CA001": "recreate: guard"}
    _, run = executed(restore, ended)
    assert (items_of(run)["CA001"].outcome, items_of(run)["CA001"].reason) == ("blocked", "guard")
    assert "SG-Break-Glass" in items_of(run)["CA001"].message
    assert not contoso.objects()[ACCESS]
    again = previewed(drafted(snapshot, cast.contoso), ended)
    executed(again, ended, guard_reason="the accounts are excluded by another policy")
    assert len(contoso.objects()[ACCESS]) == 1
    assert AuditEvent.select().where(AuditEvent.action == "restore:guard-overridden").count() == 1


def test_the_guard_lets_pass_what_excludes_the_break_glass_group(access, contoso, cast, ended):
    restore_rules.change(cast.contoso, False, f"group {BREAK_GLASS} SG-Break-Glass", SYSTEM)
    contoso.fault(kind="status", status=503, path="transitiveMembers", times=2)
    executed(previewed(drafted(access([BREAK_GLASS]), cast.contoso), ended), ended)
    assert [one["state"] for one in contoso.objects()[ACCESS].values()] == ["enabled"]


# --- live ------------------------------------------------------------------------------------------------------------


def test_what_moved_since_the_preview_is_a_conflict_and_is_not_written(contoso, cast, ended):
    policy, other = policy_of(cast.contoso, 1), policy_of(cast.contoso, 2)
    first, second = captured(policy, description="old"), captured(other, description="old")
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest(cast.contoso, [first, second]))  # fmt: skip
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)
    contoso.put(CATALOG, {**catalog_policy(policy.graph_id, policy.name), "description": "somebody's"})
    restore, run = executed(restore, ended)
    assert (run.state, items_of(run)[policy.name].outcome) == (RunState.PARTIAL, "conflict")
    assert live(contoso, policy)["description"] == "somebody's"
    assert (items_of(run)[other.name].outcome, live(contoso, other)["description"]) == ("updated", "old")
    assert restore.safety_set.manifest.count == 1, "what is not overwritten is not in the safety set"


def manifest(tenant, kept):
    return manifests.save(tenant, [one.id for one in kept])


def deleted_and_previewed(contoso, cast, ended):
    """Return a captured policy that is gone from its tenant, and the previewed restore that creates it again."""
    policy = policy_of(cast.contoso)
    snapshot = captured(policy)
    contoso.delete(CATALOG, policy.graph_id)
    return policy, previewed(drafted(snapshot, cast.contoso), ended)


def test_a_policy_of_the_name_that_appeared_since_the_preview_is_no_reason_for_a_second_one(contoso, cast, ended):
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.put(CATALOG, catalog_policy("7" * 8 + "-0000-4000-8000-" + "7" * 12, policy.name))
    _, run = executed(restore, ended)
    assert items_of(run)[policy.name].outcome == "conflict"
    assert [one["name"] for one in contoso.objects()[CATALOG].values()].count(policy.name) == 1


def test_a_plan_that_is_too_old_is_not_executed(contoso, cast, ended):
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    Restore.update(previewed_at=utcnow() - timedelta(hours=25)).where(Restore.id == restore.id).execute()
    with pytest.raises(Invalid, match="older than 24 hours"):
        actors.restores.live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket")
    assert approvals.expire_old_plans(24) == 1
    assert Restore.get_by_id(restore.id).state == RestoreState.EXPIRED
    assert writes(contoso) == 0


def test_a_live_restore_asks_why_and_keeps_the_answer_everywhere(contoso, cast, ended):
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    with pytest.raises(Invalid, match="Say why"):
        actors.restores.live_restore.start(restore, SYSTEM)
    restore, _run = executed(restore, ended, reason="INC-7  broken\nby hand")
    assert restore.reason == "INC-7 broken by hand"
    actions = [one.action for one in AuditEvent.select().order_by(AuditEvent.id)]
    assert [one for one in actions if one.startswith(("restore:", "policy:"))] == [
        "restore:requested", "restore:started", "policy:written", "restore:ended"]  # fmt: skip
    written = AuditEvent.get(AuditEvent.action == "policy:written").details
    item = RestoreItem.get(RestoreItem.restore == restore)
    assert (written["before"], written["after"]) == (item.live_mark, item.after_mark)
    assert (written["outcome"], written["verified"], item.verified) == ("updated", True, True)
    assert AuditEvent.get(AuditEvent.action == "restore:started").details["reason"] == "INC-7 broken by hand"


def test_four_eyes_need_another_person_than_who_asked(contoso, cast, ended):
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    snapshot = captured(policy_of(cast.contoso), description="old")
    restore = drafts.from_snapshot(snapshot, cast.contoso, options(), person(cast.max.id))
    restore = previewed(restore, ended)
    with pytest.raises(Invalid, match="another manager has to approve"):
        actors.restores.live_restore.start(restore, person(cast.max.id), reason="ticket")
    with pytest.raises(Invalid, match="somebody other than you"):
        approvals.approve(restore, person(cast.max.id), "mine", 24)
    approvals.approve(restore, person(cast.root.id), "looked at it", 24)
    restore, run = executed(Restore.get_by_id(restore.id), ended)
    assert (run.state, restore.approved_by_id) == (RunState.SUCCEEDED, cast.root.id)


def test_who_approved_his_own_restore_needs_another_once_the_tenant_asks_for_four_eyes(contoso, cast, ended):
    snapshot = captured(policy_of(cast.contoso), description="old")
    restore = drafts.from_snapshot(snapshot, cast.contoso, options(), person(cast.max.id))
    restore = previewed(restore, ended)
    approvals.approve(restore, person(cast.max.id), "mine", 24)
    Tenant.update(four_eyes=True).where(Tenant.id == cast.contoso.id).execute()
    restore = Restore.get_by_id(restore.id)
    with pytest.raises(Invalid, match="whether four eyes are asked for"):
        actors.restores.live_restore.start(restore, person(cast.max.id), reason="ticket")
    restore = previewed(restore, ended)
    approvals.approve(restore, person(cast.root.id), "looked at it", 24)
    _, run = executed(Restore.get_by_id(restore.id), ended)
    assert run.state == RunState.SUCCEEDED


def test_what_decides_the_write_and_changes_before_the_first_one_ends_the_run(contoso, cast, ended, worker):
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    worker.pause()
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket").run
    restore_rules.change(cast.contoso, False, f"group {BREAK_GLASS} SG-Break-Glass", SYSTEM)
    worker.resume()
    run = ended(run.id)
    assert (run.state, run.error_code) == (RunState.FAILED, "plan_changed")
    assert "Otherwise than when it was previewed: the break-glass list" in run.error_message
    assert writes(contoso) == 0
    with pytest.raises(Invalid, match="the break-glass list"):
        actors.restores.live_restore.retry_failed(run, SYSTEM)
    assert plan_of(previewed(drafts.repeat_unfinished(Restore.get_by_id(restore.id), SYSTEM), ended))


def test_one_live_restore_per_tenant_at_a_time(contoso, cast, ended, worker):
    first, second = (
        previewed(drafted(captured(policy_of(cast.contoso, number), description="old"), cast.contoso), ended)
        for number in (1, 2)
    )
    worker.pause()
    started = actors.restores.live_restore.start(first, SYSTEM, reason="ticket")
    assert actors.restores.live_restore.start(first, person(cast.max.id), reason="ticket").run.id == started.run.id
    assert Notification.get(Notification.run == started.run).user == cast.max, "it is his to follow too"
    with pytest.raises(Invalid, match=f"Restore {first.id} is under way in Contoso"):
        actors.restores.live_restore.start(second, SYSTEM, reason="ticket")
    assert Restore.get_by_id(second.id).state == RestoreState.PREVIEWED
    worker.resume()
    assert ended(started.run.id).state == RunState.SUCCEEDED
    executed(second, ended)
    assert live(contoso, policy_of(cast.contoso, 2))["description"] == "old"


def test_a_cancelled_restore_stops_between_items_and_keeps_what_it_did(contoso, cast, ended):
    """Its first write is throttled for a while; meanwhile somebody cancels."""
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    contoso.fault(kind="status", status=429, retry_after="30", path="configurationPolicies", times=50)
    start = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket")
    run = start.run
    servers.wait_for(lambda: run_progress.waiting_reason(Run.get_by_id(run.id)), "The wait")
    assert completion.request_cancel(run, SYSTEM)
    contoso.clear_faults()
    run = ended(run.id)
    assert (run.state, Restore.get_by_id(restore.id).state) == (RunState.CANCELLED, RestoreState.FINISHED)
    assert live(contoso, policy_of(cast.contoso))["description"] == ""


@pytest.fixture
def thirty(contoso, cast, ended):
    """A previewed restore of thirty policies, of which twenty go together; every call of Graph takes 800 ms by then."""
    kept = []
    for number in range(30):
        item = catalog_policy(f"4{number:07d}-0000-4000-8000-000000000000", f"Many {number}")
        contoso.put(CATALOG, item)
        policy = Policy.create(
            tenant=cast.contoso, policy_type="configurationPolicies", graph_id=item["id"], name=item["name"]
        )
        kept.append(captured(policy, description="old"))
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest(cast.contoso, kept))  # fmt: skip
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)
    contoso.change(flags={"latency_ms": 800})
    yield restore
    contoso.change(flags={"latency_ms": 0})


def test_what_moves_while_the_others_are_written_is_left_alone_too(thirty, contoso, ended):
    """What was captured is written at once; the last one was not captured yet. One manifest is left of all stages."""
    run = actors.restores.live_restore.start(thirty, SYSTEM, reason="ticket").run
    servers.wait_for(Write.select().exists, "The first write")
    last = restore_items.items(thirty)[-1]
    contoso.put(CATALOG, {**catalog_policy(last.graph_id, last.name), "description": "somebody's"})
    run = ended(run.id)
    assert items_of(run)[last.name].outcome == "conflict"
    assert contoso.objects()[CATALOG][last.graph_id]["description"] == "somebody's"
    assert run.done == 29
    held = manifests.snapshot_ids(Restore.get_by_id(thirty.id).safety_set.manifest)
    assert (len(held), Manifest.select().count()) == (29, 2)


def test_cancelling_keeps_what_was_written_and_leaves_the_rest_alone(thirty, contoso, ended):
    run = actors.restores.live_restore.start(thirty, SYSTEM, reason="ticket").run
    servers.wait_for(Write.select().exists, "The first write")
    completion.request_cancel(run, SYSTEM)
    run = ended(run.id)
    contoso.change(flags={"latency_ms": 0})
    written = [one for one in contoso.objects()[CATALOG].values() if one["description"] == "old"]
    assert (run.state, run.done, run.skipped, len(written)) == (RunState.CANCELLED, 20, 10, 20)
    restore = Restore.get_by_id(thirty.id)
    assert len(manifests.snapshot_ids(restore.safety_set.manifest)) == 20, "of the others nothing had to be captured"
    undo = previewed(undone(restore), ended)
    assert sorted(plan_of(undo).values()) == ["update"] * 20


@pytest.mark.parametrize("is_stale", [True, False])
def test_what_is_read_back_otherwise_is_looked_at_again_and_then_named(contoso, cast, ended, is_stale):
    """Either the service took a moment to show it, or it is otherwise: the second look tells."""
    policy = policy_of(cast.contoso)
    restore = previewed(drafted(captured(policy, description="old"), cast.contoso), ended)
    contoso.change(flags={"latency_ms": 1500})
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket").run
    servers.wait_for(Write.select().where(Write.state == "answered").exists, "The write")
    taken = live(contoso, policy)
    contoso.put(CATALOG, {**taken, "description": "otherwise"})
    contoso.change(flags={"latency_ms": 0})
    servers.wait_for(
        lambda: "Reading back" in str(run_progress.waiting_reason(Run.get_by_id(run.id))), "The second look"
    )
    if is_stale:
        contoso.put(CATALOG, taken)
    run = ended(run.id)
    [item] = items_of(run).values()
    assert (item.outcome, item.reason) == ("updated", None if is_stale else "differs")
    assert RestoreItem.get(RestoreItem.restore == restore).verified is is_stale
    assert is_stale or "Description" in item.message


def test_what_is_cancelled_in_the_midst_of_a_write_is_uncertain_and_settled_by_a_retry(contoso, cast, ended):
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.change(flags={"consistency_delay_s": 60})
    contoso.fault(kind="lost", status=504, path="configurationPolicies$")
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket").run
    servers.wait_for(lambda: "answer was lost" in str(run_progress.waiting_reason(Run.get_by_id(run.id))), "The wait")
    completion.request_cancel(run, SYSTEM)
    run = ended(run.id)
    [item] = items_of(run).values()
    assert (run.state, item.state, item.reason) == (RunState.CANCELLED, "uncertain", "uncertain")
    contoso.change(flags={"consistency_delay_s": 0})
    again = ended(actors.restores.live_restore.retry_failed(run, SYSTEM).run.id)
    assert items_of(again)[policy.name].outcome == "recreated"
    assert [one["name"] for one in contoso.objects()[CATALOG].values()].count(policy.name) == 1


def test_what_failed_is_tried_again_as_a_linked_run_with_a_fresh_look(contoso, cast, ended):
    policy = policy_of(cast.contoso)
    restore = previewed(drafted(captured(policy, description="old"), cast.contoso), ended)
    reading = [one for one in WRITE if "Configuration" not in one] + ["DeviceManagementConfiguration.Read.All"]
    contoso.change(permissions=reading)
    graph_clients.clear_cache()  # new permissions appear in new tokens only
    restore, run = executed(restore, ended)
    assert (run.state, items_of(run)[policy.name].reason) == (RunState.FAILED, "permission_missing")
    contoso.change(permissions=WRITE)
    graph_clients.clear_cache()
    again = ended(actors.restores.live_restore.retry_failed(run, SYSTEM).run.id)
    assert (again.state, again.retry_of_id, again.restore_id) == (RunState.SUCCEEDED, run.id, restore.id)
    assert live(contoso, policy)["description"] == "old"
    with pytest.raises(Invalid, match="Nothing in run"):
        actors.restores.live_restore.retry_failed(again, SYSTEM)


# --- undo ------------------------------------------------------------------------------------------------------------


def test_undo_writes_back_what_was_overwritten_and_removes_what_was_created(contoso, cast, ended):
    changed, gone = policy_of(cast.contoso, 1), policy_of(cast.contoso, 2)
    kept = [captured(changed, description="old"), captured(gone)]
    contoso.put(CATALOG, {**catalog_policy(changed.graph_id, changed.name), "description": "new"})
    contoso.delete(CATALOG, gone.graph_id)
    before = contoso.objects()[CATALOG]
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest(cast.contoso, kept))  # fmt: skip
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)
    restore, _ = executed(restore, ended)
    safety = restore.safety_set
    assert (safety.name, safety.manifest.count) == (f"Before restore {restore.id}", 1)
    item = RestoreItem.get(RestoreItem.restore == restore, RestoreItem.name == changed.name)
    assert snapshots.read_snapshot(Snapshot.get_by_id(item.safety_snapshot_id))["body"]["description"] == "new"
    undo = previewed(undone(restore), ended)
    assert plan_of(undo) == {changed.name: "update", gone.name: "remove"}
    undo, run = executed(undo, ended)
    assert run.state == RunState.SUCCEEDED
    after = contoso.objects()[CATALOG]
    assert {one: after[one]["description"] for one in after} == {one: before[one]["description"] for one in before}
    redo = previewed(undone(undo), ended)
    assert plan_of(redo) == {changed.name: "update", gone.name: "recreate"}


def test_a_restore_that_wrote_nothing_cannot_be_undone(contoso, cast, ended):
    restore = previewed(drafted(captured(policy_of(cast.contoso)), cast.contoso), ended)
    restore, _ = executed(restore, ended)
    with pytest.raises(Invalid, match="nothing to undo"):
        undone(restore)


# --- another tenant --------------------------------------------------------------------------------------------------


@pytest.fixture
def fabrikam(simulator, cast, contoso):
    return SimulatedTenant.add(simulator, cast.fabrikam, "fabrikam client secret", WRITE)


def assigned_snapshot(contoso, cast, name="SG-Pilot"):
    policy = policy_of(cast.contoso)
    body = {one: value for one, value in catalog_policy(policy.graph_id, policy.name).items() if one != "assignments"}
    _, snapshot = capture_by_hand(policy, SYSTEM, body, assignments=assigned_to(GROUP), groups={GROUP: name})
    return snapshot


def test_a_group_is_found_by_its_unique_name_in_the_other_tenant(contoso, fabrikam, cast, ended):
    theirs = "6" * 8 + "-0000-4000-8000-" + "6" * 12
    fabrikam.put("groups", {"id": theirs, "displayName": "SG-Pilot"})
    restore = previewed(drafted(assigned_snapshot(contoso, cast), cast.fabrikam), ended)
    executed(restore, ended)
    [made] = fabrikam.objects()[CATALOG].values()
    assert [one["target"]["groupId"] for one in made["assignments"]] == [theirs]


def test_a_group_that_is_not_there_blocks_the_policy_until_a_mapping_names_one(contoso, fabrikam, cast, ended):
    theirs = "6" * 8 + "-0000-4000-8000-" + "6" * 12
    fabrikam.put("groups", {"id": theirs, "displayName": "Pilot ring"})
    snapshot = assigned_snapshot(contoso, cast)
    restore = previewed(drafted(snapshot, cast.fabrikam), ended)
    [item] = restore_items.items(restore)
    assert (item.action, item.reason) == ("blocked", "unresolved")
    assert "the group “SG-Pilot”" in item.message
    directory = cast.contoso.directory_id
    assert mappings.missing_mappings(cast.fabrikam, directory) == {("groups", GROUP): "SG-Pilot"}
    mappings.set_mapping(cast.fabrikam, directory, ("groups", GROUP), theirs, SYSTEM)
    executed(previewed(restore, ended), ended)
    [made] = fabrikam.objects()[CATALOG].values()
    assert [one["target"]["groupId"] for one in made["assignments"]] == [theirs]


def test_two_groups_of_the_name_are_never_the_first_of_them(contoso, fabrikam, cast, ended):
    for digit in "56":
        fabrikam.put("groups", {"id": digit * 8 + "-0000-4000-8000-" + digit * 12, "displayName": "SG-Pilot"})
    [item] = restore_items.items(previewed(drafted(assigned_snapshot(contoso, cast), cast.fabrikam), ended))
    assert item.action == "blocked"
    assert "2 of this name are there" in item.message


def test_an_assignment_to_a_missing_group_is_left_out_when_that_was_chosen(contoso, fabrikam, cast, ended):
    restore = previewed(drafted(assigned_snapshot(contoso, cast), cast.fabrikam, drop_missing="yes"), ended)
    [item] = restore_items.items(restore)
    assert "SG-Pilot" in told_of(item)[0]
    executed(restore, ended)
    [made] = fabrikam.objects()[CATALOG].values()
    assert made["assignments"] == []


def test_a_second_restore_finds_what_the_first_one_made_even_when_it_was_renamed(contoso, fabrikam, cast, ended):
    snapshot = captured(policy_of(cast.contoso), description="old")
    executed(previewed(drafted(snapshot, cast.fabrikam), ended), ended)
    [made] = fabrikam.objects()[CATALOG].values()
    fabrikam.put(CATALOG, {**made, "name": "renamed"})
    restore = previewed(drafted(snapshot, cast.fabrikam), ended)
    assert plan_of(restore) == {policy_of(cast.contoso).name: "update"}
    executed(restore, ended)
    assert len(fabrikam.objects()[CATALOG]) == 1


# --- Multi Admin Approval --------------------------------------------------------------------------------------------


@pytest.fixture
def approval(contoso, cast, ended, monkeypatch):
    """A live restore of one policy that waits for its approval: (restore, run, the code)."""
    monkeypatch.setattr(outcomes, "APPROVAL_POLL_SECONDS", 0.3)
    contoso.change(flags={"approval": True})
    restore = previewed(drafted(captured(policy_of(cast.contoso), description="old"), cast.contoso), ended)
    run = actors.restores.live_restore.start(restore, SYSTEM, reason="INC-8").run
    servers.wait_for(contoso.approvals, "The request for approval")
    yield restore, run, contoso.approvals()[0]
    contoso.change(flags={"approval": False})


def test_a_write_that_needs_approval_waits_without_a_worker_and_goes_on_once_approved(approval, contoso, cast, ended):
    _restore, run, request = approval
    assert request["requestJustification"] == "INC-8"
    servers.wait_for(lambda: "Multi Admin Approval" in str(Run.get_by_id(run.id).waiting), "The wait")
    waiting = Run.get_by_id(run.id)
    assert (waiting.state, waiting.claimed_by) == (RunState.RUNNING, None)
    assert request["id"] in waiting.waiting
    assert live(contoso, policy_of(cast.contoso))["description"] == ""
    contoso.decide(request["id"])
    run = ended(run.id)
    assert (run.state, live(contoso, policy_of(cast.contoso))["description"]) == (RunState.SUCCEEDED, "old")


def test_a_write_that_was_carried_out_in_the_tenant_itself_is_our_own(approval, contoso, cast, ended):
    _restore, run, request = approval
    policy = policy_of(cast.contoso)
    contoso.put(CATALOG, {**contoso.objects()[CATALOG][policy.graph_id], "description": "old"})
    contoso.decide(request["id"], "completed")
    [item] = items_of(ended(run.id)).values()
    assert item.outcome == "updated"
    assert AuditEvent.get(AuditEvent.action == "policy:written").details["outcome"] == "updated"


@pytest.mark.parametrize("said", ["rejected", "expired"])
def test_a_write_that_is_not_approved_ends_blocked(approval, contoso, cast, ended, said):
    _restore, run, request = approval
    contoso.decide(request["id"], said)
    run = ended(run.id)
    [item] = items_of(run).values()
    assert (item.outcome, item.reason) == ("blocked", "approval_refused")
    assert said in item.message
    assert live(contoso, policy_of(cast.contoso))["description"] == ""


def test_two_refused_requests_of_one_policy_end_it_once(approval, contoso, ended):
    _restore, run, request = approval
    servers.wait_for(lambda: "Multi Admin Approval" in str(Run.get_by_id(run.id).waiting), "The wait")
    first = Write.get()
    Write.create(run=run, item=first.item_id, method="POST", path="/other", request_mark="x", state="waiting",
                 approval=first.approval)  # fmt: skip
    contoso.decide(request["id"], "rejected")
    run = ended(run.id)
    assert (run.attempts, [one.outcome for one in items_of(run).values()]) == (0, ["blocked"])
    assert {one.state for one in Write.select()} == {"refused"}


# --- lost answers ----------------------------------------------------------------------------------------------------


# 503 with a wait is throttling: that a 5xx asks us to wait does not say that nothing was made.
@pytest.mark.parametrize(("status", "wait"), [(504, ""), (500, ""), (0, ""), (503, "0.2")])
def test_a_create_whose_answer_was_lost_is_adopted_not_repeated(contoso, cast, ended, status, wait):
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.fault(kind="lost", status=status, retry_after=wait, path="configurationPolicies$")
    _, run = executed(restore, ended)
    assert (run.state, items_of(run)[policy.name].outcome) == (RunState.SUCCEEDED, "recreated")
    assert [one["name"] for one in contoso.objects()[CATALOG].values()].count(policy.name) == 1
    assert [one.state for one in Write.select().order_by(Write.id)] == ["found"]


def test_an_answer_that_comes_late_does_not_hide_what_was_adopted(contoso, cast, ended):
    """A worker that was taken for dead comes back with the answer to a create that was given up and sent again."""
    restore = drafted(captured(policy_of(cast.contoso)), cast.contoso)
    [item] = restore_items.items(restore)
    run = Run.create(tenant=cast.contoso, kind="restore.live", dedupe_key="x", restore_id=restore.id)
    one = Write.create(run=run, item=item, method="POST", path="/x", request_mark="x", known_ids=[])
    for made in ("the first", "the second"):
        db_writes.record_answers([WriteAnswer(one.id, WriteState.ANSWERED, item_id=item.id, created_id=made)])
    assert RestoreItem.get_by_id(item.id).created_id == "the first"


def test_two_of_one_name_whose_answers_were_lost_take_one_each(contoso, cast, ended):
    first, second = policy_of(cast.contoso, 1), policy_of(cast.contoso, 2)
    Policy.update(name="Same name").where(Policy.tenant == cast.contoso).execute()
    kept = [captured(Policy.get_by_id(one.id), description=str(one.id)) for one in (first, second)]
    for one in (first, second):
        contoso.delete(CATALOG, one.graph_id)
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifest(cast.contoso, kept))  # fmt: skip
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)
    contoso.fault(kind="lost", status=504, path="configurationPolicies$", times=2)
    _, run = executed(restore, ended)
    assert run.state == RunState.SUCCEEDED
    there = contoso.objects()[CATALOG].values()
    assert sorted(one["description"] for one in there) == sorted(str(one.id) for one in (first, second))


def settle_after(monkeypatch, seconds):
    monkeypatch.setenv("TENANTKEEP_SETTLE_SECONDS", str(seconds))
    config.settings.cache_clear()


def test_a_create_that_was_lost_on_its_way_is_sent_again_once_that_is_sure(contoso, cast, ended, monkeypatch):
    settle_after(monkeypatch, seconds=1)
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.fault(kind="lost_before", path="configurationPolicies$")
    _, run = executed(restore, ended)
    assert items_of(run)[policy.name].outcome == "recreated"
    assert [one.state for one in Write.select().order_by(Write.id)] == ["not found", "answered"]


def test_what_a_lost_answer_made_is_found_however_late_it_appears(contoso, cast, ended, monkeypatch):
    settle_after(monkeypatch, seconds=6)
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.change(flags={"consistency_delay_s": 3})
    contoso.fault(kind="lost", status=504, path="configurationPolicies$")
    _, run = executed(restore, ended)
    contoso.change(flags={"consistency_delay_s": 0})
    assert items_of(run)[policy.name].outcome == "recreated"
    assert contoso.requests()["created"] == {CATALOG: 1}


def test_what_appears_twice_after_a_lost_answer_is_uncertain_and_says_what_to_do(contoso, cast, ended):
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.fault(kind="lost", status=504, path="configurationPolicies$")
    contoso.fault(kind="status", status=503, path="configurationPolicies$", times=1)
    start = actors.restores.live_restore.start(restore, SYSTEM, reason="ticket")
    servers.wait_for(Write.select().where(Write.state == "unknown").exists, "The lost answer")
    contoso.put(CATALOG, catalog_policy("7" * 8 + "-0000-4000-8000-" + "7" * 12, policy.name))
    run = ended(start.run.id)
    [item] = items_of(run).values()
    assert (item.state, item.reason) == ("uncertain", "uncertain")
    assert "Keep one of them" in item.message


def test_what_is_created_and_not_shown_yet_is_waited_for(contoso, cast, ended):
    policy, restore = deleted_and_previewed(contoso, cast, ended)
    contoso.change(flags={"consistency_delay_s": 1.5})
    _, run = executed(restore, ended)
    contoso.change(flags={"consistency_delay_s": 0})
    assert items_of(run)[policy.name].outcome == "recreated"
    assert contoso.requests()["writes"] == 1
