"""Record the outcome of each restored item: verified, rejected, conflict, uncertain, or retry later."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import config
from actors.plans import plan_items
from actors.queue.run_actor import Wait
from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_try, wait_before_retry, why_forbidden
from actors.restores import publishing_delays, removals, safety_backup, undeletes
from actors.restores.live_contents import LiveContents
from db.audit import audit
from db.audit.audit import Action
from db.clock import utcnow
from db.database import database, lock_rows
from db.models import Policy, Restore, RestoreItem, RunItem, Write
from db.notices.conditions import APPROVAL_WAIT
from db.policies import policies, snapshots
from db.policies.snapshots import SnapshotDraft
from db.recovery import write_log
from db.restores import mappings, restore_items
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.states import WRITTEN_OUTCOMES, AppAccess, ItemState, Outcome, Result, WriteState
from graph.content.normalise import canonical_json
from graph.errors import ApprovalNeeded, Forbidden, GraphError, NotFound, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading
from graph.restore.executor import (
    CHANGED_SINCE_PREVIEW,
    CHANGED_SINCE_WRITE,
    NOT_TAKEN_AGAIN,
    ChangedSincePreview,
    NotReady,
    NotVisibleYet,
    RestoreResult,
    RestoreTask,
    UndeleteRefused,
)
from graph.restore.options import is_copied
from graph.write.readiness import may_be_a_delay
from graph.write.write_requests import PolicyContent
from graph.write.write_rules import WRITE_RULES

# Lost answers in a row to one item's writes until it is given up.
MAX_LOST_ANSWERS = 12
# How often to look for what Graph does not show yet.
LOOK_AGAIN_SECONDS = 2.0
# How often to send again what was refused because what it names is not known yet.
MAKE_ANEW_SECONDS = 0.1
TRY_AGAIN_SECONDS = 5.0
APPROVAL_POLL_SECONDS = 60.0
SHOWN_DIFFERENCES = 5
RETRY = "“Retry failed” looks at what is there, and goes on."

Ended = Sequence[tuple[RestoreItem, RestoreTask, RestoreResult | GraphError]]
_OF_THEIR_OWN = (ChangedSincePreview, NotVisibleYet, ApprovalNeeded, UndeleteRefused)


class AwaitingApproval(Wait):
    """Somebody in the tenant has to approve a write."""

    is_for_people = True

    def __init__(self, approval: str) -> None:
        super().__init__(f"{APPROVAL_WAIT}: request {approval}.", APPROVAL_POLL_SECONDS)
        self.approval = approval


class OutcomeRecorder:
    """Records what became of the items of one batch.

    `settled`: ids of items that have ended. `waiting`: ids of items that wait for an approval. `retry_reasons`: why
    the other items have not ended.
    """

    def __init__(
        self,
        claim: Claim,
        restore: Restore,
        rows: Mapping[int, RunItem],
        known: Mapping[int, Sequence[Write]],
        contents: LiveContents,
    ) -> None:
        self._claim, self._restore, self._rows, self._writes, self._contents = claim, restore, rows, known, contents
        # What was read last of each item that has not ended well.
        self._live: dict[int, PolicyContent] = {}
        # Policy type -> why Microsoft brought nothing of it back.
        self._refused: dict[str, UndeleteRefused] = {}
        self._written: set[int] = {item for item, of_item in known.items() if write_log.may_have_been_applied(of_item)}
        self.settled: set[int] = set()
        self.waiting: set[int] = set()
        self.retry_reasons: list[Exception] = []

    def retry_later(self, reason: Exception) -> None:
        """Leave an item to a later message; `reason` says what it waits for."""
        self.retry_reasons.append(reason)

    def record(self, ended: Ended, *, written: set[int], lost: set[int], memory: RunMemory) -> None:
        """Record the result of each task, and save what was read back as snapshots.

        `written`: ids of items of which this message sent a write. `lost`: those of which an answer never came.
        """
        self._written |= written
        drafts = self._drafts(ended, memory)
        readings = [result.reading for _, _, result in ended if isinstance(result, RestoreResult) and result.reading]
        names = name_cache.merge_names([reading.references for reading in readings])
        name_cache.save_names(self._restore.tenant, names)
        with database.atomic():
            claims.assert_claim(self._claim)
            self._lock_policies(ended, drafts)
            saved = snapshots.save(self._claim.run, list(drafts.values()))
            for item, task, result in ended:
                if isinstance(result, RestoreResult):
                    draft = drafts.get(item.id)
                    self._record_done(item, result, draft, saved[draft.policy_id].snapshot_id if draft else None)
                else:
                    self._save_seen(item, task)
                    if not self._is_waiting_for_created(item, task, result):
                        self.record_error(item, result, is_lost=item.id in lost)
        undeletes.remember_refusals(self._restore.tenant, self._refused)
        if self.settled:
            claims.reset_attempts(self._claim)

    def _lock_policies(self, ended: Ended, drafts: Mapping[int, SnapshotDraft]) -> None:
        """Lock the rows of policies that were read or removed."""
        done = [result for _, _, result in ended if isinstance(result, RestoreResult)]
        removed = [result.target_id for result in done if result.reading is None]
        mine = Policy.id.in_([draft.policy_id for draft in drafts.values()] or [-1])
        lock_rows(Policy, mine | ((Policy.tenant == self._restore.tenant) & Policy.graph_id.in_(removed or [""])))

    def _drafts(self, ended: Ended, memory: RunMemory) -> dict[int, SnapshotDraft]:
        """Return item id -> draft of what was read of it, as far as anything is to be saved."""
        run, drafts, found = self._claim.run, dict[int, SnapshotDraft](), dict[RestoreItem, Reading | None]()
        for item, task, result in ended:
            if isinstance(result, RestoreResult):
                if result.reading and plan_items.action_of(item) in plan_items.MADE:
                    item.created_id = result.target_id
                found[item] = result.reading
            elif late := safety_backup.late_draft(run, item, task, memory):
                drafts[item.id] = late
        return drafts | safety_backup.drafts_of(run, found, memory)

    # --- done --------------------------------------------------------------------------------------------------------

    def _record_done(
        self, item: RestoreItem, done: RestoreResult, draft: SnapshotDraft | None, snapshot_id: int | None
    ) -> None:
        is_first_look = item.verified is None and item.id in self._written
        if done.differences and is_first_look:
            # Graph may need a moment to show what it accepted.
            restore_items.mark_unverified(item)
            run_items.begin_items(self._claim, [self._rows[item.id].id])
            self.retry_later(Wait("Reading back what was written.", LOOK_AGAIN_SECONDS))
            return
        if done.reading and undeletes.may_be_on(item, self._contents, done.reading.content):
            self._live[item.id] = done.reading.content
            self.finish_item(item, ItemState.FAILED, Outcome.ERROR, "differs", _difference_summary(done))
            return
        outcome = WRITTEN_OUTCOMES[plan_items.action_of(item)] if item.id in self._written else Outcome.MATCHES
        after = draft.fingerprint if draft else None
        restore_items.record_verification(item, not done.differences, after)
        self._update_own_rows(item, done)
        self.finish_item(
            item,
            ItemState.DONE,
            outcome,
            "differs" if done.differences else undeletes.REFUSED if item.undelete_refusal else None,
            _said_of_done(item, done),
            snapshot_id=snapshot_id,
            after=after,
            verified=not done.differences,
        )

    def _update_own_rows(self, item: RestoreItem, done: RestoreResult) -> None:
        """Record in our own rows that a policy was removed, or which policy a created one stands for."""
        tenant, is_copy = self._restore.tenant, is_copied(POLICY_TYPES[item.policy_type], self._contents.options)
        if done.reading is None:
            gone = policies.find_by_graph_id(tenant, item.policy_type, done.target_id)
            if gone:
                policies.mark_gone(gone, self._claim.run)
        elif plan_items.action_of(item) in plan_items.MADE_ANEW and not is_copy:  # a copy stands for nothing
            key = (item.policy_type, item.graph_id)
            mappings.remember(tenant, self._restore.source_directory_id, key, done.target_id, item.name)

    def finish_item(
        self,
        item: RestoreItem,
        state: ItemState,
        outcome: Outcome,
        reason: str | None = None,
        message: str | None = None,
        *,
        request_id: str | None = None,
        snapshot_id: int | None = None,
        after: str | None = None,
        verified: bool = False,
    ) -> None:
        """Record the end of an item, its run item and, if anything was written, the audit event: all or none."""
        is_back = item.id in self._written and state != ItemState.DONE
        if is_back and undeletes.may_be_on(item, self._contents, self._live.get(item.id)):
            reason, message = run_items.POSSIBLY_ON, undeletes.on_sentence(item, self._contents, message)
        with database.atomic():
            restore_items.record_outcome(item, outcome)
            run_items.finish_item(
                self._claim,
                self._rows[item.id],
                state,
                outcome,
                reason=reason,
                message=message,
                request_id=request_id,
                snapshot_id=snapshot_id,
            )
            if item.id in self._written:
                self._audit(item, outcome, state, after, verified)
        self.settled.add(item.id)

    def _audit(self, item: RestoreItem, outcome: Outcome, state: ItemState, after: str | None, verified: bool) -> None:
        user = self._claim.run.requested_by
        audit.record(
            Action.POLICY_WRITTEN,
            audit.requester(user, self._claim.run.origin),
            f"policy “{item.name}”",
            tenant=self._restore.tenant,
            result=Result.OK if state == ItemState.DONE else Result.FAILED,
            restore=self._restore.id,
            policy_type=item.policy_type,
            graph_id=item.created_id or item.target_id,
            outcome=str(outcome),
            before=item.live_mark,
            after=after,
            verified=verified,
        )

    # --- not done ----------------------------------------------------------------------------------------------------

    def _save_seen(self, item: RestoreItem, task: RestoreTask) -> None:
        """Save what was read and still holds, so that the next message need not ask again."""
        content, seen_at = None, None
        if task.live is not None:
            self._live[item.id] = task.live
            # Hashed over its raw text: contents of one fingerprint may have children with other ids.
            text_hash = hashlib.sha256(canonical_json(task.live).encode("utf-8", "surrogatepass")).hexdigest()
            content = snapshots.save_content(self._restore.tenant_id, task.live, text_hash)
            seen_at = utcnow()
        restore_items.record_seen(item, content, seen_at)
        if task.is_written:
            run_items.begin_items(self._claim, [self._rows[item.id].id])

    def record_error(self, item: RestoreItem, error: GraphError, *, is_lost: bool = False) -> None:
        if isinstance(error, Throttled):
            self.retry_later(error)
        elif isinstance(error, ApprovalNeeded):
            self.retry_later(AwaitingApproval(error.approval))
        elif isinstance(error, NotVisibleYet):
            self._record_not_shown_yet(item, error)
        elif isinstance(error, UndeleteRefused):
            self._record_undelete_refused(item, error)
        elif isinstance(error, ChangedSincePreview) or (isinstance(error, NotFound) and item.action == Outcome.UPDATE):
            said = error.sentence if isinstance(error, ChangedSincePreview) else CHANGED_SINCE_PREVIEW
            message = CHANGED_SINCE_WRITE if item.id in self._written else said
            self.finish_item(item, ItemState.FAILED, Outcome.CONFLICT, "conflict", message)
        elif isinstance(error, Rejected):
            self._record_rejection(item, error)
        elif is_lost:
            self._record_lost_answer(item, error)
        else:
            self._record_unanswered(item, error)

    def _is_waiting_for_created(self, item: RestoreItem, task: RestoreTask, error: GraphError) -> bool:
        """Handle an error that may only mean that something this run created is not usable yet; False if it is another.

        An item that has waited long enough ends as uncertain, not as failed.
        """
        if not isinstance(error, Rejected) or isinstance(error, _OF_THEIR_OWN):
            return False
        if item.content_id is None:
            return self._is_waiting_to_be_let_go(item, error)
        created = publishing_delays.created_by_run(item, self._claim.run, task.target_id if task.is_new else None)
        ids = [created_object.graph_id for created_object in created]
        if not isinstance(error, NotReady) and not may_be_a_delay(error, ids):
            return False
        young = [created_object for created_object in created if created_object.is_young]
        if young:
            is_shown = isinstance(error, NotReady)
            why = error.sentence if is_shown else f"Waiting until “{young[-1].name}” can be used."
            seconds = LOOK_AGAIN_SECONDS if is_shown else TRY_AGAIN_SECONDS
            self.retry_later(Wait(f"{why} It was made just now.", seconds))
        else:
            message = f"{error.sentence} This restore made it, and it could not be used in time. {RETRY}"
            self.finish_item(
                item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "not_ready", message, request_id=error.request_id
            )
        return True

    def _is_waiting_to_be_let_go(self, item: RestoreItem, error: Rejected) -> bool:
        hold = removals.find_hold(item, self._claim.run, error)
        if hold == removals.Hold.JUST_NOW:
            self.retry_later(removals.wait_to_be_let_go(item))
        return hold is not None  # one that has yet to be written gives its own reason to wait

    def record_completed(self, write: Write) -> None:
        """Record that a write was carried out after all, by the approver."""
        self._written.add(write.item_id)

    def wait_for_approval(self, write: Write) -> None:
        """Leave the item of this write alone: nobody has decided about it yet."""
        self.waiting.add(write.item_id)
        self.retry_later(AwaitingApproval(str(write.approval)))

    def _record_rejection(self, item: RestoreItem, error: Rejected) -> None:
        message = error.sentence
        if isinstance(error, Forbidden):
            message = why_forbidden(WRITE_RULES[item.policy_type].access, self._restore.tenant, app=AppAccess.WRITE)
        if item.id in self._written:
            message += " Part of it was written before."
        self.finish_item(item, ItemState.FAILED, Outcome.ERROR, error.code, message, request_id=error.request_id)

    def _record_undelete_refused(self, item: RestoreItem, error: UndeleteRefused) -> None:
        self._refused[item.policy_type] = error
        if undeletes.note_refusal(self._claim, self._rows[item.id], item, error):
            self.retry_later(Wait(f"Making “{item.name}” anew: Microsoft did not bring it back.", MAKE_ANEW_SECONDS))
        else:
            message = undeletes.NOT_BACK.format(error.sentence)
            self.finish_item(
                item, ItemState.FAILED, Outcome.ERROR, undeletes.REFUSED, message, request_id=error.request_id
            )

    def _record_not_back_yet(self, item: RestoreItem, error: NotVisibleYet) -> None:
        """Wait for what was asked to come back; in the end say that nobody knows, or ask for it again."""
        writes = self._writes[item.id]
        is_over = undeletes.is_patience_over(writes)
        if is_over and error.code != NOT_TAKEN_AGAIN:
            message = f"Microsoft Graph was asked to bring back {item.target_id}, and does not show it. Look in Entra."
            self.finish_item(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)
            return
        if is_over:
            undeletes.settle_as_not_made(writes)
        self.retry_later(Wait("Waiting for Microsoft Graph to show what has come back.", LOOK_AGAIN_SECONDS))

    def _record_not_shown_yet(self, item: RestoreItem, error: NotVisibleYet) -> None:
        if undeletes.comes_back(item):
            self._record_not_back_yet(item, error)
            return
        created_at = [
            write.answered_at for write in self._writes[item.id] if write.known_ids is not None and write.answered_at
        ]
        patience = timedelta(seconds=config.settings().settle_seconds)
        if created_at and utcnow() - created_at[-1] > patience:
            message = f"Graph answered that it made {item.created_id}, and does not show it. Look in the tenant."
            self.finish_item(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)
        else:
            self.retry_later(Wait("Waiting for Microsoft Graph to show what was made.", LOOK_AGAIN_SECONDS))

    def _record_unanswered(self, item: RestoreItem, error: GraphError) -> None:
        """Count a try of this item; after the last one it ends. Other items go on."""
        row = self._rows[item.id]
        if not is_last_try(row):
            run_items.count_try(self._claim, [row.id])
            self.retry_later(wait_before_retry(error, row.tries))
        elif item.id in self._written:
            message = f"{error.sentence} Part of it may be written: {RETRY}"
            self.finish_item(
                item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message, request_id=error.request_id
            )
        else:
            message = f"{error.sentence} Nothing was written."
            self.finish_item(item, ItemState.FAILED, Outcome.ERROR, error.code, message, request_id=error.request_id)

    def _record_lost_answer(self, item: RestoreItem, error: GraphError) -> None:
        """Leave it to the next message to read what became of the write; give up after MAX_LOST_ANSWERS."""
        lost = [write for write in self._writes[item.id] if write.state == WriteState.UNKNOWN]
        if len(lost) < MAX_LOST_ANSWERS:
            self.retry_later(Wait("An answer was lost. Reading back what became of it.", LOOK_AGAIN_SECONDS / 2))
        elif item.action == Outcome.UPDATE:
            message = f"{error.sentence} Its answers were lost {len(lost)} times. Part of it may be written."
            self.finish_item(item, ItemState.FAILED, Outcome.ERROR, error.code, message, request_id=error.request_id)
        else:
            message = f"Its answers were lost {len(lost)} times. Look in the tenant whether “{item.name}” is there."
            self.finish_item(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)


def _said_of_done(item: RestoreItem, done: RestoreResult) -> str | None:
    anew = undeletes.MADE_ANEW.format(item.undelete_refusal) if item.undelete_refusal else ""
    is_as_deleted = undeletes.comes_back(item) and POLICY_TYPES[item.policy_type].is_referred
    return " ".join(filter(None, (anew, _difference_summary(done, is_as_deleted=is_as_deleted)))) or None


def _difference_summary(done: RestoreResult, *, is_as_deleted: bool = False) -> str | None:
    if not done.differences:
        return None
    labels = [difference.label for difference in done.differences[:SHOWN_DIFFERENCES]]
    more = len(done.differences) - len(labels)
    named = f"{', '.join(labels)}{f' and {more} more' if more else ''}"
    if is_as_deleted:
        return f"It came back otherwise than the backup has it: {named}."
    return f"Read back otherwise than written: {named}."
