"""Before a live restore writes: what it will overwrite or remove is captured, as a backup set of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_try, next_to_read, postpone, unfinished_items
from actors.reading.snapshot_drafts import make_draft
from db.backups import manifests
from db.clock import utcnow
from db.database import database, lock_rows
from db.models import BackupSet, Policy, Restore, RestoreItem, RunItem
from db.policies import policies, snapshots
from db.policies.snapshots import SnapshotDraft
from db.restores import restore_items
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.sql.value_lists import is_in
from db.states import ItemState, Outcome, SetState
from graph.errors import GraphError, NotFound
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading, read_policy
from graph.restore.executor import CHANGED_SINCE_PREVIEW, RestoreTask
from graph.restore.planner import live_fingerprint
from graph.transport.batch_driver import drive
from graph.transport.client import BATCH_SIZE, GraphClient

# Noted at an item that was to be removed, and was not there any more when it was looked at.
GONE = "gone"


def capture(claim: Claim, restore: Restore, graph: GraphClient, rows: dict[int, RunItem]) -> bool:
    """Twenty at a time, and never twice. False when somebody asked to stop. What may be had later is raised.

    `rows`: restore item -> its run item, of what is not settled. What somebody changed ends as a conflict here.
    """
    while todo := _uncaptured(restore, rows):
        for begin in range(0, len(todo), BATCH_SIZE):
            if claims.is_cancel_requested(claim):
                return False
            _capture(claim, restore, graph, todo[begin : begin + BATCH_SIZE], rows)
    _complete(claim, restore)
    return True


def _uncaptured(restore: Restore, rows: Mapping[int, RunItem]) -> list[RestoreItem]:
    """What is overwritten or removed, and not captured yet; those that are to be read now."""
    overwritten = [one for one in restore_items.items(restore) if one.id in rows and one.action in ("update", "remove")]
    todo = {rows[one.id]: one for one in overwritten if one.safety_snapshot_id is None and not _is_gone(rows[one.id])}
    return [todo[row] for row in next_to_read(list(todo))]


def _is_gone(row: RunItem) -> bool:
    return bool(row.reason == GONE)


def _capture(
    claim: Claim, restore: Restore, graph: GraphClient, together: Sequence[RestoreItem], rows: dict[int, RunItem]
) -> None:
    """Those that end here, as conflicts or because they cannot be read, leave `rows`."""
    known, memory = name_cache.seen_since(restore.tenant, restore.started_at), RunMemory(claim, "before")
    readings = drive(
        graph,
        {
            one.id: read_policy(
                POLICY_TYPES[one.policy_type], str(one.target_id), known, is_last_try=is_last_try(rows[one.id])
            )
            for one in together
        },
        memory=memory,
    )
    unfinished = unfinished_items(
        [rows[one.id] for one in together], {rows[one.id]: readings[one.id] for one in together}
    )
    final = [one for one in together if rows[one.id] not in unfinished]
    whole = [one for one in readings.values() if isinstance(one, Reading)]
    name_cache.save_names(restore.tenant, name_cache.merge_names([one.references for one in whole]))
    moved = [one for one in final if _has_moved(one, readings[one.id])]
    damaged = [one for one in final if one not in moved and _cannot_be_read(readings[one.id])]
    reads = {one.id: _as_read(restore, one, readings[one.id], memory) for one in final if one not in moved}
    with database.atomic():
        claims.assert_claim(claim)
        _keep(claim, [one for one in final if one not in moved], reads, rows)
        for item in moved:
            settle_conflict(claim, item, rows[item.id])
        for item in damaged:
            _settle_damaged(claim, item, rows[item.id], readings[item.id])
        memory.forget([one.id for one in final])
    if final:
        claims.reset_attempts(claim)
    postpone(claim, unfinished)
    for item in (*moved, *damaged):
        del rows[item.id]


def _keep(
    claim: Claim, items: Sequence[RestoreItem], reads: Mapping[int, SnapshotDraft | None], rows: Mapping[int, RunItem]
) -> None:
    kept = snapshots.save(claim.run, [one for one in reads.values() if one])
    for item in items:
        read = reads[item.id]
        if read:
            snapshot = kept[read.policy_id].snapshot_id
            RestoreItem.update(safety_snapshot=snapshot).where(RestoreItem.id == item.id).execute()
        else:
            run_items.set_item_reason(claim, rows[item.id], GONE)


def _cannot_be_read(reading: Reading | GraphError) -> bool:
    """What is not captured is not overwritten; the others need not wait for it for ever."""
    return isinstance(reading, GraphError) and not isinstance(reading, NotFound)


def _settle_damaged(claim: Claim, item: RestoreItem, row: RunItem, reading: Reading | GraphError) -> None:
    if isinstance(reading, GraphError):
        message = f"{reading.sentence} It was not written, for what is there could not be captured before."
        RestoreItem.update(outcome=Outcome.ERROR).where(RestoreItem.id == item.id).execute()
        run_items.finish_item(claim, row, ItemState.FAILED, Outcome.ERROR, reason=reading.code, message=message)


def _has_moved(item: RestoreItem, reading: Reading | GraphError) -> bool:
    """What was to be removed and is gone already is no conflict."""
    if isinstance(reading, GraphError):
        return isinstance(reading, NotFound) and item.action == "update"
    return live_fingerprint(POLICY_TYPES[item.policy_type], reading.content) != item.live_mark


def settle_conflict(claim: Claim, item: RestoreItem, row: RunItem) -> None:
    RestoreItem.update(outcome=Outcome.CONFLICT).where(RestoreItem.id == item.id).execute()
    run_items.finish_item(
        claim, row, ItemState.FAILED, Outcome.CONFLICT, reason="conflict", message=CHANGED_SINCE_PREVIEW
    )


def as_read(restore: Restore, item: RestoreItem, reading: Reading, read_at: datetime) -> SnapshotDraft:
    """Ready to be kept as a snapshot of the policy that it is in the target tenant."""
    target = str(item.created_id or item.target_id)
    policy = policies.get_or_create(restore.tenant, item.policy_type, target, reading.name, reading.odata_type)
    return make_draft(policy, reading, read_at)


def _as_read(
    restore: Restore, item: RestoreItem, reading: Reading | GraphError, memory: RunMemory
) -> SnapshotDraft | None:
    return as_read(restore, item, reading, memory.read_at(item.id, reading)) if isinstance(reading, Reading) else None


def late_look(restore: Restore, item: RestoreItem, order: RestoreTask, memory: RunMemory) -> SnapshotDraft | None:
    """What is there of a policy that this restore began to write some time ago, once: before it is written again."""
    reading, order.reading = order.reading, None
    return _as_read(restore, item, reading, memory) if order.begun and reading else None


def _complete(claim: Claim, restore: Restore) -> None:
    """The set, once everything that is overwritten is in it; a retry may add to it. Nothing overwritten, no set."""
    captured = [one for one in restore_items.items(restore) if one.safety_snapshot_id]
    ids = {one.safety_snapshot_id for one in captured}
    listed = set(manifests.snapshot_ids(restore.safety_set.manifest)) if restore.safety_set_id else set()
    if ids <= listed:
        return
    with database.atomic():
        lock_rows(Restore, Restore.id == restore.id)
        claims.assert_claim(claim)
        lock_rows(BackupSet, BackupSet.id == (restore.safety_set_id or -1))
        restore.safety_set = _set(restore, captured, ids | listed)
        Restore.update(safety_set=restore.safety_set).where(Restore.id == restore.id).execute()


def _set(restore: Restore, captured: Sequence[RestoreItem], snapshot_ids: set[int]) -> BackupSet:
    of_policies = Policy.select(Policy.id).where(
        (Policy.tenant == restore.tenant) & is_in(Policy.graph_id, [one.target_id for one in captured])
    )
    held = {
        "selection": {"policies": [row.id for row in of_policies]},
        "completed_at": utcnow(),
        "manifest": manifests.save(restore.tenant_id, snapshot_ids),
    }
    if restore.safety_set_id:
        BackupSet.update(held).where(BackupSet.id == restore.safety_set_id).execute()
        return restore.safety_set
    return BackupSet.create(
        tenant=restore.tenant,
        state=SetState.COMPLETE,
        name=f"Before restore {restore.id}",
        types={},
        problems=[],
        **held,
    )
