"""Execute one batch (up to 20 items) of a live restore.

Writes that an earlier message began are settled first, by reading. An object that a create made whose answer never came
is adopted; the create is not sent again while the object may still appear.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime, timedelta

import config
from actors.plans import plan_items
from actors.queue.run_actor import Wait
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import GroupFilter, Listings, group_filter, list_policy_types
from actors.restores import safety_backup, second_admin, undeletes
from actors.restores.live_contents import LiveContents
from actors.restores.live_guard import LiveGuard
from actors.restores.outcomes import LOOK_AGAIN_SECONDS, OutcomeRecorder
from actors.restores.safety_backup import SafetyBackup
from actors.restores.write_recorder import WriteRecorder
from actors.tenants import graph_clients
from db.clock import is_recent, utcnow
from db.database import database
from db.models import Restore, RestoreItem, RunItem, Write
from db.policies import snapshots
from db.policies.snapshots import SnapshotDraft
from db.recovery import write_log
from db.restores import restore_items
from db.runs import claims, listing_cache, name_cache
from db.runs.claims import Claim
from db.states import POSSIBLY_APPLIED, AppAccess, ItemState, Outcome, WriteState
from graph.errors import GraphError, NotFound
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES, get_policy_type
from graph.read.readings import ListedPolicy, Reading, read_policy
from graph.references.reference_kinds import GROUPS, TOKENS
from graph.restore.executor import (
    ID_IS_TAKEN,
    KeptObject,
    RestoreResult,
    RestoreTask,
    approval_reason_header,
    execute_task,
)
from graph.restore.options import GROUPS_WITH_MEMBERS
from graph.restore.resolver import ResolvedBy
from graph.transport.batch_driver import drive
from graph.write import own_writes
from graph.write.own_writes import BegunWrite
from graph.write.write_requests import PolicyContent, chosen_id

# A policy that was read this short a time ago, with nothing written since, is not read again.
FRESH_FOR = timedelta(seconds=20)
# One that this message captured: it is read again only where many are written between.
CAPTURED_FOR = timedelta(seconds=3)
NAME_IS_TAKEN = "A policy of this name has appeared since the preview ({}). Nothing was written."
LOOKING_FOR_LOST = "An answer was lost. Looking for what it made."
# Longer than any wait that is honoured (graph.errors.retry_after). An older list says nothing about now.
LIST_VALID_FOR = timedelta(minutes=65)


class LiveBatch:
    """One batch of a live run."""

    def __init__(
        self,
        claim: Claim,
        restore: Restore,
        rows: Mapping[int, RunItem],
        safety: SafetyBackup,
        contents: LiveContents,
    ) -> None:
        self._restore, self._rows, self._safety, self._contents = restore, rows, safety, contents
        self._claim = claim
        self._options = contents.options
        self._graph = graph_clients.client(restore.tenant, AppAccess.WRITE)
        self._known_names = name_cache.seen_since(restore.tenant, restore.started_at)
        self._writes = write_log.writes_by_item(list(rows))
        self._recorder = OutcomeRecorder(claim, restore, rows, self._writes, contents)
        self._guard = LiveGuard(claim, restore, self._graph, self._recorder)
        # Item id -> ids of the policies that have its name before it is created.
        self._known_ids: dict[int, list[str]] = {}
        # Readings of policies that a create with a lost answer may have made, by their ids.
        self._lost = RunMemory(claim, "lost")
        # Hash of a request -> the code of its approval.
        self._approved: dict[str, str] = {}

    def execute(self, items: Sequence[RestoreItem]) -> list[Exception]:
        """Finish the items that can be finished. Return why the others have to wait."""
        waiting = [write for writes in self._writes.values() for write in write_log.awaiting_approval(writes)]
        self._approved = second_admin.read_decisions(self._graph, waiting, self._recorder)
        ready = [item for item in items if self._is_pending(item) and self._has_what_it_refers_to(item)]
        ready = [item for item in ready if self._passes_the_guard(item)]
        lists = self._list_for_creates(ready)
        ready = [item for item in ready if self._check_name_is_free(item, lists)]
        tasks = {item.id: self._task(item) for item in ready}
        undeletes.note_possibly_on(self._claim, self._rows, ready, self._contents)
        memory = RunMemory(self._claim, "item", dict.fromkeys(tasks, utcnow() - FRESH_FOR))
        looks = self._late_looks({item.id: item for item in ready}, tasks, memory)
        writes = WriteRecorder(self._claim, tasks, self._known_ids, looks)
        results = drive(self._graph, {key: execute_task(task) for key, task in tasks.items()}, writes, memory)
        self._recorder.record(
            [(item, tasks[item.id], results[item.id]) for item in ready],
            written=writes.items(*POSSIBLY_APPLIED),
            lost=writes.items(WriteState.UNKNOWN),
            memory=memory,
        )
        memory.forget([key for key, result in results.items() if isinstance(result, RestoreResult)])
        return self._recorder.retry_reasons

    def _late_looks(
        self, items: Mapping[int, RestoreItem], tasks: Mapping[int, RestoreTask], memory: RunMemory
    ) -> Callable[[Iterable[int]], list[SnapshotDraft]]:
        """Return a function that makes drafts of what was just read of items whose writes began earlier."""

        def take(item_ids: Iterable[int]) -> list[SnapshotDraft]:
            looks = (
                safety_backup.late_draft(self._claim.run, items[item_id], tasks[item_id], memory)
                for item_id in sorted(item_ids)
            )
            return [draft for draft in looks if draft]

        return take

    def _is_pending(self, item: RestoreItem) -> bool:
        return item.id not in self._recorder.settled | self._recorder.waiting

    # --- before anything is written ----------------------------------------------------------------------------------

    def _has_what_it_refers_to(self, item: RestoreItem) -> bool:
        """Tell whether all that this restore creates for the item is there. Blocks the item if something cannot be."""
        resolutions = [resolution for resolution in plan_items.resolutions(item) if resolution.is_needed]
        restored = [resolution for resolution in resolutions if resolution.how == ResolvedBy.RESTORED]
        yet_to_come = {resolution.item for resolution in restored if resolution.to is None}
        needed = restore_items.items_by_ids([resolution.item for resolution in restored])
        missing = [
            needed_item
            for needed_item in needed
            if needed_item.created_id is None
            and (needed_item.id in yet_to_come or needed_item.action == Outcome.UNDELETE)
        ]
        if not missing:
            return True
        if not restore_items.is_item_under_way(self._claim.run, missing[0]):
            message = f"It refers to “{missing[0].name}”, which could not be restored."
            self._recorder.finish_item(item, ItemState.SKIPPED, Outcome.BLOCKED, "depends", message)
        return False

    def _passes_the_guard(self, item: RestoreItem) -> bool:
        """Check again what is written now: who is left for emergencies, too, may be another than in the plan."""
        if not self._guard.judges(item):
            return True
        contents = [self._contents.desired(item)]
        if _is_to_come_back(item):
            contents.append(self._contents.before(item))
        return self._guard.lets_pass(item, contents)

    def _list_for_creates(self, items: Sequence[RestoreItem]) -> Listings:
        """List the policy types of which something is to be created.

        After a lost answer they are listed again and again: what the create made may appear late.
        """
        later_than: dict[str, datetime] = {}
        seen = listing_cache.begin_times(self._claim.run)
        for item in (item for item in items if _is_to_be_created(item)):
            lost = write_log.unanswered_create(self._writes[item.id])
            needed = _may_appear_since(lost, seen.get(item.policy_type)) if lost else self._lists_must_begin_after()
            later_than[item.policy_type] = max(later_than.get(item.policy_type, needed), needed)
        return list_policy_types(self._claim, self._graph, later_than, self._group_filter(items))

    def _group_filter(self, items: Sequence[RestoreItem]) -> GroupFilter:
        """Look for all groups of the restore at once, not only for those of this batch: the answer is cached."""
        has_groups = any(item.policy_type == GROUPS for item in items)
        return group_filter(restore_items.items(self._restore), {}) if has_groups else ((), ())

    def _lists_must_begin_after(self) -> datetime:
        """Return the time that a list must not be older than.

        A run that writes without a pause lists once: a list of many pages takes longer to read than it stays fresh.
        After a pause it lists again, and the lists from then on hold until it writes.
        """
        now, began = utcnow(), self._claim.run.started_at
        written_at = write_log.last_sent_at(self._claim.run) or began
        return began if is_recent(written_at, FRESH_FOR, now) else max(written_at, now - LIST_VALID_FOR)

    def _check_name_is_free(self, item: RestoreItem, lists: Listings) -> bool:
        """Tell whether the item may be written now: no other has its name or id, and no lost create made it."""
        if not _is_to_be_created(item):
            return True
        listed = lists[item.policy_type]
        if isinstance(listed, GraphError):
            self._recorder.record_error(item, listed)
            return False
        named_alike = self._of_its_name(item, listed.policies)
        write = write_log.unanswered_create(self._writes[item.id])
        if write is not None:
            new_ids = [graph_id for graph_id in named_alike if graph_id not in write.known_ids]
            return self._settle_create(item, write, new_ids)
        appeared = [graph_id for graph_id in named_alike if graph_id not in (item.namesakes or ())]
        appeared += self._of_its_name(item, listed.without_id)
        message = self._why_its_id_is_taken(item, listed.policies)
        message = message or (NAME_IS_TAKEN.format(appeared[0]) if appeared else "")
        if message:
            self._recorder.finish_item(item, ItemState.FAILED, Outcome.CONFLICT, "conflict", message)
            return False
        self._known_ids[item.id] = named_alike
        return True

    def _why_its_id_is_taken(self, item: RestoreItem, listed: Sequence[ListedPolicy]) -> str:
        """Return why the create would overwrite a policy, because it chooses the id itself; "": it would not."""
        named = chosen_id(POLICY_TYPES[item.policy_type], self._contents.desired(item))
        is_taken = any(policy.graph_id.casefold() == named.casefold() for policy in listed)
        return ID_IS_TAKEN.format(named) if is_taken else ""

    def _of_its_name(self, item: RestoreItem, listed: Sequence[ListedPolicy]) -> list[str]:
        """Return the ids of policies of its name that no item of the restore is, or has created."""
        key = match_key(POLICY_TYPES[item.policy_type], self._contents.desired(item)["body"])
        alike = [policy.graph_id for policy in listed if policy.key == key]
        # The more a restore has made, the longer these take to read: most names are free, and need none of them.
        taken = write_log.taken_ids(self._restore.id) if alike else set()
        return [graph_id for graph_id in alike if graph_id not in taken]

    def _settle_create(self, item: RestoreItem, write: Write, new_ids: Sequence[str]) -> bool:
        """Settle a create whose answer never came. Return whether the item may be written now."""
        if new_ids:
            return self._adopt(item, write, new_ids)
        if utcnow() < _patience_ends_at(write):
            self._recorder.retry_later(Wait(LOOKING_FOR_LOST, LOOK_AGAIN_SECONDS))
            return False
        write_log.settle(write, WriteState.NOT_FOUND)
        self._known_ids[item.id] = list(write.known_ids)
        return True

    def _adopt(self, item: RestoreItem, write: Write, candidate_ids: Sequence[str]) -> bool:
        """Adopt the policy that is as it was sent, and capture it. Somebody else created or changed any other."""
        readings = self._read_candidates(item, candidate_ids)
        unread = next((error for error in readings.values() if isinstance(error, GraphError)), None)
        if unread is not None:
            self._record_unreadable(item, write, unread)
            return False
        begun, is_assigned = self._begun(item, is_made=True), self._with_assignments(item)
        ours = {
            key: reading
            for key, reading in readings.items()
            if isinstance(reading, Reading)
            and begun.explains(POLICY_TYPES[item.policy_type], reading.content, with_assignments=is_assigned)
        }
        # Where a backup has several policies of one name, each item adopts one.
        if ours and len(ours) <= self._lost_creates(item):
            self._adopt_object(item, write, *next(iter(ours.items())))
            return True
        message = f"An answer was lost, and {len(ours)} policies of this name have appeared. Keep one of them."
        if not ours:
            message = "An answer was lost, and a policy of this name has appeared that is not as it was sent: "
            message += f"{candidate_ids[0]}. Look in the tenant whose it is; then preview again."
        self._recorder.finish_item(item, ItemState.UNCERTAIN, Outcome.UNKNOWN, "uncertain", message)
        return False

    def _read_candidates(self, item: RestoreItem, graph_ids: Sequence[str]) -> Mapping[str, Reading | GraphError]:
        policy_type = POLICY_TYPES[item.policy_type]
        looks = {graph_id: read_policy(policy_type, graph_id, self._known_names) for graph_id in graph_ids}
        return drive(self._graph, looks, memory=self._lost)

    def _record_unreadable(self, item: RestoreItem, write: Write, error: GraphError) -> None:
        """Wait or record the error: a list may show a policy that cannot be read yet."""
        if isinstance(error, NotFound) and utcnow() < _patience_ends_at(write):
            self._recorder.retry_later(Wait(LOOKING_FOR_LOST, LOOK_AGAIN_SECONDS))
        else:
            self._recorder.record_error(item, error)

    def _adopt_object(self, item: RestoreItem, write: Write, graph_id: str, reading: Reading) -> None:
        item.created_id = graph_id
        draft = safety_backup.draft_of(self._claim.run, item, reading, self._lost.read_at(graph_id, reading))
        with database.atomic():
            claims.assert_claim(self._claim)
            snapshots.save(self._claim.run, [draft])
            write_log.adopt_created_object(write, graph_id)
            self._lost.forget([graph_id])

    def _lost_creates(self, item: RestoreItem) -> int:
        """Count the items of its name and type whose create got no answer."""
        alike = restore_items.pending_creates_like(item)
        writes = write_log.writes_by_item([pending.id for pending in alike])
        return sum(write_log.unanswered_create(item_writes) is not None for item_writes in writes.values())

    # --- the task ---------------------------------------------------------------------------------------------------

    def _with_assignments(self, item: RestoreItem) -> bool:
        return plan_items.with_assignments(item.action, self._options)

    def _task(self, item: RestoreItem) -> RestoreTask:
        has_begun = item.created_id is not None or write_log.may_have_been_applied(self._writes[item.id])
        is_made = plan_items.action_of(item) in plan_items.MADE_ANEW
        is_kept = plan_items.action_of(item) == Outcome.UNDELETE
        return RestoreTask(
            get_policy_type(item.policy_type, with_members=self._options.groups == GROUPS_WITH_MEMBERS),
            self._contents.desired(item) if item.content_id else None,
            item.created_id or (None if is_made or is_kept else item.target_id),
            token=_parent_token(item),
            live_fingerprint=None if has_begun or is_made or is_kept else item.live_mark,
            kept=_kept_object(item) if is_kept else None,
            begun=self._begun(item, is_made=is_made) if has_begun else None,
            with_assignments=self._with_assignments(item),
            is_new=item.created_id is not None,
            live=self._safety.seen(item, utcnow() - CAPTURED_FOR) or _fresh_live_content(item, self._writes[item.id]),
            is_written=self._rows[item.id].state == ItemState.WORKING,
            justification=approval_reason_header(self._restore.reason or ""),
            approved=self._approved,
            known=self._known_names,
        )

    def _begun(self, item: RestoreItem, *, is_made: bool) -> BegunWrite:
        """Return what this restore's writes to the item change, from what to what."""
        if is_made:
            return own_writes.begun_creation(POLICY_TYPES[item.policy_type], self._contents.desired(item))
        before = self._contents.before(item)
        if item.action == Outcome.UNDELETE:
            return own_writes.begun_undelete(before, self._contents.desired(item))
        return (
            own_writes.begun_change(before, self._contents.desired(item))
            if item.content_id
            else own_writes.begun_removal(before)
        )


