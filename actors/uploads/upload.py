"""`restore.upload`: reads an uploaded backup set, file by file, and makes a draft of it.

Web only receives the file. After a crash it is read again from the beginning, which costs nothing but time: contents
that were saved are found, and a finished item stays as it is. A file that is refused as a whole leaves no draft.
"""

from collections.abc import Collection, Mapping
from typing import IO, Any

import dramatiq

from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import run_claimed
from actors.uploads import contradictions, zip_files
from actors.uploads.unpacking import LeftOut, ManifestLine, UploadedSet
from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.models import RunItem, Tenant, Upload
from db.policies import snapshots
from db.restores import restore_drafts
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from db.runs import claims, run_items, runs, uploads
from db.runs.claims import Claim
from db.states import UNSETTLED, ItemState, Outcome, Result, Role, RunKind
from db.tenants import tenants
from graph.errors import Rejected
from graph.policy_types.table import POLICY_TYPES
from graph.restore.options import complete_options

# Stands at the run's items where others have a policy type.
FILE_ITEM = "uploaded file"
OPERATES, MANAGES = frozenset({Role.OPERATOR, Role.MANAGER}), frozenset({Role.MANAGER})
NOT_YOURS = "Restoring this file here needs somebody who {what}."


def start(tenant: Tenant, options: Mapping[str, Any], stream: IO[bytes], actor: Actor) -> EnqueuedRun:
    """Save the file, and start the run that reads it. Raises Invalid for a file that is no ZIP, or too large."""
    active = runs.find_active(uploads.dedupe_key(actor))
    if active:
        return EnqueuedRun(active, is_new=False, is_sent=True)
    zip_files.check_end(stream)
    stream.seek(0)
    upload = uploads.receive(tenant, options, stream)
    try:
        started = uploads.start(upload, run_items.NewRunItem(FILE_ITEM, _title(upload)), actor)
    except Invalid:
        uploads.delete(upload)
        raise
    return enqueue_new(started)


def _title(upload: Upload) -> str:
    return f"The file as a whole, {max(upload.size // 1024, 1):,} KB"


@dramatiq.actor(actor_name=RunKind.UPLOAD, queue_name=INTERACTIVE)
def read(run_id: int) -> None:
    run_claimed(run_id, RunKind.UPLOAD, _read)


def _read(claim: Claim) -> None:
    upload = uploads.find_of_run(claim.run)
    if upload is None or claim.run.restore_id is not None:
        return  # the draft was made, and the process ended before the run did
    try:
        _UploadReader(claim, upload).read_all()
    except Invalid as e:
        _mark_left_out(claim)
        raise Rejected("refused", str(e)) from e


def _mark_left_out(claim: Claim) -> None:
    """Mark the items of a refused file that were read: they are in no draft."""
    message = "It was read. The file as a whole was refused."
    with database.atomic():
        claims.assert_claim(claim)
        run_items.leave_out_finished(claim.run, message)


