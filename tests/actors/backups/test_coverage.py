"""What cannot be read costs exactly itself: a policy type, a policy, an element of a list, a name."""

from datetime import timedelta

import pytest

import actors.backups.back_up
import actors.backups.sync
import actors.plans.preview
from actors.plans import drafts
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import backup_sets, set_retries
from db.clock import utcnow
from db.models import BackupSet, Coverage, Policy, Run, RunItem, Snapshot, Tenant
from db.restores import restore_items
from db.runs import child_runs, claims, completion, runs
from db.states import Offer, RunState, SetState, Standing
from db.tenants import backup_health, coverage
from graph.policy_types.table import POLICY_TYPES
from tests.support.restore_steps import options, previewed
from tests.support.simulated_tenant import READ, WRITE, catalog_policy

CATALOG, SCRIPTS = "deviceManagement/configurationPolicies", "deviceManagement/deviceManagementScripts"
pytestmark = pytest.mark.usefixtures("app", "worker", "quick")


@pytest.fixture
def back_up(graph, ended, cast, monkeypatch):
    """back_up(**options) -> (ended run, its set)."""
    monkeypatch.setattr("actors.queue.run_actor.LONGEST_BACKOFF", 0.05)

    def act(**chosen):
        run = ended(actors.backups.back_up.start(Tenant.get_by_id(cast.contoso.id), SYSTEM, **chosen).run.id)
        return run, BackupSet.get(BackupSet.run == run)

    yield act
    graph.clear_faults()


def stand(tenant):
    return backup_health.health_of_tenants([tenant.id], utcnow())[0]


def of_type(tenant, policy_type):
    return Coverage.get((Coverage.tenant == tenant) & (Coverage.policy_type == policy_type))


def fill(graph, count):
    for number in range(count):
        graph.put(CATALOG, catalog_policy(f"p{number}", f"Policy {number}"))


def test_a_type_that_fails_every_night_leaves_all_others_backed_up_and_incremental(graph, back_up, cast):
    fill(graph, 150)
    graph.fault(kind="status", path="deviceManagement/deviceCategories", status=503, times=100)
    _, first = back_up()
    asked = graph.requests()["graph"]
    _, second = back_up()
    again = graph.requests()["graph"] - asked
    assert {first.state, second.state} == {SetState.INCOMPLETE}
    assert len(backup_sets.snapshot_ids(second)) == 152
    assert again - 5 - 45 <= 0.05 * asked, "lists alone, and the tries of the one that fails"
    found = stand(cast.contoso)
    assert (found.standing, [one.policy_type for one in found.exceptions]) == (
        Standing.INCOMPLETE,
        ["deviceCategories"],
    )
    assert found.exceptions[0].bad_since == BackupSet.get_by_id(first.id).run.started_at, "since the first night"
    assert "503" in found.exceptions[0].why
    assert Tenant.get_by_id(cast.contoso.id).last_backup_id == second.id
    graph.clear_faults()
    back_up()
    assert stand(cast.contoso).exceptions == []


def test_a_retry_of_what_failed_heals_the_exception(graph, back_up, ended, cast):
    fill(graph, 3)
    graph.fault(kind="status", path="configurationPolicies/p1", status=500, times=5)
    run, _ = back_up()
    [excepted] = stand(cast.contoso).exceptions
    assert (excepted.policy_type, excepted.why) == ("configurationPolicies", "1 of its policies could not be read.")
    ended(actors.backups.back_up.retry_failed(run, SYSTEM).run.id)
    assert stand(cast.contoso).exceptions == []


