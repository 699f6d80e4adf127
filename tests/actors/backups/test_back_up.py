"""Backing up through the real queue, worker and simulator."""

import threading

import pytest

import actors.backups.back_up
from actors.backups import listing
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.backups import backup_sets, manifests, set_retries
from db.errors import Invalid
from db.models import AuditEvent, BackupSet, Content, Notification, Policy, Run, RunItem, Snapshot, Tenant
from db.policies import snapshots
from db.runs import completion, run_progress
from db.states import RunState, SetState
from graph.policy_types.table import POLICY_TYPES
from graph.read import directory_names
from graph.read.expiries import EXPIRY_KINDS
from graph.transport import client, rate_limits
from tests.support.simulated_tenant import catalog_policy

PATH = "deviceManagement/configurationPolicies"
# Groups are not listed: they come by what refers to them.
LISTS = sum(not row.is_referred for row in POLICY_TYPES.values())
pytestmark = pytest.mark.usefixtures("quick", "lock_order")


def fill(graph, count):
    for number in range(count):
        graph.put(PATH, catalog_policy(f"p{number}", f"Policy {number}"))


def outcomes(run):
    return {str(name): count for name, count in
            ((row.outcome, RunItem.select().where((RunItem.run == run) & (RunItem.outcome == row.outcome)).count())
             for row in RunItem.select(RunItem.outcome).where(RunItem.run == run).distinct())}  # fmt: skip


def test_a_tenant_is_listed_and_read_and_the_set_holds_every_policy(graph, back_up, cast):
    fill(graph, 100)  # two parts
    run, made = back_up()
    assert (run.state, run.total, run.done) == (RunState.SUCCEEDED, 102, 102)
    assert made.state == SetState.COMPLETE
    kept = Snapshot.select().where(Snapshot.id.in_(backup_sets.snapshot_ids(made)))
    assert {one.name for one in kept} == {f"Policy {n}" for n in range(100)} | {"Contoso policy 1", "Contoso policy 2"}
    assert snapshots.read_snapshot(kept[0])["body"]["settings"]
    row = {"state": "done", "offer": "offered", "listed": 102, "message": None, "captured": 102}
    assert made.types["configurationPolicies"] == row
    assert not Run.select().where(Run.parent.is_null(False)).exists(), "its parts are gone"
    assert Notification.select().where(Notification.user == cast.ada).count() == 1
    assert AuditEvent.select().where(AuditEvent.action == "backup-set:completed").count() == 1
    assert Tenant.get_by_id(cast.contoso.id).last_backup_id == made.id


def test_a_second_backup_of_an_unchanged_tenant_asks_for_lists_alone(graph, back_up):
    fill(graph, 30)
    _, one = back_up()
    asked = graph.requests()["graph"]
    second, two = back_up()
    assert (second.state, two.is_full, outcomes(second)) == (RunState.SUCCEEDED, False, {"unchanged": 32})
    assert graph.requests()["graph"] - asked <= LISTS + 1
    assert one.manifest_id == two.manifest_id, "nights on which nothing changed share one"
    assert Content.select().count() == Snapshot.select().count() == 32


def test_only_what_changed_is_read_again(graph, back_up):
    fill(graph, 10)
    back_up()
    changed = catalog_policy("p3", "Policy 3", count=3)
    graph.put(PATH, {**changed, "lastModifiedDateTime": "2025-06-01T00:00:00Z"})
    target = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
    graph.put(PATH, {**catalog_policy("p4", "Policy 4"), "assignments": [{"id": "a", "target": target}]})
    graph.delete(PATH, "p5")
    run, made = back_up()
    assert outcomes(run) == {"unchanged": 9, "captured": 2}
    captured = RunItem.select().where((RunItem.run == run) & (RunItem.outcome == "captured"))
    assert {item.graph_id for item in captured} == {"p3", "p4"}, "an assignment changes no modification time"
    assert len(backup_sets.snapshot_ids(made)) == 11
    assert Policy.get(Policy.graph_id == "p5").state == "gone"


