"""The safety backup: captures what a live restore will overwrite or remove, as a backup set of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_try, next_to_read, postpone, unfinished_items
from actors.reading.snapshot_drafts import make_draft
from db.backups import manifests, safety_sets
from db.database import database, lock_rows
from db.models import BackupSet, Restore, RestoreItem, Run, RunItem
from db.policies import policies, snapshots
from db.policies.snapshots import SnapshotDraft
from db.restores import restore_items
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.states import ItemState, Outcome
from graph.errors import GraphError, NotFound
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading, read_policy
from graph.restore.executor import CHANGED_SINCE_PREVIEW, RestoreTask
from graph.restore.planner import live_fingerprint
from graph.transport.batch_driver import drive
from graph.transport.client import BATCH_SIZE, GraphClient

# Reason of a run item whose policy was to be removed, and was gone already.
GONE = "gone"


def capture(claim: Claim, restore: Restore, graph: GraphClient, rows: dict[int, RunItem]) -> bool:
    """Capture what will be overwritten or removed, twenty at a time, each once. Return False when asked to stop.

    `rows`: restore item id -> its unsettled run item. An item that somebody changed ends here as a conflict, and leaves
    `rows`. Raises what has to be waited for.
    """
    while todo := _uncaptured(restore, rows):
        for begin in range(0, len(todo), BATCH_SIZE):
            if claims.is_cancel_requested(claim):
                return False
            _capture(claim, restore, graph, todo[begin : begin + BATCH_SIZE], rows)
    _complete_set(claim, restore)
    return True


def _uncaptured(restore: Restore, rows: Mapping[int, RunItem]) -> list[RestoreItem]:
    """Return the items to read now: those that are overwritten or removed, and not captured yet."""
    unsettled = [item for item in restore_items.items(restore) if item.id in rows]
    overwritten = [item for item in unsettled if item.action in ("update", "remove")]
    uncaptured = [item for item in overwritten if item.safety_snapshot_id is None and rows[item.id].reason != GONE]
    items_by_row = {rows[item.id]: item for item in uncaptured}
    return [items_by_row[row] for row in next_to_read(list(items_by_row))]


def _capture(
    claim: Claim, restore: Restore, graph: GraphClient, batch: Sequence[RestoreItem], rows: dict[int, RunItem]
) -> None:
    """Capture one batch. Items that end here, as conflicts or because they cannot be read, leave `rows`."""
    known, memory = name_cache.seen_since(restore.tenant, restore.started_at), RunMemory(claim, "before")
    readings = drive(
        graph,
        {
            item.id: read_policy(
                POLICY_TYPES[item.policy_type], str(item.target_id), known, is_last_try=is_last_try(rows[item.id])
            )
            for item in batch
        },
        memory=memory,
    )
    readings_by_row = {rows[item.id]: readings[item.id] for item in batch}
    unfinished = unfinished_items(list(readings_by_row), readings_by_row)
    final = [item for item in batch if rows[item.id] not in unfinished]
    complete_readings = [reading for reading in readings.values() if isinstance(reading, Reading)]
    name_cache.save_names(restore.tenant, name_cache.merge_names([reading.references for reading in complete_readings]))
    changed = [item for item in final if _has_changed(item, readings[item.id])]
    unreadable = [item for item in final if item not in changed and _cannot_be_read(readings[item.id])]
    unchanged = [item for item in final if item not in changed]
    drafts = {item.id: _draft_or_none(claim.run, item, readings[item.id], memory) for item in unchanged}
    with database.atomic():
        claims.assert_claim(claim)
        _save(claim, unchanged, drafts, rows)
        for item in changed:
            finish_as_conflict(claim, item, rows[item.id])
        for item in unreadable:
            _finish_unreadable(claim, item, rows[item.id], readings[item.id])
        memory.forget([item.id for item in final])
    if final:
        claims.reset_attempts(claim)
    postpone(claim, unfinished)
    for item in (*changed, *unreadable):
        del rows[item.id]


def _save(
    claim: Claim, items: Sequence[RestoreItem], drafts: Mapping[int, SnapshotDraft | None], rows: Mapping[int, RunItem]
) -> None:
    saved = snapshots.save(claim.run, [draft for draft in drafts.values() if draft])
    for item in items:
        draft = drafts[item.id]
        if draft:
            restore_items.link_safety_snapshot(item, saved[draft.policy_id].snapshot_id)
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
    target = str(item.created_id or item.target_id)
    policy = policies.get_or_create(run.tenant, item.policy_type, target, reading.name, reading.odata_type, run)
    return make_draft(policy, reading, read_at)


def _draft_or_none(
    run: Run, item: RestoreItem, reading: Reading | GraphError, memory: RunMemory
) -> SnapshotDraft | None:
    return draft_of(run, item, reading, memory.read_at(item.id, reading)) if isinstance(reading, Reading) else None


def late_draft(run: Run, item: RestoreItem, task: RestoreTask, memory: RunMemory) -> SnapshotDraft | None:
    """Return a draft of what is there of a policy that an earlier message began to write, or None.

    It is returned once, before the policy is written again.
    """
    reading, task.reading = task.reading, None
    return _draft_or_none(run, item, reading, memory) if task.begun and reading else None


def _complete_set(claim: Claim, restore: Restore) -> None:
    """Save the backup set, once everything that is overwritten is captured. A retry may add to it.

    A restore that overwrites nothing has no set.
    """
    captured = [item for item in restore_items.items(restore) if item.safety_snapshot_id]
    ids = {item.safety_snapshot_id for item in captured}
    listed = set(manifests.snapshot_ids(restore.safety_set.manifest)) if restore.safety_set_id else set()
    if ids <= listed:
        return
    with database.atomic():
        lock_rows(Restore, Restore.id == restore.id)
        claims.assert_claim(claim)
        lock_rows(BackupSet, BackupSet.id == (restore.safety_set_id or -1))
        safety_sets.save(restore, [item.target_id for item in captured], ids | listed)
