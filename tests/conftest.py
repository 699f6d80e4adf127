"""The cast and the stage: real Redis, SQLite and PostgreSQL, the simulator as a process, two tenants and six people.

Settings are put into the environment before anything of ours is imported, because actors bind to the broker at import.
"""

import base64
import os
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from tests.support import servers

REDIS_PORT = servers.free_port()
SIMULATOR_PORT = servers.free_port()
SIMULATOR_URL = f"http://127.0.0.1:{SIMULATOR_PORT}"
PASSWORD = "correct horse battery"

for _name in [name for name in os.environ if name.startswith("TENANTKEEP_")]:
    del os.environ[_name]
os.environ.update(
    TENANTKEEP_REDIS_URL=f"redis://127.0.0.1:{REDIS_PORT}/0",
    TENANTKEEP_SECRET_KEY=secrets.token_hex(16),
    TENANTKEEP_ENCRYPTION_KEYS=base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
    TENANTKEEP_GRAPH_URL=SIMULATOR_URL,
    TENANTKEEP_LOGIN_URL=SIMULATOR_URL,
    TENANTKEEP_LOG_FORMAT="text",
)

import argon2  # noqa: E402
import dramatiq  # noqa: E402
import hypothesis  # noqa: E402
import redis  # noqa: E402
import requests  # noqa: E402

import config  # noqa: E402
from db import database as engine  # noqa: E402
from db import encryption, migrate  # noqa: E402
from db.accounts import users  # noqa: E402
from db.audit.audit import SYSTEM, Actor  # noqa: E402
from db.clock import utcnow  # noqa: E402
from db.installation import installation  # noqa: E402
from db.models import Policy, Snapshot, Tenant, User  # noqa: E402
from db.policies import snapshots  # noqa: E402
from db.states import Role, SiteRole  # noqa: E402
from graph.transport import rate_limits  # noqa: E402
from tests.as_read import Browser  # noqa: E402
from tests.support import lock_watch  # noqa: E402
from tests.support.simulated_tenant import REAL, SimulatedTenant, catalog_policy  # noqa: E402

# Tests that share what takes long to start follow each other in one process of the test run. By their names: the mark
# that pytest-xdist 3.8 has for it writes to what pytest 9 no longer reads.
TOGETHER = {
    r"tests/test_wheel\.py": "wheel",
    r"tests/browser/test_(demo|accessible)\.py": "demo",
    r"tests/web/serving/test_waitress_worker\.py": "slow clients",
    r"tests/faults/test_faults\.py::.*\[sqlite": "faults on SQLite",
    r"tests/faults/test_faults\.py::.*\[postgresql": "faults on PostgreSQL",
    r"tests/db/sql/test_query_plans\.py::.*\[sqlite": "plans of SQLite",
    r"tests/db/sql/test_query_plans\.py::.*\[postgresql": "plans of PostgreSQL",
}


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config, log):
    from xdist.scheduler import LoadScopeScheduling

    class Scheduling(LoadScopeScheduling):
        def _split_scope(self, nodeid):
            return next((group for names, group in TOGETHER.items() if re.match(names, nodeid)), nodeid)

    return Scheduling(config, log)


def pytest_addoption(parser):
    """For `python -m tests.fuzz` and `make steps`."""
    parser.addoption("--fuzz-requests", type=int, default=250, help="how many hostile requests, on each engine")
    parser.addoption("--fuzz-seed", type=int, default=1, help="which ones")
    parser.addoption("--stateful-steps", type=int, default=250, help="how many steps, on each engine")
    parser.addoption("--stateful-seed", type=int, help="which ones; the same each time unless given")


def pytest_terminal_summary(terminalreporter):
    """How many steps the stateful tests made."""
    for report in terminalreporter.getreports("passed"):
        for name, value in report.user_properties:
            if name == "steps":
                terminalreporter.write_line(f"{report.nodeid}: {value} steps")


# The same examples at every run: what fails, fails for everybody. No deadline: machines differ, and are busy.
hypothesis.settings.register_profile("same", derandomize=True, deadline=None, database=None, max_examples=60)
hypothesis.settings.load_profile("same")


@pytest.fixture(scope="session")
def _redis_server(tmp_path_factory):
    with servers.redis_server(REDIS_PORT, tmp_path_factory.mktemp("redis")) as process:
        yield process


@pytest.fixture
def redis_url(_redis_server):
    """A real, empty Redis."""
    with redis.Redis(port=REDIS_PORT) as client:
        client.flushall()
    return config.settings().redis_url


def migrated():
    """With the keys that the tests have, whatever the test before left behind."""
    encryption.use_keys(config.load(os.environ).encryption_keys)
    migrate.migrate()


