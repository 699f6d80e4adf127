"""`tenant list`, `run list` and the others: what there is, with the numbers and names that other commands take."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import click

from actors.facade import policy_type_names
from db import models
from db.accounts import users
from db.backups import backup_sets
from db.errors import Invalid
from db.policies import moments, policies, snapshots
from db.restores import restores, undos
from db.runs import run_history
from db.tenants import schedule_words, schedules, tenants
from web import inputs
from web.commands.frame.context import (
    ROW_NUMBER,
    add_commands,
    find_tenant,
    json_option,
    open_for_reading,
    print_result,
)

MAX_ROWS = 10_000
limit_option = click.option(
    "--limit", type=click.IntRange(1, MAX_ROWS), default=100, show_default=True, help="How many at the most."
)

Row = Mapping[str, Any]
# (tenant or None for all, limit) -> rows.
FindRows = Callable[["models.Tenant | None", int], Sequence[Row]]


def _tenants(_tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": tenant.id,
            "name": tenant.name,
            "directory_id": tenant.directory_id,
            "state": tenant_state(tenant),
            "credential": tenant.credential_kind,
            "credential_ends": tenant.credential_expires_at,
            "connected": tenant.connected_at,
            "last_good_backup": tenant.last_backup_at,
            "connection_error": tenant.connection_error,
        }
        for tenant in tenants.by_name(limit=limit)
    ]


def tenant_state(tenant: models.Tenant) -> str:
    if tenant.removing_since:
        return "being removed"
    return "on" if tenant.is_active else "switched off"


def _users(_tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "email": user.email,
            "name": user.name,
            "role": user.site_role,
            "may_sign_in": user.is_active,
            "last_sign_in": user.last_sign_in_at,
        }
        for user in users.all_by_email(limit)
    ]


def _members(tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "tenant": in_tenant.name,
            "email": member.user.email,
            "role": str(member.role),
            "by_tag": member.tag or None,
            "from_entra": member.is_from_entra,
        }
        for in_tenant, member in users.list_members(tenant, limit)
    ]


def _policies(tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": policy.id,
            "policy_type": policy.policy_type,
            "name": policy.name,
            "graph_id": policy.graph_id,
            "snapshots": policy.snapshot_count,
            "last_captured": policy.last_captured_at,
        }
        for policy in policies.present(tenant, limit)
    ]


def _backup_sets(tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": backup_set.id,
            "state": backup_set.state,
            "made": backup_set.created_at,
            "policies": backup_set.manifest.count if backup_set.manifest else 0,
            "of": backup_set.name or ("some of the tenant" if backup_set.selection else "the whole tenant"),
            "pinned": backup_set.pinned_reason,
        }
        for backup_set in backup_sets.listed(tenant, limit)
    ]


def _restores(tenant: models.Tenant | None, limit: int) -> list[Row]:
    rows = restores.listed(tenant, limit)
    undone_by = undos.that_undid_each(rows)
    return [
        {
            "id": restore.id,
            "tenant": restore.tenant.name,
            "of": restore.source_name,
            "state": restore.state,
            "requested": restore.created_at,
            "by": restore.created_by and restore.created_by.email,
            "reason": restore.reason,
            "undone_by": [undo.id for undo in undone_by[restore.id]],
        }
        for restore in rows
    ]


def _runs(tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": run.id,
            "kind": run.kind,
            "tenant": run.tenant.name,
            "state": run.state,
            "requested": run.created_at,
            "by": run.requested_by.email if run.requested_by else run.origin,
            "ended": run.ended_at,
            "error": run.error_message,
        }
        for run in run_history.listed(tenant, limit)
    ]


def _schedules(tenant: models.Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": schedule.id,
            "tenant": schedule.tenant.name,
            "when": schedule_words.when(schedule.cron),
            "cron": schedule.cron,
            "time_zone": schedule.time_zone,
            "full": schedule.is_full,
            "rehearsal": schedule.is_rehearsal,
            "paused": schedule.is_paused,
            "next": schedule.next_at,
            "last": schedule.last_at,
        }
        for schedule in schedules.listed(tenant, limit)
    ]


@dataclass(frozen=True)
class ListCommand:
    """`tenantkeep GROUP list`. `needs_tenant`: must one be given, may it be, or (None) does it make no difference?"""

    group: str
    help: str
    find: FindRows
    needs_tenant: bool | None


LISTS = (
    ListCommand("tenant", "List the tenants, by name.", _tenants, None),
    ListCommand("user", "List the people who may sign in.", _users, None),
    ListCommand("member", "List who has which role, in a tenant or in all.", _members, False),
    ListCommand("policy", "List a tenant's policies, by name.", _policies, True),
    ListCommand("backup-set", "List a tenant's backup sets, the newest first.", _backup_sets, True),
    # The plural, for `restore` is the command that makes one.
    ListCommand("restores", "List restores to a tenant or to all, the newest first.", _restores, False),
    ListCommand("run", "List runs of a tenant or of all, the newest first.", _runs, False),
    ListCommand("schedule", "List the schedules of a tenant or of all.", _schedules, False),
)


@click.argument("tenant")
@click.argument("time")
@limit_option
@json_option
def at(tenant: str, time: str, limit: int, as_json: bool) -> None:
    """List a tenant's policies as they were at a time: 2026-03-01T12:00, in UTC unless it says otherwise."""
    with open_for_reading():
        found = moments.moment(find_tenant(tenant), inputs.parse_past_time(time, UTC))
        print_rows([_policy_then(policy) for policy in found.policies[:limit]], as_json)


