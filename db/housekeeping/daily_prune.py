"""The daily pruning: deletes what a tenant keeps no longer, a few rows at a time.

What may go is looked for first, and asked again in the statement that deletes it: a set may be pinned in between, a
restore begun, the rules changed. May be stopped at any moment and begun again: nothing has to be remembered.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action
from db.backups import deletions, retention
from db.backups.retention import (
    IS_UNFINISHED,
    Decision,
    RetentionRules,
    is_set_used_by_restore,
    is_snapshot_in_active_run,
    is_snapshot_used_by_restore,
)
from db.backups.set_retries import is_being_completed
from db.changes.approved_states import STANDING, is_snapshot_kept
from db.clock import is_recent, utcnow
from db.database import Condition, database, is_sqlite, lock_rows
from db.models import (
    IS_ACTIVE,
    BackupSet,
    Change,
    Content,
    DirectoryName,
    Manifest,
    Notification,
    Policy,
    Rehearsal,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Schedule,
    Snapshot,
    Tenant,
    TenantEvent,
)
from db.policies.snapshots import MIN_CONTENT_AGE
from db.restores import restore_items
from db.runs import claims
from db.runs.claims import Claim
from db.sql import time_ranges, value_lists
from db.states import ENDED, UNFINISHED, RestoreState, SetState

DAY = timedelta(days=1)
# Microsoft keeps Intune's events a year: ours stay longer than theirs, and as long as the oldest snapshot. Changes that
# nobody has to decide about stay as long, and as long as a snapshot of either side.
EVENTS_KEPT = timedelta(days=400)
# Whoever asks what was rehearsed asks for the last years.
REHEARSALS_KEPT = timedelta(days=1100)
# A pruning that cannot even be started must not keep the others waiting.
POSTPONED_BY = timedelta(hours=1)
# Nothing is to be done with these any more, unless somebody undoes what was done.
RESTORE_STATES_AT_REST = (RestoreState.DRAFT, RestoreState.EXPIRED, RestoreState.CANCELLED, RestoreState.FINISHED)


@dataclass(frozen=True)
class Ages:
    """The ages, in days, after which rows go. `deletions`: how long sets wait that nothing keeps."""

    runs: int
    restores: int
    names: int
    deletions: int = 0


@dataclass(frozen=True)
class PruneStep:
    """A step of the pruning. `find` returns the ids of what may go; `delete` deletes those that still may, and counts
    them.

    `delete` runs in one transaction.
    """

    key: str
    title: str
    find: Callable[[Tenant, Ages], Sequence[int]]
    delete: Callable[[Tenant, Ages, Sequence[int]], int]
    # The write lock is nobody's for long.
    rows_at_once: int = value_lists.ROWS_PER_STATEMENT
    # The table whose rows have to be locked before the run's, if any: db/sql/lock_order.py.
    locked_first: Any = None


def due_tenants(limit: int) -> list[Tenant]:
    """Return tenants whose last pruning was a day ago, the longest first; none that is switched off."""
    is_on = Tenant.is_active & Tenant.removing_since.is_null()
    is_over = Tenant.pruned_at.is_null() | ~is_recent(Tenant.pruned_at, DAY, utcnow())
    return list(Tenant.select().where(is_on & is_over).order_by(Tenant.pruned_at.asc(nulls="first")).limit(limit))


def mark_begun(tenant: Tenant) -> None:
    """Put the tenant's next pruning off until tomorrow, in the transaction that makes its run."""
    Tenant.update(pruned_at=utcnow()).where(Tenant.id == tenant.id).execute()


def postpone(tenant: Tenant) -> None:
    Tenant.update(pruned_at=utcnow() - DAY + POSTPONED_BY).where(Tenant.id == tenant.id).execute()


def delete_rows(claim: Claim, item: RunItem, tenant: Tenant, ages: Ages, ids: Sequence[int]) -> None:
    """Delete rows of the step that the run item stands for, and count them in it."""
    step = STEPS[item.policy_type]
    with database.atomic():
        if step.locked_first:
            lock_rows(step.locked_first, step.locked_first.id.in_(list(ids)))
        claims.assert_claim(claim)
        gone = step.delete(tenant, ages, ids)
        if gone:
            so_far = pw.fn.COALESCE(RunItem.freed, 0) + gone
            RunItem.update(freed=so_far).where(RunItem.id == item.id).execute()
            subject, facts = f"tenant {tenant.name}", {"what": step.key, "count": gone, "run": claim.run.id}
            audit.record(Action.SETS_PRUNED, SYSTEM, subject, tenant=tenant, **facts)


