"""The safety backup: captures what a live restore will overwrite or remove, as a backup set of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import islice

from actors.queue.run_actor import Wait
from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_try, postpone, unfinished_items
from actors.reading.snapshot_drafts import ReadPolicy, make_draft, make_drafts
from db.backups import manifests, safety_sets
from db.database import database, lock_rows
from db.models import BackupSet, Policy, Restore, RestoreItem, Run, RunItem
from db.policies import policies, snapshots
from db.policies.snapshots import SnapshotDraft
from db.restores import restore_items
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.states import ItemState, Outcome
from graph.errors import GraphError, NotFound, Throttled
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading, read_policy
from graph.references.reference_kinds import GROUPS
from graph.restore.executor import CHANGED_SINCE_PREVIEW, RestoreTask
from graph.restore.planner import live_fingerprint
from graph.transport.batch_driver import SIDE_BY_SIDE, drive
from graph.transport.client import BATCH_SIZE, GraphClient
from graph.write.write_requests import PolicyContent

# Reason of a run item whose policy was to be removed, and was gone already.
GONE = "gone"
READ_AT_ONCE = SIDE_BY_SIDE * BATCH_SIZE


class SafetyBackup:
    """Captures what one message of a live run overwrites or removes: each policy once, and before it is written.

    The first batch is captured by itself, so that it is written soon; then some of what follows with each. `rows`:
    restore item id -> its unsettled run item; an item that somebody changed ends here as a conflict, and leaves `rows`.
    """

    def __init__(
        self,
        claim: Claim,
        restore: Restore,
        graph: GraphClient,
        items: Sequence[RestoreItem],
        rows: dict[int, RunItem],
    ) -> None:
        self._claim, self._restore, self._graph, self._rows = claim, restore, graph, rows
        # In the order of writing; those that could not be captured now stay, and are not asked for again.
        self._uncaptured = {item.id: item for item in items if item.id in rows and _is_overwritten(item, rows[item.id])}
        self._asked: set[int] = set()
        self._read_at_once = BATCH_SIZE
        self._is_set_saved = False
        # Item id -> when its reading began, and what is there.
        self._seen: dict[int, tuple[datetime, PolicyContent]] = {}
        self._retry_reasons: list[Exception] = []

    def capture(self, batch: Sequence[RestoreItem], *, with_all: bool) -> list[RestoreItem]:
        """Capture what the batch overwrites or removes, and return the items that may be written now.

        `with_all`: of all other items too, for writing this one changes others. The backup has them as they were.
        """
        asked = self._all_to_capture() if with_all else self._to_capture(batch)
        for begin in range(0, len(asked), READ_AT_ONCE):
            self._capture(asked[begin : begin + READ_AT_ONCE])
            self._read_at_once, self._is_set_saved = READ_AT_ONCE, False
        if not self._is_set_saved:
            _complete_set(self._claim, self._restore)
            self._is_set_saved = True
        if with_all and self._uncaptured:
            return []
        return [item for item in batch if item.id in self._rows and item.id not in self._uncaptured]

    def seen(self, item: RestoreItem, since: datetime) -> PolicyContent | None:
        """Return what is there of an item, if it was captured since then by this message. Once: then it is written."""
        began, content = self._seen.pop(item.id, (since, None))
        return content if began > since else None

    def take_retry_reasons(self) -> list[Exception]:
        """Return why items could not be captured yet. Each reason is returned once."""
        reasons, self._retry_reasons = self._retry_reasons, []
        return reasons

    def _all_to_capture(self) -> list[RestoreItem]:
        return [item for item in self._uncaptured.values() if item.id not in self._asked]

    def _to_capture(self, batch: Sequence[RestoreItem]) -> list[RestoreItem]:
        """Return what of the batch is to be captured and, if there is any, what follows of its services."""
        services = {POLICY_TYPES[item.policy_type].service for item in batch}
        own = [item for item in batch if item.id in self._uncaptured.keys() - self._asked]
        following = (
            item
            for item in self._all_to_capture()
            if item not in own and not self._rows[item.id].tries and POLICY_TYPES[item.policy_type].service in services
        )
        return own and [*own, *islice(following, max(0, self._read_at_once - len(own)))]

    def _capture(self, batch: Sequence[RestoreItem]) -> None:
        claim, restore, rows = self._claim, self._restore, self._rows
        known, memory = name_cache.seen_since(restore.tenant, restore.started_at), RunMemory(claim, "before")
        looks = {
            item.id: read_policy(
                POLICY_TYPES[item.policy_type], str(item.target_id), known, is_last_try=is_last_try(rows[item.id])
            )
            for item in batch
        }
        readings = drive(self._graph, looks, memory=memory)
        unfinished = unfinished_items(
            [rows[item.id] for item in batch], {rows[item.id]: readings[item.id] for item in batch}
        )
        final = [item for item in batch if rows[item.id] not in unfinished]
        complete = [reading for reading in readings.values() if isinstance(reading, Reading)]
        name_cache.save_names(restore.tenant, name_cache.merge_names([reading.references for reading in complete]))
        changed = [item for item in final if _has_changed(item, readings[item.id])]
        unreadable = [item for item in final if item not in changed and _cannot_be_read(readings[item.id])]
        unchanged = [item for item in final if item not in changed]
        drafts = drafts_of(claim.run, {item: readings[item.id] for item in unchanged}, memory)
        with database.atomic():
            claims.assert_claim(claim)
            _save(claim, unchanged, drafts, rows)
            for item in changed:
                finish_as_conflict(claim, item, rows[item.id])
            for item in unreadable:
                _finish_unreadable(claim, item, rows[item.id], readings[item.id])
            memory.forget([item.id for item in final])
        for item in (*changed, *unreadable):
            del rows[item.id]
        self._note(unchanged, readings, memory)
        self._note_ended(batch, final)
        try:
            postpone(claim, unfinished)
        except (Wait, Throttled) as e:
            self._retry_reasons.append(e)

    def _note(
        self,
        unchanged: Sequence[RestoreItem],
        readings: Mapping[int, Reading | GraphError],
        memory: RunMemory,
    ) -> None:
        """Note what is there: an item that is written soon need not be read again. No members of groups were read."""
        for item in unchanged:
            reading = readings[item.id]
            if isinstance(reading, Reading) and item.policy_type != GROUPS:
                self._seen[item.id] = (memory.read_at(item.id, reading), reading.content)

    def _note_ended(self, asked: Sequence[RestoreItem], final: Sequence[RestoreItem]) -> None:
        self._asked |= {item.id for item in asked}
        for item in final:
            del self._uncaptured[item.id]
        if final:
            claims.reset_attempts(self._claim)


def _is_overwritten(item: RestoreItem, row: RunItem) -> bool:
    """Tell whether what is there of an item is still to be captured."""
    return item.action in ("update", "remove") and item.safety_snapshot_id is None and row.reason != GONE


def _save(
    claim: Claim, items: Sequence[RestoreItem], drafts: Mapping[int, SnapshotDraft], rows: Mapping[int, RunItem]
) -> None:
    saved = snapshots.save(claim.run, list(drafts.values()))
    for item in items:
        if item.id in drafts:
            restore_items.link_safety_snapshot(item, saved[drafts[item.id].policy_id].snapshot_id)
        else:
            run_items.set_item_reason(claim, rows[item.id], GONE)


def _cannot_be_read(reading: Reading | GraphError) -> bool:
    """Tell whether the policy could not be captured: then it is not overwritten, and holds up no other."""
    return isinstance(reading, GraphError) and not isinstance(reading, NotFound)


def _finish_unreadable(claim: Claim, item: RestoreItem, row: RunItem, reading: Reading | GraphError) -> None:
    if isinstance(reading, GraphError):
        message = f"{reading.sentence} It was not written, for what is there could not be captured before."
        restore_items.record_outcome(item, Outcome.ERROR)
        run_items.finish_item(claim, row, ItemState.FAILED, Outcome.ERROR, reason=reading.code, message=message)


def _has_changed(item: RestoreItem, reading: Reading | GraphError) -> bool:
    """Tell whether the policy changed since the preview. One that was to be removed and is gone has not."""
    if isinstance(reading, GraphError):
        return isinstance(reading, NotFound) and item.action == "update"
    return live_fingerprint(POLICY_TYPES[item.policy_type], reading.content) != item.live_mark


def finish_as_conflict(claim: Claim, item: RestoreItem, row: RunItem) -> None:
    restore_items.record_outcome(item, Outcome.CONFLICT)
    run_items.finish_item(
        claim, row, ItemState.FAILED, Outcome.CONFLICT, reason="conflict", message=CHANGED_SINCE_PREVIEW
    )


def draft_of(run: Run, item: RestoreItem, reading: Reading, read_at: datetime) -> SnapshotDraft:
    """Return a draft of a snapshot of the policy that the item is in the target tenant, which is the live run's."""
    return make_draft(_policy_of(run, item, reading), reading, read_at)


