"""A roll-out of 40 items to 100 tenants, at 80 ms for every HTTP call: `python -m bench.rollouts [TENANTS] [ITEMS]`.

Requests and wall time of planning and of writing, on SQLite, with one worker of eight threads here. Graph takes 100
writes in 20 s from one app in one tenant, so 40 writes wait for nothing: the floor is what the calls of one tenant
take one after another, and as many tenants as are written at once take it side by side.
"""

import sys
import time
from collections.abc import Sequence

from actors.rollouts import rolling_out
from bench import SIMULATOR, stage
from db.audit.audit import SYSTEM, Actor
from db.database import database
from db.models import RollOut, User
from db.states import Ring, RollOutState, SiteRole
from tests.support.rolled_out import AT_WORK, confirm, firewall, follow, guid, make_standard, make_version, states
from tests.support.simulated_tenant import SimulatedTenant

TENANTS, ITEMS, LATENCY_MS, AT_ONCE = 100, 40, 80, 3
COLUMNS = ("step", "tenants", "items", "at once", "wall", "HTTP calls", "requests", "writes", "429s", "a tenant",
           "floor")  # fmt: skip


def main() -> None:
    tenants, count = (int(text) for text in (sys.argv[1:3] or (TENANTS, ITEMS)))
    print(f"| {' | '.join(COLUMNS)} |\n|{'---|' * len(COLUMNS)}", flush=True)
    with stage.engines() as urls:
        stage.bind(urls["SQLite"])
        with stage.worker_here(poll_ms=50), database.connection_context():
            _measure(tenants, count)


def _measure(tenants: int, count: int) -> None:
    standard = make_standard(at_once=AT_ONCE)
    names = {guid(1, number): f"Baseline {number}" for number in range(count)}
    items = {key: ("configurationPolicies", {**firewall(20), "id": key, "name": name}) for key, name in names.items()}
    version = make_version(standard, items)
    made = [simulated for _, simulated in follow(SIMULATOR, standard, {Ring.PILOT: tenants})]
    for simulated in made:
        simulated.change(flags={"latency_ms": LATENCY_MS, "throttle": True})
    approver = User.create(email="approver@bench.example", name="A", password_hash="", site_role=SiteRole.ADMIN)
    steps = {
        "planned": lambda: rolling_out.ask(standard, version, Ring.PILOT, SYSTEM),
        "written": lambda: confirm(RollOut.get(), Actor.person(approver, None), "benchmark"),
    }
    for name, begin in steps.items():
        before, began = _asked(made), time.monotonic()
        begin()
        _wait()
        wall, asked = time.monotonic() - began, [now - then for now, then in zip(_asked(made), before, strict=True)]
        side_by_side = rolling_out.PREVIEWS_AT_ONCE if name == "planned" else AT_ONCE
        floor = asked[0] * LATENCY_MS / 1000 / min(side_by_side, tenants)
        cells = (
            name,
            tenants,
            count,
            side_by_side,
            f"{wall:.0f} s",
            *asked,
            f"{wall / tenants:.2f} s",
            f"{floor:.0f} s",
        )
        print(f"| {' | '.join(map(str, cells))} |", flush=True)
    assert RollOut.get().state == RollOutState.FINISHED, states(RollOut.get())


def _asked(made: Sequence[SimulatedTenant]) -> list[int]:
    """Return the HTTP calls, requests, writes and refusals of all of them."""
    counted = [simulated.requests() for simulated in made]
    return [sum(row[name] for row in counted) for name in ("http", "graph", "writes", "throttled")]


def _wait() -> None:
    while RollOut.get().state in AT_WORK:
        time.sleep(0.2)


if __name__ == "__main__":
    main()
