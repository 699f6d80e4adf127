"""A simulated tenant of its own for a test to change from outside, with one of nearly every policy type."""

import subprocess
import sys
from dataclasses import dataclass

import pytest
import requests

import actors.backups.back_up
import config
from actors.changes import assessment
from actors.tenants import graph_clients
from db.audit.audit import SYSTEM
from db.models import Change, Policy, Tenant
from db.tenants import tenants
from tests.support import servers
from tests.support.outside_changes import Outside
from tests.support.simulated_tenant import SimulatedTenant


@dataclass
class Stage:
    tenant: Tenant
    simulated: SimulatedTenant
    outside: Outside
    ended: object

    def back_up(self, **wanted):
        run = self.ended(actors.backups.back_up.start(self.tenant, SYSTEM, **wanted).run.id, 120)
        assessment.assess(self.tenant.id)
        return run

    def changes(self):
        """Every change, oldest first, each with its policy."""
        return list(Change.select(Change, Policy).join(Policy).order_by(Change.id))


@pytest.fixture
def stage(database, worker, quick, ended, monkeypatch):
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "graph.simulator", "--port", str(port)]
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: servers.answers_http(f"{url}/_simulator/health"), "The simulator", process=process)
        for name in ("GRAPH", "LOGIN"):
            monkeypatch.setenv(f"TENANTKEEP_{name}_URL", url)
        config.settings.cache_clear()
        facts = requests.get(f"{url}/_simulator/tenants", timeout=60).json()
        found = next(one for one in facts if "Fabrikam" in one["name"])
        made = tenants.add(found["name"], found["directory_id"], found["client_id"], SYSTEM)
        tenants.set_credential(made, "secret", {"secret": found["client_secret"]}, SYSTEM)
        simulated = SimulatedTenant(url, found["directory_id"])
        yield Stage(made, simulated, Outside(simulated), ended)
        graph_clients.clear_cache()
