"""Audit events a second, by threads that act at once: every event of an installation is one link of one chain.

A small act records one event. A run that is started and cancelled at once records three, in two transactions that do
much besides: there it shows for how long each keeps the others waiting.
"""

import threading
import time
from collections.abc import Callable

from bench import stage
from db.audit.audit import SYSTEM
from db.database import database
from db.models import AuditHead, Tenant
from db.runs import completion, runs
from db.runs.run_items import NewRunItem
from db.states import RunKind
from db.tenants import tenants

THREADS = (1, 2, 4, 8)
SECONDS = 4.0
ITEMS = 50


def main() -> None:
    print(f"| engine | act | {' | '.join(f'{count} at once' for count in THREADS)} |", flush=True)
    print("|---|---|" + "---|" * len(THREADS))
    with stage.engines() as urls:
        for engine, url in urls.items():
            stage.bind(url)
            with database.connection_context():
                there = [_tenant(number) for number in range(max(THREADS))]
            for name, act in ACTS.items():
                figures = [_events_a_second(act, there[:count]) for count in THREADS]
                print(f"| {engine} | {name} | " + " | ".join(f"{figure:,.0f}" for figure in figures) + " |", flush=True)


def _tenant(number: int) -> Tenant:
    guid = f"{number:08}-1111-4111-8111-111111111111"
    return tenants.add(f"Tenant {number}", guid, guid, SYSTEM)


def _events_a_second(act: Callable[[Tenant, int], None], there: list[Tenant]) -> float:
    """Each thread acts in a tenant of its own: they have nothing in common but the chain."""
    begin, before = time.monotonic(), _last()
    threads = [threading.Thread(target=_again_and_again, args=(act, actor, begin + SECONDS)) for actor in there]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return (_last() - before) / (time.monotonic() - begin)


def _last() -> int:
    with database.connection_context():
        return int(AuditHead.get().last_id)


def _again_and_again(act: Callable[[Tenant, int], None], there: Tenant, end: float) -> None:
    count = 0
    with database.connection_context():
        while time.monotonic() < end:
            act(there, count)
            count += 1


def _change(there: Tenant, count: int) -> None:
    tenants.set_full_every(there, str(1 + count % 90), SYSTEM)


def _start_and_cancel(there: Tenant, count: int) -> None:
    items = [NewRunItem("configurationPolicies", f"Policy {number}") for number in range(ITEMS)]
    run = runs.start(tenant=there, kind=RunKind.SYNC, dedupe_key=f"bench:{there.id}", items=items, actor=SYSTEM).run
    completion.request_cancel(run, SYSTEM)


ACTS = {
    "a setting is changed: one event": _change,
    f"a run of {ITEMS} items is started and cancelled: three": _start_and_cancel,
}

if __name__ == "__main__":
    main()