@pytest.fixture(scope="session")
def _postgresql():
    if servers.postgresql_binaries() is None:
        pytest.skip("no PostgreSQL on this machine")
    # Not below pytest's own directories: they are closed to the user that PostgreSQL must run as.
    directory = Path(tempfile.mkdtemp(prefix="tenantkeep-pg-", dir=servers.folder_in_memory()))
    try:
        with servers.postgresql_server(directory) as url:
            servers.execute(url, "CREATE DATABASE migrated")
            engine.bind_database(f"{url}/migrated")
            migrated()
            engine.database.close_all()
            yield url
    finally:
        shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def _sqlite(tmp_path_factory):
    path = tmp_path_factory.mktemp("sqlite") / "migrated.db"
    engine.bind_database(f"sqlite:///{path}")
    migrated()
    engine.database.close()
    return path


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """The address of a migrated, empty database of its own."""
    with fresh_database(request, request.param, tmp_path / "tenantkeep.db") as url:
        yield url


@contextmanager
def fresh_database(request, kind, path):
    """As `database_url`, of that kind; SQLite's at that path."""
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("_sqlite"), path)
        yield f"sqlite:///{path}"
        return
    server = request.getfixturevalue("_postgresql")
    name = f"test_{secrets.token_hex(6)}"
    servers.execute(server, f"CREATE DATABASE {name} TEMPLATE migrated")
    yield f"{server}/{name}"
    servers.execute(server, f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(database_url, redis_url, monkeypatch):
    """That database, bound and open in this process, and in the environment for processes a test starts.

    With an empty Redis: every database here is a copy of one, so that what Redis remembers of another test's would
    be believed of this one's.
    """
    monkeypatch.setenv("TENANTKEEP_DATABASE_URL", database_url)
    config.settings.cache_clear()
    bound = engine.bind_database(database_url)
    encryption.use_keys(config.settings().encryption_keys)
    bound.connect()
    installation.check_keys()
    yield bound
    let_go(bound)


def let_go(bound):
    """Of a database; and of what an app or a command that the test made has bound since."""
    for one in {bound, engine.database.obj}:
        one.close()
        if hasattr(one, "close_all"):
            one.close_all()
    config.settings.cache_clear()


@pytest.fixture
def lock_order(monkeypatch):
    """No transaction of the test takes rows against the written order."""
    with lock_watch.watched(monkeypatch) as wrong:
        yield
    assert not wrong, "\n".join(dict.fromkeys(wrong))


@pytest.fixture(scope="session")
def _password_hash():
    """Of the right kind, and cheap, for hundreds of tests sign in. test_sign_in.py looks at what the product takes."""
    users.hasher = argon2.PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
    return users.hasher.hash(PASSWORD)


@pytest.fixture
def cast(database, _password_hash):
    """Contoso: ada operates, rita reads, max manages. Fabrikam: sam operates. audra audits; root is admin."""
    from db.policies import policies
    from db.tenants import tenants

    def person(name, site_role=SiteRole.NONE):
        return User.create(
            email=f"{name}@example.com", name=name.title(), password_hash=_password_hash, site_role=site_role
        )

    people = {name: person(name) for name in ("ada", "rita", "max", "sam")}
    people["audra"] = person("audra", SiteRole.AUDITOR)
    people["root"] = person("root", SiteRole.ADMIN)
    places = {}
    for number, name in enumerate(("contoso", "fabrikam"), start=1):
        guid = f"{number}" * 8 + "-1111-4111-8111-" + f"{number}" * 12
        places[name] = tenants.add(name.title(), guid, guid, SYSTEM)
        tenants.set_credential(places[name], "secret", {"secret": f"{name} client secret"}, SYSTEM)
        policies.record_listing(
            places[name],
            "configurationPolicies",
            [
                {
                    "graph_id": f"{number}000000{n}-0000-4000-8000-000000000000",
                    "name": f"{name.title()} policy {n}",
                    "odata_type": None,
                    "platform": "windows10",
                    "is_built_in": False,
                    "modified_at": None,
                }
                for n in (1, 2)
            ],
        )
    for name, place, role in (
        ("ada", "contoso", Role.OPERATOR),
        ("rita", "contoso", Role.READER),
        ("max", "contoso", Role.MANAGER),
        ("sam", "fabrikam", Role.OPERATOR),
    ):
        users.set_member(people[name], places[place], role, SYSTEM)
    return SimpleNamespace(**people, **places)


@pytest.fixture
def captured(cast):
    """An ended run with one snapshot for each policy of the cast; a list of (policy, run, snapshot)."""
    made = []
    for policy in Policy.select(Policy, Tenant).join(Tenant).order_by(Policy.id):
        user = cast.ada if policy.tenant == cast.contoso else cast.sam
        made.append((policy, *capture_by_hand(policy, Actor.person(user, "127.0.0.1"))))
    return made


def capture_by_hand(policy, actor, body=None, assignments=(), groups=None):
    """What the capture actor does to the database, without Graph: (run, snapshot)."""
    from db.runs import claims, completion, run_items, runs
    from db.states import RunKind

    item = run_items.NewRunItem(policy.policy_type, policy.name, policy.id, policy.graph_id)
    started = runs.start(
        tenant=policy.tenant,
        kind=RunKind.CAPTURE_SNAPSHOT,
        dedupe_key=f"policy.capture_snapshot:{policy.tenant_id}:{policy.id}",
        items=[item],
        actor=actor,
        policy=policy,
    )
    claim = claims.take_claim(started.run.id, started.run.kind)
    body = body or {"name": policy.name, "settings": []}
    read = snapshots.SnapshotDraft.of(
        policy,
        {"body": body, "assignments": list(assignments)},
        secrets.token_hex(32),
        read_at=utcnow(),
        assignments_mark="",
        name=policy.name,
        modified_at=None,
        proof={
            "settings": {"stored": 0, "declared": 0},
            "pages": 1,
            "assignments": "read",
            "assignment_count": 0,
            "secrets": {"revealed": 0, "withheld": []},
        },
        references={"groups": groups or {}, "filters": {}, "scope_tags": {}},
    )
    kept = snapshots.save(claim.run, [read])[policy.id]
    [row] = run_items.unsettled_items(claim.run)
    run_items.finish_captured_items(claim, kept.outcome, {row.id: kept.snapshot_id})
    completion.finish(claim)
    return started.run, Snapshot.get_by_id(kept.snapshot_id)


@pytest.fixture
def app(database, redis_url):
    from web.app import create_app

    app = create_app()
    app.config["TESTING"] = True
    app.test_client_class = Browser
    return app


@pytest.fixture
def client(app):
    return app.test_client()


def csrf_token(client, path):
    """The token of the first form on a page."""
    page = client.get(path).get_data(as_text=True)
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


@pytest.fixture
def sign_in():
    """sign_in(client, user): through the real form, token and all."""

    def act(client, user):
        token = csrf_token(client, "/sign-in")
        answer = client.post(
            "/sign-in", data={"email": user.email, "password": PASSWORD, "csrf_token": token}, follow_redirects=False
        )
        assert answer.status_code in {302, 303}, answer.get_data(as_text=True)
        return client

    return act


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    """The simulator as its own process, without demo tenants; tests make theirs through its control plane."""
    log = (tmp_path_factory.mktemp("simulator") / "log").open("w")
    command = [sys.executable, "-m", "graph.simulator", "--port", str(SIMULATOR_PORT), "--no-demo"]
    with servers.running(command, cwd=servers.ROOT, stdout=log, stderr=subprocess.STDOUT) as process:
        servers.wait_for(
            lambda: servers.answers_http(f"{SIMULATOR_URL}/_simulator/health"), "The simulator", process=process
        )
        yield SIMULATOR_URL
    log.close()


@pytest.fixture(scope="session")
def demo_simulator(tmp_path_factory):
    """Another one: with the demo tenants, and the real exported policies where they are."""
    port = servers.free_port()
    load = ["--load", str(REAL)] if REAL.exists() else []
    command = [sys.executable, "-m", "graph.simulator", "--port", str(port), *load]
    url = f"http://127.0.0.1:{port}"
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: servers.answers_http(f"{url}/_simulator/health"), "The simulator", process=process)
        yield url


