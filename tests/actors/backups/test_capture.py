"""Syncing and capturing through the real queue, worker and simulator."""

from datetime import timedelta

import pytest
import requests

import actors.backups.capture
import actors.backups.sync
import config
from actors.queue import run_actor
from actors.reading.answer_memory import RunMemory
from actors.tenants import connection_check, graph_clients
from db.audit.audit import SYSTEM, Actor
from db.backups import backup_sets
from db.clock import utcnow
from db.models import AuditEvent, Content, Policy, Run, RunAnswer, RunItem, Snapshot
from db.policies import snapshots
from db.policies.snapshots import SnapshotDraft
from db.runs import claims, runs
from db.states import ItemState, Outcome, PolicyState, RunState
from db.tenants import tenants
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading
from graph.transport.client import Answer
from tests.support.simulated_tenant import READ, WRITE, catalog_policy

pytestmark = pytest.mark.usefixtures("lock_order")

PATH = "deviceManagement/configurationPolicies"


@pytest.fixture
def policy(cast):
    return Policy.get((Policy.tenant == cast.contoso) & Policy.name.endswith("1"))


@pytest.fixture
def capture(policy, worker, ended, cast):
    return lambda: ended(actors.backups.capture.start(policy, Actor.person(cast.ada, "127.0.0.1")).run.id)


def only_item(run):
    return RunItem.get(RunItem.run == run)


def test_a_capture_keeps_content_proof_and_audit_event(graph, capture, policy, cast):
    run = capture()
    assert (run.state, run.done, run.total) == (RunState.SUCCEEDED, 1, 1)
    snapshot = only_item(run).snapshot
    assert (
        snapshots.read_snapshot(snapshot)["body"]["settings"][1]["settingInstance"]["simpleSettingValue"]["value"] == 1
    )
    assert snapshot.proof["settings"] == {"stored": 2, "declared": 2}
    assert (snapshot.captured_by, snapshot.run) == (cast.ada, run)
    event = AuditEvent.get(AuditEvent.action == "snapshot:captured")
    assert (event.actor, event.details["outcome"]) == ("ada@example.com", "captured")


def test_unchanged_content_makes_no_row_and_the_run_says_so(graph, capture):
    first, second = only_item(capture()), only_item(capture())
    assert (first.outcome, second.outcome) == (Outcome.CAPTURED, Outcome.UNCHANGED)
    assert second.message == f"Nothing changed since snapshot {first.snapshot_id}."
    assert (Content.select().count(), Snapshot.select().count()) == (1, 1)


def test_nothing_happened_when_only_what_we_call_equal_has_changed_since(graph, capture, policy):
    """As after an upgrade: the newest snapshot's fingerprint is of other rules."""
    first = only_item(capture()).snapshot
    content = snapshots.save_content(policy.tenant_id, snapshots.read_snapshot(first), "0" * 64)
    Snapshot.update(content=content).where(Snapshot.id == first.id).execute()
    second = only_item(capture())
    assert (second.outcome, second.snapshot_id) == (Outcome.UNCHANGED, first.id)


@pytest.mark.parametrize(("before", "after", "outcome"), [
    # The service began to tell of it, and nobody has set it.
    ({}, {"disableEntraGroupPolicyAssignment": False}, Outcome.UNCHANGED),
    ({"disableEntraGroupPolicyAssignment": False}, {}, Outcome.UNCHANGED),
    # Somebody may have set it.
    ({}, {"disableEntraGroupPolicyAssignment": True}, Outcome.CAPTURED),
    ({"disableEntraGroupPolicyAssignment": None}, {"disableEntraGroupPolicyAssignment": False}, Outcome.CAPTURED),
])  # fmt: skip
def test_a_property_that_the_service_adds_unset_makes_no_snapshot(graph, capture, policy, before, after, outcome):
    made = {name: value for name, value in graph.objects()[PATH][policy.graph_id].items()
            if name != "disableEntraGroupPolicyAssignment"}  # fmt: skip
    graph.put(PATH, {**made, **before})
    capture()
    graph.put(PATH, {**made, **after})
    assert only_item(capture()).outcome == outcome


def test_a_policy_gone_from_graph_is_marked_and_keeps_its_snapshots(graph, capture, policy):
    capture()
    graph.delete(PATH, policy.graph_id)
    run = capture()
    assert only_item(run).outcome == Outcome.GONE
    assert Policy.get_by_id(policy.id).state == PolicyState.GONE
    assert Snapshot.select().where(Snapshot.policy == policy).count() == 1


def test_throttling_waits_without_using_up_attempts(graph, capture, policy):
    graph.fault(kind="status", path=policy.graph_id, status=429, retry_after="0.2", times=8)
    run = capture()
    assert (run.state, run.attempts) == (RunState.SUCCEEDED, 0)


@pytest.mark.parametrize("fault", [{"kind": "status", "status": 503}, {"kind": "drop_part"}])
def test_a_service_in_trouble_is_tried_again(graph, capture, fault):
    graph.fault(**fault, times=1)
    run = capture()
    assert (run.state, run.attempts) == (RunState.SUCCEEDED, 1)