def test_what_is_not_offered_is_no_failure_and_asked_for_again_after_a_week(graph, back_up, ended, cast):
    def asked():
        return sum("inventoryPolicies" in one for one in graph._call("GET", "/requests").json()["recent"])

    ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert (of_type(cast.contoso, "inventoryPolicies").offer, asked()) == (Offer.NOT_OFFERED, 1)
    run, made = back_up()
    assert (run.state, made.state, made.problems, asked()) == (RunState.SUCCEEDED, SetState.COMPLETE, [], 1)
    assert stand(cast.contoso).exceptions == []
    [row] = coverage.uncovered(cast.contoso)
    assert "inventoryPolicies" in row.why
    Coverage.update(asked_at=utcnow() - timedelta(days=8)).execute()
    graph.change(flags={"not_offered": []})
    back_up()
    assert (of_type(cast.contoso, "inventoryPolicies").offer, asked()) == (Offer.OFFERED, 2)
    graph.change(flags={"not_offered": ["deviceManagement/inventoryPolicies"]})
    back_up(policy_types=["inventoryPolicies"])
    assert asked() == 3, "who asks for just that gets an answer"


def test_what_may_not_be_read_is_named_with_its_permission_until_it_may(graph, back_up, cast):
    graph.change(permissions=[one for one in READ if "Apps" not in one])
    graph_clients.clear_cache()
    _, made = back_up()
    assert made.state == SetState.WARNINGS
    found = stand(cast.contoso)
    assert {one.offer for one in found.exceptions} == {Offer.NOT_PERMITTED}
    assert "DeviceManagementApps.Read.All" in found.exceptions[0].why
    graph.change(permissions=READ)
    graph_clients.clear_cache()
    back_up()
    assert stand(cast.contoso).exceptions == []


def test_a_policy_that_was_not_read_for_too_long_is_read_again_whatever_its_list_says(graph, back_up, cast):
    fill(graph, 4)
    back_up()
    assert back_up()[0].done == 6
    Policy.update(last_captured_at=utcnow() - timedelta(days=8)).where(Policy.graph_id == "p2").execute()
    before = graph.requests()["graph"]
    back_up()
    read = graph._call("GET", "/requests").json()["recent"][before - graph.requests()["graph"] :]
    assert sum("configurationPolicies/p" in one for one in read) == 1
    assert Policy.get(Policy.graph_id == "p2").last_captured_at > utcnow() - timedelta(minutes=1)


def script(number, **more):
    return {"id": f"s{number}", "displayName": f"Script {number}", "scriptContent": "eA==", "fileName": "x.ps1",
            "lastModifiedDateTime": "2025-04-18T11:09:03Z", "assignments": [], **more}  # fmt: skip


@pytest.fixture
def scripts(graph):
    """Nine scripts, one of which has an assignment without its target."""
    for number in range(8):
        graph.put(SCRIPTS, script(number))
    graph.put(SCRIPTS, script(8, assignments=[{"id": "a"}]))
    return graph


def test_one_damaged_element_costs_its_policy_and_the_eight_others_are_kept(scripts, back_up, ended, cast):
    sync = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert sync.state == RunState.SUCCEEDED
    assert Policy.select().where(Policy.policy_type == "deviceManagementScripts").count() == 9
    run, made = back_up()
    assert (run.state, made.types["deviceManagementScripts"]["captured"]) == (RunState.PARTIAL, 8)
    [problem] = made.problems
    assert (problem["name"], problem["policy_type"]) == ("Script 8", "deviceManagementScripts")
    assert "assignments.target" in problem["message"]


def test_the_others_of_a_damaged_list_are_compared_and_restored(scripts, back_up, ended, cast):
    scripts.change(permissions=WRITE)
    graph_clients.clear_cache()
    _, made = back_up()
    scripts.put(SCRIPTS, script(3, scriptContent="eQ=="))
    scripts.delete(SCRIPTS, "s4")
    restore = drafts.from_backup_set(made, cast.contoso, options(), SYSTEM, policy_types=["deviceManagementScripts"])
    plan = {one.name: one.action for one in restore_items.items(previewed(restore, ended))}
    assert plan == {f"Script {n}": {3: "update", 4: "recreate"}.get(n, "matches") for n in range(8)}


