"""What `tenantkeep doctor`, /readyz and a worker say of an installation where something is not well."""

import re
import ssl
import subprocess
import tempfile
import threading
import time
from contextlib import contextmanager, suppress
from datetime import timedelta
from pathlib import Path

import pytest
import redis

import config
from actors import embedded_redis
from actors.process import startup
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Heartbeat, Run, Tenant, Watch
from db.runs import claims, runs
from db.schema import row_ids
from tests.support import servers
from tests.support.certificates import self_signed
from tests.support.command_lines import tenantkeep
from tests.test_config import GOOD
from tests.web.commands.test_commands import asked
from web.commands import doctor

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def findings(**environment):
    """What it is about -> its findings."""
    found = {}
    for finding in asked("doctor", **environment):
        found.setdefault(finding["what"], []).append(finding)
    return found


def only(what, **environment):
    [one] = findings(**environment)[what]
    return one


@pytest.fixture
def redis_with_one_database(tmp_path):
    port = servers.free_port()
    (tmp_path / "redis").mkdir()
    with servers.redis_server(port, tmp_path / "redis", "--databases", "1", "--maxmemory-policy", "allkeys-lru"):
        yield f"redis://127.0.0.1:{port}/0"


def test_it_says_what_is_configured_and_what_answers(cast, redis_url, simulator, database_url):
    found = findings(TENANTKEEP_PUBLIC_URL="https://tenantkeep.example.com", TENANTKEEP_PROXIES="1")
    assert all(
        finding["ok"] for what in ("settings", "database", "redis", "graph", "sign-in") for finding in found[what]
    )
    assert database_url.removeprefix("sqlite:///") in found["database"][0]["message"]
    assert found["public address"][0]["message"] == "https://tenantkeep.example.com"
    assert "1 proxies" in found["settings"][0]["message"]
    for kind in ("web", "worker", "scheduler"):
        assert found[kind] == [
            {"ok": False, "level": "bad", "what": kind, "message": f"None was ever seen. Start one: tenantkeep {kind}"}
        ]


def test_it_asks_the_addresses_of_every_cloud_that_tenants_are_in(cast, redis_url, monkeypatch):
    from actors.tenants import graph_clients

    monkeypatch.setenv("TENANTKEEP_GRAPH_URL", "https://graph.microsoft.com")
    monkeypatch.setenv("TENANTKEEP_LOGIN_URL", "https://login.microsoftonline.com")
    import config

    config.settings.cache_clear()
    assert dict(graph_clients.addresses([])) == {
        "graph": "https://graph.microsoft.com",
        "sign-in": "https://login.microsoftonline.com",
    }
    Tenant.update(cloud="china").where(Tenant.id == cast.contoso.id).execute()
    asked_of = {address for _, address in graph_clients.addresses(Tenant.select())}
    assert {"https://graph.microsoft.com", "https://microsoftgraph.chinacloudapi.cn"} <= asked_of


def test_a_setting_of_nobody_a_missing_proxy_and_an_address_that_is_away_are_named(cast, redis_url):
    found = findings(
        TENANTKEEP_SERVICE_HOST="10.0.0.1",
        TENANTKEEP_PUBLIC_URL="https://tenantkeep.example.com",
        TENANTKEEP_GRAPH_URL="http://127.0.0.1:1",
    )
    assert "TENANTKEEP_SERVICE_HOST is no setting" in found["settings"][1]["message"]
    assert "Set TENANTKEEP_PROXIES" in found["proxies"][0]["message"]
    assert "Give it one" in found["redis password"][0]["message"]
    assert "Connection refused" in found["graph"][0]["message"]


def test_a_proxy_without_a_public_address_is_named(database_url):
    def said(**settings):
        named = {f"TENANTKEEP_{name}": value for name, value in settings.items()}
        return [text for ok, what, text in doctor._settings(config.load({**GOOD, **named})) if not ok]

    assert "Set TENANTKEEP_PUBLIC_URL" in said(PROXIES="1")[0]
    assert said() == said(PROXIES="1", PUBLIC_URL="https://keep.example.com") == []


