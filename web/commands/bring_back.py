"""`tenantkeep bring-back`: a whole tenant back to a moment, or what one person did to it."""

from __future__ import annotations

import sys
from datetime import UTC

import click

from actors.changes import bringing_back
from web import inputs
from web.commands import restores
from web.commands.frame.context import add_commands, command_actor, find_tenant, json_option, open_installation
from web.commands.runs import wait_option


def register(group: click.Group) -> None:
    add_commands(group, {"bring-back": bring_back})


@click.argument("tenant")
@click.option("--to", "moment", required=True, help="The moment, such as 2026-03-01T12:00, in UTC.")
@click.option("--by", default="", help="Only what this person or app did, as the tenant's logs name them.")
@click.option("--remove-added", is_flag=True, help="Also remove what was added since. It is captured first.")
@restores.live_options
@wait_option
@json_option
def bring_back(
    tenant: str,
    moment: str,
    by: str,
    remove_added: bool,
    live: restores.LiveRequest | None,
    wait: bool,
    as_json: bool,
) -> None:
    """Bring a tenant back to a moment: preview it, or with --live --yes execute it. Look first: tenantkeep sync."""
    with open_installation():
        damage = bringing_back.find(find_tenant(tenant), inputs.parse_past_time(moment, UTC))
        draft = bringing_back.draft(damage, command_actor(), by=by, removes_added=remove_added)
        for deed in damage.deeds_of(by):
            if deed.why_not:
                click.echo(f"Not brought back: {deed.policy_type} {deed.name}. {deed.why_not}", err=True)
        code = restores.carry_out(draft, live, wait, as_json)
    sys.exit(code)
