"""`policy.import`: reads an export of another tool, and makes an import of it, which a person then keeps or not.

Web and the command only receive the file. After a crash it is read again from the beginning.
"""

from dataclasses import asdict
from pathlib import PurePosixPath
from typing import IO

import dramatiq

from actors.imports import import_files
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import run_claimed
from actors.uploads.contradictions import upload_fingerprint
from actors.uploads.unpacking import storable_text
from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.imports import policy_imports
from db.imports.policy_imports import NewImportedPolicy
from db.models import Tenant, Upload
from db.policies import snapshots
from db.runs import claims, run_items, runs, uploads
from db.runs.claims import Claim
from db.states import ItemState, Outcome, Result, Role, RunKind
from db.tenants import tenants
from graph.errors import Rejected
from graph.foreign.export import FileState, ForeignExport, ForeignFile, ForeignPolicy
from graph.foreign.read import TooMany, read_export

# Stands at the run's item where others have a policy type.
FILE_ITEM = "imported file"
OPERATES = frozenset({Role.OPERATOR, Role.MANAGER})
BY_COMMAND = "command"


def start(tenant: Tenant, stream: IO[bytes], file_name: str, actor: Actor, *, name: str = "") -> EnqueuedRun:
    """Save the file, and start the run that reads it. `name`: as what to keep it at once; "": a person looks first.

    Raises Invalid for a file that is too large, or a ZIP that cannot be read.
    """
    active = runs.find_active(uploads.dedupe_key(actor, RunKind.IMPORT))
    if active:
        return EnqueuedRun(active, is_new=False, is_sent=True)
    tenants.require_switched_on(tenant)
    import_files.check(stream)
    options = {"file_name": storable_text(file_name)[:200], "name": policy_imports.clean_name(name)}
    upload = uploads.receive(tenant, options, stream)
    item = run_items.NewRunItem(FILE_ITEM, f"The file as a whole, {max(upload.size // 1024, 1):,} KB")
    try:
        started = uploads.start(upload, item, actor, RunKind.IMPORT)
    except Invalid:
        uploads.delete(upload)
        raise
    return enqueue_new(started)


@dramatiq.actor(actor_name=RunKind.IMPORT, queue_name=INTERACTIVE)
def read(run_id: int) -> None:
    run_claimed(run_id, RunKind.IMPORT, _read)


def _read(claim: Claim) -> None:
    upload = uploads.find_of_run(claim.run)
    if upload is None or policy_imports.find_of_run(claim.run) is not None:
        return  # the import was made, and the process ended before the run did
    try:
        actor = _require_role(claim, upload)
        export = _export(upload)
    except Invalid as e:
        raise Rejected("refused", str(e)) from e
    if not claims.is_cancel_requested(claim):
        _save(claim, upload, export, actor)


def _require_role(claim: Claim, upload: Upload) -> Actor:
    """Return who asked. Raises Invalid, audited, where they may not work in the tenant any more."""
    requester = users.find_by_id(claim.run.requested_by_id)
    if requester is None and claim.run.origin == BY_COMMAND:
        return Actor("(command)", origin=BY_COMMAND)
    if users.has_role(requester, upload.tenant, OPERATES):
        return audit.requester(requester, claim.run.origin)
    facts = {"permission": "tenant:operate", "method": "RUN", "path": str(RunKind.IMPORT)}
    actor = audit.requester(requester, claim.run.origin)
    audit.record(Action.ACCESS, actor, f"run {claim.run.id}", tenant=upload.tenant, result=Result.REFUSED, **facts)
    raise Invalid(f"Importing policies here needs somebody who operates {upload.tenant.name}.")


def _export(upload: Upload) -> ForeignExport:
    try:
        budget = import_files.reading_budget()
        files = import_files.read_files(uploads.UploadReader(upload), upload.options["file_name"], budget)
        return read_export(files, budget.check)
    except TooMany as e:
        raise Invalid(str(e)) from e


def _save(claim: Claim, upload: Upload, export: ForeignExport, actor: Actor) -> None:
    new = [_new_policy(upload.tenant_id, policy) for policy in export.policies]
    with database.atomic():
        claims.assert_claim(claim)
        policy_import = policy_imports.create(
            claim.run,
            new,
            name=upload.options["name"] or _proposed_name(upload, export),
            source_directory_id=export.directory_id,
            organisation=export.organisation,
            formats=[str(form) for form in export.formats],
            findings=[asdict(finding) for finding in export.findings],
            files=[_file_row(file) for file in export.files if file.why],
            file_count=len(export.files),
        )
        [item] = run_items.of_run(claim.run)
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.READ, message=_summary(export))
        if upload.options["name"] and new:
            policy_imports.keep(policy_import, upload.options["name"], actor)


def _file_row(file: ForeignFile) -> dict[str, str]:
    return {
        "path": storable_text(file.path)[-1000:],
        "state": str(file.state),
        "format": str(file.format or ""),
        "why": storable_text(file.why)[:600],
    }


def _new_policy(tenant_id: int, policy: ForeignPolicy) -> NewImportedPolicy:
    content = snapshots.save_content(tenant_id, policy.content, upload_fingerprint(policy.content))
    other = policy.other_content
    return NewImportedPolicy(
        path=storable_text(policy.path)[-1000:],
        format=str(policy.format),
        policy_type=policy.policy_type,
        graph_id=storable_text(policy.graph_id)[:200],
        name=policy.name,
        content=content,
        other_content=snapshots.save_content(tenant_id, other, upload_fingerprint(other)) if other else None,
        references=policy.references,
        findings=[{"kind": str(f.kind), "text": storable_text(f.text)[:600]} for f in policy.findings],
        placeholders=[storable_text(text)[:200] for text in policy.placeholders],
    )


def _proposed_name(upload: Upload, export: ForeignExport) -> str:
    stem = PurePosixPath(upload.options["file_name"]).stem
    return f"{export.organisation or stem or 'Import'}, {upload.created_at:%Y-%m-%d}"


def _summary(export: ForeignExport) -> str:
    left_out = sum(file.state == FileState.LEFT_OUT for file in export.files)
    more = f" {left_out} files are left out, each with its reason." if left_out else ""
    return f"{len(export.policies)} policies in {len(export.files)} files.{more}"