def test_a_full_backup_reads_everything_and_stores_nothing_twice(graph, back_up):
    fill(graph, 5)
    back_up()
    run, made = back_up(is_full=True)
    assert made.is_full
    assert outcomes(run) == {"unchanged": 7}
    assert Snapshot.select().count() == 7


def test_a_selection_of_policies_or_types_backs_up_these_alone(graph, back_up, cast):
    fill(graph, 3)
    back_up()
    chosen = Policy.get(Policy.graph_id == "p1")
    run, made = back_up(policy_ids=[chosen.id])
    assert ([item.policy_id for item in run.items], made.state) == ([chosen.id], SetState.COMPLETE)
    run, made = back_up(policy_types=["roleScopeTags"])
    assert (run.total, list(made.types)) == (0, ["roleScopeTags"])


def test_a_policy_that_never_reads_fails_alone_and_can_be_tried_again(graph, back_up, cast, ended, monkeypatch):
    monkeypatch.setattr(actors.queue.run_actor, "LONGEST_BACKOFF", 0.05)
    fill(graph, 5)
    graph.fault(kind="status", path="p2", status=500, times=5)
    run, made = back_up()
    assert (run.state, run.failed, run.done) == (RunState.PARTIAL, 1, 6)
    assert made.state == SetState.INCOMPLETE
    assert [one["name"] for one in made.problems] == ["Policy 2"]
    again = ended(actors.backups.back_up.retry_failed(run, SYSTEM).run.id)
    assert (again.state, again.retry_of_id, again.total) == (RunState.SUCCEEDED, run.id, 1)
    completed = BackupSet.get()
    assert (completed.id, completed.state, completed.problems) == (made.id, SetState.COMPLETE, [])
    assert len(backup_sets.snapshot_ids(completed)) == 7
    assert completed.types["configurationPolicies"]["captured"] == 7
    with pytest.raises(Invalid, match="Nothing is missing"):
        actors.backups.back_up.retry_failed(run, SYSTEM)


def test_a_set_stays_as_it_was_until_its_retry_ends_and_a_second_retry_finds_the_first(
    graph, back_up, cast, ended, monkeypatch
):
    monkeypatch.setattr(actors.queue.run_actor, "LONGEST_BACKOFF", 0.05)
    fill(graph, 5)
    graph.fault(kind="status", path="p2", status=500, times=5)
    graph.fault(kind="status", path="deviceManagement/deviceCategories", status=503, times=20)
    run, made = back_up()
    held = backup_sets.snapshot_ids(made)
    graph.change(flags={"latency_ms": 1500})
    first = actors.backups.back_up.retry_failed(run, SYSTEM)
    second = actors.backups.back_up.retry_failed(run, SYSTEM)
    assert (first.is_new, second.is_new, second.run.id) == (True, False, first.run.id)
    under_way = BackupSet.get()
    assert (under_way.state, backup_sets.snapshot_ids(under_way)) == (SetState.INCOMPLETE, held)
    assert not set_retries.is_completable(under_way)
    assert BackupSet.select().where(set_retries.is_being_completed(BackupSet.id)).count() == 1
    completion.request_cancel(first.run, SYSTEM)
    assert ended(first.run.id).state == RunState.CANCELLED
    graph.clear_faults()
    graph.change(flags={"latency_ms": 0})
    cancelled = BackupSet.get()
    assert set(held) <= set(backup_sets.snapshot_ids(cancelled))
    assert (cancelled.state, cancelled.types["deviceCategories"]["state"]) == (SetState.INCOMPLETE, "failed")
    ended(actors.backups.back_up.retry_failed(first.run, SYSTEM).run.id)
    completed = BackupSet.get()
    assert (completed.state, completed.problems) == (SetState.COMPLETE, [])
    assert len(backup_sets.snapshot_ids(completed)) == 7


