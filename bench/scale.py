"""Many tenants due within a quarter of an hour, through four worker processes: wall, CPU, memory, rows, bytes.

`python -m bench.scale TENANTS --minutes M`: fewer tenants in as much less time load the workers alike. Three
nights: in the first everything is new, in the second nothing was changed, in the third one policy in a hundred. A night
ends with the last run that it began, those of readiness too; `--readiness off` shows what these cost.

`python -m bench.scale 500 --policies 500 --processes 2` is the night of the aims, `20 --policies 500` a small one. What
larger installations need is worked out from the third one's cost of a tenant, which grows in proportion, and the night
of 2,000 tenants is simulated with the second one's (bench/night.py): the last tables say so, and are no measurement.
"""

import argparse
import os
import statistics
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import requests
from peewee import fn

import config
from actors.all_actors import broker
from bench import SIMULATOR, stage
from bench.night import print_measured
from bench.processes import cpu_seconds, peak_mb
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database, database_bytes
from db.models import IS_ACTIVE, BackupSet, Run, Schedule, Tenant, TenantReadiness
from db.states import RunKind, RunState
from db.tenants import schedules
from tests.support import servers
from tests.support.demo import descendants

LATENCY_MS, THREADS = 80, 8
CHANGED_ONE_IN = 100
DERIVED = (100, 1_000, 10_000)
LOOK_SECONDS, IDLE_SECONDS = 0.5, 10
MESSAGES = 1_000
SHARES = (0.1, 0.5, 1.0)


@dataclass
class Night:
    """What a night cost. Times in seconds, sizes in bytes; `rows` by table, of those that grew."""

    wall: float
    delays: list[float]
    worker_cpu: float
    scheduler_cpu: float
    size: int
    rows: Mapping[str, int]
    http: int
    graph: int
    # Of each worker process, the most memory that it had had by then: (share of the tenants backed up, MB).
    peaks: Sequence[tuple[float, Sequence[float]]]
    runs: Mapping[str, int]
    tenants: int


def main() -> None:
    asked = _asked()
    os.environ["TENANTKEEP_READINESS_AFTER_BACKUPS"] = asked.readiness
    with stage.engines() as urls:
        stage.bind(urls["PostgreSQL"])
        tenants = [
            stage.tenant(f"Tenant {number}", number, asked.policies, latency_ms=LATENCY_MS)
            for number in range(1, asked.tenants + 1)
        ]
        with database.connection_context():
            for tenant in tenants:
                schedules.add(tenant, "0 2 * * *", "UTC", SYSTEM)
        print(f"A run that waits in Redis, with its lock, takes {_bytes_of_message():.0f} bytes there.\n")
        _measure(tenants, asked)


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.scale", description=__doc__)
    parser.add_argument("tenants", type=int, nargs="?", default=1_000)
    parser.add_argument("--minutes", type=float, default=15.0, help="within which all of them are due")
    parser.add_argument("--policies", type=int, default=25, help="of each tenant, of 20 settings")
    parser.add_argument("--processes", type=int, default=4)
    parser.add_argument("--readiness", choices=("on", "off"), default="on", help="judged after each backup, or not")
    parser.add_argument("--simulated", type=int, default=2_000, help="tenants of the night that is worked out")
    return parser.parse_args()


