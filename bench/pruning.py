"""Times for which pruning holds others up: its longest transaction, and the heartbeats of another process meanwhile.

A thousand snapshots and their contents go, beside so many items of restores that refer to others; then the items of old
runs, of an installation that has had many.
"""

import argparse
import subprocess
import sys
import time
from datetime import timedelta
from threading import Event, Thread

import peewee as pw

from actors.housekeeping import daily_prune as actor
from bench import rows, stage
from db import database as engine
from db import encryption
from db.audit.audit import SYSTEM
from db.backups import manifests, retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.database import database
from db.housekeeping import daily_prune, old_rows
from db.installation import installation
from db.models import BackupSet, Content, Policy, Restore, Snapshot, Tenant
from db.states import RestoreState, SetState
from db.tenants import tenants

SNAPSHOTS = 1000
RESTORE_ITEMS = (0, 20_000, 200_000)
# So many snapshots they are of.
RESTORED = 2000
RUNS = 200_000
BEAT_SECONDS = 0.05
LONG_AGO = utcnow() - timedelta(days=400)
COLUMNS = ("engine", "restore items", "in all", "longest transaction", "heartbeats", "failed", "slowest heartbeat")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--beat", help="only the heartbeats, of a database's address")
    beat = parser.parse_args().beat
    if beat:
        _beat(beat)
        return
    with stage.engines() as urls:
        print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
        for name, url in urls.items():
            stage.bind(url)
            with database.connection_context():
                _snapshots(name, url)
        print(
            "\n| engine | runs | items that go | in all | slowest chunk | a look when none is left |\n"
            + "|---" * 6
            + "|"
        )
        for name, url in urls.items():
            stage.bind(stage.beside(url, "runs"))
            rows.fill(RUNS)
            with database.connection_context():
                _items(name)


# --- snapshots -------------------------------------------------------------------------------------------------------


def _snapshots(name: str, url: str) -> None:
    other = tenants.add("Other", _guid(9), _guid(9), SYSTEM)
    policy = Policy.create(tenant=other, policy_type="x", graph_id="x", name="x")
    kept = _make_snapshots(other, policy, RESTORED)
    there = 0
    for number, count in enumerate(RESTORE_ITEMS, start=1):
        _make_items(other, kept, count - there)
        there = count
        tenant = _tenant(number)
        with _Beating(url) as beats:
            longest, seconds = _prune(tenant)
        assert Snapshot.select().where(Snapshot.tenant == tenant).count() == 1
        print(f"| {name} | {count:,} | {seconds:.2f} s | {longest * 1000:.0f} ms | {beats.said} |", flush=True)


def _guid(number: int) -> str:
    return f"{number:08}-1111-4111-8111-111111111111"


def _tenant(number: int) -> Tenant:
    """One policy with many snapshots: an old set lists them all, and the one that stays lists the newest."""
    tenant = tenants.add(f"Tenant {number}", _guid(number), _guid(number), SYSTEM)
    policy = Policy.create(tenant=tenant, policy_type="x", graph_id="x", name="x", snapshot_count=SNAPSHOTS + 1)
    ids = _make_snapshots(tenant, policy, SNAPSHOTS + 1)
    for listed, at in ((ids, LONG_AGO), (ids[-1:], utcnow())):
        BackupSet.create(tenant=tenant, state=SetState.COMPLETE, selection={}, types={}, problems=[], created_at=at,
                         manifest=manifests.save(tenant, listed))  # fmt: skip
    retention.set_rules(tenant, RetentionRules(last=1), SYSTEM)
    return tenant


def _make_snapshots(tenant: Tenant, policy: Policy, count: int) -> list[int]:
    contents = [
        {
            "tenant": tenant,
            "fingerprint": f"{n:064}",
            "sealed": b"x" * 2000,
            "plain_bytes": 9000,
            "created_at": LONG_AGO,
        }
        for n in range(count)
    ]
    with database.atomic():
        ids = [row[0] for row in Content.insert_many(contents).returning(Content.id).tuples().execute()]
        made = [
            {"tenant": tenant, "policy": policy, "content": row_id, "captured_at": LONG_AGO, "name": "x", "proof": {},
             "references": {}}
            for row_id in ids
        ]  # fmt: skip
        return sorted(row[0] for row in Snapshot.insert_many(made).returning(Snapshot.id).tuples().execute())


def _make_items(tenant: Tenant, snapshots: list[int], count: int) -> None:
    """Add the items of a restore that has ended."""
    if not count:
        return
    restore = Restore.create(tenant=tenant, source_directory_id=_guid(9), source_name="x", options={},
                             state=RestoreState.FINISHED, created_at=utcnow(), ended_at=utcnow())  # fmt: skip
    database.execute_sql(
        f"WITH RECURSIVE counted (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM counted WHERE n < {count}) "  # noqa: S608
        "INSERT INTO restore_item (restore_id, position, policy_type, graph_id, name, content_id, snapshot_id, "
        f"\"references\", differences) SELECT {restore.id}, n, 'x', 'x', 'x', content_id, id, '{{}}', 0 "
        f"FROM counted JOIN snapshot ON id = {snapshots[0]} + n - n / {RESTORED} * {RESTORED}"
    )


def _prune(tenant: Tenant) -> tuple[float, float]:
    """The longest transaction, and all of it, in seconds."""
    run, taken, let_go = actor._create_run(tenant, actor.DAILY, is_quiet=True).run, [0.0], daily_prune.delete_rows

    def timed(*given: object) -> None:
        began = time.perf_counter()
        let_go(*given)
        taken.append(time.perf_counter() - began)

    daily_prune.delete_rows, began = timed, time.perf_counter()
    actor.prune.fn(run.id)
    daily_prune.delete_rows = let_go
    return max(taken), time.perf_counter() - began


# --- another process -------------------------------------------------------------------------------------------------


class _Beating:
    """A process that beats without a pause; `said`: how often, how often in vain, and how long at the most."""

    def __init__(self, url: str) -> None:
        self._command = [sys.executable, "-m", "bench.pruning", "--beat", url]
        self.said = ""

    def __enter__(self) -> "_Beating":
        self._process = subprocess.Popen(self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self._process.stdout.readline()
        return self

    def __exit__(self, *_: object) -> None:
        self.said = self._process.communicate("\n")[0].strip()


def _beat(url: str) -> None:
    engine.bind_database(url)
    encryption.use_keys([b"0" * 32])
    stop, taken, failed = Event(), [], 0
    Thread(target=lambda: (sys.stdin.readline(), stop.set()), daemon=True).start()
    print("ready", flush=True)
    while not stop.wait(BEAT_SECONDS):
        began = time.perf_counter()
        try:
            with database.connection_context():
                installation.record_heartbeat("bench", "worker")
        except pw.OperationalError:
            failed += 1
        taken.append(time.perf_counter() - began)
    print(f"{len(taken)} | {failed} | {max(taken, default=0) * 1000:.0f} ms")


# --- items of old runs -----------------------------------------------------------------------------------------------


def _items(name: str) -> None:
    taken, went = [], 0
    while True:
        began = time.perf_counter()
        gone = old_rows.delete_old_items(90)
        taken.append(time.perf_counter() - began)
        went += gone
        if not gone:
            break
    figures = (f"{sum(taken):.1f} s", f"{max(taken) * 1000:.0f} ms", f"{taken[-1] * 1000:.1f} ms")
    print(f"| {name} | {RUNS:,} | {went:,} | {' | '.join(figures)} |")


if __name__ == "__main__":
    main()
