"""A first backup of a whole tenant beside IntuneCD 2.6.0, each of the same tenant in the same simulator, by turns.

900 policies of the settings catalog, twenty settings and two assignments each, at 80 ms for every HTTP call. IntuneCD
is run unchanged, as its pipelines run it, from an environment of its own (docs/benchmarks.md says how to make it). It
knows no other address than Microsoft's and finds the simulator there, through a proxy and over TLS; ours asks without.
"""

import argparse
import resource
import subprocess
import tempfile
import time
from pathlib import Path

import requests

from actors.backups import back_up
from bench import stage
from bench.processes import cpu_seconds
from db.audit.audit import SYSTEM
from db.database import database
from db.models import IS_ACTIVE, BackupSet, Run
from db.states import SetState
from graph.simulator.store.state import Tenant as ServedTenant
from tests.peers.hosts import microsoft
from tests.peers.intunecd import ALWAYS_THERE
from tests.support.servers import ROOT

POLICIES, LATENCY_MS = 900, 80
COLUMNS = ("program", "wall", "processor time", "HTTP calls", "requests", "files or snapshots")


def main() -> None:
    asked = _asked()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with stage.engines() as urls:
        for turn in range(asked.turns):
            _peer(asked.program)
            for engine, url in urls.items():
                stage.bind(stage.beside(url, f"peer_{turn}"))
                _ours(engine, 1 + turn * len(urls) + list(urls).index(engine))


def _asked() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.peer", description=__doc__)
    parser.add_argument("--program", type=Path, default=ROOT / ".venv" / "peers" / "bin" / "IntuneCD-startbackup")
    parser.add_argument("--turns", type=int, default=3)
    asked = parser.parse_args()
    if not asked.program.exists():
        parser.error(f"There is no {asked.program}: install IntuneCD 2.6.0 and name it with --program.")
    # It is run in a folder of its own, from which a relative path leads nowhere.
    asked.program = asked.program.absolute()
    return asked


def _peer(program: Path) -> None:
    facts = stage.tenant_facts("Peer", 1, POLICIES, latency_ms=LATENCY_MS)
    tenant = ServedTenant(**{**facts, "permissions": set(facts["permissions"])})
    for path, body in ALWAYS_THERE.items():
        tenant.put(path, {"id": path.rpartition("/")[2], **body})
    with tempfile.TemporaryDirectory(prefix="tenantkeep-bench-") as folder:
        place = Path(folder) / "backup"
        place.mkdir()
        with microsoft([tenant], Path(folder)) as served:
            secrets = {"TENANT_NAME": tenant.directory_id, "CLIENT_ID": tenant.client_id,
                       "CLIENT_SECRET": tenant.client_secret}  # fmt: skip
            command = [str(program), "-m", "1", "-o", "json", "-p", str(place), "--skip-archive"]
            used, began = _cpu_of_children(), time.perf_counter()
            subprocess.run(command, env=served.environment | secrets, cwd=folder, check=True, capture_output=True)
            wall, cpu = time.perf_counter() - began, _cpu_of_children() - used
            counts = requests.get(f"{served.url}/_simulator/requests", verify=served.certificate, timeout=60).json()
        files = len(list(place.rglob("*.json")))
    _row("IntuneCD 2.6.0", wall, cpu, counts["tenants"][tenant.directory_id], files)


def _ours(engine: str, number: int) -> None:
    tenant = stage.tenant(f"Bench {number}", number, POLICIES, latency_ms=LATENCY_MS)
    with stage.worker(1, 8) as pids:
        used = cpu_seconds(pids)
        run_id = back_up.start(tenant, SYSTEM).run.id
        with database.connection_context():
            while Run.select().where((Run.id == run_id) & IS_ACTIVE).exists():
                time.sleep(0.05)
            run, made = Run.get_by_id(run_id), BackupSet.get(BackupSet.run == run_id)
        assert made.state == SetState.COMPLETE, made.problems
        cpu = cpu_seconds(pids) - used
        wall = (run.ended_at - run.created_at).total_seconds()
    _row(f"Tenantkeep, {engine}", wall, cpu, stage.requests_of(tenant), run.total)


def _cpu_of_children() -> float:
    """Return the seconds of a processor that ended children of this process have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _row(program: str, wall: float, cpu: float, counts: dict[str, int], kept: int) -> None:
    cells = (program, f"{wall:.1f} s", f"{cpu:.1f} s", counts["http"], counts["graph"], f"{kept:,}")
    print(f"| {' | '.join(map(str, cells))} |", flush=True)


if __name__ == "__main__":
    main()
