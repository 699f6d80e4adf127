"""Every policy of a whole tenant, captured through queue, worker and database: what is kept is what is there."""

import io

import pytest
import requests

import actors.backups.back_up
import actors.backups.capture
import actors.backups.sync
import config
from actors.tenants import graph_clients
from actors.uploads import contradictions
from actors.uploads.unpacking import UploadedSet
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.models import BackupSet, Policy, Run, RunItem, Snapshot
from db.policies import snapshots
from db.states import Outcome, RunState, SetState
from db.tenants import tenants
from graph.content.normalise import normalise
from graph.policy_types.table import POLICY_TYPES
from tests.support.simulated_tenant import REAL, SimulatedTenant, assert_holds, truth_of
from web.presentation.backup_zip import zip_backup_set

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def tenant(request, demo_simulator, database, monkeypatch):
    """(our tenant, the simulator's) of that name, connected."""
    monkeypatch.setenv("TENANTKEEP_GRAPH_URL", demo_simulator)
    monkeypatch.setenv("TENANTKEEP_LOGIN_URL", demo_simulator)
    config.settings.cache_clear()
    facts = requests.get(f"{demo_simulator}/_simulator/tenants", timeout=60).json()
    found = next(one for one in facts if request.param in one["name"])
    made = tenants.add(found["name"], found["directory_id"], found["client_id"], SYSTEM)
    tenants.set_credential(made, "secret", {"secret": found["client_secret"]}, SYSTEM)
    yield made, SimulatedTenant(demo_simulator, found["directory_id"])
    graph_clients.clear_cache()


real = pytest.param("Adatum", 230, marks=pytest.mark.skipif(not REAL.exists(), reason="no real policies here"))


@pytest.mark.parametrize(("tenant", "at_least"), [("Fabrikam", 100), real], indirect=["tenant"])
def test_every_policy_captured_singly_is_stored_as_graph_holds_it(tenant, at_least, worker, ended, quick):
    ours, theirs = tenant
    assert ended(actors.backups.sync.start(ours, SYSTEM).run.id).state == RunState.SUCCEEDED
    policies = list(Policy.select().where(Policy.tenant == ours))
    started = [actors.backups.capture.start(policy, SYSTEM).run.id for policy in policies]
    for run_id in started:
        assert ended(run_id).state == RunState.SUCCEEDED, Run.get_by_id(run_id).error_message
    outcomes = {item.outcome for item in RunItem.select().where(RunItem.run.in_(started))}
    assert outcomes == {Outcome.CAPTURED}
    assert len(started) >= at_least
    compare_all(list(Snapshot.select(Snapshot, Policy).join(Policy)), theirs)


@pytest.mark.parametrize(("tenant", "at_least"), [("Northwind", 900), real], indirect=["tenant"])
def test_every_policy_of_a_backup_set_is_stored_as_graph_holds_it(tenant, at_least, worker, ended, quick):
    ours, theirs = tenant
    run = ended(actors.backups.back_up.start(ours, SYSTEM).run.id, 120)
    made = BackupSet.get(BackupSet.run == run)
    assert (run.state, made.state) == (RunState.SUCCEEDED, SetState.COMPLETE), made.problems
    ids = backup_sets.snapshot_ids(made)
    assert len(ids) == Policy.select().where(Policy.tenant == ours).count() >= at_least
    compare_all(list(Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_(ids))), theirs)
    packed = UploadedSet(io.BytesIO(b"".join(zip_backup_set(made, lambda document: document))))
    found = {line.file: contradictions.find_problem(line, packed.document(line)) for line in packed.lines}
    assert {file: problem for file, problem in found.items() if problem} == {}, (
        "an upload of the download leaves it out"
    )
    assert len(found) == len(ids)


def compare_all(kept, theirs):
    """Field by field after normalisation: what is stored, and what the simulator holds."""
    collections = theirs.objects()
    for snapshot in kept:
        policy_type, policy = POLICY_TYPES[snapshot.policy.policy_type], snapshot.policy
        expected = normalise(policy_type, truth_of(collections, policy_type.key, policy.graph_id))
        stored = normalise(policy_type, snapshots.read_snapshot(snapshot))
        assert_holds(stored, expected, f"{policy_type.key} {policy.name}")
        settings = snapshot.proof["settings"]
        assert settings is None or settings["declared"] in {None, settings["stored"]}
