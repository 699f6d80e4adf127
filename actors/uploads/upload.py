"""`restore.upload`: an uploaded backup set is read, file by file, and becomes a draft.

Web only receives it. Begun again after a crash it reads from the beginning, which costs nothing but its time: what was
kept is found, and an item that was settled stays as it is. Refused as a whole it leaves no draft.
"""

from collections.abc import Collection, Mapping
from typing import IO, Any

import dramatiq

from actors.queue.broker import INTERACTIVE
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.run_actor import run_claimed
from actors.uploads import contradictions, zip_files
from actors.uploads.unpacking import LeftOut, Line, Unpacking
from db.accounts import users
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.models import Run, RunItem, Tenant, Upload, User
from db.policies import snapshots
from db.restores import restore_drafts
from db.restores.restore_drafts import NewRestoreItem, RestoreSource
from db.runs import claims, run_items, runs, uploads
from db.runs.claims import Claim
from db.states import UNSETTLED, ItemState, Outcome, Result, Role, RunKind
from graph.errors import Rejected
from graph.policy_types.table import POLICY_TYPES

# Of the run's items, in the place where others have a policy type.
FILE = "uploaded file"
OPERATES, MANAGES = frozenset({Role.OPERATOR, Role.MANAGER}), frozenset({Role.MANAGER})
NOT_YOURS = "Restoring this file here needs somebody who {what}."


def start(tenant: Tenant, options: Mapping[str, Any], stream: IO[bytes], actor: Actor) -> EnqueuedRun:
    """Keep the file, and start the run that reads it. Raises Invalid for what is no ZIP, or too large."""
    active = runs.find_active(uploads.dedupe_key(actor))
    if active:
        return EnqueuedRun(active, is_new=False, is_sent=True)
    zip_files.check_end(stream)
    stream.seek(0)
    upload = uploads.receive(tenant, options, stream)
    try:
        made = uploads.start(upload, run_items.NewRunItem(FILE, _title(upload)), actor)
    except Invalid:
        uploads.delete(upload)
        raise
    return enqueue_new(made)


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
        _Reading(claim, upload).all()
    except Invalid as e:
        _take_back(claim)
        raise Rejected("refused", str(e)) from e


def _take_back(claim: Claim) -> None:
    """What was read of a file that is refused is in no draft."""
    said = "It was read. The file as a whole was refused."
    taken = (RunItem.run == claim.run) & (RunItem.state == ItemState.DONE)
    with database.atomic():
        claims.assert_claim(claim)
        RunItem.update(state=ItemState.SKIPPED, outcome=Outcome.LEFT_OUT, message=said).where(taken).execute()


class _Reading:
    def __init__(self, claim: Claim, upload: Upload) -> None:
        self.claim, self.upload = claim, upload
        self.unpacking = Unpacking(uploads.UploadReader(upload))
        self.requester = User.get_or_none(User.id == claim.run.requested_by_id)

    def all(self) -> None:
        self._require_both_ends()
        whole, *rest = self._items()
        kept = []
        for line, item in zip(self.unpacking.lines, rest, strict=True):
            if claims.is_cancel_requested(self.claim):
                return
            kept += self._read(line, item)
        if not kept:
            raise Invalid(f"Nothing of this file can be restored. {self._first_reason()}".strip())
        self._require_both_ends()
        self._make(kept, whole)

    def _require_both_ends(self) -> None:
        """As for any restore; of which directory it is only the file says. Raises Invalid, audited."""
        target = self.upload.tenant
        source = Tenant.get_or_none(Tenant.directory_id == self.unpacking.directory_id)
        if self.unpacking.directory_id == target.directory_id:
            self._require(target, OPERATES, f"operates {target.name}")
            return
        what = f"manages {target.name}" + (f" and {source.name}, which it says it is of" if source else "")
        for one in (target, *([source] if source else ())):
            self._require(one, MANAGES, what)

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
        """The whole file, then one for each line."""
        mine = RunItem.select().where(RunItem.run == self.claim.run).order_by(RunItem.id)
        if mine.count() == 1:
            with database.atomic():
                claims.assert_claim(self.claim)
                run_items.add_items(self.claim.run, [_new_item(line) for line in self.unpacking.lines])
                Run.update(total=len(self.unpacking.lines) + 1).where(Run.id == self.claim.run.id).execute()
        return list(mine.clone())

    def _read(self, line: Line, item: RunItem) -> list[NewRestoreItem]:
        try:
            document = self.unpacking.document(line)
            problem = contradictions.problem(line, document)
        except LeftOut as e:
            document, problem = {}, str(e)
        self.unpacking.budget.check()
        if problem:
            self._leave_out(item, problem)
            return []
        return [self._keep(line, item, document)]

    def _leave_out(self, item: RunItem, problem: str) -> None:
        if item.state in UNSETTLED:
            said = f"Left out: {problem}"
            run_items.finish_item(self.claim, item, ItemState.FAILED, Outcome.LEFT_OUT, reason="left_out", message=said)

    def _keep(self, line: Line, item: RunItem, document: dict[str, Any]) -> NewRestoreItem:
        name = contradictions.own_name(line, document)
        content = snapshots.save_content(self.upload.tenant_id, document, contradictions.mark_of(document))
        if item.state in UNSETTLED:
            with database.atomic():
                run_items.finish_item(self.claim, item, ItemState.DONE, Outcome.READ)
                RunItem.update(name=name, graph_id=line.graph_id).where(RunItem.id == item.id).execute()
        references = line.references or {}
        return NewRestoreItem(line.policy_type, line.graph_id, name, content, references, file_says=line.says)

    def _first_reason(self) -> str:
        mine = (RunItem.run == self.claim.run) & (RunItem.outcome == Outcome.LEFT_OUT)
        first = RunItem.select().where(mine).order_by(RunItem.id).first()
        return f"“{first.name[:60]}” was {first.message[0].lower()}{first.message[1:]}" if first else ""

    def _make(self, kept: list[NewRestoreItem], whole: RunItem) -> None:
        directory_id = self.unpacking.directory_id
        source = RestoreSource(directory_id, f"file uploaded by run {self.claim.run.id}")
        says = self.unpacking.says | {"directory_id": directory_id}
        with database.atomic():
            claims.assert_claim(self.claim)
            made = restore_drafts.create(
                self.upload.tenant, source, kept, self.upload.options, self._actor(), file_says=says
            )
            Run.update(restore_id=made.id).where(Run.id == self.claim.run.id).execute()
            left = len(self.unpacking.lines) - len(kept)
            more = f" {left} left out, each with its reason." if left else ""
            message = f"{made} is a draft of {len(kept)}.{more}"
            run_items.finish_item(self.claim, whole, ItemState.DONE, Outcome.READ, message=message)
        self.claim.run.restore_id = made.id


def _new_item(line: Line) -> run_items.NewRunItem:
    """Called as the ZIP calls the file, until it is known what is in it."""
    return run_items.NewRunItem(
        line.policy_type if line.policy_type in POLICY_TYPES else FILE, line.file.replace("\x00", "")[:1000]
    )
