"""Watched tenants, and a change now and then: from the change to the notice that arrived, and what looks cost.

A minute is the shortest interval, and used here, so that a few minutes do: 100 tenants have as many looks as 500
have at the usual five minutes, and their cost an hour is worked out from the cost of one. The wait for the look is in
the figures. The database has 500 policies of each tenant, the simulator ten, for looks read only what was changed.
The notices go to webhooks that this process answers.
"""

import json
import resource
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import requests

from bench import SIMULATOR, stage
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database
from db.events import watches
from db.models import Change, Policy, Tenant, Watch
from db.notices import channels, rules
from db.notices.rules import RuleChoice
from db.sql.value_lists import batched
from db.states import ChannelKind, NoticeEvent, Severity
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.simulated_tenant import READ

TENANTS = int(sys.argv[1]) if len(sys.argv) > 1 else 500
POLICIES, IN_SIMULATOR = 500, 10
SECONDS, CHANGE_EVERY = 180, 2.0
USUAL_MINUTES = 5
# A channel gets at most three messages a minute, and this bench changes something every two seconds.
CHANNELS = 20
COLLECTION = "deviceManagement/configurationPolicies"


def main() -> None:
    with stage.engines() as urls:
        stage.bind(urls["PostgreSQL"])
        tenants = _install()
        arrived: dict[str, float] = {}
        with _receiver(arrived) as address:
            _add_channels(tenants, address)
            _measure(tenants, arrived)


def _measure(tenants: list[Tenant], arrived: dict[str, float]) -> None:
    began, cpu = time.monotonic(), _children_seconds()
    with stage.worker(processes=1, threads=8):
        command = [servers.TENANTKEEP, "scheduler"]
        with servers.running(command, stderr=subprocess.DEVNULL):
            _wait_for_first_looks()
            asked = _count_requests()
            start, made = time.monotonic(), {}
            for number in range(int(SECONDS / CHANGE_EVERY)):
                tenant = tenants[(number * 37) % TENANTS]
                made[tenant] = _change(tenant)
                time.sleep(max(0.0, start + (number + 1) * CHANGE_EVERY - time.monotonic()))
            time.sleep(75)
            looked, sent = time.monotonic() - start, _count_requests() - asked
        scheduler_cpu = _children_seconds() - cpu
    worker_cpu = _children_seconds() - cpu - scheduler_cpu
    _print_waits("its assessment", made, _assessed())
    _print_waits("its notice", made, {tenant.id: arrived.get(tenant.directory_id) for tenant in made})
    _print_cost(looked, sent, worker_cpu / (time.monotonic() - began) * looked, scheduler_cpu)


@contextmanager
def _receiver(arrived: dict[str, float]) -> Iterator[str]:
    """Yield the address of a webhook that notes when each tenant was first heard of."""

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            for notice in document["notices"]:
                arrived.setdefault(notice["tenant"]["directory_id"], time.time())
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_arguments: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()


def _add_channels(tenants: list[Tenant], address: str) -> None:
    with database.connection_context():
        for number in range(CHANNELS):
            channel = channels.add(f"Bench {number}", ChannelKind.WEBHOOK, address, SYSTEM, allows_private=True)
            of_channel = [tenant.id for tenant in tenants[number::CHANNELS]]
            choice = RuleChoice([NoticeEvent.CHANGE], min_severity=Severity.LOW, tenants=of_channel)
            rules.add(channel, choice, SYSTEM)


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
    return time.time()


def _count_requests() -> int:
    answer = requests.get(f"{SIMULATOR}/_simulator/requests", timeout=60).json()
    return sum(row["graph"] for row in answer["tenants"].values())


def _children_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def _assessed() -> dict[int, float | None]:
    """Return tenant id -> when its first change was assessed."""
    with database.connection_context():
        rows = Change.select(Change.tenant, Change.assessed_at).where(Change.assessed_at.is_null(False))
        newest_first = rows.order_by(Change.assessed_at.desc()).tuples()
        return {tenant_id: at.replace(tzinfo=UTC).timestamp() for tenant_id, at in newest_first}


def _print_waits(what: str, made: dict[Tenant, float], seen: dict[int, float | None]) -> None:
    waits = sorted(at - made[tenant] for tenant in made if (at := seen.get(tenant.id)) is not None)
    late = statistics.quantiles(waits, n=20)[-1]
    print(
        f"from the change to {what}: median {statistics.median(waits):.0f} s, 95th percentile {late:.0f} s"
        f" ({len(waits)} of {len(made)}; 0 to 60 s of it are the wait for the next look)"
    )


def _print_cost(looked: float, sent: int, worker_cpu: float, scheduler_cpu: float) -> None:
    looks = TENANTS * looked / 60
    a_look = worker_cpu / looks
    hourly = 500 * 60 / USUAL_MINUTES
    print(f"{TENANTS} tenants, each looked at every minute for {looked:.0f} s")
    print(f"requests a look: {sent / looks:.2f}; of a tenant every five minutes: {sent / looks * 12:.0f} an hour")
    print(
        f"worker CPU a look: {a_look * 1000:.0f} ms; of 500 tenants every five minutes: {a_look * hourly:.0f} s an hour"
    )
    print(f"scheduler CPU: {scheduler_cpu:.0f} s in all")


if __name__ == "__main__":
    main()
