"""A database of each release becomes this version's while web of this version answers, and goes on to work.

What the fixtures hold says tests/tools/released_database.py, which made each by the code of its release.
"""

import gzip
import json
import subprocess
import threading
from collections import Counter
from contextlib import contextmanager

import dramatiq
import psycopg2
import pytest
import requests

import config
from actors.all_actors import broker
from db import database as engine
from db import encryption, migrate
from db.audit import chain
from db.models import Content, Policy, Run, Tenant
from db.policies import snapshots
from tests.fixtures.database import let_go
from tests.support import servers
from tests.support.simulated_tenant import SimulatedTenant, catalog_policy
from tests.tools.released_database import EMAIL, KEYS, PASSWORD, TENANT

RELEASES = sorted((servers.ROOT / "tests" / "fixtures" / "releases").iterdir())
PAGES = ("/", "/tenants/1", "/policies/", "/policies/1", "/snapshots/1", "/backup-sets/2", "/restores/1", "/runs/1",
         "/changes/", "/audit/", "/channels/", "/users/1")  # fmt: skip
SECRET = "fAb8Q~demo.only-logistics.0123456789abcd"


@pytest.fixture(params=[(release, kind) for release in RELEASES for kind in ("sqlite", "postgresql")],
                ids=lambda param: f"{param[0].name}-{param[1]}")  # fmt: skip
def released(request, tmp_path, redis_url, simulator, monkeypatch):
    """The address of a database as the release left it; the environment names it, and its keys."""
    release, kind = request.param
    if kind == "sqlite":
        path = tmp_path / "released.db"
        path.write_bytes(gzip.decompress((release / "sqlite.db.gz").read_bytes()))
        url = f"sqlite:///{path}"
    else:
        server = request.getfixturevalue("_postgresql")
        servers.execute(server, "CREATE DATABASE released")
        url = f"{server}/released"
        restore(url, gzip.decompress((release / "postgresql.sql.gz").read_bytes()).decode())
    for name, value in {**KEYS, "TENANTKEEP_DATABASE_URL": url}.items():
        monkeypatch.setenv(name, value)
    config.settings.cache_clear()
    yield url
    let_go(engine.database.obj)
    if kind == "postgresql":
        servers.execute(server, "DROP DATABASE released WITH (FORCE)")


def restore(url, dump):
    """As psql does, whose own commands begin with a backslash."""
    connection = psycopg2.connect(url)
    with connection, connection.cursor() as cursor:
        cursor.execute("\n".join(line for line in dump.splitlines() if not line.startswith("\\")))
    connection.close()


@contextmanager
def asked_all_the_while(address):
    """Counts (path, status) of every answer until the end; no answer at all counts as an error's name."""
    answers, is_over = Counter(), threading.Event()

    def ask():
        while not is_over.wait(0.2):
            for path in ("/healthz", "/readyz", "/sign-in"):
                try:
                    answers[path, requests.get(address + path, timeout=60).status_code] += 1
                except requests.RequestException as e:
                    answers[path, type(e).__name__] += 1

    thread = threading.Thread(target=ask)
    thread.start()
    try:
        yield answers
    finally:
        is_over.set()
        thread.join()


def test_a_released_database_is_brought_to_this_version_while_web_answers(released, simulator, tmp_path):
    port = servers.free_port()
    address = f"http://127.0.0.1:{port}"
    line = [servers.TENANTKEEP, "web", "--processes", "1", "--threads", "2"]
    environment = servers.environment(TENANTKEEP_BIND=f"127.0.0.1:{port}")
    with servers.running(line, env=environment, stderr=subprocess.DEVNULL) as web:
        servers.wait_for(lambda: servers.answers_http(f"{address}/healthz"), "web", process=web)
        before = requests.get(f"{address}/readyz", timeout=60)
        assert (before.status_code, list(before.json()["troubles"])) == (503, ["start"])
        assert "tenantkeep migrate" in requests.get(f"{address}/sign-in", timeout=60).text
        with asked_all_the_while(address) as answers:
            done = subprocess.run([servers.TENANTKEEP, "migrate", "--json"], check=True, capture_output=True)
            servers.wait_for(lambda: requests.get(f"{address}/readyz", timeout=60).ok, "web, ready", process=web)
        assert json.loads(done.stdout)["applied"], "there was nothing to do: no such fixture is needed"
        assert {status for path, status in answers if path == "/healthz"} == {200}
        assert {status for _, status in answers} <= {200, 503}
        look_around(address)
    engine.bind_database(released)
    encryption.use_keys(config.settings().encryption_keys)
    with engine.database.connection_context():
        assert migrate.pending() == []
        assert list(chain.verify()) == []
        contents = [snapshots.read_content(content.id) for content in Content.select(Content.id)]
        assert len(contents) > 20
        assert all(contents)
        back_up_again(simulator)


def look_around(address):
    """Ada signs in, and sees what the release left."""
    with requests.Session() as browser:
        token = browser.get(f"{address}/sign-in", timeout=60).text.split('name="csrf_token"')[1].split('value="')[1]
        form = {"email": EMAIL, "password": PASSWORD, "csrf_token": token.split('"')[0]}
        assert browser.post(f"{address}/sign-in", data=form, timeout=60).ok
        found = {page: browser.get(address + page, timeout=60) for page in PAGES}
        assert {page: answer.status_code for page, answer in found.items() if answer.status_code != 200} == {}
        assert TENANT in found["/tenants/1"].text
        assert "Renamed by hand" in found["/changes/"].text


def back_up_again(simulator):
    """With the credential that the release sealed."""
    tenant = Tenant.get(Tenant.name == TENANT)
    policy = Policy.select().where(Policy.policy_type == "configurationPolicies").first()
    simulated = SimulatedTenant.add(simulator, tenant, SECRET)
    simulated.put("deviceManagement/configurationPolicies", catalog_policy(policy.graph_id, "Of this version"))
    worker = dramatiq.Worker(broker, worker_timeout=50, worker_threads=4)
    worker.start()
    try:
        line = [servers.TENANTKEEP, "back-up", TENANT, "--policy", str(policy.id), "--wait", "--json"]
        done = subprocess.run(line, capture_output=True, text=True, timeout=300, check=False)
    finally:
        worker.stop()
    run = json.loads(done.stdout)
    assert (run["state"], run["outcomes"]) == ("succeeded", {"captured": 1}), done.stdout
    assert Run.get_by_id(run["id"]).tenant_id == tenant.id
    assert Policy.get_by_id(policy.id).name == "Of this version"
