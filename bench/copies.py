"""Costs of a copy elsewhere: 900 policies pushed, then a second set in which nothing changed.

`python -m bench.copies [POLICIES]`: into a folder, and into an S3 server on this machine that locks.
"""

import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from actors.copies import push
from bench.documents import fill, use
from db.backups import manifests
from db.clock import utcnow
from db.copies import copied_sets
from db.models import BackupSet, CopiedSet, CopyStore, Run, Snapshot, Tenant
from db.states import SetState
from tests.support import copy_stores
from tests.support.copied import add_store

POLICIES = 900


def complete_set(tenant: Tenant) -> None:
    ids = [row.id for row in Snapshot.select(Snapshot.id).where(Snapshot.tenant == tenant)]
    facts = {"selection": {}, "types": {}, "problems": [], "state": SetState.COMPLETE, "completed_at": utcnow()}
    backup_set = BackupSet.create(tenant=tenant, manifest=manifests.save(tenant, ids), **facts)
    copied_sets.await_copies(backup_set)


def counted(opening: Callable[..., Any], calls: Counter[str]) -> Callable[..., Any]:
    """Count what is asked of a store: each is one request, or one act at a folder."""

    def open_counting(address: str, credentials: Any) -> Any:
        store = opening(address, credentials)
        for name in ("put", "get", "head", "extend_lock"):
            setattr(store, name, _counting(getattr(store, name), name, calls))
        return store

    return open_counting


def _counting(act: Callable[..., Any], name: str, calls: Counter[str]) -> Callable[..., Any]:
    def count(*args: Any) -> Any:
        calls[name] += 1
        return act(*args)

    return count


def measure(store: CopyStore, what: str, tenant: Tenant) -> None:
    calls: Counter[str] = Counter()
    opening, push.open_store = push.open_store, counted(push.open_store, calls)
    complete_set(tenant)
    [copied] = copied_sets.due(store, 1)
    run = push._create_run(store, copied)
    assert run
    wall, cpu = time.monotonic(), time.process_time()
    push.push.fn(run.run.id)
    wall, cpu = time.monotonic() - wall, time.process_time() - cpu
    push.open_store = opening
    row = CopiedSet.get_by_id(copied.id)
    assert row.copied_at, Run.get_by_id(run.run.id).error_message
    print(f"| {store.address.partition(':')[0]} | {what} | {row.contents} | {wall:.1f} s | {cpu:.1f} s |"
          f" {sum(calls.values())} | {row.pushed_bytes / 1e6:.2f} MB |", flush=True)  # fmt: skip


def main(count: int) -> None:
    with tempfile.TemporaryDirectory() as folder, copy_stores.s3_server() as endpoint:
        use(folder)
        fill(count)
        tenant = Tenant.get()
        # Before any store: what no set waits to bring would come at the first look at it, and not be measured.
        complete_set(tenant)
        print("| store | set | contents | wall | processor | requests | sent |\n| -- | -- | -- | -- | -- | -- | -- |")
        for place in (copy_stores.folder(Path(folder) / "copies"), copy_stores.new_bucket(endpoint, "bench-copies")):
            store = add_store(place)
            measure(store, "first", tenant)
            measure(store, "unchanged", tenant)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else POLICIES)
