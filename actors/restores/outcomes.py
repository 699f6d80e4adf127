"""What became of items of a live restore: verified by reading back, refused, moved, uncertain, or to be had later."""

import hashlib
from collections.abc import Mapping, Sequence
from datetime import timedelta

import config
from actors.queue.run_actor import Wait
from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_try, wait_before_retry, why_forbidden
from actors.restores import publishing_delays, safety_backup
from db.audit import audit
from db.audit.audit import Action
from db.clock import utcnow
from db.database import database, lock_rows
from db.models import Policy, Restore, RestoreItem, RunItem, Write
from db.policies import policies, snapshots
from db.policies.snapshots import SnapshotDraft
from db.recovery import write_log
from db.restores import mappings
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.states import WRITTEN_OUTCOMES, ItemState, Outcome, Result, WriteState
from graph.content.normalise import canonical_json
from graph.errors import ApprovalNeeded, Forbidden, GraphError, NotFound, Rejected, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.restore.executor import (
    CHANGED_SINCE_PREVIEW,
    CHANGED_SINCE_WRITE,
    ChangedSincePreview,
    NotReady,
    NotVisibleYet,
    RestoreResult,
    RestoreTask,
)
from graph.restore.options import RestoreOptions, is_copied
from graph.write.readiness import may_be_a_delay
from graph.write.write_rules import WRITE_RULES

# Lost answers in a row to one item's writes until it is given up.
MOST_LOST = 12
# How often to look for what Graph does not show yet.
LOOK_AGAIN_SECONDS = 2.0
# How often to send again what was refused because what it names is not known yet.
TRY_AGAIN_SECONDS = 5.0
APPROVAL_POLL_SECONDS = 60.0
SHOWN_DIFFERENCES = 5
RETRY = "“Retry failed” looks at what is there, and goes on."


class WaitsForApproval(Wait):
    """Somebody in the tenant has to approve a write."""

    is_for_people = True

    def __init__(self, approval: str) -> None:
        super().__init__(f"Waiting for Multi Admin Approval in the tenant: request {approval}.", APPROVAL_POLL_SECONDS)
        self.approval = approval


