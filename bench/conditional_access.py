"""A service that lets one request a second through, and one policy type that fails: requests and seconds of each step.

250 Conditional Access policies, 40 named locations and 30 authentication strengths in pages of 25, or of the sizes
given (`python -m bench.conditional_access 5 100`): about 35 minutes each. The simulator keeps Graph's documented limit
and counts. Before that, the second backup of 900 policies, of which one policy type fails.
"""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import requests

import actors.backups.back_up
import actors.backups.sync
import actors.plans.preview
import actors.restores.live_restore
from actors.plans import drafts, option_choices
from actors.queue.enqueue import EnqueuedRun
from bench import SIMULATOR, stage
from db.audit.audit import SYSTEM
from db.database import database
from db.models import IS_ACTIVE, BackupSet, Restore, Run, Tenant
from graph.transport import rate_limits
from tests.support.simulated_tenant import CA, WRITE, conditional_access

POLICIES, LOCATIONS, STRENGTHS = 250, 40, 30
PAGE = 25
OPTIONS = {"assignments": "exact", "conditional_access": "as captured"}
FAILING = "deviceManagement/deviceCategories"
COLUMNS = ("page size", "limit", "step", "requests", "seconds", "429s")


def main() -> None:
    with stage.engines() as urls:
        stage.bind(next(iter(urls.values())))
        with stage.worker_here(poll_ms=100):  # as often as the real one looks
            _one_type_fails()
            print(f"\n| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
            for number, size in enumerate(map(int, sys.argv[1:] or [PAGE])):
                with _without_limit():
                    _measure(number, size, "none")
                _measure(number + 10, size, "one a second, enforced by the simulator too", throttle=True)


@contextmanager
def _without_limit() -> Iterator[None]:
    kept = dict(rate_limits.LIMITS)
    rate_limits.LIMITS.update(dict.fromkeys(rate_limits.NEVER_IN_A_BATCH, (100_000, 1.0)))  # type: ignore[attr-defined]
    try:
        yield
    finally:
        rate_limits.LIMITS.update(kept)  # type: ignore[attr-defined]


def _measure(number: int, size: int, limit: str, **flags: object) -> None:
    tenant = stage.tenant(f"Bench {number}", 500 + number, 0, permissions=WRITE, page_size=size, **flags)
    for collection, items in conditional_access(POLICIES, LOCATIONS, STRENGTHS).items():
        for item in items:
            _put(tenant, collection, item)
    with database.connection_context():
        _step(tenant, size, limit, "sync", lambda: actors.backups.sync.start(tenant, SYSTEM))
        _step(tenant, size, limit, "backup", lambda: actors.backups.back_up.start(tenant, SYSTEM))
        for item in conditional_access(POLICIES, LOCATIONS, STRENGTHS)[f"{CA}/policies"]:
            _put(tenant, f"{CA}/policies", {**item, "state": "disabled", "modifiedDateTime": "2026-01-01T00:00:00Z"})
        made = BackupSet.select().where(BackupSet.tenant == tenant).get()
        restore = drafts.from_backup_set(made, tenant, option_choices.parse_options(OPTIONS, own_tenant=True), SYSTEM)
        _step(tenant, size, limit, "preview", lambda: actors.plans.preview.start(restore, SYSTEM))
        again = Restore.get_by_id(restore.id)
        _step(
            tenant,
            size,
            limit,
            "live restore",
            lambda: actors.restores.live_restore.start(again, SYSTEM, reason="benchmark"),
        )


def _put(tenant: Tenant, collection: str, item: dict) -> None:
    stage.control("PUT", f"tenants/{tenant.directory_id}/objects/{collection}/{item['id']}", **item)


def _step(tenant: Tenant, size: int, limit: str, name: str, start: Callable[[], EnqueuedRun]) -> None:
    before = stage.requests_of(tenant)
    run = _ended(start().run)
    after = stage.requests_of(tenant)
    asked = sum(after[name] - before.get(name, 0) for name in ("graph", "writes"))
    seconds = (run.ended_at - run.created_at).total_seconds()
    throttled = after["throttled"] - before.get("throttled", 0)
    print(f"| {size} | {limit} | {name} | {asked} | {seconds:.1f} | {throttled} |", flush=True)


def _one_type_fails() -> None:
    tenant = stage.tenant("Bench failing", 900, 900)
    fault = {"kind": "status", "path": FAILING, "status": 503, "times": 1000}
    requests.post(f"{SIMULATOR}/_simulator/faults", json=fault, timeout=60).raise_for_status()
    with database.connection_context():
        asked = []
        for _ in range(2):
            before = stage.requests_of(tenant)["graph"]
            _ended(actors.backups.back_up.start(tenant, SYSTEM).run)
            asked.append(stage.requests_of(tenant)["graph"] - before)
    requests.delete(f"{SIMULATOR}/_simulator/faults", timeout=60).raise_for_status()
    tries = "5 of them tries of the policy type that fails"
    print(f"900 policies, one policy type fails: first backup {asked[0]} requests, second {asked[1]} ({tries}).")


def _ended(run: Run) -> Run:
    while Run.select().where((Run.id == run.id) & IS_ACTIVE).exists():
        time.sleep(0.1)
    return Run.get_by_id(run.id)


if __name__ == "__main__":
    main()
