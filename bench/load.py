"""People at work for some minutes: how quickly pages answer, whether any fails, and whether every run they start ends.

Everything on this machine, the people too: web, worker and scheduler as they come, Redis, the database
and the simulator share its cores with threads that think a moment, press, and read what comes.
"""

import argparse
import os
import random
import re
import statistics
import subprocess
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from threading import Lock

import requests

from actors.backups import back_up
from bench import WEB, stage
from db.accounts import users
from db.audit.audit import SYSTEM
from db.database import database
from db.models import AuditEvent, BackupSet, Policy, Restore, Run, Snapshot, Tenant
from db.states import ACTIVE, Role
from tests.support import servers
from tests.support.simulated_tenant import WRITE

TENANTS, POLICIES = 5, 100
THINK_SECONDS = 2.0
# Whoever presses “Preview” looks again this often, and gives up on it after a while.
LOOK_SECONDS, PATIENCE_SECONDS = 2.0, 120
DRAIN_SECONDS = 300


class Tally:
    """The counts of all people together."""

    def __init__(self) -> None:
        self._lock = Lock()
        self.milliseconds: dict[str, list[float]] = defaultdict(list)
        self.statuses: Counter[int] = Counter()
        self.failures: Counter[str] = Counter()

    def add(self, what: str, seconds: float, status: int, said: str) -> None:
        with self._lock:
            self.milliseconds[what].append(seconds * 1000)
            self.statuses[status] += 1
            if status >= 500 or not status:
                self.failures[f"{what}: {status or said}"] += 1


class Person:
    """A manager of every tenant, signed in once, with a mind of their own."""

    def __init__(self, number: int, seed: int, tally: Tally) -> None:
        self._dice, self._session, self.tally = random.Random(f"{seed} {number}"), requests.Session(), tally
        self._number = number
        self.tenant = 1 + self._dice.randrange(TENANTS)

    def sign_in(self) -> None:
        page = self._ask("sign-in page", "/sign-in").text
        form = {"email": _email(self._number), "password": stage.PASSWORD, "csrf_token": stage.token_in(page)}
        self._ask("sign in", "/sign-in", form)
        self._session.headers["X-CSRFToken"] = stage.token_in(self._ask("policy", "/policies/1").text)

    def work_until(self, deadline: float) -> None:
        acts, weights = list(MIX), [MIX[act] for act in MIX]
        while time.monotonic() < deadline:
            self._dice.choices(acts, weights)[0](self)
            time.sleep(self._dice.expovariate(1 / THINK_SECONDS))

    def one_of(self, count: int) -> int:
        return 1 + self._dice.randrange(count)

    def read(self, what: str, path: str) -> str:
        return self._ask(what, path).text

    def press(self, what: str, path: str, /, **form: object) -> requests.Response:
        return self._ask(what, path, {"assignments": "exact", **form})

    def _ask(self, what: str, path: str, form: dict[str, object] | None = None) -> requests.Response:
        began, method = time.perf_counter(), "GET" if form is None else "POST"
        try:
            answer = self._session.request(method, WEB + path, data=form, timeout=60, allow_redirects=False)
        except requests.RequestException as e:
            self.tally.add(what, time.perf_counter() - began, 0, type(e).__name__)
            time.sleep(1)
            return requests.Response()
        self.tally.add(what, time.perf_counter() - began, answer.status_code, "")
        return answer


def _email(number: int) -> str:
    return f"person{number}@bench.example"


def _policy(person: Person) -> None:
    person.read("policy", f"/policies/{person.one_of(TENANTS * POLICIES)}")


def _snapshot(person: Person) -> None:
    person.read("snapshot", f"/snapshots/{person.one_of(TENANTS * POLICIES)}")


def _run(person: Person) -> None:
    """Opened, and followed for a while."""
    number = re.search(r"/runs/(\d+)", person.read("runs", "/runs/"))
    if number is None:
        return
    person.read("run", f"/runs/{number[1]}")
    for _ in range(3):
        time.sleep(1)
        person.read("run: progress", f"/runs/{number[1]}/progress")


def _capture(person: Person) -> None:
    person.press("start: capture", f"/policies/{person.one_of(TENANTS * POLICIES)}/capture-snapshot")


def _restore(person: Person) -> None:
    """Restore one policy: preview, look until the plan is there, execute."""
    snapshot = person.one_of(TENANTS * POLICIES)
    tenant = 1 + (snapshot - 1) // POLICIES
    page = person.press("start: preview", "/restores/new", snapshot=snapshot, tenant=tenant, what="all",
                        conditional_access="as captured")  # fmt: skip
    path = page.headers.get("Location", "")
    deadline = time.monotonic() + PATIENCE_SECONDS
    while path and time.monotonic() < deadline:
        plan = re.search(r'/execute"[\s\S]*?name="plan" value="([^"]*)"', person.read("restore", path))
        if plan:
            name = f"Load {tenant}"
            person.press("start: restore", f"{path}/execute", plan=plan[1], name=name, reason="load")
            return
        time.sleep(LOOK_SECONDS)


# How often people do what, beside each other.
MIX: dict[Callable[[Person], None], int] = {
    lambda one: one.read("dashboard", "/"): 10,
    lambda one: one.read("policies", f"/policies/?tenant={one.tenant}&page={one.one_of(4)}"): 12,
    lambda one: one.read("policies: search", f"/policies/?search=policy+{one.one_of(POLICIES)}"): 6,
    _policy: 16,
    _snapshot: 6,
    _run: 8,
    lambda one: one.read("runs of mine", "/runs/mine"): 14,
    lambda one: one.read("backup sets", "/backup-sets/"): 4,
    lambda one: one.read("tenant", f"/tenants/{one.tenant}"): 4,
    lambda one: one.read("notifications", "/notifications/"): 3,
    lambda one: one.read("audit log", "/audit/"): 2,
    _capture: 6,
    lambda one: one.press("start: sync", f"/tenants/{one.tenant}/sync"): 1,  # type: ignore[dict-item, return-value]
    lambda one: one.press("start: backup", f"/tenants/{one.tenant}/back-up"): 1,  # type: ignore[dict-item, return-value]
    _restore: 1,
}