class Outcomes:
    """`settled`: items that have ended; `waiting`: for an approval; `later`: why those that are left have not ended."""

    def __init__(
        self, claim: Claim, restore: Restore, rows: Mapping[int, RunItem], known: Mapping[int, Sequence[Write]]
    ) -> None:
        self._claim, self._restore, self._rows, self._writes = claim, restore, rows, known
        self._written: set[int] = {item for item, of_item in known.items() if write_log.may_have_been_applied(of_item)}
        self.settled: set[int] = set()
        self.waiting: set[int] = set()
        self.later: list[Exception] = []

    def take_over(
        self,
        ended: Sequence[tuple[RestoreItem, RestoreTask, RestoreResult | GraphError]],
        *,
        written: set[int],
        lost: set[int],
        memory: RunMemory,
    ) -> None:
        """Just now something was sent of the items `written`, and of those `lost` an answer never came.

        What was read back is kept as a snapshot.
        """
        self._written |= written
        reads = {item.id: self._read(item, order, result, memory) for item, order, result in ended}
        readings = [result.reading for _, _, result in ended if isinstance(result, RestoreResult) and result.reading]
        names = name_cache.merge_names([one.references for one in readings])
        name_cache.save_names(self._restore.tenant, names)
        with database.atomic():
            claims.assert_claim(self._claim)
            self._lock_policies(ended, reads)
            kept = snapshots.save(self._claim.run, [one for one in reads.values() if one])
            for item, order, result in ended:
                if isinstance(result, RestoreResult):
                    read = reads[item.id]
                    self._take_done(item, result, read, kept[read.policy_id].snapshot_id if read else None)
                else:
                    self._keep_look(item, order)
                    if not self._ripens(item, order, result):
                        self.take_error(item, result, is_lost=item.id in lost)
        if self.settled:
            claims.reset_attempts(self._claim)

    def _lock_policies(
        self,
        ended: Sequence[tuple[RestoreItem, RestoreTask, RestoreResult | GraphError]],
        reads: Mapping[int, SnapshotDraft | None],
    ) -> None:
        """Of what was read, and of what was removed."""
        removed = [
            result.target_id for _, _, result in ended if isinstance(result, RestoreResult) and result.reading is None
        ]
        mine = Policy.id.in_([one.policy_id for one in reads.values() if one] or [-1])
        lock_rows(Policy, mine | ((Policy.tenant == self._restore.tenant) & Policy.graph_id.in_(removed or [""])))

    def _read(
        self, item: RestoreItem, order: RestoreTask, result: RestoreResult | GraphError, memory: RunMemory
    ) -> SnapshotDraft | None:
        if isinstance(result, GraphError):
            return safety_backup.late_look(self._restore, item, order, memory)
        if result.reading is None:
            return None
        if item.action in (Outcome.CREATE, Outcome.RECREATE):
            item.created_id = result.target_id
        return safety_backup.as_read(self._restore, item, result.reading, memory.read_at(item.id, result.reading))

    # --- done --------------------------------------------------------------------------------------------------------

    def _take_done(
        self, item: RestoreItem, done: RestoreResult, read: SnapshotDraft | None, snapshot_id: int | None
    ) -> None:
        is_first_look = item.verified is None and item.id in self._written
        if done.differences and is_first_look:
            # The service may need a moment to show what it took.
            RestoreItem.update(verified=False).where(RestoreItem.id == item.id).execute()
            run_items.begin_items(self._claim, [self._rows[item.id].id])
            self.later.append(Wait("Reading back what was written.", LOOK_AGAIN_SECONDS))
            return
        outcome = WRITTEN_OUTCOMES[Outcome(item.action)] if item.id in self._written else Outcome.MATCHES
        values = {
            RestoreItem.verified: not done.differences,
            RestoreItem.after_mark: read.fingerprint if read else None,
        }
        RestoreItem.update(values).where(RestoreItem.id == item.id).execute()
        self._follow(item, done)
        self.settle(
            item,
            ItemState.DONE,
            outcome,
            "differs" if done.differences else None,
            _said(done),
            snapshot_id=snapshot_id,
            after=read.fingerprint if read else None,
            verified=not done.differences,
        )

    def _follow(self, item: RestoreItem, done: RestoreResult) -> None:
        """Our own rows know what was made and what was removed."""
        tenant = self._restore.tenant
        if done.reading is None:
            gone = policies.find_by_graph_id(tenant, item.policy_type, done.target_id)
            if gone:
                policies.mark_gone(gone)
        elif item.action in (Outcome.CREATE, Outcome.RECREATE) and not self._is_copy(item):
            key = (item.policy_type, item.graph_id)
            mappings.remember(tenant, self._restore.source_directory_id, key, done.target_id, item.name)

    def _is_copy(self, item: RestoreItem) -> bool:
        """A copy stands for nothing. Groups are never copied."""
        return is_copied(POLICY_TYPES[item.policy_type], RestoreOptions(**self._restore.options))

    def settle(
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
        """Item, run item and, for whatever was written, the audit event: all of them or none."""
        with database.atomic():
            RestoreItem.update(outcome=outcome).where(RestoreItem.id == item.id).execute()
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

    def _keep_look(self, item: RestoreItem, order: RestoreTask) -> None:
        """What was read and still holds, so that the next message need not ask again."""
        values: dict[object, object] = {RestoreItem.seen_content: None, RestoreItem.seen_at: None}
        if order.live is not None:
            # By its raw text: contents of one fingerprint may have children of other ids.
            mark = hashlib.sha256(canonical_json(order.live).encode("utf-8", "surrogatepass")).hexdigest()
            content = snapshots.save_content(self._restore.tenant_id, order.live, mark)
            values = {RestoreItem.seen_content: content, RestoreItem.seen_at: utcnow()}
        RestoreItem.update(values).where(RestoreItem.id == item.id).execute()
        if order.is_written:
            run_items.begin_items(self._claim, [self._rows[item.id].id])

    def take_error(self, item: RestoreItem, error: GraphError, *, is_lost: bool = False) -> None:
        if isinstance(error, Throttled):
            self.later.append(error)
        elif isinstance(error, ApprovalNeeded):
            self.later.append(WaitsForApproval(error.approval))
        elif isinstance(error, NotVisibleYet):
            self._not_there_yet(item)
        elif isinstance(error, ChangedSincePreview) or (isinstance(error, NotFound) and item.action == Outcome.UPDATE):
            moved = CHANGED_SINCE_WRITE if item.id in self._written else CHANGED_SINCE_PREVIEW
            self.settle(item, ItemState.FAILED, Outcome.CONFLICT, "conflict", moved)
        elif isinstance(error, Rejected):
            self._refused(item, error)
        elif is_lost:
            self._lost(item, error)
        else:
            self._not_answered(item, error)

    def _ripens(self, item: RestoreItem, order: RestoreTask, error: GraphError) -> bool:
        """It waits for what this run has made to become usable; what has waited long enough is a rest, no failure."""
        if not isinstance(error, Rejected) or isinstance(error, ChangedSincePreview | NotVisibleYet | ApprovalNeeded):
            return False
        made = publishing_delays.made_for(item, self._claim.run, order.target_id if order.is_new else None)
        if not isinstance(error, NotReady) and not may_be_a_delay(error, [one.graph_id for one in made]):
            return False
        young = [one for one in made if one.is_young]
        if young:
            is_shown = isinstance(error, NotReady)
            why = error.sentence if is_shown else f"Waiting until “{young[-1].name}” can be used."
            seconds = LOOK_AGAIN_SECONDS if is_shown else TRY_AGAIN_SECONDS
            self.later.append(Wait(f"{why} It was made just now.", seconds))
        else:
            message = f"{error.sentence} This restore made it, and it could not be used in time. {RETRY}"
            self.settle(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "not_ready", message, request_id=error.request_id)
        return True

    def found(self, write: Write) -> None:
        """It was carried out after all, by whoever approved it."""
        self._written.add(write.item_id)

    def wait_for_approval(self, write: Write) -> None:
        """Still nobody has said anything: the item is left alone until then."""
        self.waiting.add(write.item_id)
        self.later.append(WaitsForApproval(str(write.approval)))

    def _refused(self, item: RestoreItem, error: Rejected) -> None:
        message = error.sentence
        if isinstance(error, Forbidden):
            message = why_forbidden(WRITE_RULES[item.policy_type].access, self._restore.tenant)
        if item.id in self._written:
            message += " Part of it was written before."
        self.settle(item, ItemState.FAILED, Outcome.ERROR, error.code, message, request_id=error.request_id)

    def _not_there_yet(self, item: RestoreItem) -> None:
        made = [one.answered_at for one in self._writes[item.id] if one.known_ids is not None and one.answered_at]
        patience = timedelta(seconds=config.settings().settle_seconds)
        if made and utcnow() - made[-1] > patience:
            message = f"Graph answered that it made {item.created_id}, and does not show it. Look for it in Intune."
            self.settle(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)
        else:
            self.later.append(Wait("Waiting for Microsoft Graph to show what was made.", LOOK_AGAIN_SECONDS))

    def _not_answered(self, item: RestoreItem, error: GraphError) -> None:
        """What stays so costs this item, and not the others."""
        row = self._rows[item.id]
        if not is_last_try(row):
            run_items.count_try(self._claim, [row.id])
            self.later.append(wait_before_retry(error, row.tries))
        elif item.id in self._written:
            message = f"{error.sentence} Part of it may be written: {RETRY}"
            self.settle(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message, request_id=error.request_id)
        else:
            message = f"{error.sentence} Nothing was written."
            self.settle(item, ItemState.FAILED, Outcome.ERROR, error.code, message, request_id=error.request_id)

    def _lost(self, item: RestoreItem, error: GraphError) -> None:
        """The next message reads what became of it; one whose answers are lost again and again is given up."""
        lost = [one for one in self._writes[item.id] if one.state == WriteState.UNKNOWN]
        if len(lost) < MOST_LOST:
            self.later.append(Wait("An answer was lost. Reading back what became of it.", LOOK_AGAIN_SECONDS / 2))
        elif item.action == Outcome.UPDATE:
            message = f"{error.sentence} Its answers were lost {len(lost)} times. Part of it may be written."
            self.settle(item, ItemState.FAILED, Outcome.ERROR, error.code, message, request_id=error.request_id)
        else:
            message = f"Its answers were lost {len(lost)} times. Look in Intune whether “{item.name}” is there."
            self.settle(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)


def _said(done: RestoreResult) -> str | None:
    if not done.differences:
        return None
    labels = [one.label for one in done.differences[:SHOWN_DIFFERENCES]]
    more = len(done.differences) - len(labels)
    return f"Read back otherwise than written: {', '.join(labels)}{f' and {more} more' if more else ''}."