def test_a_policy_deleted_before_the_retry_is_gone_and_the_set_complete(graph, back_up, cast, ended, monkeypatch):
    monkeypatch.setattr(actors.queue.run_actor, "LONGEST_BACKOFF", 0.05)
    fill(graph, 3)
    graph.fault(kind="status", path="p2", status=500, times=5)
    run, _ = back_up()
    graph.delete(PATH, "p2")
    assert ended(actors.backups.back_up.retry_failed(run, SYSTEM).run.id).state == RunState.SUCCEEDED
    completed = BackupSet.get()
    assert (completed.state, completed.problems, completed.types["configurationPolicies"]["gone"]) == (
        SetState.COMPLETE,
        [],
        1,
    )
    assert len(backup_sets.snapshot_ids(completed)) == 4


def test_a_policy_deleted_between_list_and_read_is_gone_and_no_failure(graph, back_up):
    fill(graph, 3)
    body = {"error": {"code": "ResourceNotFound", "message": "gone"}}
    graph.fault(kind="status", path="configurationPolicies/p1", status=404, body=body)
    run, made = back_up()
    assert (run.state, made.state) == (RunState.SUCCEEDED, SetState.COMPLETE)
    assert outcomes(run)["gone"] == 1


def test_throttling_in_mid_run_waits_and_loses_nothing(graph, back_up):
    fill(graph, 45)
    graph.fault(kind="status", path=r"configurationPolicies/p\d", status=429, retry_after="0.3", times=30)
    run, made = back_up()
    assert (run.state, run.done, made.state) == (RunState.SUCCEEDED, 47, SetState.COMPLETE)


@pytest.mark.parametrize("path", [r"deviceConfigurations$", r"configurationPolicies/p\d", r"^\$batch$"])
def test_throttling_in_other_words_costs_no_attempt(graph, back_up, path, monkeypatch):
    """A 500 that says "too many requests to query broker", of a list, of parts of a $batch and of a call as a whole."""
    monkeypatch.setitem(rate_limits.DEFAULT_WAIT, rate_limits.INTUNE, 0.3)
    monkeypatch.setitem(rate_limits.DEFAULT_WAIT, rate_limits.DIRECTORY, 0.3)
    fill(graph, 5)
    graph.fault(kind="query_broker", path=path, times=8)
    run, made = back_up()
    assert (run.state, run.done, made.state) == (RunState.SUCCEEDED, 7, SetState.COMPLETE)
    assert [one.attempts for one in Run.select()] == [0] * Run.select().count()


def test_cancelling_ends_it_at_once_and_keeps_what_was_read(graph, worker, ended, cast, monkeypatch):
    # More parts than are under way at once.
    monkeypatch.setattr(actors.backups.back_up, "ITEMS_OF_A_PART", 20)
    fill(graph, 200)
    graph.change(flags={"latency_ms": 600})
    started = actors.backups.back_up.start(cast.contoso, SYSTEM).run
    while not RunItem.select().where((RunItem.run == started) & (RunItem.state == "done")).exists():
        assert Run.get_by_id(started.id).state in {"queued", "running"}
    completion.request_cancel(Run.get_by_id(started.id), SYSTEM)
    run = ended(started.id)
    graph.change(flags={"latency_ms": 0})
    made = BackupSet.get(BackupSet.run == run)
    assert (run.state, made.state) == (RunState.CANCELLED, SetState.INCOMPLETE)
    assert 0 < run.done < 202
    assert len(backup_sets.snapshot_ids(made)) == run.done


def test_names_of_groups_are_asked_for_once_in_a_run(graph, back_up, cast, monkeypatch):
    groups = [{"id": f"{n}" * 8 + "-0000-4000-8000-000000000000", "displayName": f"Group {n}"} for n in range(3)]
    for group in groups:
        graph.put("groups", group)
    targets = [{"id": one["id"], "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget",
                                            "groupId": one["id"]}} for one in groups]  # fmt: skip
    for number in range(45):
        graph.put(PATH, {**catalog_policy(f"p{number}", f"P {number}"), "assignments": targets})
    are_answered, record, look_up = threading.Event(), listing._record_lists, directory_names.look_up_names

    def look_up_and_tell(*arguments):
        found = yield from look_up(*arguments)
        are_answered.set()
        return found

    def record_after_the_names(*arguments):
        # The tenant is new to us: its names are looked up while the lists are recorded, or this waits in vain.
        assert are_answered.wait(60)
        record(*arguments)

    Policy.delete().where(Policy.tenant == cast.contoso).execute()
    monkeypatch.setattr(directory_names, "look_up_names", look_up_and_tell)
    monkeypatch.setattr(listing, "_record_lists", record_after_the_names)
    back_up()
    snapshot = Snapshot.get(Snapshot.name == "P 7")
    assert set(snapshot.references["groups"].values()) == {"Group 0", "Group 1", "Group 2"}
    # Each policy, each list, each name and each definition once; and, once a day, what runs out.
    assert graph.requests()["graph"] <= 47 + LISTS + 3 + 3 + len(EXPIRY_KINDS) + 1


