"""The demo's tenants have a past. The two of ordinary size here: the third costs a minute, and tells nothing else."""

import re
import subprocess
import sys
import threading
import time

import pytest

import config
from actors import scheduler
from actors.tenants import graph_clients
from db.models import Tenant
from tests.support import servers
from tests.support.simulated_tenant import SimulatedTenant
from web.demo import running, standard

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
# Changes that are not ours, and of which nobody is known who made them in the time in which they were made.
BY_NOBODY = """SELECT id FROM change WHERE restore_id IS NULL AND standard_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM tenant_event_policy AS about JOIN tenant_event AS event ON event.id = about.event_id
    WHERE about.policy_id = change.policy_id AND about.at BETWEEN change.since_at AND change.seen_at
    AND event.doer_kind = 'person')"""
TENANTS = ("Contoso Health", "Fabrikam Logistics")


@pytest.fixture
def simulated(database, redis_url, monkeypatch):
    """The address of a simulator with the demo's tenants, of which two are known here, and the demo's people."""
    port = servers.free_port()
    url = f"http://127.0.0.1:{port}"
    command = [sys.executable, "-m", "graph.simulator", "--port", str(port)]
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: servers.answers_http(f"{url}/_simulator/health"), "The simulator", process=process)
        for name in ("GRAPH", "LOGIN"):
            monkeypatch.setenv(f"TENANTKEEP_{name}_URL", url)
        config.settings.cache_clear()
        database.close()
        running._seed([tenant for tenant in running._described_tenants() if tenant["name"] in TENANTS])
        yield url
    graph_clients.clear_cache()


@pytest.fixture
def rows(simulated, worker, quick, capsys):
    """rows(statement) after the year, which a process of its own lives through."""
    living = threading.Thread(target=running._make_history, args=[{"TENANTKEEP_GRAPH_URL": simulated}])
    living.start()
    with running.database.connection_context():
        while living.is_alive():
            scheduler.sweep()
            time.sleep(0.1)
        assert re.search(r"^Made in \d+ s\.$", capsys.readouterr().out, re.MULTILINE)
        yield lambda statement, *values: running.database.execute_sql(statement, values).fetchall()


def follow_a_standard(rows):
    """Contoso is as it wants but for one drift, of which it is known who it was; Fabrikam has an exception."""
    cells = """SELECT tenant.name, cell.name, cell.state, cell.change_id FROM standard_cell AS cell
        JOIN standard_adoption AS adoption ON adoption.id = cell.adoption_id
        JOIN tenant ON tenant.id = adoption.tenant_id"""
    found = {(tenant, name): (state, change) for tenant, name, state, change in rows(cells)}
    assert len(found) == 2 * len(standard.ITEMS)
    of_contoso = {name: state for (tenant, name), (state, _) in found.items() if tenant == TENANTS[0]}
    assert {name for name, state in of_contoso.items() if state != "aligned"} == {standard.DRIFTED}
    state, change = found[TENANTS[0], standard.DRIFTED]
    doer = """SELECT event.doer_name FROM tenant_event_policy AS about JOIN tenant_event AS event
        ON event.id = about.event_id JOIN change ON change.policy_id = about.policy_id WHERE change.id = ?
        ORDER BY event.at DESC LIMIT 1"""
    assert (state, rows(doer, change)) == ("differs", [("tom.fischer@contoso.example",)])
    assert rows("SELECT state, standard_id FROM change WHERE id = ?", change) == [("open", None)]
    assert found[TENANTS[1], standard.PHONES][0] == "excepted"


def test_the_tenants_have_a_year_behind_them_and_somebody_has_just_broken_something(rows, simulated):
    tenant = SimulatedTenant(simulated, Tenant.get(name="Fabrikam Logistics").directory_id)
    broken = tenant.objects()["identity/conditionalAccess/policies"].values()
    assert "disabled" in {policy["state"] for policy in broken if policy["displayName"].startswith("CA001")}
    year = "SELECT COUNT(*), MIN(created_at) < DATE('now', '-360 days'), MAX(created_at) > DATE('now', '-1 day')"
    sets = rows(f"{year} FROM backup_set GROUP BY tenant_id")
    assert len(sets) == len(TENANTS)
    for count, *reach in sets:
        assert count > 350
        assert reach == [1, 1]
    assert {"succeeded", "partial", "failed"} <= {state for (state,) in rows("SELECT DISTINCT state FROM run")}
    outcomes = {outcome for (outcome,) in rows("SELECT DISTINCT outcome FROM run_item")}
    assert {"captured", "unchanged", "updated", "conflict"} <= outcomes
    [(changes, first, last)] = rows("SELECT COUNT(*), MIN(seen_at), MAX(seen_at) FROM change")
    [(days_ago,)] = rows("SELECT JULIANDAY('now') - JULIANDAY(?)", first)
    assert changes > 14
    assert 239 < days_ago < 241
    assert last > first
    assert rows(BY_NOBODY) == []
    assert {kind for (kind,) in rows("SELECT DISTINCT doer_kind FROM tenant_event")} == {"person", "app"}
    follow_a_standard(rows)
    changed = rows("SELECT COUNT(*) FROM policy WHERE modified_at > last_captured_at")
    assert changed == [(0,)], "what was broken is for the next look to find"