def test_a_redis_that_asks_who_comes_is_no_finding(cast, tmp_path):
    """With the user that is documented, who may do all that Tenantkeep does."""
    page = (servers.ROOT / "docs" / "installing.md").read_text()
    user = re.search(r"^user (tenantkeep on >\S+ .*)$", page, re.MULTILINE)[1].replace("…", "its-own")
    port = servers.free_port()
    (tmp_path / "closed").mkdir()
    line = [*embedded_redis.command(port, tmp_path / "closed"), "--requirepass", "another", "--user", *user.split()]
    with servers.running(line, stdout=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: answers(port), "Redis", process=process)
        settings = {"TENANTKEEP_PUBLIC_URL": "https://tenantkeep.example.com", "TENANTKEEP_PROXIES": "1",
                    "TENANTKEEP_REDIS_URL": f"redis://tenantkeep:its-own@127.0.0.1:{port}/0"}  # fmt: skip
        done = tenantkeep("sync", "Contoso", **settings)
        assert (done.returncode, "cannot be reached" in done.stdout) == (0, False)
        found = findings(**settings)
    assert "redis password" not in found
    assert found["redis"][0]["ok"], found["redis"]


def answers(port):
    with suppress(redis.AuthenticationError, redis.ConnectionError):
        return redis.Redis(port=port, username="tenantkeep", password="its-own", retry=None).ping()
    return False


