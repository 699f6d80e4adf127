"""Five hundred watched tenants, and a change now and then: from the change to its assessment, and what looks cost.

A minute is the shortest interval, and used here, so that a few minutes are enough: five times as many looks as with the
usual five minutes, and their cost an hour is worked out from the cost of one. The wait for the look is shown apart.
The database has 500 policies of each tenant, the simulator ten, for looks read only what was changed.
"""

import resource
import statistics
import subprocess
import sys
import time
from datetime import timedelta

import requests

from bench import SIMULATOR, stage
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database
from db.events import watches
from db.models import Change, Policy, Tenant, Watch
from db.sql.value_lists import batched
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.simulated_tenant import READ

TENANTS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
POLICIES, IN_SIMULATOR = 500, 10
SECONDS, CHANGE_EVERY = 180, 2.0
USUAL_MINUTES = 5
COLLECTION = "deviceManagement/configurationPolicies"


def main() -> None:
    with stage.engines() as urls:
        stage.bind(urls["PostgreSQL"])
        tenants = _install()
        began, cpu = time.monotonic(), _children_seconds()
        with stage.worker(processes=1, threads=8):
            command = [servers.TENANTKEEP, "scheduler"]
            with servers.running(command, stderr=subprocess.DEVNULL):
                _wait_for_first_looks()
                asked = _count_requests()
                start, made = time.monotonic(), {}
                for number in range(int(SECONDS / CHANGE_EVERY)):
                    made[tenants[(number * 37) % TENANTS].id] = _change(tenants[(number * 37) % TENANTS])
                    time.sleep(max(0.0, start + (number + 1) * CHANGE_EVERY - time.monotonic()))
                time.sleep(75)
                looked, sent = time.monotonic() - start, _count_requests() - asked
            scheduler_cpu = _children_seconds() - cpu
        worker_cpu = _children_seconds() - cpu - scheduler_cpu
        _tell(made, looked, sent, worker_cpu / (time.monotonic() - began) * looked, scheduler_cpu)


def _install() -> list[Tenant]:
    tenants = []
    for number in range(1, TENANTS + 1):
        tenant = stage.tenant(
            f"Tenant {number}", number, IN_SIMULATOR, permissions=sorted({*READ, "AuditLog.Read.All"})
        )
        with database.connection_context(), database.atomic():
            rows = [
                {
                    "tenant": tenant.id,
                    "policy_type": "configurationPolicies",
                    "graph_id": f"{each:08}-0000-4000-8000-000000000000",
                    "name": f"Settings policy {each}",
                }
                for each in range(POLICIES)
            ]
            for some in batched(rows):
                Policy.insert_many(some).execute()
            capture_by_hand(Policy.select().where(Policy.tenant == tenant).order_by(Policy.id).first(), SYSTEM)
            Tenant.update(last_backup_at=utcnow() - timedelta(hours=8)).where(Tenant.id == tenant.id).execute()
            watches.set_watched(tenant, True, SYSTEM, 1)
        tenants.append(tenant)
    return tenants


def _wait_for_first_looks() -> None:
    with database.connection_context():
        while Watch.select().where(Watch.fresh_at.is_null()).exists():
            time.sleep(1)


def _change(tenant: Tenant) -> float:
    stage.control(
        "POST",
        f"tenants/{tenant.directory_id}/changes",
        collection=COLLECTION,
        id="00000000-0000-4000-8000-000000000000",
        by={"kind": "person", "name": "anna@bench.example"},
        set={"description": f"Changed at {utcnow()}"},
    )
    return utcnow().timestamp()


def _count_requests() -> int:
    answer = requests.get(f"{SIMULATOR}/_simulator/requests", timeout=60).json()
    return sum(row["graph"] for row in answer["tenants"].values())


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _tell(made: dict[int, float], looked: float, sent: int, worker_cpu: float, scheduler_cpu: float) -> None:
    with database.connection_context():
        seen: dict[int, list[float]] = {}
        for change in Change.select().where(Change.assessed_at.is_null(False)):
            seen.setdefault(change.tenant_id, []).append(change.assessed_at.timestamp())
    waits = sorted(min(seen[tenant]) - at for tenant, at in made.items() if tenant in seen)
    looks = TENANTS * looked / 60
    a_look = worker_cpu / looks
    hourly = TENANTS * 60 / USUAL_MINUTES
    print(
        f"{TENANTS} tenants, each looked at every minute for {looked:.0f} s; {len(waits)} of {len(made)} changes seen"
    )
    late = statistics.quantiles(waits, n=20)[-1]
    print(f"from the change to its assessment: median {statistics.median(waits):.0f} s, 95th percentile {late:.0f} s")
    print("(0 to 60 s of it are the wait for the next look)")
    print(f"requests a look: {sent / looks:.2f}; of a tenant every five minutes: {sent / looks * 12:.0f} an hour")
    print(f"worker CPU a look: {a_look * 1000:.0f} ms; of all every five minutes: {a_look * hourly:.0f} s an hour")
    print(f"scheduler CPU: {scheduler_cpu:.0f} s in all")


if __name__ == "__main__":
    main()