def test_a_manifest_packs_any_ids_and_gives_them_back():
    for ids in ([], [1], [127, 128, 129, 16384, 2**31 - 1], list(range(1, 5000, 3))):
        assert manifests.unpack(manifests.pack(ids)) == ids
    assert len(manifests.pack(list(range(1000, 1500)))) < 100


@pytest.mark.parametrize(
    "fault",
    [
        *({"kind": "status", "path": "p1", "status": status, "times": 2} for status in (500, 502, 503, 504)),
        {"kind": "reset", "path": r"\$batch", "times": 2},
        {"kind": "truncate", "path": r"\$batch", "times": 1},
        {"kind": "drop_part", "path": r"\$batch", "times": 5},
        {"kind": "delay", "path": "p1", "seconds": 2.5},
    ],
    ids=lambda fault: f"{fault['kind']} {fault.get('status', '')}",
)
def test_what_passes_is_tried_again_and_nothing_is_missing(graph, back_up, fault, monkeypatch):
    monkeypatch.setattr(actors.queue.run_actor, "LONGEST_BACKOFF", 0.05)
    if fault["kind"] == "delay":
        monkeypatch.setattr(client, "TIMEOUT", (2, 2))
    fill(graph, 30)
    graph.fault(**fault)
    run, made = back_up()
    assert (run.state, run.done, made.state) == (RunState.SUCCEEDED, 32, SetState.COMPLETE), made.problems
    assert Snapshot.select().count() == 32


def test_a_token_that_ends_in_mid_run_is_renewed(graph, back_up):
    graph.change(flags={"token_lifetime_s": 3, "latency_ms": 1200})
    graph_clients.clear_cache()
    fill(graph, 100)
    run, made = back_up()
    graph.change(flags={"token_lifetime_s": 3599, "latency_ms": 0})
    assert (run.state, made.state) == (RunState.SUCCEEDED, SetState.COMPLETE), made.problems
    assert graph.requests()["tokens"] >= 2


def test_a_permission_lost_in_mid_run_fails_the_rest_with_what_to_grant(graph, back_up):
    fill(graph, 30)
    body = {"error": {"code": "Forbidden", "message": "Application is not authorized to perform this operation."}}
    graph.fault(kind="status", path=r"configurationPolicies/p2\d", status=403, body=body, times=1000)
    run, made = back_up()
    assert (run.state, run.done, run.failed) == (RunState.PARTIAL, 22, 10)
    assert {one["reason"] for one in made.problems} == {"permission_missing"}
    assert "DeviceManagementConfiguration.Read.All" in made.problems[0]["message"]


def test_progress_is_right_while_it_runs(graph, worker, ended, cast):
    fill(graph, 200)
    graph.change(flags={"latency_ms": 500})
    run = actors.backups.back_up.start(cast.contoso, SYSTEM).run
    seen = []
    while Run.get_by_id(run.id).state in {"queued", "running"}:
        seen.append(run_progress.count_by_state(Run.get_by_id(run.id)))
    graph.change(flags={"latency_ms": 0})
    done = [one["done"] for one in seen]
    assert done == sorted(done)
    assert len(set(done)) >= 4
    assert {one["total"] for one in seen} <= {0, 202}
    assert run_progress.count_by_state(ended(run.id))["done"] == 202
