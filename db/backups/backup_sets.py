"""Backup sets: begun with their run, filled in by it policy type by policy type, completed when it ends."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action
from db.backups import completeness, manifests, set_retries
from db.clock import is_recent, utcnow
from db.copies import copied_sets
from db.database import lock_rows
from db.models import BackupSet, Manifest, Policy, Run, RunItem, Snapshot, Tenant, User
from db.readiness import reports
from db.sql import value_lists
from db.states import QUIET_OFFERS, ItemState, Offer, Outcome, PolicyState, Result, RunKind, RunState, SetState
from db.tenants import coverage

# A policy changed this shortly before it was read may have changed again within the same second.
TOO_FRESH = timedelta(seconds=5)
# A schedule that runs at the same time every day must not miss the day by a minute.
HALF_A_DAY = timedelta(hours=12)


def begin(run: Run, selection: Mapping[str, Any], is_full: bool, policy_types: Iterable[str]) -> BackupSet:
    """Create the run's backup set. `policy_types`: those that are to be listed."""
    return BackupSet.create(
        tenant=run.tenant_id,
        run=run,
        selection=selection,
        is_full=is_full,
        created_by=run.requested_by_id,
        types={key: {"state": str(ItemState.PENDING), "listed": 0, "message": None} for key in policy_types},
        problems=[],
    )


def find_of_run(run: Run) -> BackupSet | None:
    """Return the set that the run makes, or completes."""
    if run.backup_set_id is not None:
        return BackupSet.get_or_none(BackupSet.id == run.backup_set_id)
    return BackupSet.get_or_none(BackupSet.run == run)


def unlisted_types(backup_set: BackupSet) -> list[str]:
    """Return the policy types that nobody has listed, or given up, yet."""
    return [key for key, row in backup_set.types.items() if row["state"] == ItemState.PENDING]


def record_type(
    backup_set: BackupSet, policy_type: str, offer: Offer, listed: int = 0, message: str | None = None
) -> None:
    """Record that a policy type was listed, or could not be. Only the holder of the run's claim may call this."""
    _note_type(backup_set, policy_type, offer, listed, message)
    BackupSet.update(types=backup_set.types).where(BackupSet.id == backup_set.id).execute()


def record_listed(backup_set: BackupSet, counts: Mapping[str, int]) -> None:
    """Record that policy types were listed: type -> how many policies. Only the holder of the run's claim may."""
    for policy_type, listed in counts.items():
        _note_type(backup_set, policy_type, Offer.OFFERED, listed, None)
    BackupSet.update(types=backup_set.types).where(BackupSet.id == backup_set.id).execute()


def _note_type(backup_set: BackupSet, policy_type: str, offer: Offer, listed: int, message: str | None) -> None:
    state = _STATE_OF_OFFER[offer]
    row = {"state": str(state), "offer": str(offer), "listed": listed, "message": message}
    before = {key: value for key, value in backup_set.types.get(policy_type, {}).items() if key == set_retries.BEFORE}
    backup_set.types[policy_type] = row | before


_STATE_OF_OFFER = {
    Offer.OFFERED: ItemState.DONE,
    Offer.NOT_OFFERED: ItemState.SKIPPED,
    Offer.NEVER_READ: ItemState.SKIPPED,
    Offer.NOT_PERMITTED: ItemState.SKIPPED,
    Offer.FAILED: ItemState.FAILED,
}


def unchanged_snapshots(policies: Iterable[Policy], full_every_days: int) -> dict[int, int]:
    """Return policy id -> newest snapshot's id, for policies that their list shows to be as they were read.

    Nobody knows every way in which a list can be wrong: what was read longer ago than `full_every_days` is left out.
    `policies` carry modified_at as listed, and the list's fingerprint of their assignments as `listed_mark` (or None).
    """
    now, longest = utcnow(), timedelta(days=full_every_days) - HALF_A_DAY
    candidates = {
        policy.id: policy
        for policy in policies
        if policy.listed_mark
        and policy.modified_at
        and policy.listed_mark == policy.assignments_mark
        and policy.last_captured_at is not None
        and is_recent(policy.last_captured_at, longest, now)
    }
    snapshot_by_policy = {}
    for snapshot in _newest_snapshots(list(candidates)):
        modified_at = candidates[snapshot.policy_id].modified_at
        if _is_same_second(snapshot.modified_at, modified_at) and snapshot.confirmed_at - modified_at > TOO_FRESH:
            snapshot_by_policy[snapshot.policy_id] = snapshot.id
    return snapshot_by_policy


def _is_same_second(first: datetime | None, second: datetime) -> bool:
    return first is not None and first.replace(microsecond=0) == second.replace(microsecond=0)


def _newest_snapshots(policy_ids: list[int]) -> Iterable[Snapshot]:
    for batch in value_lists.batched(policy_ids):
        newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(batch)).group_by(Snapshot.policy)
        yield from Snapshot.select(Snapshot.id, Snapshot.policy, Snapshot.modified_at, Snapshot.confirmed_at).where(
            Snapshot.id.in_(newest)
        )


