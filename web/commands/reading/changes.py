"""`tenantkeep changes`: what changed in a tenant, and by whom."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

import click

from actors.notices import authors
from db import clock, models
from db.changes import change_lists
from db.errors import Invalid
from db.events import attribution
from web import inputs
from web.change_words import documents
from web.commands.frame.context import add_commands, find_tenant, json_option, open_for_reading, print_result
from web.commands.reading.lists import limit_option, print_rows

_UNITS = {"m": timedelta(minutes=1), "h": timedelta(hours=1), "d": timedelta(days=1)}
# Longer ago there was no Intune.
_MOST = 100_000


@click.argument("tenant")
@click.option("--since", metavar="TIME", help="Only those seen since: a day, a time in UTC, or how long ago: 2h, 3d.")
@click.option("--open", "is_open", is_flag=True, help="Only those that are open against what was approved.")
@limit_option
@json_option
def changes(tenant: str, since: str | None, is_open: bool, limit: int, as_json: bool) -> None:
    """List what changed in a tenant, the newest first, each with who did it."""
    begin = parse_since(since) if since else None
    with open_for_reading():
        found = change_lists.listed(find_tenant(tenant), begin, is_open=is_open, limit=limit)
        if as_json:
            events = attribution.events_of_changes(found)
            print_result(True, [documents.document(change, events.get(change.id, [])) for change in found], "")
        else:
            who = authors.authors_of(found)
            print_rows([_row(change, who[change.id]) for change in found], as_json=False)


def parse_since(text: str) -> datetime:
    """Read a day, a time or how long ago it was. Raises Invalid."""
    ago = re.fullmatch(r"(\d{1,6})\s*([mhd])", text.strip())
    if ago and int(ago[1]) <= _MOST:
        return clock.utcnow() - int(ago[1]) * _UNITS[ago[2]]
    try:
        return inputs.read_time(text)
    except ValueError:
        raise Invalid(f"“{text}” is no time: give one like 2026-03-01, 2026-03-01T14:30, 2h or 3d.") from None


def _row(change: models.Change, who: str) -> dict[str, object]:
    return {
        "id": change.id,
        "seen": change.seen_at,
        "severity": change.severity,
        "kind": change.kind,
        "name": change.policy.name,
        "policy_type": change.policy.policy_type,
        "by": who.removeprefix("by "),
        "state": change.state,
    }


def register(group: click.Group) -> None:
    add_commands(group, {"changes": changes})