def _measure(tenants: Sequence[Tenant], asked: argparse.Namespace) -> None:
    command = [servers.TENANTKEEP, "worker", "--processes", str(asked.processes), "--threads", str(THREADS)]
    quiet = {"stderr": subprocess.DEVNULL}
    with servers.running(command, **quiet) as worker:
        stage.wait_for_boot(asked.processes)
        with servers.running([servers.TENANTKEEP, "scheduler"], **quiet) as scheduler:
            pids = {"worker": [worker.pid, *descendants(worker.pid)], "scheduler": [scheduler.pid]}
            print(f"{len(tenants)} tenants of {asked.policies} policies, due within {asked.minutes:g} minutes, through "
                  f"{asked.processes} processes of {THREADS} threads; a call to Graph takes {LATENCY_MS} ms. "
                  f"Load of the machine before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores.\n")  # fmt: skip
            idle = _cpu_when_idle(pids)
            print(f"With nothing to do the workers use {idle:.3f} s of CPU a second.\n")
            first = _night(tenants, asked.minutes, pids)
            _print_night("the first, all new", first)
            unchanged = _night(tenants, asked.minutes, pids)
            _print_night("nothing changed", unchanged)
            for tenant in tenants[:: max(1, CHANGED_ONE_IN // asked.policies)]:
                stage.change(tenant, max(1, asked.policies // CHANGED_ONE_IN))
            ordinary = _night(tenants, asked.minutes, pids)
            _print_night("one policy in a hundred changed", ordinary)
            _print_memory(pids)
    _print_derived(len(tenants), asked.policies, ordinary, first, idle)
    each = (unchanged.worker_cpu - idle * unchanged.wall) / len(tenants)
    print_measured(asked.simulated, asked.policies, each, asked.processes)


def _night(tenants: Sequence[Tenant], minutes: float, pids: Mapping[str, Sequence[int]]) -> Night:
    asked, cpu, size, rows = _requests(), _cpu(pids), _size(), _rows()
    begin = utcnow()
    due = {tenant.id: begin + timedelta(minutes=minutes * n / len(tenants)) for n, tenant in enumerate(tenants)}
    with database.connection_context():
        for tenant_id, moment in due.items():
            Schedule.update(next_at=moment).where(Schedule.tenant == tenant_id).execute()
    peaks, ended = _wait(len(tenants), begin, pids["worker"])
    spent = _cpu(pids)
    after, grown = _requests(), _rows()
    return Night(
        wall=(max(ended.values()) - begin).total_seconds(),
        delays=[(ended[tenant_id] - moment).total_seconds() for tenant_id, moment in due.items()],
        worker_cpu=spent["worker"] - cpu["worker"],
        scheduler_cpu=spent["scheduler"] - cpu["scheduler"],
        size=_size() - size,
        rows={table: grown[table] - rows[table] for table in grown if grown[table] > rows[table]},
        http=after[0] - asked[0],
        graph=after[1] - asked[1],
        peaks=peaks,
        runs=_runs_since(begin),
        tenants=len(tenants),
    )


def _wait(
    count: int, begin: datetime, workers: Sequence[int]
) -> tuple[list[tuple[float, list[float]]], dict[int, datetime]]:
    """Return the workers' memory on the way, and tenant id -> when its backup ended. No run is active any more."""
    is_backup = (Run.id << BackupSet.select(BackupSet.run)) & (Run.created_at >= begin)
    peaks, shares = [], list(SHARES)
    with database.connection_context():
        while (ended := Run.select().where(is_backup & ~IS_ACTIVE).count()) < count or shares:
            while shares and ended >= shares[0] * count:
                peaks.append((shares.pop(0), [peak_mb(pid) for pid in workers]))
            time.sleep(LOOK_SECONDS)
        while Run.select().where(IS_ACTIVE).exists() or _is_one_to_judge():
            time.sleep(LOOK_SECONDS)
        bad = Run.select().where(is_backup & (Run.state != RunState.SUCCEEDED)).count()
        assert not bad, f"{bad} backups did not succeed"
        return peaks, dict(Run.select(Run.tenant, Run.ended_at).where(is_backup).tuples())


def _is_one_to_judge() -> bool:
    is_due = TenantReadiness.due_since.is_null(False) & TenantReadiness.again_at.is_null()
    return config.settings().readiness_after_backups and TenantReadiness.select().where(is_due).exists()


def _runs_since(begin: datetime) -> dict[str, int]:
    with database.connection_context():
        rows = Run.select(Run.kind, fn.COUNT(Run.id)).where(Run.created_at >= begin).group_by(Run.kind)
        return dict(rows.tuples())


def _requests() -> tuple[int, int]:
    """Return (HTTP calls, Graph requests) since the simulator began."""
    rows = requests.get(f"{SIMULATOR}/_simulator/requests", timeout=60).json()["tenants"].values()
    return sum(row["http"] for row in rows), sum(row["graph"] for row in rows)


def _cpu(pids: Mapping[str, Sequence[int]]) -> dict[str, float]:
    """Return the seconds of CPU that each sort of process has used; all of them still run."""
    return {kind: cpu_seconds(numbers) for kind, numbers in pids.items()}


def _cpu_when_idle(pids: Mapping[str, Sequence[int]]) -> float:
    before = _cpu(pids)["worker"]
    time.sleep(IDLE_SECONDS)
    return (_cpu(pids)["worker"] - before) / IDLE_SECONDS


def _size() -> int:
    with database.connection_context():
        return database_bytes()


def _rows() -> dict[str, int]:
    with database.connection_context():
        return {
            table: database.execute_sql(f'SELECT COUNT(*) FROM "{table}"').fetchone()[0]  # noqa: S608 - the database's own names
            for table in database.get_tables()
        }


def _print_night(name: str, night: Night) -> None:
    median, late = statistics.median(night.delays), statistics.quantiles(night.delays, n=20)[-1]
    grown = sorted(night.rows.items(), key=lambda row: -row[1])
    for line in (
        f"Night: {name}.",
        f"- Wall {night.wall:.0f} s; from due to backed up: median {median:.1f} s, 95th percentile {late:.1f} s.",
        f"- Worker CPU {night.worker_cpu:.0f} s, {night.worker_cpu / night.tenants:.2f} s a tenant; scheduler CPU "
        f"{night.scheduler_cpu:.1f} s.",
        f"- Runs: {', '.join(f'{kind} {count}' for kind, count in sorted(night.runs.items()))}.",
        f"- Most memory of the worker processes: {'; '.join(_memory(*peak) for peak in night.peaks)}.",
        f"- HTTP calls to Graph {night.http}, requests {night.graph}.",
        f"- PostgreSQL grew by {night.size / 1024**2:.1f} MB and {sum(night.rows.values())} rows: "
        f"{', '.join(f'{table} {count}' for table, count in grown[:8])}.",
        "",
    ):
        print(line, flush=True)


def _memory(share: float, peaks: Sequence[float]) -> str:
    return f"after {share:.0%} of the tenants {', '.join(f'{peak:.0f}' for peak in peaks)} MB"


def _print_memory(pids: Mapping[str, Sequence[int]]) -> None:
    peaks = sorted(peak_mb(pid) for pid in pids["worker"])
    print(f"Most memory: worker processes {', '.join(f'{peak:.0f}' for peak in peaks)} MB, scheduler "
          f"{peak_mb(pids['scheduler'][0]):.0f} MB, Redis {_redispeak_mb():.1f} MB.\n")  # fmt: skip


def _bytes_of_message() -> float:
    """Return what one more run in the queue takes of Redis, the mean of many. Nobody serves the queue meanwhile."""
    before = broker.client.info("memory")["used_memory"]
    actor = broker.get_actor(RunKind.BACK_UP)
    for number in range(MESSAGES):
        broker.enqueue(actor.message_with_options(args=(number,), dedupe_key=f"backup_set.capture:{number}:everything"))
    taken = broker.client.info("memory")["used_memory"] - before
    broker.client.flushall()
    return taken / MESSAGES


def _redispeak_mb() -> float:
    return broker.client.info("memory")["used_memory_peak"] / 1024**2


def _print_derived(count: int, policies: int, ordinary: Night, first: Night, idle: float) -> None:
    at_work = ordinary.worker_cpu - idle * ordinary.wall
    cpu, rows, size = (whole / count for whole in (at_work, sum(ordinary.rows.values()), ordinary.size))
    print(f"Worked out, not measured: {count} tenants' ordinary night times the number of tenants, "
          f"{policies} policies each.\n")  # fmt: skip
    print("| tenants | worker CPU a night | cores for a quarter of an hour | for two hours | rows a night | "
          "PostgreSQL a night | first night |\n|--|--|--|--|--|--|--|")  # fmt: skip
    for tenants in DERIVED:
        spent = cpu * tenants
        print(f"| {tenants:,} | {spent:,.0f} s | {spent / 900:.1f} | {spent / 7200:.2f} | {rows * tenants:,.0f} | "
              f"{size * tenants / 1024**2:,.0f} MB | {first.size / count * tenants / 1024**2:,.0f} MB |")  # fmt: skip


if __name__ == "__main__":
    main()
