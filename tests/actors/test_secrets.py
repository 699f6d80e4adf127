"""A canary in every place a secret passes through is found nowhere it should not be."""

import io
import logging
import sqlite3

import psycopg2
import pytest

import actors.capture
from actors import logs, restore_requests
from db import restores, snapshots, tenants
from db.audit import SYSTEM, Actor
from db.models import Policy, RunItem, Snapshot
from tests.conftest import capture_by_hand, csrf_token
from tests.restoring import executed, options, previewed
from tests.simulated import WRITE

CANARY = "c4nary-Q8x~secret.value-0123456789"


def every_value(database_url):
    """Every column of every row of every table, as the engine itself gives them."""
    if database_url.startswith("sqlite"):
        connection = sqlite3.connect(database_url.removeprefix("sqlite:///"))
        tables = "SELECT name FROM sqlite_master WHERE type = 'table'"
    else:
        connection = psycopg2.connect(database_url)
        tables = "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
    cursor = connection.cursor()
    cursor.execute(tables)
    for (table,) in cursor.fetchall():
        cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
        for row in cursor.fetchall():
            for value in row:
                yield table, bytes(value) if isinstance(value, bytes | memoryview) else str(value).encode()
    connection.close()


@pytest.fixture
def log():
    """What the product's own formatter writes."""
    text = io.StringIO()
    handler = logging.StreamHandler(text)
    handler.setFormatter(logs.Line("json"))
    root = logging.getLogger()
    root.addHandler(handler)
    before = root.level
    root.setLevel(logging.DEBUG)
    yield text
    root.setLevel(before)
    root.removeHandler(handler)


def test_a_known_secret_is_in_no_table_no_log_and_no_page(app, graph, worker, ended, cast, sign_in, database_url, log):
    tenants.set_credential(cast.contoso, "secret", {"secret": CANARY}, SYSTEM)
    graph.change(client_secret=CANARY)
    policy = Policy.get(Policy.tenant == cast.contoso)
    Policy.update(policy_type="deviceConfigurations").where(Policy.id == policy.id).execute()
    policy = Policy.get_by_id(policy.id)
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./Vendor/MSFT/x", "displayName": "x",
              "isEncrypted": True, "secretReferenceValueId": "ref", "value": CANARY}  # fmt: skip
    graph.put("deviceManagement/deviceConfigurations", {
        "id": policy.graph_id, "displayName": "P", "@odata.type": "#microsoft.graph.windows10CustomConfiguration",
        "omaSettings": [secret], "assignments": []})  # fmt: skip
    by = Actor.person(cast.rita, None)
    captured = ended(actors.capture.start(policy, by).run.id)
    assert RunItem.get(RunItem.run == captured).outcome == "captured"
    body = {"error": {"code": "BadRequest", "message": f"client_secret={CANARY} was refused"}}
    graph.fault(kind="status", path=policy.graph_id, status=400, body=body)
    failed = ended(actors.capture.start(policy, by).run.id)
    assert "[masked]" in failed.error_message
    logging.getLogger("x").error("posting %s", {"client_secret": CANARY}, extra={"password": "x"})

    snapshot = Snapshot.get()
    assert snapshots.body(snapshot)["body"]["omaSettings"][0]["value"] == CANARY, "it is kept, sealed"
    for table, value in every_value(database_url):
        assert CANARY.encode() not in value, table
    assert CANARY not in log.getvalue()
    client = sign_in(app.test_client(), cast.rita)
    for path in (
        f"/snapshots/{snapshot.id}", f"/snapshots/{snapshot.id}/download", f"/runs/{failed.id}",
        f"/snapshots/{snapshot.id}/compare/{snapshot.id}", "/notifications/", "/policies/", "/runs/export/csv/",
    ):  # fmt: skip
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert CANARY not in answer.get_data(as_text=True), path
    manager = sign_in(app.test_client(), cast.max)
    for path in (f"/snapshots/{snapshot.id}", f"/snapshots/{snapshot.id}/compare/{snapshot.id}"):
        assert CANARY not in manager.get(path).get_data(as_text=True), "not unless they ask"


def test_a_restored_secret_is_written_to_the_tenant_and_shown_to_managers_only(
    app, graph, worker, ended, quick, cast, sign_in, database_url, log
):
    graph.change(permissions=WRITE)
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./Vendor/MSFT/x", "displayName": "x",
              "isEncrypted": True, "secretReferenceValueId": "ref", "value": CANARY}  # fmt: skip
    policy = Policy.get(Policy.tenant == cast.contoso)
    Policy.update(policy_type="deviceConfigurations").where(Policy.id == policy.id).execute()
    policy = Policy.get_by_id(policy.id)
    body = {"id": policy.graph_id, "displayName": policy.name, "omaSettings": [secret],
            "@odata.type": "#microsoft.graph.windows10CustomConfiguration"}  # fmt: skip
    snapshot = capture_by_hand(policy, SYSTEM, body)[1]
    graph.put("deviceManagement/deviceConfigurations",
              {**body, "omaSettings": [{**secret, "value": "other"}], "assignments": []})  # fmt: skip
    restore = previewed(restore_requests.of_snapshot(snapshot, cast.contoso, options(), SYSTEM), ended)
    restore, run = executed(restore, ended)
    [item] = restores.items(restore)
    live = graph.objects()["deviceManagement/deviceConfigurations"][policy.graph_id]
    assert (item.action, live["omaSettings"][0]["value"]) == ("update", CANARY)

    for table, value in every_value(database_url):
        assert CANARY.encode() not in value, table
    assert CANARY not in log.getvalue()
    plan = f"/restores/{restore.id}/items/{item.id}"
    client = sign_in(app.test_client(), cast.rita)
    for path in (f"/restores/{restore.id}", plan, f"/runs/{run.id}", "/restores/"):
        answer = client.get(path)
        assert answer.status_code == 200, path
        assert CANARY not in answer.get_data(as_text=True), path
    manager = sign_in(app.test_client(), cast.max)
    assert CANARY not in manager.get(plan).get_data(as_text=True)
    shown = manager.post(plan, data={"csrf_token": csrf_token(manager, "/")}).get_data(as_text=True)
    assert CANARY in shown, "a manager who asks sees it"