def count_freed(run: Run) -> int:
    return int(RunItem.select(pw.fn.SUM(RunItem.freed)).where(RunItem.run == run).scalar() or 0)


def _lock_free_rows(model: Any, ids: Sequence[int]) -> list[int]:
    """Lock the rows that nobody else has locked, and return their ids: they stay as they are until our end.

    The others are left to another day. On SQLite nobody writes beside us.
    """
    if is_sqlite():
        return list(ids)
    rows = model.select(model.id).where(model.id.in_(list(ids)))
    return [row[0] for row in rows.for_update("FOR UPDATE SKIP LOCKED").tuples()]


def _delete(model: Any, ids: Sequence[int], still: Any, *returning: Any) -> list[Any]:
    """Delete those of these rows that still may go."""
    held = _lock_free_rows(model, ids)
    if not held:
        return []
    deleted = model.delete().where(model.id.in_(held) & still)
    return list(deleted.returning(*(returning or (model.id,))).tuples().execute())


def _ids(query: Any) -> list[int]:
    return [row[0] for row in query.tuples()]


def _days_ago(days: int) -> datetime:
    return utcnow() - timedelta(days=days)


# --- restores --------------------------------------------------------------------------------------------------------


def _is_old_restore(tenant: Tenant, ages: Ages) -> Condition:
    """Return the condition that a restore ended long ago, was not retried since, and is not being undone.

    When it goes, it can no longer be undone.
    """
    before, undo = _days_ago(ages.restores), Restore.alias("undo")
    ended = pw.fn.COALESCE(Restore.ended_at, Restore.previewed_at, Restore.created_at)
    later = Run.select(Run.id).where((Run.restore_id == Restore.id) & ((Run.created_at >= before) | IS_ACTIVE))
    undone = undo.select(undo.id).where((undo.undo_of == Restore.id) & undo.state.in_(UNFINISHED))
    is_old = (Restore.tenant == tenant) & Restore.state.in_(RESTORE_STATES_AT_REST) & (ended < before)
    return is_old & ~pw.fn.EXISTS(later) & ~pw.fn.EXISTS(undone)


def _find_restores(tenant: Tenant, ages: Ages) -> list[int]:
    return _ids(Restore.select(Restore.id).where(_is_old_restore(tenant, ages)).order_by(Restore.id))


def _delete_restores(tenant: Tenant, ages: Ages, ids: Sequence[int]) -> int:
    """Delete restores with their items, writes and runs, all at once: half of one could be undone by half."""
    gone = [row[0] for row in _delete(Restore, ids, _is_old_restore(tenant, ages))]
    if gone:
        Run.delete().where(Run.restore_id.in_(gone)).execute()
    return len(gone)


# --- backup sets and snapshots ---------------------------------------------------------------------------------------


def _has_same_rules(tenant: Tenant) -> Condition:
    same = (Tenant.id == tenant.id) & (Tenant.retention == tenant.retention)
    return pw.fn.EXISTS(Tenant.select(Tenant.id).where(same))


def _find_sets(tenant: Tenant, ages: Ages) -> list[int]:
    superfluous = deletions.find_superfluous(tenant)
    if not ages.deletions:
        deletions.mark(tenant, 0, superfluous)
    # Where sets wait, only who tells of them marks them: what the steps before set free is found, and told, tomorrow.
    return deletions.due(tenant, superfluous)


def _delete_sets(tenant: Tenant, _ages: Ages, ids: Sequence[int]) -> int:
    """Delete sets, with the manifests that no other set shares."""
    still = BackupSet.pinned_reason.is_null() & (BackupSet.state != SetState.RUNNING)
    still &= ~is_set_used_by_restore(BackupSet.id) & ~is_being_completed(BackupSet.id) & _has_same_rules(tenant)
    still &= BackupSet.deletion_due_at <= utcnow()  # null for one that was protected since, be it for a moment
    gone = _delete(BackupSet, ids, still, BackupSet.manifest)
    shared = BackupSet.select(BackupSet.id).where(BackupSet.manifest == Manifest.id)
    _delete(Manifest, sorted({row[0] for row in gone if row[0]}), ~pw.fn.EXISTS(shared))
    return len(gone)


