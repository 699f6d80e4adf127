"""`sync`, `back-up`, `rehearse`, `document`, `download`, `run show` and more: the browser's starts, in a terminal."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from datetime import UTC
from pathlib import Path
from typing import Any

import click

import actors.backups.back_up
import actors.backups.capture
import actors.backups.sync
import actors.rehearsals.rehearse
from actors.documents import making, options
from actors.facade import leaving
from actors.queue import enqueue
from db import models, private_file
from db.backups import backup_sets, disclosures
from db.documents import documents
from db.errors import Invalid
from db.names import work_names
from db.runs import run_progress, runs
from db.states import ACTIVE, RunState
from web import inputs
from web.commands.frame.context import (
    ROW_NUMBER,
    add_commands,
    command_actor,
    find_policy,
    find_tenant,
    force_option,
    json_option,
    open_for_reading,
    open_installation,
    print_result,
)
from web.presentation import backup_zip, leaving_zip, masking, run_document, run_messages

EXIT_CODES = {RunState.SUCCEEDED: 0, RunState.PARTIAL: 2}
POLL_SECONDS = 0.5
# In place of a backup set's number: a tenant as its policies were read last.
NEWEST = "-"

wait_option = click.option("--wait", is_flag=True, help="Wait for its end. Exit 0 succeeded, 2 partial, 1 failed.")


def register(cli: click.Group) -> None:
    add_commands(
        cli,
        {
            "sync": sync,
            "capture": capture,
            "back-up": back_up,
            "rehearse": rehearse,
            "download": download,
            "document": document,
        },
    )
    group = click.Group("run", help="Runs.")
    add_commands(group, {"show": show})
    cli.add_command(group)


@click.argument("tenant")
@wait_option
@json_option
def sync(tenant: str, wait: bool, as_json: bool) -> None:
    """Read the list of a tenant's policies."""
    with open_installation():
        code = follow_run(actors.backups.sync.start(find_tenant(tenant), command_actor()), wait, as_json)
    sys.exit(code)


@click.argument("tenant")
@click.argument("policy")
@wait_option
@json_option
def capture(tenant: str, policy: str, wait: bool, as_json: bool) -> None:
    """Capture a snapshot of one policy."""
    with open_installation():
        code = follow_run(
            actors.backups.capture.start(find_policy(find_tenant(tenant), policy), command_actor()), wait, as_json
        )
    sys.exit(code)


@click.argument("tenant")
@click.option("--type", "types", multiple=True, help="Only this policy type, by its collection. May be given again.")
@click.option(
    "--policy", "policy_texts", multiple=True, help="Only this policy, by its number or Graph id. May be given again."
)
@click.option("--full", is_flag=True, help="Read everything, whatever the lists show as unchanged.")
@wait_option
@json_option
def back_up(
    tenant: str, types: tuple[str, ...], policy_texts: tuple[str, ...], full: bool, wait: bool, as_json: bool
) -> None:
    """Back up a tenant, or some of its policies."""
    with open_installation():
        found_tenant = find_tenant(tenant)
        policy_ids = [find_policy(found_tenant, text).id for text in policy_texts]
        start = actors.backups.back_up.start(
            found_tenant, command_actor(), policy_types=types, policy_ids=policy_ids, is_full=full
        )
        code = follow_run(start, wait, as_json)
    sys.exit(code)


@click.argument("tenant")
@wait_option
@json_option
def rehearse(tenant: str, wait: bool, as_json: bool) -> None:
    """Rehearse a restore: back up, open everything, plan, and try a sample in the lab."""
    with open_installation():
        code = follow_run(actors.rehearsals.rehearse.start(find_tenant(tenant), command_actor()), wait, as_json)
    sys.exit(code)


@click.argument("backup_set_id", type=ROW_NUMBER)
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--with-secrets", is_flag=True, help="Secrets inside policies too. Audited.")
@click.option("--format", "leaving_format", type=click.Choice(["intunemanagement", "intunecd", "terraform", "graph"]),
              help="The format of another tool.  [default: ours, which can be restored from]")  # fmt: skip
@force_option
@json_option
def download(
    backup_set_id: int, file: Path, with_secrets: bool, leaving_format: str | None, force: bool, as_json: bool
) -> None:
    """Write a backup set to a ZIP file."""
    with open_installation():
        backup_set = models.BackupSet.get_or_none(models.BackupSet.id == backup_set_id)
        if backup_set is None:
            raise Invalid(f"There is no backup set {backup_set_id}.")
        mask = (lambda document: document) if with_secrets else masking.mask_secrets
        with private_file.writing(file, force=force) as out:
            disclosures.record_download(backup_set, with_secrets, command_actor(), leaving_format or "")
            out.writelines(_chunks(backup_set, leaving_format, mask))
        print_result(as_json, {"file": str(file), "bytes": file.stat().st_size}, f"Wrote {file}.")


def _chunks(backup_set: models.BackupSet, leaving_format: str | None, mask: Any) -> Iterator[bytes]:
    if leaving_format is None:
        return backup_zip.zip_backup_set(backup_set, mask)
    ids = backup_sets.snapshot_ids(backup_set)
    return leaving_zip.zip_snapshots(backup_set.tenant, ids, leaving.LeavingFormat(leaving_format), mask)