def test_an_element_without_an_id_is_named_and_lets_no_other_be_taken_for_gone(graph, back_up, ended, cast):
    fill(graph, 2)
    back_up()
    there = [one for one in graph.objects()[CATALOG].values() if one["id"] != "p1"]
    page = {"value": [*there, {"name": "Policy 1", "id": None}, "?"]}
    graph.fault(kind="status", path="configurationPolicies$", status=200, body=page, times=2)
    run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    item = RunItem.get((RunItem.run == run) & (RunItem.policy_type == "configurationPolicies"))
    assert "no usable id of “Policy 1”, “(no name)”" in item.message
    run, made = back_up()
    assert {one["name"] for one in made.problems} == {"Policy 1", "(no name)"}
    assert Policy.get(Policy.graph_id == "p1").state == "present"
    graph.clear_faults()
    assert back_up()[1].state == SetState.COMPLETE


def test_a_name_that_cannot_be_looked_up_costs_the_name_and_not_the_policy(graph, back_up, cast):
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "g1"}
    graph.put("groups", {"id": "g1", "displayName": "SG-Pilot"})
    graph.put(CATALOG, {**catalog_policy("p", "P"), "assignments": [{"id": "a", "target": target}]})
    graph.fault(kind="status", path="groups/g1", status=500, times=50)
    run, made = back_up()
    assert (run.state, made.state) == (RunState.SUCCEEDED, SetState.COMPLETE)
    kept = Snapshot.get(Snapshot.name == "P")
    assert kept.references["groups"] == {"g1": None}
    assert "could not be looked up" in kept.proof["names"]


def test_a_reference_that_cannot_be_looked_up_costs_the_policy_that_holds_it(graph, back_up, ended, cast):
    graph.change(permissions=WRITE)
    graph_clients.clear_cache()
    for number in range(3):
        group = f"{number}" * 8 + "-0000-4000-8000-000000000000"
        target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
        graph.put("groups", {"id": group, "displayName": f"Group {number}"})
        graph.put(
            CATALOG, {**catalog_policy(f"r{number}", f"R{number}"), "assignments": [{"id": "a", "target": target}]}
        )
    _, made = back_up()
    for number in range(3):
        graph.delete(CATALOG, f"r{number}")
    graph.fault(kind="status", path="groups/1111|groups$", status=500, times=50)
    restore = drafts.from_backup_set(made, cast.contoso, options(), SYSTEM)
    items = {one.name: one for one in restore_items.items(previewed(restore, ended)) if one.name.startswith("R")}
    assert {name: one.action for name, one in items.items()} == {"R0": "recreate", "R1": "blocked", "R2": "recreate"}
    assert "could not be looked up" in str([items["R1"].message, items["R1"].resolutions])


def test_a_set_that_an_earlier_version_began_is_listed_whole(graph, worker, ended, cast):
    """It named no policy type in advance: nothing in it must not mean that there is nothing."""
    fill(graph, 3)
    worker.pause()
    run = actors.backups.back_up.start(cast.contoso, SYSTEM).run
    assert BackupSet.update(types={}).where(BackupSet.run == run).execute() == 1
    worker.resume()
    ended(run.id)
    made = BackupSet.get(BackupSet.run == run)
    assert len(backup_sets.snapshot_ids(made)) == 5
    assert len(made.types) == len(POLICY_TYPES)


def test_a_retry_of_an_older_backup_heals_nothing_of_the_last_one(graph, back_up, ended, cast):
    fill(graph, 3)
    graph.fault(kind="status", path="configurationPolicies/p1", status=500, times=5)
    older, _ = back_up(is_full=True)
    graph.fault(kind="status", path="configurationPolicies/p2", status=500, times=5)
    back_up(is_full=True)
    ended(actors.backups.back_up.retry_failed(older, SYSTEM).run.id)
    assert [one.policy_type for one in stand(cast.contoso).exceptions] == ["configurationPolicies"]