def _find_snapshots(tenant: Tenant, _ages: Ages) -> list[int]:
    if not tenant.retention:
        return []
    # A set that is there still has all that it lists, though its turn to go may have come since the step before.
    decisions = [Decision(backup_set, True, "there still") for backup_set in retention.sets_of_tenant(tenant)]
    unneeded = retention.unneeded_snapshots(tenant, decisions, RetentionRules.parse(tenant.retention))
    return deletions.older_than_waiting(tenant, unneeded)


def _delete_snapshots(tenant: Tenant, _ages: Ages, ids: Sequence[int]) -> int:
    newer = Snapshot.alias("newer")
    newest_is = newer.select(newer.id).where((newer.policy == Snapshot.policy) & (newer.id > Snapshot.id))
    still = pw.fn.EXISTS(newest_is) & ~is_snapshot_in_active_run(tenant) & ~is_snapshot_used_by_restore(Snapshot.id)
    still &= ~is_snapshot_kept(tenant)
    lock_rows(Policy, Policy.id.in_(Snapshot.select(Snapshot.policy).where(Snapshot.id.in_(list(ids)))))
    gone = _delete(Snapshot, ids, still & _has_same_rules(tenant), Snapshot.policy)
    counts = Counter(row[0] for row in gone)
    if counts:
        fewer = pw.Case(Policy.id, sorted(counts.items()), 0)
        Policy.update(snapshot_count=Policy.snapshot_count - fewer).where(Policy.id.in_(sorted(counts))).execute()
    return len(gone)


# --- contents --------------------------------------------------------------------------------------------------------


def _is_unreferenced(tenant: Tenant) -> Condition:
    """Return the condition that nothing refers to a content: its snapshots went, or a later look replaced it."""
    read = Snapshot.select(Snapshot.id).where(Snapshot.content == Content.id)
    seen = (
        RestoreItem.select(RestoreItem.id).join(Restore).where((RestoreItem.seen_content == Content.id) & IS_UNFINISHED)
    )
    return (
        (Content.tenant == tenant)
        & ~pw.fn.EXISTS(read)
        & ~restore_items.is_content_referenced(Content.id)
        & ~pw.fn.EXISTS(seen)
    )


def _find_contents(tenant: Tenant, _ages: Ages) -> list[int]:
    # Without a look at their age: in SQLite that is behind the body, which would have to be read.
    return _ids(Content.select(Content.id).where(_is_unreferenced(tenant)))


def _delete_contents(tenant: Tenant, _ages: Ages, ids: Sequence[int]) -> int:
    is_old = Content.created_at < utcnow() - MIN_CONTENT_AGE
    return len(_delete(Content, ids, is_old & _is_unreferenced(tenant)))


# --- runs and names --------------------------------------------------------------------------------------------------


def _is_old_run(tenant: Tenant, ages: Ages) -> Condition:
    """Return the condition that a run ended long ago, and that nothing which is kept refers to it."""
    is_old = (
        (Run.tenant == tenant) & Run.parent.is_null() & Run.state.in_(ENDED) & (Run.ended_at < _days_ago(ages.runs))
    )
    for reference in (
        RunItem.select(RunItem.id).where(RunItem.run == Run.id),
        Notification.select(Notification.id).where(Notification.run == Run.id),
        BackupSet.select(BackupSet.id).where(BackupSet.run == Run.id),
        Schedule.select(Schedule.id).where(Schedule.last_run == Run.id),
        Restore.select(Restore.id).where(Restore.id == Run.restore_id),
    ):
        is_old &= ~pw.fn.EXISTS(reference)
    return is_old


def _find_runs(tenant: Tenant, ages: Ages) -> list[int]:
    is_old = time_ranges.before(Run.created_at, _days_ago(ages.runs)) & _is_old_run(tenant, ages)
    return _ids(Run.select(Run.id).where(is_old).order_by(Run.id))


