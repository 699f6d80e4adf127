"""The stage of the benchmarks: our processes as they come, a real Redis, a real database, and the simulator."""

import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import dramatiq
import requests

import config
from actors.all_actors import broker
from actors.process import startup
from bench import REDIS_PORT, SIMULATOR, SIMULATOR_PORT, WEB, WEB_PORT
from db import migrate
from db.accounts import users
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database
from db.models import Heartbeat, Policy, Tenant
from db.states import Role
from db.tenants import tenants
from tests.support import servers
from tests.support.demo import descendants
from tests.support.simulated_tenant import READ, catalog_policy

EMAIL, PASSWORD = "olga@bench.example", "correct horse battery"
DIRECTORY_ID, SECRET = "00000001-1111-4111-8111-111111111111", "bench client secret"


@contextmanager
def engines(*, with_demo: bool = False) -> Iterator[dict[str, str]]:
    """{"SQLite": url, "PostgreSQL": url} of empty databases; Redis and the simulator run meanwhile.

    `with_demo`: the simulator has the demo's tenants.
    """
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenantkeep-bench-")))
        (folder / "redis").mkdir()
        stack.enter_context(servers.redis_server(REDIS_PORT, folder / "redis"))
        stack.enter_context(_simulator(with_demo=with_demo))
        urls = {"SQLite": f"sqlite:///{folder / 'bench.db'}"}
        if servers.postgresql_binaries():
            # Below /tmp itself, for the user that PostgreSQL must run as; and it must survive, as in production.
            home = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tenantkeep-bench-pg-")))
            urls["PostgreSQL"] = stack.enter_context(servers.postgresql_server(home, fsync="on")) + "/postgres"
        yield urls


