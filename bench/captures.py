"""Captures per second through the whole stack: start, queue, worker, Graph, database; one run for each policy."""

import time

from actors.backups import capture
from bench import stage
from db.audit.audit import SYSTEM
from db.database import database
from db.models import IS_ACTIVE, Policy, Run, RunItem

POLICIES = 400
THREADS = (8, 16)
LATENCIES_MS = (0, 80)


def main() -> None:
    print("| engine | Graph latency | worker threads | captures per second |\n|---|---|---|---|", flush=True)
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.install(url, POLICIES)
            for latency in LATENCIES_MS:
                stage.control("PATCH", f"tenants/{stage.DIRECTORY_ID}", flags={"latency_ms": latency})
                for threads in THREADS:
                    rate = _measured(threads)
                    print(f"| {engine} | {latency} ms | {threads} | {rate:.0f} |", flush=True)


def _measured(threads: int) -> float:
    """From the first claim to the last end, of runs that were all queued before."""
    with database.connection_context():
        ids = [capture.start(policy, SYSTEM).run.id for policy in Policy.select()]
        with stage.worker(processes=1, threads=threads):
            while Run.select().where(IS_ACTIVE).exists():
                time.sleep(0.2)
        runs = list(Run.select().where(Run.id.in_(ids)))
        assert not RunItem.select().where(RunItem.run.in_(ids) & (RunItem.state != "done")).exists()
    seconds = max(run.ended_at for run in runs) - min(run.started_at for run in runs)
    return len(runs) / seconds.total_seconds()


if __name__ == "__main__":
    main()
