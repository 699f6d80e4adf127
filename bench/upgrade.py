"""A database of the version before becomes one of this version, while people look at pages and runs start and end.

PostgreSQL without fsync, so that the disk of this machine is not what is measured; SQLite, where everything stands
still meanwhile. As many runs as are asked for, with a tenth as many items, and 100,000 rows of each other kind.
"""

import argparse
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import peewee as pw
import requests

import config
from actors import startup
from bench import REDIS_PORT, WEB, rows, stage
from db import identities, migrate, run_ends, runs
from db.audit import SYSTEM
from db.database import close_all, database
from db.models import TABLES, Tenant
from db.states import RunKind
from tests import servers

BEFORE, THIS = "0007_tenants", "0008_identities"
OTHERS = 100_000
RUNS = """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, requested_by_id, origin, attempts,
created_at, started_at, ended_at, total, done, skipped, failed, uncertain, parts_begun)
WITH RECURSIVE counted (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})
SELECT n, 1 + n {mod} 500, 'policy.capture_snapshot', 'k', 1 + n {mod} 100000, 'succeeded', 1, 'web', 1,
{now}, {now}, {now}, 1, 1, 0, 0, 0, 0 FROM counted"""
ITEMS = """INSERT INTO run_item (run_id, policy_id, policy_type, name, state, tries)
SELECT id, policy_id, 'intents', 'A policy', 'done', 0 FROM run WHERE id {mod} 10 = 0 AND id > {first}"""


@dataclass
class Watched:
    """What somebody does again and again, and how long each time took."""

    name: str
    seconds: list[float] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    def line(self) -> str:
        median = statistics.median(self.seconds) * 1000
        told = f"{len(self.faults)} {'; '.join(sorted(set(self.faults)))}"
        return f"| {self.name} | {len(self.seconds)} | {median:.0f} ms | {max(self.seconds):.2f} s | {told} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("PostgreSQL", "SQLite"), action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenantkeep-bench-pg-") as folder:
        (Path(folder) / "redis").mkdir()
        with servers.redis_server(REDIS_PORT, Path(folder) / "redis"):
            for engine in options.engine or ("SQLite", "PostgreSQL"):
                _of_engine(engine, Path(folder), options.runs)


def _of_engine(engine: str, folder: Path, count: int) -> None:
    if engine == "SQLite":
        _fill(f"sqlite:///{folder / 'bench.db'}", count)
        print(f"\nSQLite, {count:,} runs, everything stopped: {_migrated():.0f} s", flush=True)
        return
    with servers.postgresql_server(folder) as url:
        _fill(f"{url}/postgres", count)
        with _web_of_before(), _watched("a page of runs", _page), _watched("a run starts and ends", _run):
            time.sleep(5)
            print(f"\nPostgreSQL, {count:,} runs, beside web and runs: {_migrated():.0f} s\n", flush=True)
            print("| beside it | times | median | longest | failures |\n|---|---|---|---|---|", flush=True)


def _fill(url: str, count: int) -> None:
    config.use({"TENANTKEEP_DATABASE_URL": url})
    startup.bind(config.settings())
    with database.connection_context():
        migrate._runner().up(BEFORE)
        rows.fill(OTHERS)
        words = {"now": "CURRENT_TIMESTAMP", "mod": "%" if url.startswith("sqlite") else "%%"}
        for first in range(OTHERS + 1, count, 1_000_000):
            last = min(first + 999_999, count)
            database.execute_sql(RUNS.format(first=first, last=last, **words))
        database.execute_sql(ITEMS.format(first=OTHERS, **words))
        if not url.startswith("sqlite"):
            for model in identities.numbered(TABLES):
                identities.go_on_after(model, 0)
            database.execute_sql("VACUUM (ANALYZE)")
    close_all()


def _migrated() -> float:
    began = time.perf_counter()
    assert migrate.migrate() == [THIS]
    return time.perf_counter() - began


@contextmanager
def _web_of_before() -> Iterator[None]:
    """A process of this version refuses a database of the version before; told that it is one of this, it serves it."""
    with database.connection_context():
        migrate._runner().fake()
        startup.check()
    with stage.web(rows.ADMIN) as session:
        _SESSIONS.append(session)
        with database.connection_context():
            migrate._runner().History.delete().where(pw.SQL("name = %s", [THIS])).execute()
        yield


@contextmanager
def _watched(name: str, act: Callable[[int], None]) -> Iterator[None]:
    watched, stop = Watched(name), threading.Event()

    def work() -> None:
        number = 0
        while not stop.wait(0.05):
            number += 1
            began = time.perf_counter()
            try:
                act(number)
            except (requests.RequestException, pw.PeeweeException) as e:
                watched.faults.append(type(e).__name__)
            watched.seconds.append(time.perf_counter() - began)

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        with suppress(statistics.StatisticsError):
            print(watched.line(), flush=True)


_SESSIONS: list[requests.Session] = []


def _page(number: int) -> None:
    _SESSIONS[-1].get(f"{WEB}/runs/{OTHERS + number}", timeout=60).raise_for_status()


def _run(number: int) -> None:
    with database.connection_context():
        item = runs.NewItem("intents", "A policy", 1, "1")
        tenant = Tenant.get_by_id(1 + number % rows.TENANTS)
        key = f"bench {number} {time.monotonic()}"
        made = runs.start(tenant=tenant, kind=RunKind.SYNC, dedupe_key=key, items=[item], actor=SYSTEM).run
        claim = runs.claim(made.id)
        run_ends.fail(claim, "bench", "It ended.")


if __name__ == "__main__":
    main()