@contextmanager
def _simulator(*, with_demo: bool) -> Iterator[None]:
    command = [sys.executable, "-m", "graph.simulator", "--port", str(SIMULATOR_PORT)]
    command += [] if with_demo else ["--no-demo"]
    with servers.running(command, cwd=servers.ROOT, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(
            lambda: servers.answers_http(f"{SIMULATOR}/_simulator/health"), "The simulator", process=process
        )
        yield


def beside(url: str, name: str) -> str:
    """Another empty database, where that one is."""
    place = url.rpartition("/")[0]
    if url.startswith("postgresql:"):
        servers.execute(place, f"CREATE DATABASE {name}")
    return f"{place}/{name}"


def bind(url: str) -> None:
    """This process and its children to the database, migrated."""
    config.use({"TENANTKEEP_DATABASE_URL": url})
    startup.bind(config.settings())
    migrate.migrate()
    startup.prepare(config.settings())


def install(url: str, policies: int) -> None:
    """One tenant with that many policies, known to the database too, and one operator."""
    bind(url)
    made = tenant("Bench", 1, policies)
    with database.connection_context():
        users.set_member(users.add(EMAIL, "Olga", PASSWORD, SYSTEM), made, Role.OPERATOR, SYSTEM)
        rows = [
            {"tenant": made.id, "policy_type": "configurationPolicies", "graph_id": key, "name": body["name"]}
            for key, body in _policies(policies)
        ]
        Policy.insert_many(rows).execute()


def tenant(
    name: str, number: int, policies: int, *, permissions: Sequence[str] = tuple(READ), **flags: object
) -> Tenant:
    """A tenant with that many policies in the simulator, and its connection in the database."""
    facts = tenant_facts(name, number, policies, permissions=permissions, **flags)
    control("POST", "tenants", **facts)
    guid = facts["directory_id"]
    with database.connection_context():
        made = tenants.add(name, guid, guid, SYSTEM)
        tenants.set_credential(made, "secret", {"secret": SECRET}, SYSTEM)
    return made


def tenant_facts(
    name: str, number: int, policies: int, *, permissions: Sequence[str] = tuple(READ), **flags: object
) -> dict[str, Any]:
    """Return what the simulator is told of a tenant with that many policies."""
    guid = f"{number:08}-1111-4111-8111-111111111111"
    there = {"deviceManagement/configurationPolicies": dict(_policies(policies)), "groups": GROUPS}
    return {"name": name, "directory_id": guid, "client_id": guid, "client_secret": SECRET,
            "permissions": list(permissions), "collections": there, "flags": flags}  # fmt: skip


def change(changed: Tenant, count: int) -> None:
    """Give so many of the tenant's policies one more setting."""
    for number in range(count):
        change_one(changed, number, settings=21, at="2025-06-01T00:00:00Z")


def change_one(changed: Tenant, number: int, *, settings: int, at: str) -> None:
    """Let one of the tenant's policies have so many settings since that time."""
    graph_id = f"{number:08}-0000-4000-8000-000000000000"
    body = {**_policy(graph_id, number, settings=settings), "lastModifiedDateTime": at}
    address = f"tenants/{changed.directory_id}/objects/deviceManagement/configurationPolicies/{graph_id}"
    control("PUT", address, **body)


def requests_of(asked: Tenant) -> dict[str, int]:
    """{"graph", "http", ...} since the simulator began."""
    answer = requests.get(f"{SIMULATOR}/_simulator/requests", timeout=60).json()
    return answer["tenants"].get(asked.directory_id, {"graph": 0, "http": 0})


GROUPS = {f"{n}" * 8: {"id": f"{n}" * 8, "displayName": f"Group {n}"} for n in range(8)}


def _policies(count: int) -> Iterator[tuple[str, dict]]:
    for number in range(count):
        graph_id = f"{number:08}-0000-4000-8000-000000000000"
        yield graph_id, _policy(graph_id, number)


def _policy(graph_id: str, number: int, settings: int = 20) -> dict:
    kind = "#microsoft.graph.groupAssignmentTarget"
    ids = (f"{number % 8}" * 8, f"{(number + 3) % 8}" * 8)
    assigned = [
        {"id": f"{graph_id}_{group_id}", "target": {"@odata.type": kind, "groupId": group_id}} for group_id in ids
    ]
    made = catalog_policy(graph_id, f"Settings policy {number}", count=settings)
    for setting in made["settings"]:
        # No policy has another one's settings: what was read of one saves no work on the next.
        setting["settingInstance"]["simpleSettingValue"]["value"] += 1000 * number
    return {**made, "assignments": assigned}


def control(method: str, path: str, **body: object) -> None:
    requests.request(method, f"{SIMULATOR}/_simulator/{path}", json=body, timeout=60).raise_for_status()


@contextmanager
def web(email: str = EMAIL) -> Iterator[requests.Session]:
    """The web process as it comes; a session of the operator or another, with its CSRF token."""
    command = [servers.TENANTKEEP, "web", "--bind", f"127.0.0.1:{WEB_PORT}"]
    with servers.running(command, stderr=subprocess.DEVNULL) as process:
        servers.wait_for(lambda: servers.answers_http(f"{WEB}/readyz"), "The web", process=process)
        with requests.Session() as session:
            # The dashboard, where it leads, reads every tenant: not with a million of them.
            session.post(
                f"{WEB}/sign-in",
                data={"email": email, "password": PASSWORD, "csrf_token": _token(session, "/sign-in")},
                timeout=10,
                allow_redirects=False,
            ).raise_for_status()
            session.headers["X-CSRFToken"] = _token(session, "/policies/1")
            yield session


def _token(session: requests.Session, path: str) -> str:
    page = session.get(WEB + path, timeout=10).text
    return token_in(page)


def token_in(page: str) -> str:
    return page.split('name="csrf_token"')[1].split('value="')[1].split('"')[0]


@contextmanager
def worker(processes: int, threads: int) -> Iterator[list[int]]:
    """Workers as they come; the ids of their processes."""
    command = [servers.TENANTKEEP, "worker", "--processes", str(processes), "--threads", str(threads)]
    with servers.running(command, stderr=subprocess.DEVNULL) as started:
        wait_for_boot(processes)
        yield [started.pid, *descendants(started.pid)]


@contextmanager
def worker_here(poll_ms: int) -> Iterator[None]:
    """Run a worker in this process, so that its limits can be lifted."""
    startup.collect_circles_rarely()  # as actors/app.py does in a worker's own process
    running = dramatiq.Worker(broker, worker_timeout=poll_ms, worker_threads=8)
    running.start()
    try:
        yield
    finally:
        running.stop()


def wait_for_boot(processes: int) -> None:
    """A worker beats as soon as it is up; its start is not what is measured."""
    begin = utcnow()
    with database.connection_context():
        while Heartbeat.select().where((Heartbeat.kind == "worker") & (Heartbeat.at > begin)).count() < processes:
            time.sleep(0.05)


def timed(act: Callable[[int], None], numbers: Iterable[int]) -> tuple[float, float]:
    """Median and 95th percentile, in milliseconds."""
    taken = []
    for number in numbers:
        began = time.perf_counter()
        act(number)
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken), statistics.quantiles(taken, n=20)[-1]
