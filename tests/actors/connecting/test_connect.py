"""Connecting a tenant: it waits for Microsoft, makes sure of the directory, and backs up what it may read."""

import pytest
import requests

import actors.connecting.connect
from actors import scheduler
from actors.connecting import connect
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.installation import new_tenants
from db.models import AuditEvent, BackupSet, Run, RunItem, Tenant
from db.runs import completion
from db.states import CredentialKind, ItemState, Outcome, RunKind
from db.tenants import tenants
from tests.support.simulated_tenant import READ, SimulatedTenant, catalog_policy

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order", "quick"),
]
DIRECTORY, CLIENT = "33333333-1111-4111-8111-333333333333", "33333333-2222-4222-8222-333333333333"


@pytest.fixture
def new(database, simulator, monkeypatch):
    """A tenant that is to be connected, with a secret; and its directory in the simulator."""
    monkeypatch.setattr(connect, "WAITS", (0.1,) * 6)
    requests.delete(f"{simulator}/_simulator/faults", timeout=60).raise_for_status()
    tenant = new_tenants.add_waiting("Tailspin", DIRECTORY, CLIENT, SYSTEM, more_tags=["north"])
    tenants.set_credential(tenant, CredentialKind.SECRET, {"secret": "the secret"}, SYSTEM)
    simulated = SimulatedTenant.add(simulator, tenant, "the secret")
    simulated.change(permissions=READ, flags={"not_consented": False})
    simulated.put("organization", {"id": DIRECTORY, "displayName": "Tailspin Toys", "verifiedDomains": []})
    policy = "30000001-0000-4000-8000-000000000000"
    simulated.put("deviceManagement/configurationPolicies", catalog_policy(policy, "First"))
    return simulated, Tenant.get_by_id(tenant.id)


def connected(tenant, ended):
    return ended(connect.start(tenant, SYSTEM).run.id)


def item(run, policy_type):
    return RunItem.get((RunItem.run == run) & (RunItem.policy_type == policy_type))


def test_a_tenant_is_checked_switched_on_and_backed_up_by_itself(new, worker, ended):
    _, tenant = new
    assert not tenant.is_active
    run = connected(tenant, ended)
    assert (run.state, run.error_code) == ("succeeded", None)
    tenant = Tenant.get_by_id(tenant.id)
    assert (tenant.is_active, tenant.connection_error) == (True, None)
    assert item(run, connect.CONNECTION_ITEM).outcome == Outcome.CONNECTED
    assert item(run, "configurationPolicies").message == (
        "Can be backed up. Restoring it needs DeviceManagementConfiguration.ReadWrite.All too.")  # fmt: skip
    backup = ended(Run.get((Run.tenant == tenant) & (Run.kind == RunKind.BACK_UP)).id)
    assert (backup.state, BackupSet.get(BackupSet.run == backup).tenant) == ("succeeded", tenant)
    assert Tenant.get_by_id(tenant.id).last_synced_at
    assert [event.action for event in AuditEvent.select().where(AuditEvent.action == "tenant:connected")]


def test_it_waits_for_the_consent_and_for_its_permissions_and_holds_no_thread(new, worker, ended):
    simulated, tenant = new
    simulated.change(permissions=[], flags={"not_consented": True})
    run = connect.start(tenant, SYSTEM).run
    for change in ({"flags": {"not_consented": False}}, {"permissions": READ}):
        while not (waiting := Run.get_by_id(run.id)).waiting:
            scheduler.sweep()
        assert "Waiting until Microsoft has spread the consent" in waiting.waiting
        simulated.change(**change)
    assert ended(run.id).state == "succeeded"


def test_what_is_missing_is_said_type_by_type_and_costs_nothing_else(new, worker, ended):
    simulated, tenant = new
    simulated.change(permissions=[name for name in READ if "Scripts" not in name and "AuditLog" not in name])
    run = connected(tenant, ended)
    assert (run.state, run.error_code) == ("succeeded", "permission_missing")
    signed_in = item(run, connect.CONNECTION_ITEM).message
    assert signed_in.endswith("Not granted, and so not known: who changed Conditional Access (AuditLog.Read.All).")
    scripts = item(run, "deviceManagementScripts")
    assert (scripts.state, scripts.outcome) == (ItemState.SKIPPED, Outcome.FORBIDDEN)
    assert "DeviceManagementScripts.Read.All" in scripts.message
    assert item(run, connect.BACKUP_ITEM).outcome == Outcome.STARTED


def test_what_microsoft_never_agrees_to_ends_after_a_while_and_can_be_tried_again(new, worker, ended):
    simulated, tenant = new
    simulated.change(flags={"not_consented": True})
    run = connected(tenant, ended)
    assert (run.state, run.error_code) == ("failed", "app_unknown")
    assert "stayed so for five minutes" in run.error_message
    tenant = Tenant.get_by_id(tenant.id)
    assert (tenant.is_active, tenant.credential_kind, "not known" in tenant.connection_error) == (False, "secret", True)
    simulated.change(flags={"not_consented": False})
    assert connected(tenant, ended).state == "succeeded"


@pytest.mark.parametrize("liar", ["token", "graph"])
def test_another_directory_than_the_one_that_was_meant_leaves_nothing_connected(new, worker, ended, monkeypatch, liar):
    simulated, tenant = new
    if liar == "token":
        monkeypatch.setattr(graph_clients.AppSignIn, "directory_claim", lambda _: CLIENT)
    else:
        simulated.delete("organization", DIRECTORY)
        simulated.put("organization", {"id": CLIENT, "displayName": "Another", "verifiedDomains": []})
    run = connected(tenant, ended)
    assert (run.state, run.error_code) == ("failed", "wrong_directory")
    tenant = Tenant.get_by_id(tenant.id)
    assert (tenant.is_active, tenant.credential_kind, tenant.credential) == (False, "none", None)
    assert not Run.select().where((Run.tenant == tenant) & (Run.kind == RunKind.BACK_UP)).exists()


def test_a_worker_that_dies_before_the_backup_begins_leaves_one_backup(new, worker, ended, monkeypatch):
    _, tenant = new
    broken = [actors.connecting.connect.back_up.create_run]

    def die_once(*given):
        made = broken[0](*given)
        if len(broken) == 1:
            broken.append(None)
            raise RuntimeError("the worker died here")
        return made

    monkeypatch.setattr(connect.back_up, "create_run", die_once)
    run = connected(tenant, ended)
    assert run.state == "succeeded"
    assert Run.select().where((Run.tenant == tenant) & (Run.kind == RunKind.BACK_UP)).count() == 1


def test_a_cancelled_one_connects_nothing(new, ended):
    _, tenant = new
    run = connect.start(tenant, SYSTEM).run
    completion.request_cancel(run, SYSTEM)
    assert (ended(run.id).state, Tenant.get_by_id(tenant.id).is_active) == ("cancelled", False)