def _is_to_be_created(item: RestoreItem) -> bool:
    return plan_items.action_of(item) in plan_items.MADE_ANEW and item.created_id is None


def _is_to_come_back(item: RestoreItem) -> bool:
    return plan_items.action_of(item) == Outcome.UNDELETE and item.created_id is None


def _kept_object(item: RestoreItem) -> KeptObject:
    return KeptObject(item.kept["id"], item.kept["deleted_at"], item.live_mark)


def _patience_ends_at(write: Write) -> datetime:
    """Return the time from which a create counts as one that made nothing, if nothing of it was seen."""
    end: datetime = write.sent_at + timedelta(seconds=config.settings().settle_seconds)
    return end


def _may_appear_since(write: Write, seen_at: datetime | None) -> datetime:
    """Return the time that a list must begin after to show what a lost create made.

    `seen_at`: when the newest list began. After a while a newer one is asked for; when the patience ends, always.
    """
    now, begin = utcnow(), write.answered_at or write.sent_at
    if now >= _patience_ends_at(write):
        return max(begin, _patience_ends_at(write))
    is_due = seen_at is None or seen_at < now - timedelta(seconds=LOOK_AGAIN_SECONDS)
    return max(begin, seen_at) if seen_at and is_due else begin


def _parent_token(item: RestoreItem) -> str:
    """Return the token that the item's own id is below, or "" for an item that merely refers to a token."""
    tokens = (str(resolution.to) for resolution in plan_items.resolutions(item) if resolution.kind == TOKENS)
    return next(tokens, "") if "/" in item.graph_id else ""


def _fresh_live_content(item: RestoreItem, written: Sequence[Write]) -> PolicyContent | None:
    if item.seen_content_id is None or utcnow() - item.seen_at > FRESH_FOR:
        return None
    if any(write.sent_at >= item.seen_at and write.state != WriteState.REFUSED for write in written):
        return None  # a crash came after a write and before it was recorded: what was seen is outdated
    try:
        return snapshots.read_content(item.seen_content_id)
    except snapshots.NOT_OPENED:
        return None  # then it is read