def refusals():
    yield {"client_secret": "another"}, "secret_wrong", "client secret is wrong"
    yield {"flags": {"secret_expired": True}}, "secret_expired", "has expired"
    yield {"flags": {"not_consented": True}}, "app_unknown", "grant admin consent"
    yield {"flags": {"no_intune": True}}, "intune_not_available", "has no Intune"
    yield {"permissions": ["Policy.Read.All"]}, "permission_missing", "DeviceManagementConfiguration.Read.All"


@pytest.mark.parametrize(("trouble", "code", "sentence"), list(refusals()))
def test_what_the_admin_must_mend_fails_the_run_with_one_sentence(graph, capture, cast, trouble, code, sentence):
    graph.change(**trouble)
    run = capture()
    assert (run.state, run.error_code) == (RunState.FAILED, code)
    assert sentence in run.error_message
    assert "contoso client secret" not in run.error_message
    graph.change(client_secret="contoso client secret", permissions=READ,
                 flags={"secret_expired": False, "not_consented": False, "no_intune": False})  # fmt: skip


@pytest.mark.parametrize("trouble", [{"client_secret": "another"}, {"flags": {"secret_expired": True}}])
def test_the_check_says_the_same_as_the_run(graph, capture, cast, trouble):
    graph.change(**trouble)
    assert connection_check.check(cast.contoso).sentence == capture().error_message
    graph.change(client_secret="contoso client secret", flags={"secret_expired": False})


def test_the_check_names_each_missing_permission_and_what_it_is_for(graph, cast, database):
    graph_clients.clear_cache()
    held = connection_check.check(cast.contoso)
    assert (held.ok, held.missing) == (True, {})
    assert set(held.missing_to_restore) == set(WRITE) - set(READ)
    assert held.missing_to_restore["User.ReadBasic.All"] == ["whether the people that it names are there"]
    optional = {row.permission for row in POLICY_TYPES.values() if row.access.is_optional} | {"AuditLog.Read.All"}
    for left_out in READ:
        graph.change(permissions=[one for one in READ if one != left_out])
        found = connection_check.check(cast.contoso)
        if left_out == "GroupMember.Read.All":
            assert found.missing == {}, "Group.Read.All, for groups themselves, does as well"
            continue
        assert (found.ok, set(found.missing)) == (left_out in optional, {left_out})
        assert left_out in found.sentence
        if left_out == "Policy.Read.All":
            assert found.missing[left_out] == ["Conditional Access policy", "Named location", "Authentication strength"]
    graph.change(permissions=["Mail.Read"])
    found = connection_check.check(cast.contoso)
    assert set(found.missing) == set(READ)
    assert found.missing["GroupMember.Read.All"] == ["the names of the groups that policies are assigned to"]
    assert "the check that the right tenant answers" in found.missing["DeviceManagementServiceConfig.Read.All"]
    assert found.missing["DeviceManagementScripts.Read.All"][:2] == ["Compliance script", "PowerShell script"]
    graph.change(permissions=READ)


def test_the_old_permission_for_scripts_is_no_promise_that_they_can_be_read(graph, cast, database):
    graph_clients.clear_cache()
    graph.change(permissions=[one for one in READ if "Scripts" not in one])
    assert len(connection_check.check(cast.contoso).missing["DeviceManagementScripts.Read.All"]) == 5
    graph.change(permissions=READ)


def test_a_wider_permission_does_as_well(graph, cast, database):
    graph_clients.clear_cache()
    wider = [one for one in WRITE if one not in READ]
    graph.change(permissions=[*wider, "WindowsUpdates.ReadWrite.All", "Policy.Read.All", "Directory.Read.All"])
    found = connection_check.check(cast.contoso)
    assert (found.ok, found.missing, found.missing_to_restore) == (True, {}, {})
    graph.change(permissions=READ)


def test_an_unknown_tenant_fails_with_the_directory_id_to_check(simulator, worker, ended, cast):
    tenant = tenants.add("Nowhere", "99999999-9999-4999-8999-999999999998", cast.contoso.client_id, SYSTEM)
    tenants.set_credential(tenant, "secret", {"secret": "s"}, SYSTEM)
    run = ended(actors.backups.sync.start(tenant, SYSTEM).run.id)
    assert (run.state, run.error_code) == (RunState.FAILED, "tenant_unknown")
    assert {item.state for item in run.items} == {ItemState.FAILED}


def test_a_tenant_without_a_credential_says_how_to_give_one(simulator, worker, ended, cast):
    tenant = tenants.add("Bare", "99999999-9999-4999-8999-999999999997", cast.contoso.client_id, SYSTEM)
    run = ended(actors.backups.sync.start(tenant, SYSTEM).run.id)
    assert run.error_code == "credential_missing"