def _delete_runs(tenant: Tenant, ages: Ages, ids: Sequence[int]) -> int:
    return len(_delete(Run, ids, _is_old_run(tenant, ages)))


def _is_old_name(tenant: Tenant, ages: Ages) -> Condition:
    return (DirectoryName.tenant == tenant) & (DirectoryName.seen_at < _days_ago(ages.names))


def _find_names(tenant: Tenant, ages: Ages) -> list[int]:
    return _ids(DirectoryName.select(DirectoryName.id).where(_is_old_name(tenant, ages)))


def _delete_names(tenant: Tenant, ages: Ages, ids: Sequence[int]) -> int:
    return len(_delete(DirectoryName, ids, _is_old_name(tenant, ages)))


# --- events of the tenant's own logs ----------------------------------------------------------------------------------


def _find_events(tenant: Tenant, _ages: Ages) -> list[int]:
    """Return the events that explain no snapshot any more: older than the oldest one, and than EVENTS_KEPT."""
    oldest = Snapshot.select(pw.fn.MIN(Snapshot.captured_at)).where(Snapshot.tenant == tenant).scalar()
    before = min(utcnow() - EVENTS_KEPT, oldest or utcnow())
    return _ids(TenantEvent.select(TenantEvent.id).where((TenantEvent.tenant == tenant) & (TenantEvent.at < before)))


def _delete_events(_tenant: Tenant, _ages: Ages, ids: Sequence[int]) -> int:
    return len(_delete(TenantEvent, ids, TenantEvent.at < utcnow() - EVENTS_KEPT))


# --- changes ---------------------------------------------------------------------------------------------------------


def _is_old_change(tenant: Tenant) -> Condition:
    """Return the condition that a change is long decided, and that neither of its sides is kept any more."""
    is_decided = Change.assessed_at.is_null(False) & Change.state.not_in(STANDING)
    is_shown = Change.before.is_null(False) | Change.after.is_null(False)
    return (Change.tenant == tenant) & (Change.seen_at < utcnow() - EVENTS_KEPT) & is_decided & ~is_shown


def _find_changes(tenant: Tenant, _ages: Ages) -> list[int]:
    return _ids(Change.select(Change.id).where(_is_old_change(tenant)).order_by(Change.id))


def _delete_changes(tenant: Tenant, _ages: Ages, ids: Sequence[int]) -> int:
    return len(_delete(Change, ids, _is_old_change(tenant)))


# --- rehearsals ------------------------------------------------------------------------------------------------------


def _is_old_rehearsal(tenant: Tenant) -> Condition:
    """Return the condition that a rehearsal ended long ago; its findings and samples go with it."""
    return (Rehearsal.tenant == tenant) & (Rehearsal.ended_at < utcnow() - REHEARSALS_KEPT)


def _find_rehearsals(tenant: Tenant, _ages: Ages) -> list[int]:
    return _ids(Rehearsal.select(Rehearsal.id).where(_is_old_rehearsal(tenant)).order_by(Rehearsal.id))


def _delete_rehearsals(tenant: Tenant, _ages: Ages, ids: Sequence[int]) -> int:
    return len(_delete(Rehearsal, ids, _is_old_rehearsal(tenant)))


# In this order: what refers to something goes before it.
STEPS = {
    step.key: step
    for step in (
        PruneStep(
            "restores",
            "Restores that ended long ago",
            _find_restores,
            _delete_restores,
            rows_at_once=1,
            locked_first=Restore,
        ),
        PruneStep(deletions.STEP, "Backup sets that no rule keeps", _find_sets, _delete_sets),
        PruneStep("snapshots", "Snapshots that no set lists", _find_snapshots, _delete_snapshots),
        PruneStep("contents", "Contents that nothing refers to", _find_contents, _delete_contents),
        PruneStep("runs", "Runs that ended long ago", _find_runs, _delete_runs),
        PruneStep("names", "Names of groups and filters not seen for long", _find_names, _delete_names),
        PruneStep("events", "Old events of the tenant's audit logs", _find_events, _delete_events),
        PruneStep("rehearsals", "Rehearsals of more than three years ago", _find_rehearsals, _delete_rehearsals),
        PruneStep("changes", "Decided changes whose snapshots are gone", _find_changes, _delete_changes),
    )
}
