"""`tenantkeep restore`: previews by itself, writes only when told twice."""

import json

import pytest

from actors.backups import back_up
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.models import BackupSet, Policy, Restore, Tenant
from tests.support.command_lines import tenantkeep
from tests.support.simulated_tenant import WRITE, catalog_policy

pytestmark = [pytest.mark.parametrize("database_url", ["sqlite"], indirect=True), pytest.mark.usefixtures("quick")]
CATALOG = "deviceManagement/configurationPolicies"


@pytest.fixture
def backup_set(app, graph, worker, ended, cast):
    """Of Contoso's two policies; since then both were changed."""
    graph.change(permissions=WRITE)
    run = ended(back_up.start(cast.contoso, SYSTEM).run.id)
    for policy in Policy.select().where(Policy.tenant == cast.contoso):
        graph.put(CATALOG, {**catalog_policy(policy.graph_id, policy.name), "description": "somebody was here"})
    return BackupSet.get(BackupSet.run == run)


def restored(backup_set, *words):
    return tenantkeep("restore", str(backup_set.id), "--assignments", "exact", *words)


def test_a_preview_prints_the_plan_of_each_policy_and_live_writes_it(graph, backup_set, cast):
    looked = restored(backup_set, "--wait")
    assert looked.returncode == 0
    assert "Contoso policy 1: update." in looked.stdout
    assert "2 will change" in looked.stderr
    told = restored(backup_set, "--live")
    assert (told.returncode, "Add --yes" in told.stderr, "2 will change" in told.stderr) == (
        64,
        True,
        True,
    )
    assert graph.requests()["writes"] == 0
    first = backup_sets.snapshot_ids(backup_set)[0]
    done = restored(backup_set, "--item", str(first), "--live", "--yes", "--reason", "INC-1", "--wait", "--json")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    restore = Restore.select().order_by(Restore.id.desc()).get()
    assert (document["kind"], document["state"], document["restore"], document["outcomes"]) == (
        "restore.live", "succeeded", restore.id, {"updated": 1})  # fmt: skip
    assert restore.reason == "INC-1"


def test_what_must_be_said_is_asked_for_before_anything_is_made(cast, backup_set):
    asked = {
        ("--live", "--yes"): "--reason",
        ("--type", "nonsense"): "no policy type nonsense",
        ("--item", "999"): "does not hold snapshot 999",
        ("--existing", "copy"): "needs a prefix",
        ("--to", "Nowhere"): "There is no tenant",
    }
    for words, sentence in asked.items():
        done = restored(backup_set, *words)
        assert (done.returncode, sentence in done.stderr) == (64, True), done.stderr
    assert tenantkeep("restore", "999", "--assignments", "none").returncode == 64
    assert not Restore.select().exists()


def test_where_four_eyes_are_asked_for_a_command_writes_nothing(graph, cast, backup_set):
    Tenant.update(four_eyes=True).execute()
    done = restored(backup_set, "--live", "--yes", "--reason", "INC-1")
    assert (done.returncode, "another manager has to approve" in done.stderr) == (64, True)
    assert graph.requests()["writes"] == 0
    assert Restore.get().state == "previewed"


def test_another_tenant_is_named_and_gets_what_it_lacks(graph, cast, backup_set, simulator):
    from tests.support.simulated_tenant import SimulatedTenant

    SimulatedTenant.add(simulator, cast.fabrikam, "fabrikam client secret", WRITE)
    done = restored(backup_set, "--to", "Fabrikam", "--live", "--yes", "--reason", "new site", "--wait")
    assert done.returncode == 0, done.stderr + done.stdout
    assert "Contoso policy 1: created." in done.stdout