@pytest.fixture
def graph(simulator, cast):
    """Contoso in the simulator, with its two policies and every permission; nothing asked yet, nothing going wrong."""
    tenant = cast.contoso
    for path in ("requests", "faults"):
        requests.delete(f"{simulator}/_simulator/{path}", timeout=10).raise_for_status()
    simulated = SimulatedTenant.add(simulator, tenant, "contoso client secret")
    for policy in Policy.select().where(Policy.tenant == tenant):
        simulated.put("deviceManagement/configurationPolicies", catalog_policy(policy.graph_id, policy.name))
    return simulated


@pytest.fixture
def worker(database, redis_url):
    """A real worker of the real broker, in this process. Ask for `app` first: making it binds the database anew."""
    from actors.all_actors import broker
    from actors.tenants import graph_clients

    graph_clients.forget()
    running = dramatiq.Worker(broker, worker_timeout=50, worker_threads=4)
    running.start()
    yield running
    running.stop()


@pytest.fixture
def quick(monkeypatch):
    """Without the waits that Graph's limits ask for; tests/actors/tenants/test_request_budget.py has those."""
    for service in rate_limits.LIMITS:
        monkeypatch.setitem(rate_limits.LIMITS, service, (10_000, 1.0))


@pytest.fixture
def ended():
    """ended(run_id, seconds=15): the run once it has ended; the scheduler's sweep included."""
    import time

    from actors import scheduler
    from db.models import Run
    from db.states import ACTIVE

    def wait(run_id, seconds=15):
        deadline = time.monotonic() + seconds
        while (run := Run.get_by_id(run_id)).state in ACTIVE:
            assert time.monotonic() < deadline, f"run {run_id} is still {run.state}: {run.waiting}"
            scheduler.sweep()
            time.sleep(0.05)
        return run

    return wait


WORKER = [sys.executable, "-m", "dramatiq", "actors.app", "--processes", "1", "--threads", "4",
          "--worker-shutdown-timeout", "1000"]  # fmt: skip


@pytest.fixture
def start_worker():
    """start_worker() -> a worker process of its own, killed with all its children when the test ends."""
    processes = []

    def start():
        # A process group of its own, so that a kill takes the master and its children together.
        quick = servers.environment(dramatiq_worker_timeout="100")
        processes.append(
            subprocess.Popen(WORKER, cwd=servers.ROOT, env=quick, start_new_session=True, stderr=subprocess.DEVNULL)
        )
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