@click.argument("backup_set")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--tenant", help="With - in place of a backup set: the tenant, as its policies were read last.")
@click.option("--policy", help="With --tenant: only this policy, by its number or Graph id.")
@click.option("--type", "types", multiple=True, help="Only this policy type, by its collection. May be given again.")
@click.option("--at", "moment", help="With --tenant: as it was at a time such as 2026-03-01T12:00, in UTC.")
@click.option("--import", "import_id", type=ROW_NUMBER, help="With --tenant: an import for it, by its number.")
@click.option("--compare", type=ROW_NUMBER, help="Another backup set of the tenant: tell what differs to that one.")
@click.option("--since", help="Only policies whose content changed since this day, such as 2026-11-01.")
@click.option("--assigned", is_flag=True, help="Only policies that are assigned to somebody.")
@click.option("--without-ids", is_flag=True, help="Leave out ids.")
@click.option("--language", default="en", show_default=True, help="The document's language.")
@force_option
@json_option
def document(
    backup_set: str,
    file: Path,
    tenant: str | None,
    policy: str | None,
    types: tuple[str, ...],
    moment: str | None,
    import_id: int | None,
    compare: int | None,
    since: str | None,
    assigned: bool,
    without_ids: bool,
    language: str,
    force: bool,
    as_json: bool,
) -> None:
    """Make a document for people: .html, .md, .csv or .docx, as the file's name ends."""
    with open_installation():
        found_tenant, number = _subject(backup_set, tenant)
        wanted = options.DocumentOptions(
            options.format_of(file.name),
            number,
            compare,
            find_policy(found_tenant, policy).id if policy else None,
            inputs.parse_past_time(moment, UTC).isoformat() if moment else None,
            import_id,
            types,
            only_assigned=assigned,
            changed_since=since,
            with_ids=not without_ids,
            language=language,
        )
        code = _make(found_tenant, wanted, file, force=force, as_json=as_json)
    sys.exit(code)


def _subject(backup_set: str, tenant: str | None) -> tuple[models.Tenant, int | None]:
    """Return the tenant, and the backup set's number. Raises Invalid."""
    if backup_set == NEWEST:
        if tenant is None:
            raise Invalid("Give a backup set's number, or - and --tenant.")
        return find_tenant(tenant), None
    is_number = backup_set.isascii() and backup_set.isdigit()
    row = models.BackupSet.get_or_none(models.BackupSet.id == int(backup_set)) if is_number else None
    if row is None:
        raise Invalid(f"There is no backup set {backup_set}.")
    if tenant is not None and find_tenant(tenant).id != row.tenant_id:
        raise Invalid(f"Backup set {backup_set} is of another tenant.")
    return row.tenant, row.id


def _make(tenant: models.Tenant, wanted: options.DocumentOptions, file: Path, *, force: bool, as_json: bool) -> int:
    with private_file.writing(file, force=force) as out:
        run = wait_for_end(making.start(tenant, wanted, command_actor()).run.id)
        if run.state != RunState.SUCCEEDED:
            _refuse(run, as_json)
        made = documents.find_of_run(run)
        if made is None:
            raise Invalid("The document was deleted before it was written.")
        disclosures.record_document(made, command_actor())
        out.writelines(documents.read_chunks(made))
    facts = {"file": str(file), "bytes": made.size, "policies": made.policies, "document": made.id, "run": run.id}
    print_result(as_json, facts, f"Wrote {file}.")
    return 0


def _refuse(run: models.Run, as_json: bool) -> None:
    """Say why the run made no document, and end. The file is not made either."""
    show_run(run, as_json)
    sys.exit(EXIT_CODES.get(run.state, 1))


@click.argument("run_id", type=ROW_NUMBER)
@json_option
def show(run_id: int, as_json: bool) -> None:
    """Show a run and its items."""
    with open_for_reading():
        run = runs.find_run(run_id)
        if run is None:
            raise Invalid(f"There is no run {run_id}.")
        show_run(run, as_json)


def follow_run(start: enqueue.EnqueuedRun, wait: bool, as_json: bool) -> int:
    if not as_json:
        click.echo(f"{run_messages.start_sentence(start)} (run {start.run.id})", err=wait)
    run = wait_for_end(start.run.id) if wait else models.Run.get_by_id(start.run.id)
    if wait or as_json:
        show_run(run, as_json)
    return EXIT_CODES.get(run.state, 1) if wait else 0


def wait_for_end(run_id: int) -> models.Run:
    """Poll until the run ends, with a progress bar on a terminal."""
    with click.progressbar(length=1, label=f"Run {run_id}", file=sys.stderr, hidden=not sys.stderr.isatty()) as bar:
        while (run := models.Run.get_by_id(run_id)).state in ACTIVE:
            counts = run_progress.count_by_state(run)
            bar.length = counts["total"] or 1
            bar.update(counts["done"] + counts["skipped"] + counts["failed"] + counts["uncertain"] - bar.pos)
            time.sleep(POLL_SECONDS)
    return run


def show_run(run: models.Run, as_json: bool) -> None:
    document = run_document.run_document(run)
    lines = [f"{work_names.name_of(run).numbered}, {run.tenant.name}: {run.state}"]
    lines += [f"  {document['waiting']}"] if document["waiting"] else []
    lines += [f"  {run.error_message}"] if run.error_message else []
    lines += [_item_line(item) for item in document["items"]]
    print_result(as_json, document, "\n".join(lines))


def _item_line(item: dict[str, Any]) -> str:
    return f"  {item['name']}: {item['outcome'] or item['state']}. {item['message'] or ''}".rstrip()
