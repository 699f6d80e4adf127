"""Whole tenants: wall time, Graph requests and HTTP calls of a first, an unchanged and a slightly changed backup.

900 policies of the settings catalog, twenty settings and two assignments each, at 80 ms for every HTTP call.
"""

import time
from pathlib import Path

from actors import back_up
from bench import stage
from db.audit import SYSTEM
from db.database import database
from db.models import IS_ACTIVE, BackupSet, Run
from db.states import SetState

POLICIES = 900
CHANGED = 45
LATENCY_MS = 80
FLEETS = ((1, 8), (2, 8))
MANY_TENANTS, MANY_POLICIES = 50, 100


def main() -> None:
    print(
        "| engine | processes × threads | backup | seconds | HTTP calls | Graph requests | per policy | largest worker |"
    )
    print("|---|---|---|---|---|---|---|---|", flush=True)
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(url)
            for number, (processes, threads) in enumerate(FLEETS, start=1):
                tenant = stage.tenant(f"Bench {number}", number, POLICIES, latency_ms=LATENCY_MS)
                with stage.worker(processes, threads) as worker:
                    for what, prepare in _backups(tenant):
                        prepare()
                        _print(engine, f"{processes} × {threads}", what, tenant, worker)
            limited = stage.tenant("Bench limited", 9, POLICIES, latency_ms=LATENCY_MS, throttle=True)
            with stage.worker(2, 8) as worker:
                _print(engine, "2 × 8", "first, limits enforced", limited, worker)
                _print(engine, "2 × 8", "full, right after", limited, worker, is_full=True)
            with stage.worker(1, 8):
                _many(engine)


def _backups(tenant):
    yield "first", lambda: None
    yield "unchanged", lambda: None
    yield f"{CHANGED} changed", lambda: stage.change(tenant, CHANGED)


def _print(engine, fleet, what, tenant, worker, is_full=False) -> None:
    before = stage.requests_of(tenant)
    began = time.perf_counter()
    _end(back_up.start(tenant, SYSTEM, is_full=is_full).run.id)
    seconds = time.perf_counter() - began
    after = stage.requests_of(tenant)
    asked = {name: after[name] - before[name] for name in ("http", "graph")}
    print(
        f"| {engine} | {fleet} | {what} | {seconds:.1f} | {asked['http']} | {asked['graph']} | "
        f"{asked['graph'] / POLICIES:.3f} | {_peak_mb(worker.pid):.0f} MB |",
        flush=True,
    )


def _end(run_id) -> None:
    with database.connection_context():
        while Run.select().where((Run.id == run_id) & IS_ACTIVE).exists():
            time.sleep(0.05)
        made = BackupSet.get(BackupSet.run == run_id)
        assert made.state == SetState.COMPLETE, made.problems


def _many(engine) -> None:
    made = [stage.tenant(f"Many {n}", 100 + n, MANY_POLICIES, latency_ms=LATENCY_MS) for n in range(MANY_TENANTS)]
    began = time.perf_counter()
    ids = [back_up.start(tenant, SYSTEM).run.id for tenant in made]
    for run_id in ids:
        _end(run_id)
    seconds = time.perf_counter() - began
    with database.connection_context():
        ended = sorted((run.ended_at - run.created_at).total_seconds() for run in Run.select().where(Run.id.in_(ids)))
    print(
        f"| {engine} | 1 × 8 | {MANY_TENANTS} tenants × {MANY_POLICIES} | {seconds:.1f} | first ended after "
        f"{ended[0]:.1f} s, last after {ended[-1]:.1f} s | | | |",
        flush=True,
    )


def _peak_mb(pid: int) -> float:
    """Of the worker process that was largest so far."""
    peaks = []
    for status in Path("/proc").glob("[0-9]*/status"):
        try:
            text = status.read_text()
        except OSError:
            continue
        if "dramatiq" in (status.parent / "cmdline").read_text():
            peaks += [int(line.split()[1]) / 1024 for line in text.splitlines() if line.startswith("VmHWM")]
    return max(peaks, default=0)


if __name__ == "__main__":
    main()