def test_a_backup_that_somebody_stops_takes_nothing_back_of_the_one_before(graph, back_up, ended, cast):
    fill(graph, 3)
    _, good = back_up()
    graph.change(flags={"latency_ms": 500})
    run = actors.backups.back_up.start(cast.contoso, SYSTEM, is_full=True).run
    completion.request_cancel(run, SYSTEM)
    assert ended(run.id).state == RunState.CANCELLED
    graph.change(flags={"latency_ms": 0})
    assert stand(cast.contoso).exceptions == []
    assert Tenant.get_by_id(cast.contoso.id).last_backup_id == good.id


def test_what_was_never_consented_to_makes_no_backup_partial_until_it_was_read_once(graph, back_up, cast):
    rule = {"id": "rule", "displayName": "Old", "description": "", "deviceCleanupRulePlatformType": "windows",
            "deviceInactivityBeforeRetirementInDays": 90, "lastModifiedDateTime": "2025-04-18T11:09:03Z"}  # fmt: skip
    graph.put("deviceManagement/managedDeviceCleanupRules", rule)
    without = [one for one in READ if "ManagedDevices" not in one]
    graph.change(permissions=without)
    graph_clients.clear_cache()
    _, first = back_up()
    assert (first.state, first.problems, stand(cast.contoso).exceptions) == (SetState.COMPLETE, [], [])
    row = of_type(cast.contoso, "managedDeviceCleanupRules")
    assert row.offer == Offer.NEVER_READ
    assert "DeviceManagementManagedDevices.Read.All" in row.why
    graph.change(permissions=READ)
    graph_clients.clear_cache()
    back_up()
    assert of_type(cast.contoso, "managedDeviceCleanupRules").offer == Offer.OFFERED, "asked for with each backup"
    graph.change(permissions=without)
    graph_clients.clear_cache()
    _, last = back_up()
    assert last.state == SetState.WARNINGS
    assert [one.offer for one in stand(cast.contoso).exceptions] == [Offer.NOT_PERMITTED], "now something is missing"


def test_not_offered_is_not_believed_at_once_where_policies_are_known(graph, back_up, cast):
    """An outage in other words must not stop a backup for a week, in silence."""
    fill(graph, 3)
    back_up()
    error = {"error": {"code": "TenantDeploymentNotFound", "message": "not deployed"}}
    graph.fault(kind="status", path="configurationPolicies$", status=404, body=error, times=1)
    _, made = back_up()
    assert made.state == SetState.INCOMPLETE
    [excepted] = stand(cast.contoso).exceptions
    assert (excepted.policy_type, excepted.offer) == ("configurationPolicies", Offer.FAILED)
    _, made = back_up()
    assert (made.state, stand(cast.contoso).exceptions) == (SetState.COMPLETE, [])
    Coverage.update(bad_since=utcnow() - timedelta(days=8)).where(
        Coverage.policy_type == "configurationPolicies"
    ).execute()
    graph.fault(kind="status", path="configurationPolicies$", status=404, body=error, times=1)
    back_up()
    assert of_type(cast.contoso, "configurationPolicies").offer == Offer.NOT_OFFERED, "after a week it is"


def test_what_the_part_that_lists_could_not_list_fails_by_name(cast):
    types = ["assignmentFilters", "deviceCategories"]
    whole = runs.start(tenant=cast.contoso, kind="backup_set.capture", dedupe_key="k", items=[], actor=SYSTEM).run
    backup_sets.record_type(backup_sets.begin(whole, {}, False, types), types[0], Offer.OFFERED)
    [part] = child_runs.create_children(claims.take_claim(whole.id, whole.kind), [], with_rest=True)
    child_runs.fail_child(claims.take_claim(part.id, part.kind), "worker_died", "The worker died 5 times.", None)
    child_runs.finish_parent_if_done(whole.id)
    ended_run = Run.get_by_id(whole.id)
    made = BackupSet.get(BackupSet.run == whole)
    assert (ended_run.state, ended_run.failed, made.state) == (RunState.FAILED, 1, SetState.INCOMPLETE)
    assert [one["policy_type"] for one in made.problems] == ["deviceCategories"]
    assert set_retries.find_lacking(made) == set_retries.Lacking([], ["deviceCategories"])
