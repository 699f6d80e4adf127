"""/readyz of a real web process: when Redis or the database goes away it says so within two seconds."""

import re
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from contextlib import ExitStack
from pathlib import Path

import peewee
import pytest
import requests

import config
from actors.queue.broker import PRIORITY
from db.audit.audit import SYSTEM
from db.installation import installation
from db.tenants import tags
from tests.support import servers
from web.app import create_app
from web.commands import doctor
from web.commands.frame.context import WRONG_SETTING
from web.views.installation import health


@pytest.fixture
def own_redis(tmp_path):
    port = servers.free_port()
    (tmp_path / "redis").mkdir()
    with servers.redis_server(port, tmp_path / "redis") as process:
        yield port, process


@pytest.fixture
def web(database_url, own_redis):
    """(address, Redis's process) of the web process."""
    redis_port, redis_process = own_redis
    port = servers.free_port()
    command = [servers.TENANTKEEP, "web", "--processes", "1"]
    environment = servers.environment(
        TENANTKEEP_DATABASE_URL=database_url, TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{redis_port}/0", PORT=str(port)
    )
    with servers.running(command, env=environment, stderr=subprocess.DEVNULL) as process:
        address = f"http://127.0.0.1:{port}"
        servers.wait_for(lambda: servers.answers_http(f"{address}/readyz"), "The web", process=process)
        yield address, redis_process


# Far more than it takes, and less than a connection that nobody answers.
IN_TIME = 10


def ready(address):
    """(status, troubles) and that it came in time."""
    began = time.monotonic()
    answer = requests.get(f"{address}/readyz", timeout=60)
    assert time.monotonic() - began < IN_TIME
    return answer.status_code, set(answer.json()["troubles"])


