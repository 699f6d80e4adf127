"""`tenantkeep readiness`: what of a tenant would come back if it were deleted now."""

from __future__ import annotations

import sys
from datetime import datetime
from typing import Any

import click

from actors.readiness import assess
from db import models
from db.errors import Invalid
from db.policies import tenant_policies
from db.readiness import reports
from db.states import RunState
from web.commands.frame.context import (
    add_commands,
    command_actor,
    find_tenant,
    json_option,
    open_installation,
    print_result,
)
from web.commands.runs import EXIT_CODES, show_run, wait_for_end

MOST_LINES = 100_000


def register(group: click.Group) -> None:
    add_commands(group, {"readiness": readiness})


@click.argument("tenant")
@click.option("--now", is_flag=True, help="Judge anew, and wait for it.  [default: the newest report]")
@json_option
def readiness(tenant: str, now: bool, as_json: bool) -> None:
    """Say what would come back if it were deleted now, by itself, by hand or not, and how long that takes."""
    with open_installation():
        found = find_tenant(tenant)
        if now or reports.newest(found) is None:
            run = wait_for_end(assess.start(found, command_actor()).run.id)
            if run.state != RunState.SUCCEEDED:
                show_run(run, as_json)
                sys.exit(EXIT_CODES.get(run.state, 1))
        report = reports.newest(found)
        if report is None:
            raise Invalid(f"{found.name} could not be assessed. Its runs say why: tenantkeep run list")
        rows = reports.lines(found, reports.ReportFilter(), MOST_LINES)
        document = {
            # Null where there is nothing to judge: all of nothing would read as if everything were well.
            "share": reports.share_of(report),
            "counts": report.counts,
            "seconds": report.seconds,
            "items": [_item(row) for row in rows],
        }
        lines = _lines(document, tenant_policies.old_snapshots(found), report.made_at)
        print_result(as_json, document, "\n".join(lines))


def _item(row: models.ReadinessItem) -> dict[str, Any]:
    return {
        "policy_type": row.policy_type,
        "graph_id": row.policy.graph_id,
        "name": row.name,
        "verdict": row.verdict,
        "why": row.why,
    }


def _lines(document: dict[str, Any], old: tenant_policies.OldSnapshots, made_at: datetime) -> list[str]:
    counts = ", ".join(f"{count} {verdict.replace('_', ' ')}" for verdict, count in document["counts"].items())
    if not document["items"]:
        return ["There is nothing to judge: no policy of it is known yet. Back it up: tenantkeep back-up TENANT"]
    share, seconds = reports.share_text(document["share"]), document["seconds"]
    as_of = f"As of {made_at:%Y-%m-%d %H:%M} UTC."
    lines = [f"{share} would come back by itself ({counts}); a full restore: {seconds} s. {as_of}"]
    if old.count and old.oldest:
        lines.append(
            f"No backup has read {old.count} of them for more than a week, the oldest since {old.oldest:%Y-%m-%d}: "
            "what comes back is as it was then."
        )
    rest = [item for item in document["items"] if item["verdict"] != "by_itself"]
    return [*lines, *(f"  {item['verdict']:8} {item['policy_type']} {item['name']}: {item['why']}" for item in rest)]
