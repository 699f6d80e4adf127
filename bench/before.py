"""The acts of the version before, around an upgrade. bench/upgrade.py hands this text to the Python of that version."""

import os
import select
import sys
import time
from collections.abc import Callable

given = dict(os.environ)
import bench  # noqa: E402

# Else it would use servers and keys of its own.
os.environ.update(given)
from bench import rows, stage  # noqa: E402
from db import run_ends, runs  # noqa: E402
from db.audit import SYSTEM  # noqa: E402
from db.database import database  # noqa: E402
from db.models import Tenant  # noqa: E402
from db.states import RunKind  # noqa: E402


def fill(count: int) -> None:
    rows.fill(count)


def look(count: int) -> None:
    """At runs from anywhere in the table, so that most of them are cold."""
    with stage.web(rows.ADMIN) as session:
        _again(
            lambda number: session.get(f"{bench.WEB}/runs/{1 + number * 7919 % count}", timeout=60).raise_for_status()
        )


def work(count: int) -> None:
    """A run is made, claimed and ended."""
    _again(_run)


def _run(number: int) -> None:
    with database.connection_context():
        item = runs.NewItem("intents", "A policy", 1, "1")
        tenant = Tenant.get_by_id(1 + number % rows.TENANTS)
        made = runs.start(tenant=tenant, kind=RunKind.SYNC, dedupe_key=f"bench {number}", items=[item], actor=SYSTEM)
        claim = runs.claim(made.run.id)
        assert claim
        run_ends.fail(claim, "bench", "It ended.")


def _again(act: Callable[[int], object]) -> None:
    """Until whoever started this is done with it: tell how long each time took, and what went wrong."""
    number = 0
    while not select.select([sys.stdin], [], [], 0.05)[0]:
        number, began, fault = number + 1, time.perf_counter(), ""
        try:
            act(number)
        except Exception as e:  # noqa: BLE001 - whatever it is, it is told
            fault = type(e).__name__
        print(time.perf_counter() - began, fault, flush=True)


stage.bind(given["TENANTKEEP_DATABASE_URL"])
{"fill": fill, "look": look, "work": work}[sys.argv[1]](int(sys.argv[2]))
