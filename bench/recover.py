"""An installation from nothing but a folder of copies and the recovery key: how long it takes, and the most memory.

Rows of every kind as bench/rows.py makes them, and one tenant's set with contents of 20 KB that no packing makes
smaller. The command is killed with SIGKILL four times on its way, and begun again.
"""

import argparse
import hashlib
import json
import os
import secrets
import signal
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import pyrage

from actors.copies import push
from bench import rows, stage
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.copies import copied_sets, stores
from db.database import database
from db.models import TABLES, BackupSet, Content, CopyStore, Policy, Run, Snapshot, Tenant
from db.policies import snapshots
from db.schema import row_ids
from db.states import RunKind, SetState
from tests.support.copied import look_after

CONTENT_BYTES = 20_000
KILLS = 4
COLUMNS = ("engine", "rows", "contents", "store", "recover", "most memory", f"with {KILLS} kills")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=20_000, help="of each kind")
    parser.add_argument("--contents", type=int, default=5_000)
    options = parser.parse_args()
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    key = pyrage.x25519.Identity.generate()
    with stage.engines() as urls, TemporaryDirectory() as folder:
        for engine, url in urls.items():
            stage.bind(stage.beside(url, "copied"))
            rows.fill(options.rows)
            place = Path(folder) / engine
            with database.connection_context():
                for model in row_ids.auto_numbered(TABLES):
                    row_ids.continue_after(model, 0)
                _fill_store(place, str(key.to_public()), options.contents)
            _measure(engine, url, place, str(key), options.contents)


def _fill_store(place: Path, recipient: str, count: int) -> None:
    place.mkdir()
    address = f"file://{place}"
    store = stores.add("Folder", address, {}, SYSTEM, copy_days=30, needs_lock=False, recipients=[recipient])
    look_after(store)
    tenant, ids = Tenant.get(), []
    for number in range(count):
        document = {"body": {"name": f"Copied {number}", "random": secrets.token_hex(CONTENT_BYTES // 2)}}
        mark = hashlib.sha256(document["body"]["random"].encode()).hexdigest()
        content = snapshots.save_content(tenant.id, document, mark)
        name = f"copied-{number}"
        policy = Policy.create(tenant=tenant, policy_type="configurationPolicies", graph_id=name, name=name)
        ids.append(
            Snapshot.create(tenant=tenant, policy=policy, content=content, name=name, proof={}, references={}).id
        )
    backup_set = BackupSet.create(
        tenant=tenant, state=SetState.COMPLETE, selection={}, types={}, problems=[], completed_at=utcnow(),
        manifest=manifests.save(tenant, ids),
    )  # fmt: skip
    copied_sets.await_copies(backup_set)
    push.start_due(CopyStore.get_by_id(store.id))
    for run in Run.select().where(Run.kind == RunKind.PUSH, Run.state == "queued"):
        push.push.fn(run.id)
    time.sleep(1)  # a state is named by its second
    CopyStore.update(state_at=None).execute()
    look_after(store)
    # Bodies of the rows that bench/rows.py makes are in no set.
    assert Content.select().where(Content.tenant == tenant).count() >= count


def _measure(engine: str, url: str, place: Path, key: str, contents: int) -> None:
    stage.bind(stage.beside(url, "recovered"))
    result, took, memory = _command(place, key)
    stage.bind(stage.beside(url, "killed"))
    begun = time.monotonic()
    for kill in range(1, KILLS + 1):
        _command(place, key, kill_after=took * kill / (KILLS + 1))
    again, _, _ = _command(place, key)
    with_kills = time.monotonic() - begun
    assert again["lost_contents"] == result["lost_contents"], again
    # Events that bench/rows.py makes are no chain: the same places of it are told each time.
    assert again["audit_problems"] == result["audit_problems"], again["audit_problems"]
    size = sum(file.stat().st_size for file in place.rglob("*.age")) / 1024**2
    cells = (engine, f"{result['rows']:,}", f"{result['contents']:,}", f"{size:,.0f} MB", f"{took:.0f} s",
             f"{memory:.0f} MB", f"{with_kills:.0f} s")  # fmt: skip
    print(f"| {' | '.join(cells)} |", flush=True)
    assert result["contents"] >= contents


def _command(place: Path, key: str, kill_after: float | None = None) -> tuple[dict, float, float]:
    """Return (its answer, seconds, the most memory in MB)."""
    began = time.monotonic()
    line = [Path(sys.executable).parent / "tenantkeep", "recover", f"file://{place}", "--stdin", "--json"]
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        process.stdin.write(json.dumps({"recovery_key": key}))
        process.stdin.close()
        if kill_after is not None:
            time.sleep(kill_after)
            process.send_signal(signal.SIGKILL)
            process.wait()
            return {}, 0.0, 0.0
        answer = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode in {0, 2}, answer
    return json.loads(answer), time.monotonic() - began, used.ru_maxrss / 1024


if __name__ == "__main__":
    main()