def test_a_sync_lists_every_type_and_skips_what_it_may_not_read(graph, worker, ended, cast):
    graph.change(permissions=[one for one in READ if "Scripts" not in one])
    graph.put(PATH, catalog_policy("new", "A new one"))
    run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert run.state == RunState.SUCCEEDED
    skipped = list(RunItem.select().where((RunItem.run == run) & (RunItem.outcome == "forbidden")))
    assert [item.state for item in skipped] == [ItemState.SKIPPED] * 5
    assert all("DeviceManagementScripts.Read.All" in item.message for item in skipped)
    assert Policy.get(Policy.graph_id == "new").name == "A new one"
    graph.delete(PATH, "new")
    ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert Policy.get(Policy.graph_id == "new").state == PolicyState.GONE
    graph.change(permissions=READ)


def test_what_is_refused_though_it_is_permitted_asks_for_no_permission(graph, worker, ended, cast):
    body = {"error": {"code": "Forbidden", "message": "Access denied"}}
    graph.fault(kind="status", path="deviceShellScripts", status=403, body=body, times=9)
    run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    item = RunItem.get((RunItem.run == run) & (RunItem.policy_type == "deviceShellScripts"))
    assert item.state == ItemState.SKIPPED
    assert "refuses this, though the app registration has the permission" in item.message
    assert "licence" in item.message


def test_a_sync_that_is_throttled_goes_on_with_what_is_left(graph, worker, ended, cast):
    graph.fault(kind="status", path="intents", status=429, retry_after="0.3", times=3)
    run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert run.state == RunState.SUCCEEDED
    asked = requests.get(f"{graph.url}/requests", timeout=60).json()["recent"]
    assert sum("/deviceManagement/intents" in one for one in asked) == 4
    assert sum("/deviceManagement/deviceCategories" in one for one in asked) == 1


def test_a_cancelled_sync_keeps_what_was_done(graph, worker, ended, cast):
    from db.runs import completion

    graph.change(flags={"latency_ms": 400})
    run = actors.backups.sync.start(cast.contoso, SYSTEM).run
    while not RunItem.select().where((RunItem.run == run) & (RunItem.state == ItemState.DONE)).exists():
        pass
    completion.request_cancel(run, SYSTEM)
    found = ended(run.id)
    assert found.state == RunState.CANCELLED
    assert found.done
    assert found.skipped
    graph.change(flags={"latency_ms": 0})
    assert Run.get_by_id(run.id).ended_at


def test_an_unreachable_graph_is_tried_again_and_then_fails_with_what_to_check(
    graph, quick, worker, ended, cast, monkeypatch
):
    monkeypatch.setenv("TENANTKEEP_GRAPH_URL", "http://127.0.0.1:1")
    config.settings.cache_clear()
    graph_clients.clear_cache()
    monkeypatch.setattr(run_actor, "LONGEST_BACKOFF", 0.05)
    graph_is_down = connection_check.check(cast.contoso).sentence
    assert "cannot be reached" in graph_is_down
    run = ended(actors.backups.sync.start(cast.contoso, SYSTEM).run.id)
    assert (run.state, run.error_message) == (RunState.FAILED, graph_is_down)
    assert {item.tries for item in run.items} == {claims.MAX_ATTEMPTS - 1}, "after the last one it is given up"


def test_a_change_while_a_reading_waits_is_seen_by_the_next_backup(cast, policy):
    """The times of a snapshot are of before its first request, whichever message sent that, not of when it was kept."""
    run = runs.start(tenant=cast.contoso, kind="backup_set.capture", dedupe_key="k", items=[], actor=SYSTEM).run
    claim, changed_at = claims.take_claim(run.id, "backup_set.capture"), utcnow() - timedelta(minutes=2)
    asked = RunMemory(claim, "item")
    asked.recall([1])
    asked.keep([(1, "a" * 64, Answer(body={}))])
    RunAnswer.update(kept_at=utcnow() - timedelta(minutes=5)).execute()  # and then it had to wait
    memory, facts = RunMemory(claim, "item"), {"name": "N", "modified_at": changed_at, "proof": {}, "references": {}}
    memory.recall([1])

    def unchanged_after_keeping():
        reading = Reading({"body": {}, "assignments": None}, "N", None, changed_at)
        read_at = memory.read_at(1, reading)
        snapshots.save(
            run, [SnapshotDraft.of(policy, reading.content, "f" * 64, read_at=read_at, assignments_mark="m", **facts)]
        )
        listed = Policy.get_by_id(policy.id)
        listed.modified_at, listed.listed_mark = changed_at, "m"
        return backup_sets.unchanged_snapshots([listed], 7)

    assert unchanged_after_keeping() == {}, "it may have been read before it was changed"
    memory.forget([1])
    assert list(unchanged_after_keeping()) == [policy.id], "read anew, after it was changed"
    listed = Policy.get_by_id(policy.id)
    listed.modified_at, listed.listed_mark = changed_at, "m"
    listed.last_captured_at = utcnow() + timedelta(days=365)
    assert backup_sets.unchanged_snapshots([listed], 7) == {}, "by a clock that was set back since: who knows when"