def _policy_then(policy: moments.PolicyThen) -> Row:
    version = policy.version
    return {
        "id": policy.policy_id,
        "policy_type": policy.policy_type,
        "name": policy.name,
        "snapshot": policy.snapshot_id,
        "captured": version and version.captured_at,
        "changed_next": policy.changed_next_at,
        "sure": not (policy.may_differ or policy.may_have_been_gone),
        "same_now": policy.is_same_now,
    }


GROUPS = {
    "policy": "Policies.",
    "backup-set": "Backup sets.",
    "restores": "Restores that were asked for.",
    "schedule": "When tenants are backed up by themselves.",
}


def register(cli: click.Group) -> None:
    add_commands(cli, {"at": at})
    for name, text in GROUPS.items():
        cli.add_command(click.Group(name, help=text))
    for listing in LISTS:
        cli.commands[listing.group].command("list")(_command(listing))  # type: ignore[attr-defined]
    cli.commands["backup-set"].command("show")(show)  # type: ignore[attr-defined]


def _command(listing: ListCommand) -> Callable[..., None]:
    def act(limit: int, as_json: bool, tenant: str | None = None) -> None:
        with open_for_reading():
            print_rows(listing.find(find_tenant(tenant) if tenant else None, limit), as_json)

    act.__doc__ = listing.help
    act = limit_option(json_option(act))
    return act if listing.needs_tenant is None else click.argument("tenant", required=listing.needs_tenant)(act)


@click.argument("backup_set_id", metavar="BACKUP_SET", type=ROW_NUMBER)
@limit_option
@json_option
def show(backup_set_id: int, limit: int, as_json: bool) -> None:
    """List what a backup set holds: the snapshots that “restore --item” takes."""
    with open_for_reading():
        backup_set = models.BackupSet.get_or_none(models.BackupSet.id == backup_set_id)
        if backup_set is None:
            raise Invalid(f"There is no backup set {backup_set_id}.")
        ids = backup_sets.snapshot_ids(backup_set)[:limit]
        rows = [
            {
                "snapshot": snapshot.id,
                "policy_type": snapshot.policy.policy_type,
                "title": policy_type_names.title(snapshot.policy.policy_type),
                "name": snapshot.name,
                "policy": snapshot.policy_id,
                "captured": snapshot.captured_at,
            }
            for snapshot in snapshots.with_policies(ids).order_by(models.Snapshot.id)
        ]
        print_rows(rows, as_json)


def print_rows(rows: Sequence[Row], as_json: bool) -> None:
    """Print rows as a table, or as one JSON document."""
    plain = [{name: _plain_value(value) for name, value in row.items()} for row in rows]
    print_result(as_json, plain, _table(plain) if plain else "There is none.")


def _plain_value(value: Any) -> Any:
    return f"{value.isoformat(timespec='seconds')}Z" if isinstance(value, datetime) else value


def _table(rows: Sequence[Row]) -> str:
    """Write a line for each row, under the names; a column that is empty in all of them is left out."""
    names = [name for name in rows[0] if any(row[name] not in (None, "", []) for row in rows)]
    cells = [[name.replace("_", " ") for name in names], *([_cell_text(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cell_text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        value = ", ".join(map(str, value))
    # What a tenant calls its policies may hold anything: no line breaks, and nothing that steers a terminal.
    return "".join(character if character.isprintable() else " " for character in str("" if value is None else value))