def complete(run: Run) -> None:
    """Write down what the ended run captured, in the transaction that ends it.

    A run without a set has nothing to complete.
    """
    backup_set = find_of_run(run) if run.kind == RunKind.BACK_UP else None
    if backup_set is None:
        return
    lock_rows(BackupSet, BackupSet.id == backup_set.id)
    snapshot_ids = _captured_in(run)
    if run.backup_set_id is not None:
        counted = _count_items(run)
        addition = set_retries.add_to_set(backup_set, run, counted, _problems(run), snapshot_ids)
        columns, touched, count = dict(addition.columns), addition.touched, addition.count
    else:
        types = _count_by_type(backup_set, run)
        columns = {
            "state": _final_state(backup_set, run),
            "manifest": manifests.save(run.tenant_id, snapshot_ids),
            "types": types,
            "problems": _problems(run),
        }
        touched, count = list(types), len(snapshot_ids)
    _note_known(run.tenant_id, columns["types"])
    BackupSet.update(completed_at=utcnow(), **columns).where(BackupSet.id == backup_set.id).execute()
    copied_sets.await_copies(backup_set)
    _update_tenant(backup_set, run, {key: columns["types"][key] for key in touched})
    audit.record(
        Action.SET_COMPLETED,
        SYSTEM,
        f"backup set {backup_set.id}",
        tenant=run.tenant,
        result=Result.FAILED if columns["state"] == SetState.INCOMPLETE else Result.OK,
        run=run.id,
        state=str(columns["state"]),
        snapshots=count,
    )


def _captured_in(run: Run) -> list[int]:
    is_read = (RunItem.run == run) & (RunItem.state == ItemState.DONE) & RunItem.snapshot.is_null(False)
    return [row[0] for row in RunItem.select(RunItem.snapshot).where(is_read).tuples()]


def _update_tenant(backup_set: BackupSet, run: Run, types: Mapping[str, Mapping[str, Any]]) -> None:
    """Record of what the tenant has a good backup now, per policy type. `types`: those that the run worked on.

    One that could not be read costs itself alone.
    """
    began, is_cancelled = run.started_at or utcnow(), Run.get_by_id(run.id).state == RunState.CANCELLED
    last_id, is_retry = Tenant.get_by_id(run.tenant_id).last_backup_id or 0, run.backup_set_id is not None
    # Some policies of a policy type are no backup of it. What completes an older set says nothing about the last one.
    if backup_set.selection.get("policies") or (is_retry and backup_set.id < last_id):
        return
    good = [key for key, row in types.items() if completeness.is_whole(row)]
    lacking = {key: row for key, row in types.items() if not completeness.is_whole(row)}
    bad = {key: completeness.why(row) for key, row in lacking.items() if row.get("offer") not in QUIET_OFFERS}
    # A cancelled backup says nothing about what the one before it holds.
    coverage.record_backup(run.tenant_id, began, good, {} if backup_set.selection or is_cancelled else bad)
    if backup_set.selection or not good or is_cancelled or backup_set.id <= last_id:
        return
    # What a retry completes is as old as its backup.
    at = backup_set.created_at if is_retry else began
    values = {Tenant.last_synced_at: began, Tenant.last_backup_at: at, Tenant.last_backup_id: backup_set.id}
    Tenant.update(values).where(Tenant.id == run.tenant_id).execute()
    # Equal manifests are one row.
    both = BackupSet.select(BackupSet.manifest).where(BackupSet.id.in_([last_id, backup_set.id])).tuples()
    reports.mark_due(run.tenant_id, is_same=len(both) == 2 and len(set(both)) == 1)


def has_unlisted(run: Run) -> bool:
    backup_set = find_of_run(run) if run.kind == RunKind.BACK_UP else None
    return bool(backup_set and unlisted_types(backup_set))


def _final_state(backup_set: BackupSet, run: Run) -> SetState:
    ended = Run.get_by_id(run.id)
    unread = RunItem.select().where((RunItem.run == run) & RunItem.state.in_([ItemState.FAILED, ItemState.UNCERTAIN]))
    rows = backup_set.types.values()
    is_short = any(row["state"] in (ItemState.FAILED, ItemState.PENDING) for row in rows)
    is_short |= not rows and "policies" not in backup_set.selection  # nothing was so much as asked for
    if ended.state in {RunState.CANCELLED, RunState.FAILED} or unread.exists() or is_short:
        return SetState.INCOMPLETE
    is_warned = any(completeness.is_unpermitted(row) for row in rows)
    return SetState.WARNINGS if is_warned else SetState.COMPLETE


def _count_by_type(backup_set: BackupSet, run: Run) -> dict[str, Any]:
    """Return per policy type what was listed, and how many items had each outcome."""
    types = {key: dict(row) for key, row in backup_set.types.items()}
    for policy_type, counts in _count_items(run).items():
        row = types.setdefault(policy_type, {"state": str(ItemState.DONE), "listed": 0, "message": None})
        row.update(counts)
    return types