def main() -> None:
    options = _options()
    with stage.engines() as urls:
        for engine, url in urls.items():
            if options.engine in ("both", engine.lower()):
                _hold(engine, url, options)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--engine", choices=("sqlite", "postgresql", "both"), default="both")
    parser.add_argument("--seed", type=int, default=20261125)
    return parser.parse_args()


def _hold(engine: str, url: str, options: argparse.Namespace) -> None:
    _install(url, options.users)
    tally = Tally()
    with _processes() as pids:
        people = [Person(number, options.seed, Tally()) for number in range(options.users)]
        for person in people:
            person.sign_in()
            person.tally = tally  # what is measured begins here
        began, memory = time.monotonic(), _megabytes(pids)
        with ThreadPoolExecutor(len(people)) as threads:
            list(threads.map(lambda person: person.work_until(began + options.minutes * 60), people))
        took, after = time.monotonic() - began, _megabytes(pids)
        left = _drained()
    print(f"\n### {engine}: {options.users} people, {took / 60:.1f} minutes, {os.cpu_count()} cores\n")
    _print_pages(tally, took)
    _print_runs(left)
    grown = ", ".join(f"{name} {memory[name]} → {after[name]} MB" for name in memory)
    print(f"\nMemory at the beginning and at the end: {grown}.", flush=True)


def _install(url: str, people: int) -> None:
    """Tenants with every policy captured once; a tenth was changed in the tenant since, so that a restore has work."""
    stage.bind(url)
    made = [stage.tenant(f"Load {n}", n, POLICIES, permissions=WRITE, latency_ms=80) for n in range(1, TENANTS + 1)]
    with database.connection_context():
        for number in range(people):
            user = users.add(_email(number), f"Person {number}", stage.PASSWORD, SYSTEM)
            for tenant in made:
                users.set_member(user, tenant, Role.MANAGER, SYSTEM)
    with stage.worker(1, 8):
        for tenant in made:  # one after the other: ids of policies and snapshots follow the tenants
            with database.connection_context():
                back_up.start(tenant, SYSTEM, policy_types=["configurationPolicies"])
                _drained()
            stage.change(tenant, POLICIES // 10)


@contextmanager
def _processes() -> Iterator[dict[str, int]]:
    """Name -> process id of each process of an installation."""
    with ExitStack() as stack:
        pids = {}
        for name in ("web", "worker", "scheduler"):
            process = servers.running([servers.TENANTKEEP, name], stderr=subprocess.DEVNULL)
            pids[name] = stack.enter_context(process).pid
        servers.wait_for(lambda: servers.answers_http(f"{WEB}/readyz"), "The web")
        stage.wait_for_boot(2)
        yield pids


def _drained() -> int:
    """Wait a while, and return how many runs have not ended."""
    deadline = time.monotonic() + DRAIN_SECONDS
    with database.connection_context():
        while (left := Run.select().where(Run.state.in_(ACTIVE)).count()) and time.monotonic() < deadline:
            time.sleep(0.5)
    return left


def _megabytes(pids: dict[str, int]) -> dict[str, int]:
    """Return the memory of each process and its children together."""
    return {name: sum(_resident(child) for child in _tree(pid)) // 1024 for name, pid in pids.items()}


def _tree(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(descendant for child in children for descendant in _tree(int(child)))]


def _resident(pid: int) -> int:
    return int(re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{pid}/status").read_text())[1])


def _print_pages(tally: Tally, seconds: float) -> None:
    everything = [milliseconds for many in tally.milliseconds.values() for milliseconds in many]
    failed = sum(tally.failures.values())
    print(f"{len(everything):,} requests, {len(everything) / seconds:.1f} a second, {failed} failed "
          f"({failed / len(everything):.3%}); by status: {dict(sorted(tally.statuses.items()))}\n")  # fmt: skip
    print("| what | requests | p50 | p95 | p99 |\n|---|---|---|---|---|")
    for what, many in [("everything", everything), *sorted(tally.milliseconds.items())]:
        print(f"| {what} | {len(many):,} | " + " | ".join(f"{_part(many, n):.0f} ms" for n in (50, 95, 99)) + " |")
    for what, count in tally.failures.items():
        print(f"\nFailed: {what}, {count} times")


def _part(many: list[float], percent: int) -> float:
    return many[0] if len(many) < 2 else statistics.quantiles(many, n=100, method="inclusive")[percent - 1]


def _print_runs(left: int) -> None:
    with database.connection_context():
        ended = Counter((run.kind, run.state) for run in Run.select(Run.kind, Run.state).where(Run.parent.is_null()))
        counts = {model.__name__: model.select().count() for model in (Tenant, Policy, Snapshot, BackupSet, Restore)}
        told = AuditEvent.select().where(AuditEvent.action == "run:ended").count()
    print(f"\n{sum(ended.values()):,} runs, {told:,} endings on record, {left} not ended:\n")
    print("| run | state | count |\n|---|---|---|")
    for (kind, state), count in sorted(ended.items()):
        print(f"| {kind} | {state} | {count:,} |")
    print("\nIn the end: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()) + ".")


if __name__ == "__main__":
    main()