class _UploadReader:
    def __init__(self, claim: Claim, upload: Upload) -> None:
        self.claim, self.upload = claim, upload
        self.unpacking = UploadedSet(uploads.UploadReader(upload))
        self.requester = users.find_by_id(claim.run.requested_by_id)

    def read_all(self) -> None:
        self._require_roles()
        whole, *rest = self._items()
        new_items = []
        for line, item in zip(self.unpacking.lines, rest, strict=True):
            if claims.is_cancel_requested(self.claim):
                return
            new_items += self._read(line, item)
        if not new_items:
            raise Invalid(f"Nothing of this file can be restored. {self._first_reason()}".strip())
        self._require_roles()
        self._create_draft(new_items, whole)

    def _require_roles(self) -> None:
        """Require the same roles as for any restore. Raises Invalid, audited.

        Only the file says which directory it is from.
        """
        target = self.upload.tenant
        source = tenants.find_by_directory_id(self.unpacking.directory_id)
        if self.unpacking.directory_id == target.directory_id:
            self._require(target, OPERATES, f"operates {target.name}")
            return
        what = f"manages {target.name}" + (f" and {source.name}, which it says it is of" if source else "")
        for tenant in (target, *([source] if source else ())):
            self._require(tenant, MANAGES, what)

    def _require(self, tenant: Tenant, roles: Collection[Role], what: str) -> None:
        if users.has_role(self.requester, tenant, roles):
            return
        subject, permission = f"run {self.claim.run.id}", "tenant:manage" if roles == MANAGES else "tenant:operate"
        facts = {"permission": permission, "method": "RUN", "path": str(RunKind.UPLOAD)}
        audit.record(Action.ACCESS, self._actor(), subject, tenant=tenant, result=Result.REFUSED, **facts)
        raise Invalid(NOT_YOURS.format(what=what))

    def _actor(self) -> Actor:
        if self.requester is None:
            return Actor("(nobody any more)")
        return Actor.person(self.requester, None, self.claim.run.origin)

    def _items(self) -> list[RunItem]:
        """Return the item of the whole file, then one for each line. The first message adds those."""
        if len(run_items.of_run(self.claim.run)) == 1:
            with database.atomic():
                claims.assert_claim(self.claim)
                run_items.add_items(self.claim.run, [_new_item(line) for line in self.unpacking.lines])
                runs.set_total(self.claim.run, len(self.unpacking.lines) + 1)
        return run_items.of_run(self.claim.run)

    def _read(self, line: ManifestLine, item: RunItem) -> list[NewRestoreItem]:
        try:
            document = self.unpacking.document(line)
            problem = contradictions.find_problem(line, document)
        except LeftOut as e:
            document, problem = {}, str(e)
        self.unpacking.budget.check()
        if problem:
            self._leave_out(item, problem)
            return []
        return [self._save(line, item, document)]

    def _leave_out(self, item: RunItem, problem: str) -> None:
        if item.state in UNSETTLED:
            text = f"Left out: {problem}"
            run_items.finish_item(self.claim, item, ItemState.FAILED, Outcome.LEFT_OUT, reason="left_out", message=text)

    def _save(self, line: ManifestLine, item: RunItem, document: dict[str, Any]) -> NewRestoreItem:
        name = contradictions.name_in_content(line, document)
        content = snapshots.save_content(self.upload.tenant_id, document, contradictions.upload_fingerprint(document))
        if item.state in UNSETTLED:
            with database.atomic():
                run_items.finish_item(self.claim, item, ItemState.DONE, Outcome.READ)
                run_items.name_item(item, name, line.graph_id)
        references = line.references or {}
        return NewRestoreItem(line.policy_type, line.graph_id, name, content, references, file_says=line.says)

    def _first_reason(self) -> str:
        first = run_items.first_of_outcome(self.claim.run, Outcome.LEFT_OUT)
        return f"“{first.name[:60]}” was {first.message[0].lower()}{first.message[1:]}" if first else ""

    def _options(self) -> dict[str, Any]:
        """Return the options of the draft: what was chosen, and what is proposed now that the source is known."""
        own_tenant = self.unpacking.directory_id == self.upload.tenant.directory_id
        return complete_options(self.upload.options, own_tenant=own_tenant)

    def _create_draft(self, items: list[NewRestoreItem], whole: RunItem) -> None:
        directory_id = self.unpacking.directory_id
        source = RestoreSource(directory_id, f"File uploaded by run {self.claim.run.id}")
        says = self.unpacking.says | {"directory_id": directory_id}
        with database.atomic():
            claims.assert_claim(self.claim)
            draft = restore_drafts.create(
                self.upload.tenant, source, items, self._options(), self._actor(), file_says=says
            )
            runs.set_restore(self.claim.run, draft)
            left_out = len(self.unpacking.lines) - len(items)
            more = f" {left_out} left out, each with its reason." if left_out else ""
            message = f"{draft} is a draft of {len(items)}.{more}"
            run_items.finish_item(self.claim, whole, ItemState.DONE, Outcome.READ, message=message)
        self.claim.run.restore_id = draft.id


def _new_item(line: ManifestLine) -> run_items.NewRunItem:
    """Return an item named as the file in the ZIP, until its content is known."""
    return run_items.NewRunItem(
        line.policy_type if line.policy_type in POLICY_TYPES else FILE_ITEM, line.file.replace("\x00", "")[:1000]
    )