def _count_items(run: Run) -> dict[str, dict[str, int]]:
    """Return policy type -> outcome -> items of the run."""
    rows = (
        RunItem.select(RunItem.policy_type, RunItem.outcome, pw.fn.COUNT(RunItem.id))
        .where(RunItem.run == run)
        .group_by(RunItem.policy_type, RunItem.outcome)
        .tuples()
    )
    counted: dict[str, dict[str, int]] = {}
    for policy_type, outcome, count in rows:
        counted.setdefault(policy_type, {})[str(outcome)] = count
    return counted


def _note_known(tenant_id: int, counts: Mapping[str, dict[str, Any]]) -> None:
    """Note of each type that was not read how many policies it had when it was listed last."""
    unread = [key for key, row in counts.items() if completeness.was_not_read(row)]
    present = (Policy.tenant == tenant_id) & Policy.policy_type.in_(unread) & (Policy.state == PolicyState.PRESENT)
    query = Policy.select(Policy.policy_type, pw.fn.COUNT(Policy.id)).where(present).group_by(Policy.policy_type)
    known = dict(query.tuples()) if unread else {}
    for key in unread:
        counts[key]["known"] = known.get(key, 0)


def _problems(run: Run) -> list[dict[str, Any]]:
    """Return each item that could not be read, with the reason. What the tenant does not offer is no problem."""
    is_missing = RunItem.outcome.is_null() | (RunItem.outcome != Outcome.NOT_AVAILABLE)
    bad = RunItem.select().where((RunItem.run == run) & (RunItem.state != ItemState.DONE) & is_missing)
    bad = bad.order_by(RunItem.id)
    return [
        {
            "policy_type": item.policy_type,
            "policy": item.policy_id,
            "name": item.name,
            "reason": item.reason,
            "message": item.message,
        }
        for item in bad
    ]


def snapshot_ids(backup_set: BackupSet) -> list[int]:
    """Return the ids of the set's snapshots in rising order; of a set that is still being made, those it has by now."""
    if backup_set.state != SetState.RUNNING:
        return manifests.snapshot_ids(backup_set.manifest)
    rows = RunItem.select(RunItem.snapshot).where((RunItem.run == backup_set.run_id) & RunItem.snapshot.is_null(False))
    return sorted(row[0] for row in rows.tuples())


def find_of_tenant(tenant: Tenant, number: int) -> BackupSet | None:
    backup_set: BackupSet | None = BackupSet.get_or_none((BackupSet.id == number) & (BackupSet.tenant == tenant))
    return backup_set


def creator(backup_set: BackupSet) -> User | None:
    return User.get_or_none(User.id == backup_set.created_by_id)


def of_tenant(tenant: Tenant, limit: int) -> list[BackupSet]:
    """Return the tenant's newest backup sets."""
    return list(BackupSet.select().where(BackupSet.tenant == tenant).order_by(BackupSet.id.desc()).limit(limit))


def newest_completed(tenant_ids: Sequence[int] | None, limit: int) -> list[BackupSet]:
    """Return the newest backup sets that are made, with their tenants; None: of every tenant."""
    query = BackupSet.select(BackupSet, Tenant).join(Tenant)
    is_made = (BackupSet.state != SetState.RUNNING) & value_lists.is_in_if_given(BackupSet.tenant, tenant_ids)
    return list(query.where(is_made).order_by(BackupSet.id.desc()).limit(limit))


def newest_whole(tenant: Tenant, before: datetime | None = None) -> BackupSet | None:
    """Return the last good backup of the whole tenant, or the last one that had ended by then."""
    good = BackupSet.state.in_([SetState.COMPLETE, SetState.WARNINGS])
    whole = (BackupSet.tenant == tenant) & good & (BackupSet.selection == {}) & BackupSet.completed_at.is_null(False)
    if before is not None:
        whole &= BackupSet.completed_at <= before
    return BackupSet.select().where(whole).order_by(BackupSet.id.desc()).first()


def around(tenant: Tenant, at: datetime) -> tuple[BackupSet | None, BackupSet | None]:
    """Return the last set that was begun by then and the first one after it, of those that are completed."""
    of_tenant = BackupSet.select().where((BackupSet.tenant == tenant) & BackupSet.completed_at.is_null(False))
    before = of_tenant.where(BackupSet.created_at <= at).order_by(BackupSet.id.desc()).first()
    after = of_tenant.where(BackupSet.created_at > at).order_by(BackupSet.id).first()
    return before, after


def listed(tenant: Tenant | None, limit: int) -> list[BackupSet]:
    """Return the newest backup sets of a tenant or of all, each with its manifest where it has one."""
    query = BackupSet.select(BackupSet, Manifest).join(Manifest, pw.JOIN.LEFT_OUTER)
    return list(
        query.where(value_lists.equals_if_given(BackupSet.tenant, tenant)).order_by(BackupSet.id.desc()).limit(limit)
    )
