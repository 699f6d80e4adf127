"""`restore`: previewed first, always; written only with --live --yes and a reason."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any

import click

import actors.plans.preview
import actors.restores.live_restore
from actors.facade import policy_type_names
from actors.plans import drafts, option_choices, restore_results
from db import models
from db.errors import Invalid
from db.restores import approvals, restore_items
from db.states import RestoreState
from web.commands.frame.context import (
    ROW_NUMBER,
    add_commands,
    command_actor,
    find_tenant,
    json_option,
    open_installation,
)
from web.commands.runs import EXIT_CODES, follow_run, show_run, wait_for_end, wait_option
from web.presentation import restore_text


def register(cli: click.Group) -> None:
    add_commands(cli, {"restore": restore})


@dataclass(frozen=True)
class LiveRequest:
    """The answers that a live restore needs besides its plan."""

    confirmed: bool
    reason: str
    guard_reason: str


_LIVE_OPTIONS = (
    click.option("--preview/--live", "only_preview", default=True, help="Show what would happen (default), or do it."),
    click.option("--yes", is_flag=True, help="Yes, write. Without it a live restore stops after its preview."),
    click.option("--reason", default="", help="Why: a ticket or a sentence. A live restore needs one."),
    click.option("--override-guard", default="", help="Why the Conditional Access guard may be passed."),
)


def live_options(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options of a command that restores. It gets them as `live`: None for a preview."""

    @wraps(command)
    def act(*, only_preview: bool, yes: bool, reason: str, override_guard: str, **others: Any) -> None:
        live = None if only_preview else LiveRequest(yes, reason.strip(), override_guard.strip())
        if live and live.confirmed and not live.reason:
            raise Invalid("Say why with --reason: a ticket or a sentence. It is kept with the restore.")
        command(live=live, **others)

    for option in reversed(_LIVE_OPTIONS):
        act = option(act)
    return act


@click.argument("backup_set_id", metavar="BACKUP_SET", type=ROW_NUMBER)
@click.option(
    "--item", "items", multiple=True, type=ROW_NUMBER, help="Only this snapshot of the set. May be given again."
)
@click.option("--type", "types", multiple=True, help="Only this policy type, by its collection. May be given again.")
@click.option("--to", "target", help="Another tenant, by its name or directory id.  [default: the set's own]")
@click.option("--assignments", type=click.Choice(["made", "leave", "exact", "none"]),
              help="Restore them where a policy is made again, leave them as they are, restore them all, or remove "
                   "them.  [default: made into its own tenant, leave into another]")  # fmt: skip
@click.option("--existing", type=click.Choice(["update", "skip", "copy"]), default="update", show_default=True,
              help="What happens to policies that are there.")  # fmt: skip
@click.option("--prefix", default="", help="Of the copies' names, with --existing copy.")
@click.option("--conditional-access", type=click.Choice(["as-captured", "report-only", "off"]),
              help="The state of policies of Conditional Access that were on.  [default: as-captured into its own "
                   "tenant, report-only into another]")  # fmt: skip
@click.option("--drop-missing", is_flag=True, help="Leave assignments out whose group cannot be found.")
@click.option("--groups", type=click.Choice(["no", "kept", "empty", "members"]), default="no", show_default=True,
              help="Make groups again that are gone: not at all, only bring back what Entra keeps, without members, or "
                   "with the backup's.")  # fmt: skip
@click.option("--deleted", type=click.Choice(["undelete", "new"]),
              help="Bring back what Microsoft still keeps deleted, with its id, or make new ones.  [default: undelete "
                   "into its own tenant]")  # fmt: skip
@live_options
@wait_option
@json_option
def restore(backup_set_id: int, items: tuple[int, ...], types: tuple[str, ...], target: str | None,
            assignments: str | None, existing: str, prefix: str, conditional_access: str | None, drop_missing: bool,
            groups: str, deleted: str | None, live: LiveRequest | None, wait: bool, as_json: bool) -> None:  # fmt: skip
    """Restore a backup set, or some of it: preview it, or with --live --yes execute it."""
    with open_installation():
        backup_set, target_tenant = _source_and_target(backup_set_id, target, types)
        options = option_choices.parse_options(
            {
                "assignments": assignments or "",
                "existing": existing,
                "prefix": prefix,
                "conditional_access": (conditional_access or "").replace("-", " "),
                "drop_missing": "yes" if drop_missing else "no",
                "groups": groups,
                "deleted": deleted or "",
            },
            own_tenant=backup_set.tenant_id == target_tenant.id,
        )
        draft = drafts.from_backup_set(
            backup_set, target_tenant, options, command_actor(), snapshot_ids=items, policy_types=types
        )
        code = carry_out(draft, live, wait, as_json)
    sys.exit(code)


def _source_and_target(
    backup_set_id: int, target: str | None, types: tuple[str, ...]
) -> tuple[models.BackupSet, models.Tenant]:
    backup_set = models.BackupSet.get_or_none(models.BackupSet.id == backup_set_id)
    if backup_set is None:
        raise Invalid(f"There is no backup set {backup_set_id}.")
    unknown = sorted(set(types) - set(policy_type_names.titles()))
    if unknown:
        raise Invalid(f"There is no policy type {unknown[0]}. The known ones are in docs/policy-types.md.")
    return backup_set, find_tenant(target) if target else backup_set.tenant


def carry_out(draft: models.Restore, live: LiveRequest | None, wait: bool, as_json: bool) -> int:
    """Preview a draft, or with `live` execute it. Return the exit code."""
    return _execute(draft, live, wait, as_json) if live else _preview(draft, wait, as_json)


def _preview(draft: models.Restore, wait: bool, as_json: bool) -> int:
    code = follow_run(actors.plans.preview.start(draft, command_actor()), wait, as_json)
    if wait:
        _echo_plan(draft)
    return code


def _execute(draft: models.Restore, live: LiveRequest, wait: bool, as_json: bool) -> int:
    """Preview, wait whatever --wait says, and restore: only what a preview has shown is written."""
    run = wait_for_end(actors.plans.preview.start(draft, command_actor()).run.id)
    if models.Restore.get_by_id(draft.id).state != RestoreState.PREVIEWED:
        show_run(run, as_json)
        return EXIT_CODES.get(run.state, 1) or 1
    _echo_plan(draft)
    if not live.confirmed:
        show_run(run, as_json)
        raise Invalid("Nothing was written. Add --yes to write this.")
    if live.guard_reason and approvals.items_held_back(draft):
        approvals.override_guard(models.Restore.get_by_id(draft.id), command_actor(), live.guard_reason)
    start = actors.restores.live_restore.start(models.Restore.get_by_id(draft.id), command_actor(), reason=live.reason)
    return follow_run(start, wait, as_json)


def _echo_plan(draft: models.Restore) -> None:
    """Say the plan on stderr: standard output may be one JSON document."""
    fates = restore_results.plan_fates(restore_items.count_plan(draft), is_overridden=bool(draft.guard_reason))
    sentence = restore_text.plan_sentence(fates, [item.name for item in approvals.items_held_back(draft)])
    click.echo(f"{draft} of {draft.source_name} to {draft.tenant.name}: {sentence}", err=True)
    for warned in restore_results.warnings_before(restore_items.with_dangers(draft)):
        click.echo(f"{warned.name}: {warned.sentence}", err=True)
