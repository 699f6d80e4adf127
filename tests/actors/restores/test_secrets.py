"""A canary in every place a secret passes through is found nowhere it should not be."""

import io
import logging
import os
import secrets
import sqlite3
from contextlib import ExitStack
from pathlib import Path

import psycopg2
import pytest
import redis
import requests

import actors.backups.capture
import config
from actors.plans import drafts
from actors.process import logs, startup
from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.models import Policy, RunItem, Snapshot
from db.policies import snapshots
from db.restores import restore_items
from db.tenants import tenants
from graph.errors import error_from_answer
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.environment import REDIS_PORT
from tests.support.forms import csrf_token
from tests.support.restore_steps import executed, options, previewed
from tests.support.simulated_tenant import WRITE

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
    handler.setFormatter(logs.LineFormatter("json"))
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
    captured = ended(actors.backups.capture.start(policy, by).run.id)
    assert RunItem.get(RunItem.run == captured).outcome == "captured"
    body = {"error": {"code": "BadRequest", "message": f"client_secret={CANARY} was refused"}}
    graph.fault(kind="status", path=policy.graph_id, status=400, body=body)
    failed = ended(actors.backups.capture.start(policy, by).run.id)
    assert "[masked]" in failed.error_message
    logging.getLogger("x").error("posting %s", {"client_secret": CANARY}, extra={"password": "x"})

    snapshot = Snapshot.get()
    assert snapshots.read_snapshot(snapshot)["body"]["omaSettings"][0]["value"] == CANARY, "it is kept, sealed"
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
    restore = previewed(drafts.from_snapshot(snapshot, cast.contoso, options(), SYSTEM), ended)
    restore, run = executed(restore, ended)
    [item] = restore_items.items(restore)
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


def every_redis_value():
    """Whatever is in any of its databases, as bytes."""
    for number in range(16):
        with redis.Redis(port=REDIS_PORT, db=number) as client:
            for key in client.scan_iter():
                yield key + (client.dump(key) or b"")


def argument_lists():
    """Of every process that this test has started, as anybody on the machine may read them."""
    for child in children(os.getpid()):
        yield Path(f"/proc/{child}/cmdline").read_bytes()


def children(pid):
    found = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [*found, *(one for child in found for one in children(child))]


@pytest.fixture
def told(monkeypatch):
    """Canary by where it is put: into settings, forms and the tenant's credential."""
    canaries = {name: f"c4nary-{name}-{secrets.token_hex(8)}" for name in (
        "signing", "credential", "typed", "wrong", "new", "database")}  # fmt: skip
    canaries["key"] = os.environ["TENANTKEEP_ENCRYPTION_KEYS"]
    monkeypatch.setenv("TENANTKEEP_SECRET_KEY", canaries["signing"])
    config.settings.cache_clear()
    return canaries


@pytest.fixture
def output(tmp_path):
    """What the processes of the installation write, all of it, as detailed as it gets."""
    with (tmp_path / "output").open("w+b") as file:
        yield file


def test_what_people_type_and_processes_know_is_in_no_table_no_queue_no_log_and_no_argument(
    graph, cast, database_url, redis_url, told, output, monkeypatch
):
    if database_url.startswith("postgresql"):  # which asks for none, and takes any
        monkeypatch.setenv("TENANTKEEP_DATABASE_URL", database_url.replace("@", f":{told['database']}@"))
    monkeypatch.setenv("TENANTKEEP_LOG_FORMAT", "json")
    tenants.set_credential(cast.contoso, "secret", {"secret": told["credential"]}, SYSTEM)
    graph.change(client_secret=told["credential"])
    users.change(cast.root, SYSTEM, password=told["typed"])
    port = servers.free_port()
    web = ("web", "--bind", f"127.0.0.1:{port}", "--processes", "1", "--access-log")
    with ExitStack() as stack:
        for words in (web, ("worker", "--processes", "1", "--threads", "2"), ("scheduler",)):
            stack.enter_context(servers.running([servers.TENANTKEEP, *words], stdout=output, stderr=output))
        address = f"http://127.0.0.1:{port}"
        servers.wait_for(lambda: servers.answers_http(f"{address}/readyz"), "The web")
        session = _works_with_it(address, cast, told)
        arguments = b"".join(argument_lists())
        cookie = session.cookies["tenantkeep"]
        queue = list(every_redis_value())
    output.seek(0)
    said = output.read()
    assert b"--access-log" in arguments
    assert queue
    for name, canary in told.items():
        assert canary.encode() not in arguments, name
        assert canary.encode() not in said, name
        assert not any(canary.encode() in value for value in queue), name
        assert not [table for table, value in every_value(database_url) if canary.encode() in value], name
    for place in (said, *queue, *(value for _, value in every_value(database_url))):
        assert cookie.encode() not in place


def _works_with_it(address, cast, told):
    """A wrong password, the right one, a new user, a capture; then a password in a place where it does not belong."""
    with requests.Session() as session:
        form = {"csrf_token": _token(session, f"{address}/sign-in"), "email": cast.root.email}
        assert session.post(f"{address}/sign-in", data={**form, "password": told["wrong"]}).status_code == 401
        assert session.post(f"{address}/sign-in", data={**form, "password": told["typed"]}).ok
        form = {"csrf_token": _token(session, f"{address}/users/"), "email": "new@example.com", "site_role": "none"}
        assert session.post(f"{address}/users/", data={**form, "password": told["new"]}).ok
        policy = Policy.get(Policy.tenant == cast.contoso)
        session.post(f"{address}/policies/{policy.id}/capture-snapshot", data=form)
        servers.wait_for(lambda: Snapshot.select().exists(), "The snapshot")
        for path in ("/users/export", "/policies/x", "/audit/export.csv", "/users/"):
            assert told["new"] not in session.get(f"{address}{path}").text
        return session


def _token(session, address):
    return session.get(address).text.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


def test_what_a_process_knows_is_masked_wherever_it_stands(app, told, log):
    """Whatever the words before it, in a message, in an exception, and in what a run remembers."""
    startup.bind(config.settings())
    try:
        raise RuntimeError(f"somebody wrote {told['signing']} and {told['key']}")
    except RuntimeError:
        logging.getLogger("x").exception("it went wrong")
    assert told["signing"] not in log.getvalue()
    assert told["key"] not in log.getvalue()
    error = error_from_answer(400, {}, {"error": {"code": "BadRequest", "message": f"{told['signing']} is odd"}})
    assert "[masked] is odd" in error.sentence
