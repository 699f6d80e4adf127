"""Every policy of a whole tenant, captured through queue, worker and database: what is kept is what is there."""

import pytest
import requests

import actors.capture
import actors.sync
import config
from actors import connections
from db import snapshots, tenants
from db.audit import SYSTEM
from db.models import Policy, Run, RunItem, Snapshot
from db.states import Outcome, RunState
from graph.normalise import normalise
from graph.policy_types import POLICY_TYPES
from tests.simulated import REAL, SimulatedTenant, assert_holds, truth_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def tenant(request, demo_simulator, database, monkeypatch):
    """(our tenant, the simulator's) of that name, connected."""
    monkeypatch.setenv("TENANTKEEP_GRAPH_URL", demo_simulator)
    monkeypatch.setenv("TENANTKEEP_LOGIN_URL", demo_simulator)
    config.settings.cache_clear()
    facts = requests.get(f"{demo_simulator}/_simulator/tenants", timeout=10).json()
    found = next(one for one in facts if request.param in one["name"])
    made = tenants.add(found["name"], found["directory_id"], found["client_id"], SYSTEM)
    tenants.set_credential(made, "secret", {"secret": found["client_secret"]}, SYSTEM)
    yield made, SimulatedTenant(demo_simulator, found["directory_id"])
    connections.forget()


@pytest.mark.parametrize(
    ("tenant", "at_least"),
    [
        ("Fabrikam", 100),
        pytest.param("Adatum", 230, marks=pytest.mark.skipif(not REAL.exists(), reason="no real policies here")),
    ],
    indirect=["tenant"],
)
def test_what_is_stored_of_every_policy_equals_what_graph_holds_field_by_field(tenant, at_least, worker, ended):
    ours, theirs = tenant
    assert ended(actors.sync.start(ours, SYSTEM).run.id, 60).state == RunState.SUCCEEDED
    policies = list(Policy.select().where(Policy.tenant == ours))
    assert len(policies) >= at_least
    started = [actors.capture.start(policy, SYSTEM).run.id for policy in policies]
    for run_id in started:
        assert ended(run_id, 120).state == RunState.SUCCEEDED, Run.get_by_id(run_id).error_message
    outcomes = {item.outcome for item in RunItem.select().where(RunItem.run.in_(started))}
    assert outcomes == {Outcome.CAPTURED}
    collections = theirs.objects()
    for snapshot in Snapshot.select(Snapshot, Policy).join(Policy):
        policy_type, policy = POLICY_TYPES[snapshot.policy.policy_type], snapshot.policy
        expected = normalise(policy_type, truth_of(collections, policy_type.key, policy.graph_id))
        stored = normalise(policy_type, snapshots.body(snapshot))
        assert_holds(stored, expected, f"{policy_type.key} {policy.name}")
        settings = snapshot.proof["settings"]
        assert settings is None or settings["declared"] in {None, settings["stored"]}
