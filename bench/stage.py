"""Where the benchmarks run: the Procfile's own processes, a real Redis, a real database, and the simulator."""

import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import requests

import config
from actors import startup
from bench import REDIS_PORT, SIMULATOR, SIMULATOR_PORT, WEB, WEB_PORT
from db import migrate, tenants, users
from db.audit import SYSTEM
from db.database import database
from db.models import Policy
from db.states import Role
from tests import servers
from tests.simulated import READ, catalog_policy

EMAIL, PASSWORD = "olga@bench.example", "correct horse battery"
DIRECTORY_ID, SECRET = "11111111-1111-4111-8111-111111111111", "bench client secret"


@contextmanager
def engines() -> Iterator[dict[str, str]]:
    """{"SQLite": url, "PostgreSQL": url} of empty databases; Redis and the simulator run meanwhile."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenantkeep-bench-")))
        (folder / "redis").mkdir()
        stack.enter_context(servers.redis_server(REDIS_PORT, folder / "redis"))
        stack.enter_context(_simulator())
        urls = {"SQLite": f"sqlite:///{folder / 'bench.db'}"}
        if servers.postgresql_binaries():
            # Below /tmp itself, for the user that PostgreSQL must run as; and it must survive, as in production.
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenantkeep-bench-pg-")))
            urls["PostgreSQL"] = stack.enter_context(servers.postgresql_server(home, fsync="on")) + "/postgres"
        yield urls


@contextmanager
def _simulator() -> Iterator[None]:
    command = [sys.executable, "-m", "graph.simulator", "--port", str(SIMULATOR_PORT), "--no-demo"]
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(
            lambda: servers.answers_http(f"{SIMULATOR}/_simulator/health"), "The simulator", process=process
        )
        yield


def install(url: str, policies: int) -> None:
    """Bind this process and its children to the database; one tenant with that many policies, one operator."""
    config.use({"TENANTKEEP_DATABASE_URL": url})
    startup.bind(config.settings())
    migrate.migrate()
    startup.prepare(config.settings())
    there = dict(_policies(policies))
    control("POST", "tenants", name="Bench", directory_id=DIRECTORY_ID, client_id=DIRECTORY_ID, client_secret=SECRET,
            permissions=READ, collections={"deviceManagement/configurationPolicies": there})  # fmt: skip
    with database.connection_context():
        tenant = tenants.add("Bench", DIRECTORY_ID, DIRECTORY_ID, SYSTEM)
        tenants.set_credential(tenant, "secret", {"secret": SECRET}, SYSTEM)
        users.set_member(users.add(EMAIL, "Olga", PASSWORD, SYSTEM), tenant, Role.OPERATOR, SYSTEM)
        rows = [
            {"tenant": tenant.id, "policy_type": "configurationPolicies", "graph_id": key, "name": body["name"]}
            for key, body in _policies(policies)
        ]
        Policy.insert_many(rows).execute()


def _policies(count: int) -> Iterator[tuple[str, dict]]:
    for number in range(count):
        graph_id = f"{number:08}-0000-4000-8000-000000000000"
        yield graph_id, catalog_policy(graph_id, f"Settings policy {number}", count=20)


def control(method: str, path: str, **body: object) -> None:
    requests.request(method, f"{SIMULATOR}/_simulator/{path}", json=body, timeout=60).raise_for_status()


@contextmanager
def web() -> Iterator[requests.Session]:
    """The web process as the Procfile starts it; a session of the operator, signed in, with its CSRF token."""
    folder = Path(sys.executable).parent
    options = ["--worker-class", "gthread", "--workers", "2", "--threads", "8", "--log-level", "warning"]
    command = [folder / "gunicorn", *options, "--bind", f"127.0.0.1:{WEB_PORT}", "web.app:serve()"]
    with servers.running(command, cwd=servers.ROOT) as process:
        servers.wait_for(lambda: servers.answers_http(f"{WEB}/readyz"), "The web", process=process)
        with requests.Session() as session:
            session.post(
                f"{WEB}/sign-in",
                data={"email": EMAIL, "password": PASSWORD, "csrf_token": _token(session, "/sign-in")},
                timeout=10,
            ).raise_for_status()
            session.headers["X-CSRFToken"] = _token(session, "/policies/1")
            yield session


def _token(session: requests.Session, path: str) -> str:
    page = session.get(WEB + path, timeout=10).text
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


@contextmanager
def worker(processes: int, threads: int) -> Iterator[None]:
    command = [
        sys.executable,
        "-m",
        "actors.worker",
        "--once",
        "--processes",
        str(processes),
        "--threads",
        str(threads),
    ]
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL):
        yield