def drafts_of(
    run: Run, found: Mapping[RestoreItem, Reading | GraphError | None], memory: RunMemory
) -> dict[int, SnapshotDraft]:
    """Return item id -> draft of what was read of its policy. Items of which nothing was read have none."""
    readings = {item: reading for item, reading in found.items() if isinstance(reading, Reading)}
    read = {
        item.id: ReadPolicy(_policy_of(run, item, reading), reading, memory.read_at(item.id, reading))
        for item, reading in readings.items()
    }
    drafts = make_drafts(list(read.values()))
    return {item_id: drafts[each.policy.id] for item_id, each in read.items()}


def _policy_of(run: Run, item: RestoreItem, reading: Reading) -> Policy:
    target = str(item.created_id or item.target_id)
    return policies.get_or_create(run.tenant, item.policy_type, target, reading.name, reading.odata_type, run)


def late_draft(run: Run, item: RestoreItem, task: RestoreTask, memory: RunMemory) -> SnapshotDraft | None:
    """Return a draft of what is there of a policy that an earlier message began to write, or None.

    It is returned once, before the policy is written again.
    """
    reading, task.reading = task.reading, None
    return draft_of(run, item, reading, memory.read_at(item.id, reading)) if task.begun and reading else None


def _complete_set(claim: Claim, restore: Restore) -> None:
    """Let the backup set hold everything that is captured by now. A restore that overwrites nothing has no set."""
    captured = restore_items.captured(restore)
    ids = {item.safety_snapshot_id for item in captured}
    listed = set(manifests.snapshot_ids(restore.safety_set.manifest)) if restore.safety_set_id else set()
    if ids <= listed:
        return
    with database.atomic():
        lock_rows(Restore, Restore.id == restore.id)
        claims.assert_claim(claim)
        lock_rows(BackupSet, BackupSet.id == (restore.safety_set_id or -1))
        safety_sets.save(restore, [item.target_id for item in captured], ids | listed)