@pytest.mark.parametrize("process", ["web", "worker", "scheduler"])
def test_a_process_refuses_to_start_in_one_line_and_not_again_and_again(process):
    environment = servers.environment(TENANTKEEP_ENCRYPTION_KEYS="c2hvcnQ=", TENANTKEEP_REDIS_URL="nonsense")
    done = subprocess.run(
        [servers.TENANTKEEP, process],
        env=environment,
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == WRONG_SETTING
    assert [line.partition(" is wrong")[0] for line in done.stderr.splitlines()] == [
        "TENANTKEEP_REDIS_URL",
        "TENANTKEEP_ENCRYPTION_KEYS",
    ]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_without_redis_it_is_alive_but_not_ready(web):
    address, redis_process = web
    assert ready(address) == (200, set())
    redis_process.kill()
    redis_process.wait()
    assert ready(address) == (503, {"redis"})
    assert requests.get(f"{address}/healthz", timeout=60).ok
    assert requests.get(f"{address}/sign-in", timeout=60).ok, "pages go on: a start is recorded and sent later"


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_its_database_it_is_alive_but_not_ready(web, database_url):
    address, _ = web
    assert ready(address) == (200, set())
    server, _, name = database_url.rpartition("/")
    servers.execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS false")
    servers.execute(server, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")  # noqa: S608
    assert ready(address) == (503, {"database"})
    assert requests.get(f"{address}/healthz", timeout=60).ok
    assert requests.get(f"{address}/sign-in", timeout=60).status_code == 503
    servers.execute(server, f"ALTER DATABASE {name} ALLOW_CONNECTIONS true")
    assert ready(address) == (200, set())


def test_processes_that_are_there_before_their_database_wait_for_it_and_then_work(tmp_path, redis_url):
    """As at boot: each is started while nothing listens at the database's address."""
    if servers.postgresql_binaries() is None:
        pytest.skip("no PostgreSQL on this machine")
    port, web_port = servers.free_port(), servers.free_port()
    directory = Path(tempfile.mkdtemp(prefix="tenantkeep-pg-"))  # pytest's own are closed to PostgreSQL's user
    servers.make_postgresql(directory)
    environment = servers.environment(TENANTKEEP_DATABASE_URL=servers.postgresql_url(port), PORT=str(web_port))
    address = f"http://127.0.0.1:{web_port}"
    with ExitStack() as stack:
        stack.callback(shutil.rmtree, directory, ignore_errors=True)
        log = stack.enter_context((tmp_path / "log").open("w"))
        processes = [
            stack.enter_context(servers.running([servers.TENANTKEEP, kind], env=environment, stderr=log))
            for kind in ("web", "worker", "scheduler")
        ]
        servers.wait_for(lambda: servers.answers_http(f"{address}/healthz"), "web")
        assert ready(address) == (503, {"database"})
        assert requests.get(f"{address}/sign-in", timeout=60).status_code == 503
        stack.enter_context(servers.running_postgresql(directory, port))
        servers.wait_for(lambda: servers.connects(servers.postgresql_url(port)), "PostgreSQL")
        answer = requests.get(f"{address}/sign-in", timeout=60)
        assert (answer.status_code, "tenantkeep migrate" in answer.text) == (503, True), "it is there, and empty"
        lacking = "Run: tenantkeep migrate Waiting for it."
        servers.wait_for(lambda: (tmp_path / "log").read_text().count(lacking) == 2, "worker and scheduler")
        subprocess.run([servers.TENANTKEEP, "migrate"], env=environment, check=True, stdout=subprocess.DEVNULL)
        assert ready(address) == (200, set())
        assert requests.get(f"{address}/sign-in", timeout=60).ok
        servers.wait_for(lambda: "the scheduler is up" in (tmp_path / "log").read_text(), "the scheduler")
        assert {process.poll() for process in processes} == {None}
        said = (tmp_path / "log").read_text()  # before the database ends, which it does before who is still starting
    waits = Counter(re.findall(r"startup: (.+Waiting for it\.)", said))
    assert max(waits.values()) == 2, "once each for either reason, not every second"
    assert "Traceback" not in said


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("wrong", ["no_such_role@", "tenantkeep@"])
def test_a_database_that_refuses_is_not_waited_for(database_url, redis_url, wrong):
    """It will say the same again: a role or a database that is none."""
    url = re.sub(r"tenantkeep@", wrong, database_url) + ("" if wrong == "no_such_role@" else "_not")
    environment = servers.environment(TENANTKEEP_DATABASE_URL=url)
    done = subprocess.run(
        [servers.TENANTKEEP, "worker"], env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode > 1
    [sentence] = done.stderr.splitlines()
    assert "does not exist. Check TENANTKEEP_DATABASE_URL." in sentence


# --- metrics -------------------------------------------------------------------------------------------------------


TOKEN = "a token of some length"


@pytest.fixture
def told(database, redis_url, monkeypatch):
    """told(): what who has the token is told."""
    monkeypatch.setenv("TENANTKEEP_METRICS_TOKEN", TOKEN)
    config.settings.cache_clear()
    asker = create_app().test_client()
    return lambda: asker.get("/metrics", headers={"Authorization": f"Bearer {TOKEN}"}).get_data(as_text=True)


@pytest.fixture
def figures(cast, told):
    """name{labels} -> value."""
    lines = told().splitlines()
    return dict(line.rsplit(" ", 1) for line in lines if not line.startswith("#"))


def test_what_was_never_seen_is_infinitely_old_so_that_its_alert_goes_off(cast, figures, database):
    for kind in ("web", "worker", "scheduler"):
        assert figures[f'tenantkeep_heartbeat_age_seconds{{kind="{kind}"}}'] == "+Inf"
    assert figures[f'tenantkeep_tenant_backup_age_seconds{{tenant_id="{cast.contoso.id}"}}'] == "+Inf"
    assert figures["tenantkeep_oldest_backup_age_seconds"] == "+Inf"
    assert figures["tenantkeep_audit_check_age_seconds"] == "+Inf"
    assert ("tenantkeep_disk_free_bytes" in figures) == isinstance(database, peewee.SqliteDatabase)


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_metrics_come_in_the_format_that_is_asked_for(client):
    installation.record_heartbeat("here:1", "worker")
    for accept, content_type, end in (
        ("*/*", "text/plain; version=0.0.4; charset=utf-8", ""),
        ("application/openmetrics-text;version=1.0.0", "application/openmetrics-text; version=1.0.0; charset=utf-8",
         "# EOF"),
    ):  # fmt: skip
        answer = client.get("/metrics", headers={"Accept": accept})
        text = answer.get_data(as_text=True)
        assert (answer.content_type, text.endswith(f"{end}\n"), "# EOF" in text) == (content_type, True, bool(end))
        assert 0 <= float(re.search(r'heartbeat_age_seconds\{kind="worker"\} ([\d.]+)', text)[1]) < 30


HEADERS = ["Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP"]


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_metrics_are_for_this_machine_itself_not_for_who_comes_through_its_proxy(client):
    answer = client.get("/metrics")
    assert answer.status_code == 200
    assert "tenant_id=" not in answer.get_data(as_text=True)
    for header in HEADERS:
        answer = client.get("/metrics", headers={header: "127.0.0.1"})
        assert (answer.status_code, "tenantkeep_" in answer.get_data(as_text=True)) == (302, False), header
    assert client.get("/metrics", environ_base={"REMOTE_ADDR": "203.0.113.5"}).status_code == 302


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_metrics_are_for_who_has_the_token_wherever_they_are(database, redis_url, monkeypatch):
    elsewhere = {"REMOTE_ADDR": "203.0.113.5"}
    for token, given, status in (
        (TOKEN, TOKEN, 200),
        (TOKEN, f"{TOKEN}.", 302),
        (TOKEN, "é", 302),
        ("", "", 302),
        ("", "None", 302),
    ):
        monkeypatch.setenv("TENANTKEEP_METRICS_TOKEN", token)
        config.settings.cache_clear()
        answer = (
            create_app()
            .test_client()
            .get("/metrics", environ_base=elsewhere, headers={"Authorization": f"Bearer {given}"})
        )
        assert answer.status_code == status, given


def test_a_tag_that_no_worker_serves_is_said_and_web_stays_ready(client, cast, sign_in, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_QUEUE_TAGS", "Gold")
    config.settings.cache_clear()
    installation.record_heartbeat("here:1", "worker", PRIORITY)
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    health._readiness._at = float("-inf")
    answer = client.get("/readyz")
    assert (answer.status_code, list(answer.json["workers"])) == (200, ["gold"])
    [(is_well, what, sentence)] = doctor._workers_by_tag()
    assert (is_well, what, "tagged “gold”" in sentence) == (False, "workers by tag", True)
    sign_in(client, cast.rita)
    assert "No worker serves the tenants tagged “Gold”" in client.get("/").get_data(as_text=True)
    sign_in(client, cast.sam)
    assert "No worker serves" not in client.get("/").get_data(as_text=True), "no tenant of theirs has it"
    installation.record_heartbeat("here:2", "worker", {f"{queue}.gold" for queue in PRIORITY})
    health._readiness._at = float("-inf")
    assert "workers" not in client.get("/readyz").json
