"""The demo's tenants have a past."""

import re
import sqlite3

import requests

from tests.support.demo import running_demo

# Changes that are not ours, and of which nobody is known who made them in the time in which they were made.
BY_NOBODY = """SELECT id FROM change WHERE restore_id IS NULL AND NOT EXISTS (
    SELECT 1 FROM tenant_event_policy AS about JOIN tenant_event AS event ON event.id = about.event_id
    WHERE about.policy_id = change.policy_id AND about.at BETWEEN change.since_at AND change.seen_at
    AND event.doer_kind = 'person')"""


def test_the_tenants_have_a_year_behind_them_and_somebody_has_just_broken_something(tmp_path):
    with running_demo(tmp_path / "data", history=True) as demo:
        control = re.search(r"http://\S+/_simulator/tenants", demo.output)[0]
        names = {tenant["name"] for tenant in requests.get(control, timeout=10).json()}
        broken = demo.tenant("Fabrikam Logistics").objects()["identity/conditionalAccess/policies"].values()
    assert {"Fabrikam Logistics", "Contoso Health", "Northwind Retail"} <= names
    assert "disabled" in {policy["state"] for policy in broken if policy["displayName"].startswith("CA001")}
    with sqlite3.connect(tmp_path / "data" / "tenantkeep.db") as connection:
        year = "SELECT COUNT(*), MIN(created_at) < DATE('now', '-360 days'), MAX(created_at) > DATE('now', '-1 day')"
        for row in connection.execute(f"{year} FROM backup_set GROUP BY tenant_id"):
            assert row[0] > 350
            assert row[1:] == (1, 1)
        states = {state for (state,) in connection.execute("SELECT DISTINCT state FROM run")}
        outcomes = {outcome for (outcome,) in connection.execute("SELECT DISTINCT outcome FROM run_item")}
        changed = "SELECT COUNT(*) FROM policy WHERE modified_at > last_captured_at"
        nothing_yet = connection.execute(changed).fetchone()
        changes, first, last = connection.execute("SELECT COUNT(*), MIN(seen_at), MAX(seen_at) FROM change").fetchone()
        nobody = connection.execute(BY_NOBODY).fetchall()
        doers = {kind for (kind,) in connection.execute("SELECT DISTINCT doer_kind FROM tenant_event")}
        days_ago = connection.execute("SELECT JULIANDAY('now') - JULIANDAY(?)", (first,)).fetchone()
    connection.close()
    assert {"succeeded", "partial", "failed"} <= states
    assert {"captured", "unchanged", "updated", "conflict"} <= outcomes
    assert changes > 14
    assert 239 < days_ago[0] < 241
    assert last > first
    assert nobody == []
    assert doers == {"person", "app"}
    assert nothing_yet == (0,), "what was broken is for the next look to find"
