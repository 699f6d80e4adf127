"""A database of the version before becomes this version's, while the version before shows pages and ends runs.

`python -m bench.upgrade --before FOLDER`: a checkout of the version before, after `make setup`. PostgreSQL without
fsync, so that the disk of this machine is not what is measured; SQLite, where everything stands still meanwhile. As
many runs as are asked for, with a tenth as many items, and 100,000 rows of each other kind.
"""

import argparse
import statistics
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import config
from actors.process import startup
from bench import REDIS_PORT
from db import migrate
from db.database import database, is_sqlite
from tests.support import servers

OTHERS = 100_000
TOGETHER = 1_000_000
# What the version before goes on for after the migration, as it does until it is restarted.
SECONDS_AFTER = 10
RUNS = """INSERT INTO run (id, tenant_id, kind, dedupe_key, policy_id, state, requested_by_id, origin, attempts,
created_at, started_at, ended_at, total, done, skipped, failed, uncertain, parts_begun)
WITH RECURSIVE counted (n) AS (SELECT {first} UNION ALL SELECT n + 1 FROM counted WHERE n < {last})
SELECT n, 1 + n {mod} 500, 'policy.capture_snapshot', 'k', 1 + n {mod} 100000, 'succeeded', 1, 'web', 1,
CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, CURRENT_TIMESTAMP, 1, 1, 0, 0, 0, 0 FROM counted"""
ITEMS = """INSERT INTO run_item (run_id, policy_id, policy_type, name, state, tries)
SELECT id, policy_id, 'intents', 'A policy', 'done', 0 FROM run WHERE id {mod} 10 = 0 AND id > {others}"""


@dataclass(frozen=True)
class Watched:
    """The acts that the version before repeats, and the file in which it tells how long each took."""

    name: str
    told: Path

    def times(self) -> list[list[str]]:
        return [line.split() for line in self.told.read_text().splitlines(keepends=True) if line.endswith("\n")]

    def faults(self) -> list[str]:
        return [fault for _, *faults in self.times() for fault in faults]

    def line(self) -> str:
        seconds = [float(time) for time, *_ in self.times()]
        faults = f"{len(self.faults())} {'; '.join(sorted(set(self.faults())))}"
        median = statistics.median(seconds) * 1000
        return f"| {self.name} | {len(seconds)} | {median:.0f} ms | {max(seconds):.2f} s | {faults} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--before", type=Path, required=True)
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--engine", choices=("PostgreSQL", "SQLite"), action="append")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tenantkeep-bench-pg-") as folder:
        (Path(folder) / "redis").mkdir()
        with servers.redis_server(REDIS_PORT, Path(folder) / "redis"):
            for engine in options.engine or ("SQLite", "PostgreSQL"):
                _of_engine(engine, Path(folder), options.before, options.runs)


def _of_engine(engine: str, folder: Path, before: Path, count: int) -> None:
    if engine == "SQLite":
        _fill(f"sqlite:///{folder / 'bench.db'}", before, count)
        print(f"\nSQLite, {count:,} runs, everything stopped: {_migrated():.0f} s", flush=True)
        return
    with servers.postgresql_server(folder) as url:
        _fill(f"{url}/postgres", before, count)
        with (
            _watched("a run's page", "look", folder, before, count) as looks,
            _watched("a run starts and ends", "work", folder, before, count) as work,
        ):
            print(f"\nPostgreSQL, {count:,} runs, beside the version before: {_migrated():.0f} s\n", flush=True)
            through = [len(watcher.times()) for watcher in (looks, work)]
            time.sleep(SECONDS_AFTER)
        print("| beside it | times | median | longest | failures |\n|---|---|---|---|---|")
        print(looks.line(), work.line(), sep="\n", flush=True)
        assert not looks.faults() + work.faults()
        assert all(len(watcher.times()) > done for watcher, done in zip((looks, work), through, strict=True))


def _fill(url: str, before: Path, count: int) -> None:
    config.use({"TENANTKEEP_DATABASE_URL": url})
    startup.bind(config.settings())
    subprocess.run(_command(before, "fill", OTHERS), cwd=before, check=True)
    with database.connection_context():
        words = {"mod": "%" if is_sqlite() else "%%", "others": OTHERS}
        if not is_sqlite():
            # The rows fit; nobody need look whether what they refer to is there.
            database.execute_sql("SET session_replication_role = replica")
        for first in range(OTHERS + 1, count, TOGETHER):
            last = min(first + TOGETHER - 1, count)
            database.execute_sql(RUNS.format(first=first, last=last, **words))
        database.execute_sql(ITEMS.format(**words))
        if not is_sqlite():
            database.execute_sql("SELECT setval('run_id_seq', MAX(id)) FROM run")
            database.execute_sql("VACUUM (ANALYZE)")
    database.close_all()


def _migrated() -> float:
    began = time.perf_counter()
    assert migrate.migrate()
    return time.perf_counter() - began


def _command(before: Path, act: str, count: int) -> list[str]:
    text = (servers.ROOT / "bench" / "before.py").read_text()
    return [str(before / ".venv" / "bin" / "python"), "-c", text, act, str(count)]


@contextmanager
def _watched(name: str, act: str, folder: Path, before: Path, count: int) -> Iterator[Watched]:
    """It ends when its stdin does, and so with this process, too."""
    watched = Watched(name, folder / act)
    with (
        watched.told.open("w") as told,
        subprocess.Popen(_command(before, act, count), cwd=before, stdin=subprocess.PIPE, stdout=told) as process,
    ):
        servers.wait_for(lambda: bool(watched.times()), name, 120, process)
        yield watched


if __name__ == "__main__":
    main()
