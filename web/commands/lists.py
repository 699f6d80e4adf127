"""`tenant list`, `run list` and the others: what there is, with the numbers and names that other commands take."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import click
from flask.cli import AppGroup

from actors.facade import policy_type_names
from db.accounts import users
from db.backups import backup_sets
from db.errors import Invalid
from db.models import BackupSet, Snapshot, Tenant
from db.policies import policies, snapshots
from db.restores import restores
from db.runs import run_history
from db.tenants import schedules, tenants
from web.commands.context import answer, as_json, opened, tenant_named

MOST = 10_000
limit_option = click.option(
    "--limit", type=click.IntRange(1, MOST), default=100, show_default=True, help="How many at the most."
)

Row = Mapping[str, Any]
# Of this tenant, or of all; at the most so many.
Find = Callable[[Tenant | None, int], Sequence[Row]]


def _tenants(_tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": one.id,
            "name": one.name,
            "directory_id": one.directory_id,
            "state": state_of(one),
            "credential": one.credential_kind,
            "credential_ends": one.credential_expires_at,
            "connected": one.connected_at,
            "last_good_backup": one.last_backup_at,
            "connection_error": one.connection_error,
        }
        for one in tenants.by_name(limit=limit)
    ]


def state_of(tenant: Tenant) -> str:
    if tenant.removing_since:
        return "being removed"
    return "on" if tenant.is_active else "switched off"


def _users(_tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "email": one.email,
            "name": one.name,
            "role": one.site_role,
            "may_sign_in": one.is_active,
            "last_sign_in": one.last_sign_in_at,
        }
        for one in users.all_by_email(limit)
    ]


def _members(tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {"tenant": one.tenant.name, "email": one.user.email, "role": one.role, "from_entra": one.is_from_entra}
        for one in users.list_memberships(tenant, limit)
    ]


def _policies(tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": one.id,
            "policy_type": one.policy_type,
            "name": one.name,
            "graph_id": one.graph_id,
            "snapshots": one.snapshot_count,
            "last_captured": one.last_captured_at,
        }
        for one in policies.present(tenant, limit)
    ]


def _backup_sets(tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": one.id,
            "state": one.state,
            "made": one.created_at,
            "policies": one.manifest.count if one.manifest else 0,
            "of": one.name or ("some of the tenant" if one.selection else "the whole tenant"),
            "pinned": one.pinned_reason,
        }
        for one in backup_sets.listed(tenant, limit)
    ]


def _restores(tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": one.id,
            "tenant": one.tenant.name,
            "of": one.source_name,
            "state": one.state,
            "requested": one.created_at,
            "by": one.created_by and one.created_by.email,
            "reason": one.reason,
        }
        for one in restores.listed(tenant, limit)
    ]


def _runs(tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": one.id,
            "kind": one.kind,
            "tenant": one.tenant.name,
            "state": one.state,
            "requested": one.created_at,
            "by": one.requested_by.email if one.requested_by else one.origin,
            "ended": one.ended_at,
            "error": one.error_message,
        }
        for one in run_history.listed(tenant, limit)
    ]


def _schedules(tenant: Tenant | None, limit: int) -> list[Row]:
    return [
        {
            "id": one.id,
            "tenant": one.tenant.name,
            "cron": one.cron,
            "time_zone": one.time_zone,
            "full": one.is_full,
            "paused": one.is_paused,
            "next": one.next_at,
            "last": one.last_at,
        }
        for one in schedules.listed(tenant, limit)
    ]


@dataclass(frozen=True)
class Listing:
    """`tenantkeep GROUP list`. The tenant is asked for, may be given, or (None) makes no difference."""

    group: str
    help: str
    find: Find
    needs_tenant: bool | None


LISTS = (
    Listing("tenant", "List the tenants, by name.", _tenants, None),
    Listing("user", "List the people who may sign in.", _users, None),
    Listing("member", "List who has which role, in a tenant or in all.", _members, False),
    Listing("policy", "List a tenant's policies, by name.", _policies, True),
    Listing("backup-set", "List a tenant's backup sets, the newest first.", _backup_sets, True),
    # The plural, for `restore` is the command that makes one.
    Listing("restores", "List restores to a tenant or to all, the newest first.", _restores, False),
    Listing("run", "List runs of a tenant or of all, the newest first.", _runs, False),
    Listing("schedule", "List the schedules of a tenant or of all.", _schedules, False),
)
GROUPS = {
    "policy": "Policies.",
    "backup-set": "Backup sets.",
    "restores": "Restores that were asked for.",
    "schedule": "When tenants are backed up by themselves.",
}


def register(cli: AppGroup) -> None:
    for name, text in GROUPS.items():
        cli.add_command(AppGroup(name, help=text))
    for one in LISTS:
        cli.commands[one.group].command("list", with_appcontext=False)(_command(one))  # type: ignore[attr-defined]
    cli.commands["backup-set"].command("show", with_appcontext=False)(show)  # type: ignore[attr-defined]


def _command(listing: Listing) -> Callable[..., None]:
    def act(limit: int, as_json: bool, tenant: str | None = None) -> None:
        with opened():
            _tell(listing.find(tenant_named(tenant) if tenant else None, limit), as_json)

    act.__doc__ = listing.help
    act = limit_option(as_json(act))
    return act if listing.needs_tenant is None else click.argument("tenant", required=listing.needs_tenant)(act)


@click.argument("backup_set_id", metavar="BACKUP_SET", type=int)
@limit_option
@as_json
def show(backup_set_id: int, limit: int, as_json: bool) -> None:
    """List what a backup set holds: the snapshots that “restore --item” takes."""
    with opened():
        backup_set = BackupSet.get_or_none(BackupSet.id == backup_set_id)
        if backup_set is None:
            raise Invalid(f"There is no backup set {backup_set_id}.")
        ids = backup_sets.snapshot_ids(backup_set)[:limit]
        rows = [
            {
                "snapshot": one.id,
                "policy_type": one.policy.policy_type,
                "title": policy_type_names.title(one.policy.policy_type),
                "name": one.name,
                "policy": one.policy_id,
                "captured": one.captured_at,
            }
            for one in snapshots.with_policies(ids).order_by(Snapshot.id)
        ]
        _tell(rows, as_json)


def _tell(rows: Sequence[Row], as_json: bool) -> None:
    plain = [{name: _plain(value) for name, value in row.items()} for row in rows]
    answer(as_json, plain, _table(plain) if plain else "There is none.")


def _plain(value: Any) -> Any:
    return f"{value.isoformat(timespec='seconds')}Z" if isinstance(value, datetime) else value


def _table(rows: Sequence[Row]) -> str:
    """A line for each, under the names; a column that is empty in all of them is left out."""
    names = [name for name in rows[0] if any(row[name] not in (None, "") for row in rows)]
    cells = [[name.replace("_", " ") for name in names], *([_cell(row[name]) for name in names] for row in rows)]
    widths = [max(len(line[place]) for line in cells) for place in range(len(names))]
    lines = ("  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)) for line in cells)
    return "\n".join(line.rstrip() for line in lines)


def _cell(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    # What a tenant calls its policies may hold anything: no line breaks, and nothing that steers a terminal.
    return "".join(one if one.isprintable() else " " for one in str("" if value is None else value))