def test_a_table_that_has_given_half_of_its_ids_is_named(cast, redis_url):
    row_ids.continue_after(Run, row_ids.MAX_ID // 4)
    assert only("ids")["ok"]
    row_ids.continue_after(Run, row_ids.MAX_ID // 2)
    assert (only("ids")["ok"], "50% of the ids of run" in only("ids")["message"]) == (False, True)


def test_looking_makes_nothing_and_says_where_it_looked(database_url, tmp_path, redis_url):
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    for words in (("doctor",), ("audit", "verify"), ("keys", "show")):
        done = subprocess.run(
            [servers.TENANTKEEP, *words],
            cwd=empty,
            env=servers.environment(TENANTKEEP_DATABASE_URL="sqlite:///var/tenantkeep.db"),
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert done.returncode != 0
        assert f"There is no database at {empty}/var/tenantkeep.db" in done.stdout + done.stderr
        assert "Traceback" not in done.stderr
    assert list(empty.iterdir()) == []


# --- Redis ---------------------------------------------------------------------------------------------------------


def test_a_redis_with_one_database_is_named_by_doctor_ready_and_worker(cast, redis_with_one_database, monkeypatch):
    environment = {"TENANTKEEP_REDIS_URL": redis_with_one_database}
    told = only("redis", **environment)
    assert (told["ok"], "Redis has no database 1" in told["message"]) == (False, True)
    assert "set TENANTKEEP_REDIS_PREFIX" in told["message"]
    port = servers.free_port()
    with (
        log_of("worker", "--processes", "1", **environment) as worker,
        servers.running(
            [servers.TENANTKEEP, "web", "--processes", "1"], env=servers.environment(PORT=str(port), **environment)
        ),
    ):
        ready = f"http://127.0.0.1:{port}/readyz"
        servers.wait_for(lambda: "Redis has no database 1" in text_of(ready), "web")
        servers.wait_for(lambda: "Redis has no database 1" in worker(), "the worker")


def test_a_redis_with_one_database_serves_under_a_prefix_with_a_user_who_may_touch_no_other_name(
    graph, cast, redis_with_one_database
):
    with redis.Redis.from_url(redis_with_one_database) as client:
        client.execute_command("ACL", "SETUSER", "second", "on", ">its-own", "~second:*", "&*", "+@all", "-@admin")
        client.set("dramatiq:of-another-installation", 1)
        ours = {"TENANTKEEP_REDIS_URL": redis_with_one_database.replace("://", "://second:its-own@"),
                "TENANTKEEP_REDIS_PREFIX": "second"}  # fmt: skip
        told = only("redis", **ours)
        assert "noeviction" in told["message"], "it answers; that it may drop what waits is named, with what to set"
        with log_of("worker", "--processes", "1", **ours):
            assert tenantkeep("sync", "Contoso", "--wait", **ours).returncode == 0
        assert Run.get().state == "succeeded"
        others = {key for key in client.keys("*") if not key.startswith(b"second:")}
        assert others == {b"dramatiq:of-another-installation"}
        assert len(client.keys("*")) > 1


def test_a_wrong_password_and_a_certificate_that_is_not_trusted_are_told_apart(cast, redis_url, tmp_path):
    with redis.Redis.from_url(redis_url) as client:
        client.config_set("requirepass", "Sesame-opens")
        try:
            wrong = redis_url.replace("://", "://:Sesame-closes@")
            asks = only("redis", TENANTKEEP_REDIS_URL=wrong)["message"]
        finally:
            client.config_set("requirepass", "")
    assert "another user or password" in asks
    assert "Sesame" not in asks
    with tls_server(tmp_path) as port:
        told = only("redis", TENANTKEEP_REDIS_URL=f"rediss://:Sesame-closes@127.0.0.1:{port}/0")["message"]
    assert "certificate verify failed" in told
    assert "Sesame" not in told


@contextmanager
def tls_server(directory):
    """It shows a certificate that nobody knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*self_signed(directory))
    listener = servers.socket.create_server(("127.0.0.1", 0))

    def shake_hands():
        while True:
            try:
                context.wrap_socket(listener.accept()[0], server_side=True).close()
            except ssl.SSLError:
                continue
            except OSError:
                return

    threading.Thread(target=shake_hands, daemon=True).start()
    yield listener.getsockname()[1]
    listener.shutdown(servers.socket.SHUT_RDWR)
    listener.close()


# --- processes -----------------------------------------------------------------------------------------------------


def test_beats_that_came_with_a_copy_of_the_database_are_not_taken_for_processes(cast, redis_url):
    Heartbeat.create(process="elsewhere:1", kind="worker", at=utcnow(), keys="")
    told = only("worker")
    assert not told["ok"]
    assert told["message"].startswith("None beats now; last seen ")


def test_a_process_that_beats_is_named(cast, redis_url):
    with log_of("scheduler"):
        servers.wait_for(lambda: Heartbeat.select().where(Heartbeat.kind == "scheduler").exists(), "the scheduler")
        told = only("scheduler")
    assert told["ok"]
    assert re.fullmatch(r"[\w.-]+:\d+", told["message"])


# --- the disk ------------------------------------------------------------------------------------------------------


def test_a_disk_that_is_nearly_full_is_named_before_it_is_full(client, monkeypatch):
    assert client.get("/readyz").status_code == 200
    monkeypatch.setattr(startup, "MIN_FREE_BYTES", 2**63)
    troubles = client.get("/readyz").json["troubles"]
    assert "MB are free in" in troubles["disk"]


@contextmanager
def log_of(*words, **environment):
    """A process that this command starts, and what it logged so far."""
    environment = servers.environment(**environment)
    with (
        tempfile.NamedTemporaryFile() as log,
        servers.running([servers.TENANTKEEP, *words], env=environment, stderr=log),
    ):
        yield lambda: Path(log.name).read_text()


def text_of(url):
    try:
        return servers.requests.get(url, timeout=60).text
    except servers.requests.RequestException:
        time.sleep(0.1)
        return ""


def test_a_run_that_waits_without_getting_on_is_a_finding_and_a_figure(cast, client, redis_url):
    assert only("runs")["ok"]
    run = runs.start(tenant=cast.contoso, kind="policy.sync", dedupe_key="k", items=[], actor=SYSTEM).run
    claims.wait(claims.take_claim(run.id, run.kind), "Microsoft limit reached, continuing in 1 s.", 3600)
    Run.update(started_at=utcnow() - timedelta(hours=1)).where(Run.id == run.id).execute()
    found = only("runs")
    assert not found["ok"]
    assert f"Run {run.id} waits again and again and gets nothing done: Microsoft limit reached" in found["message"]
    assert "tenantkeep_runs_stalled 1\n" in client.get("/metrics").get_data(as_text=True)


def test_how_fresh_the_watched_tenants_are_and_what_keeps_one_from_it_are_told(cast, client, redis_url):
    def age():
        return re.search(r"^tenantkeep_oldest_freshness_age_seconds (\S+)", client.get("/metrics").text, re.M)[1]

    assert (only("watching")["message"], age()) == ("0 tenant(s)", "0")
    now = utcnow()
    for tenant, fresh_at in ((cast.contoso, now - timedelta(minutes=5)), (cast.fabrikam, None)):
        Watch.create(tenant=tenant, next_at=now, since=now, fresh_at=fresh_at)
    assert age() == "+Inf", "one was never looked at"
    Watch.update(fresh_at=now - timedelta(hours=1)).where(Watch.tenant == cast.fabrikam).execute()
    assert 3600 <= float(age()) < 3700
    assert "tenantkeep_watched_tenants 2\n" in client.get("/metrics").text
    fresh = f"{now - timedelta(hours=1):%Y-%m-%d %H:%M} UTC"
    told = only("watching")
    assert (told["ok"], told["message"]) == (True, f"2 tenant(s), everything changed before {fresh} is captured")
    Watch.update(error="Microsoft Graph did not answer in time.", failures=2).execute()
    told = only("watching")
    expected = "Contoso is not watched as it should be, and 1 more: Microsoft Graph did not answer in time."
    assert (told["ok"], told["message"]) == (False, expected)
