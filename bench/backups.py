"""Whole tenants: time, Graph requests and HTTP calls of a first, an unchanged and a slightly changed backup.

900 policies of the settings catalog, twenty settings and two assignments each, at 80 ms for every HTTP call.
"""

import os
import time
from collections.abc import Iterator
from pathlib import Path

import peewee as pw

from actors.backups import back_up
from bench import stage
from db.audit.audit import SYSTEM
from db.database import database
from db.models import IS_ACTIVE, BackupSet, Run, RunItem
from db.states import SetState
from tests.support.demo import descendants

POLICIES = 900
CHANGED = 45
LATENCY_MS = 80
FLEETS = ((1, 8), (2, 8))
CATALOG = ["configurationPolicies"]
MANY_TENANTS, MANY_POLICIES = 50, 100
# A night between two backups, as far as Graph's window of 20 s is concerned.
PAUSE_SECONDS = 22
COLUMNS = (
    "engine", "processes × threads", "backup", "last policy kept after", "run ended after", "HTTP calls",
    "Graph requests", "per policy", "processor per policy", "largest worker",
)  # fmt: skip


def main() -> None:
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(url)
            for number, (processes, threads) in enumerate(FLEETS, start=1):
                tenant = stage.tenant(f"Bench {number}", number, POLICIES, latency_ms=LATENCY_MS)
                with stage.worker(processes, threads):
                    _print(engine, f"{processes} × {threads}", "first", tenant)
                    time.sleep(PAUSE_SECONDS)
                    _print(engine, f"{processes} × {threads}", "unchanged", tenant)
                    time.sleep(PAUSE_SECONDS)
                    stage.change(tenant, CHANGED)
                    _print(engine, f"{processes} × {threads}", f"{CHANGED} changed", tenant)
                    catalog = stage.tenant(f"Catalog {number}", 10 + number, POLICIES, latency_ms=LATENCY_MS)
                    _print(
                        engine,
                        f"{processes} × {threads}",
                        "first, settings catalog alone",
                        catalog,
                        policy_types=CATALOG,
                    )
            limited = stage.tenant("Bench limited", 9, POLICIES, latency_ms=LATENCY_MS, throttle=True)
            with stage.worker(2, 8):
                _print(engine, "2 × 8", "first, limits enforced", limited)
                _print(engine, "2 × 8", "full again at once, limits enforced", limited, is_full=True)
            with stage.worker(1, 8):
                _many(engine)


def _print(engine, fleet, what, tenant, **options) -> None:
    before, began = stage.requests_of(tenant), _processor_seconds()
    ended, kept = _end(back_up.start(tenant, SYSTEM, **options).run.id)
    spent, after = _processor_seconds() - began, stage.requests_of(tenant)
    http, graph = (after[name] - before[name] for name in ("http", "graph"))
    each = f"{graph / POLICIES:.3f}", f"{spent / POLICIES * 1000:.2f} ms"
    _row(engine, fleet, what, f"{kept:.1f} s", f"{ended:.1f} s", http, graph, *each)


def _end(run_id) -> tuple[float, float]:
    """Waits; seconds from the press to the run's end, and to its last policy."""
    with database.connection_context():
        while Run.select().where((Run.id == run_id) & IS_ACTIVE).exists():
            time.sleep(0.05)
        run, made = Run.get_by_id(run_id), BackupSet.get(BackupSet.run == run_id)
        assert made.state == SetState.COMPLETE, made.problems
        last = RunItem.select(pw.fn.MAX(RunItem.ended_at)).where(RunItem.run == run_id).scalar()
    return (run.ended_at - run.created_at).total_seconds(), (last - run.created_at).total_seconds()


def _many(engine) -> None:
    made = [stage.tenant(f"Many {n}", 100 + n, MANY_POLICIES, latency_ms=LATENCY_MS) for n in range(MANY_TENANTS)]
    ids = [back_up.start(tenant, SYSTEM).run.id for tenant in made]
    ended = sorted(_end(run_id)[0] for run_id in ids)
    asked = [stage.requests_of(tenant) for tenant in made]
    spread = f"first {ended[0]:.1f} s, median {ended[len(ended) // 2]:.1f} s, last {ended[-1]:.1f} s"
    http, graph = (sum(counts[name] for counts in asked) for name in ("http", "graph"))
    _row(engine, "1 × 8", f"{MANY_TENANTS} tenants × {MANY_POLICIES}", "", spread, http, graph, "", "")


def _row(*cells) -> None:
    print(f"| {' | '.join(map(str, (*cells, f'{_peak_mb():.0f} MB')))} |", flush=True)


def _peak_mb() -> float:
    """Return the most memory that the largest worker process ever had, in MB."""
    lines = (line for text in _of_workers("status") for line in text.splitlines())
    return max((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), default=0.0)


def _processor_seconds() -> float:
    """Return the seconds of processor time that the worker processes have taken, until the run's end and beside it."""
    ticks = (text.rpartition(")")[2].split()[11:13] for text in _of_workers("stat"))
    return sum(int(tick) for both in ticks for tick in both) / os.sysconf("SC_CLK_TCK")


def _of_workers(name: str) -> Iterator[str]:
    """Yield what the system tells of each of our worker processes, in its file of that name."""
    for pid in descendants(os.getpid()):
        place = Path(f"/proc/{pid}")
        try:
            # Others on this machine may have workers too.
            if "dramatiq" in (place / "cmdline").read_text():
                yield (place / name).read_text()
        except OSError:
            continue  # it has ended


if __name__ == "__main__":
    main()
