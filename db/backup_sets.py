"""Backup sets: begun with their run, told by it policy type by policy type, completed when it ends."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db import audit, manifests
from db.audit import SYSTEM, Action
from db.clock import utcnow
from db.models import BackupSet, Policy, Run, RunItem, Snapshot, Tenant, User
from db.states import ItemState, Result, RunKind, RunState, SetState

# Times are compared to the second: Graph gives the same time with and without its fraction.
SECOND = timedelta(seconds=1)
# A policy changed this shortly before it was read may have changed again within the same second.
TOO_FRESH = timedelta(seconds=5)


def begin(run: Run, selection: Mapping[str, Any], is_full: bool) -> BackupSet:
    return BackupSet.create(
        tenant=run.tenant_id,
        run=run,
        selection=selection,
        is_full=is_full,
        created_by=run.requested_by_id,
        types={},
        problems=[],
    )


def of_run(run: Run) -> BackupSet | None:
    return BackupSet.get_or_none(BackupSet.run == run)


def record_type(backup_set: BackupSet, policy_type: str, state: str, listed: int, message: str | None = None) -> None:
    """It was listed, or could not be; `state` is an ItemState. Only the holder of the run's claim may."""
    backup_set.types[policy_type] = {"state": state, "listed": listed, "message": message}
    BackupSet.update(types=backup_set.types).where(BackupSet.id == backup_set.id).execute()


def is_due_in_full(tenant: Tenant, now: datetime) -> bool:
    """Between full reads a backup trusts lists; nobody knows every way in which a list can be wrong."""
    return tenant.last_full_at is None or now - tenant.last_full_at >= timedelta(days=tenant.full_every_days)


def unchanged(policies: Iterable[Policy]) -> dict[int, int]:
    """Policy id -> its newest snapshot's id, for those that their list shows to be as they were read.

    `policies` carry modified_at as listed, and the list's mark of their assignments as `listed_mark` (None: none).
    """
    candidates = {
        policy.id: policy
        for policy in policies
        if policy.listed_mark and policy.modified_at and policy.listed_mark == policy.assignments_mark
    }
    found = {}
    for snapshot in _newest_snapshots(list(candidates)):
        modified_at = candidates[snapshot.policy_id].modified_at
        if _same(snapshot.modified_at, modified_at) and snapshot.confirmed_at - modified_at > TOO_FRESH:
            found[snapshot.policy_id] = snapshot.id
    return found


def _same(one: datetime | None, other: datetime) -> bool:
    return one is not None and one.replace(microsecond=0) == other.replace(microsecond=0)


def _newest_snapshots(policy_ids: list[int]) -> Iterable[Snapshot]:
    for start in range(0, len(policy_ids), 500):
        newest = (
            Snapshot.select(pw.fn.MAX(Snapshot.id))
            .where(Snapshot.policy.in_(policy_ids[start : start + 500]))
            .group_by(Snapshot.policy)
        )
        yield from Snapshot.select(Snapshot.id, Snapshot.policy, Snapshot.modified_at, Snapshot.confirmed_at).where(
            Snapshot.id.in_(newest)
        )


def complete(run: Run) -> None:
    """Write down what the ended run captured. In the transaction that ends the run; a run without a set has none."""
    backup_set = of_run(run) if run.kind == RunKind.BACK_UP else None
    if backup_set is None:
        return
    state = _state(backup_set, run)
    snapshot_ids = [
        row[0]
        for row in RunItem.select(RunItem.snapshot)
        .where((RunItem.run == run) & (RunItem.state == ItemState.DONE) & RunItem.snapshot.is_null(False))
        .tuples()
    ]
    now = utcnow()
    BackupSet.update(
        state=state,
        completed_at=now,
        manifest=manifests.keep(run.tenant_id, snapshot_ids),
        types=_types(backup_set, run),
        problems=_problems(run),
    ).where(BackupSet.id == backup_set.id).execute()
    if not backup_set.selection and state != SetState.INCOMPLETE:
        began = run.started_at or now
        told = {Tenant.last_synced_at: began, Tenant.last_backup_at: began, Tenant.last_backup_id: backup_set.id}
        if backup_set.is_full:
            told[Tenant.last_full_at] = began
        Tenant.update(told).where(Tenant.id == run.tenant_id).execute()
    audit.record(
        Action.SET_COMPLETED,
        SYSTEM,
        f"backup set {backup_set.id}",
        tenant=run.tenant,
        result=Result.FAILED if state == SetState.INCOMPLETE else Result.OK,
        run=run.id,
        state=str(state),
        snapshots=len(snapshot_ids),
    )


def _state(backup_set: BackupSet, run: Run) -> SetState:
    ended = Run.get_by_id(run.id)
    unread = RunItem.select().where((RunItem.run == run) & RunItem.state.in_([ItemState.FAILED, ItemState.UNCERTAIN]))
    types = [row["state"] for row in backup_set.types.values()]
    if ended.state in {RunState.CANCELLED, RunState.FAILED} or unread.exists() or ItemState.FAILED in types:
        return SetState.INCOMPLETE
    return SetState.WARNINGS if ItemState.SKIPPED in types or ended.skipped else SetState.COMPLETE


def _types(backup_set: BackupSet, run: Run) -> dict[str, Any]:
    """Per policy type: what was listed, and how many of each outcome."""
    found = {key: dict(row) for key, row in backup_set.types.items() if row["listed"] or row["state"] != ItemState.DONE}
    rows = (
        RunItem.select(RunItem.policy_type, RunItem.outcome, pw.fn.COUNT(RunItem.id))
        .where(RunItem.run == run)
        .group_by(RunItem.policy_type, RunItem.outcome)
        .tuples()
    )
    for policy_type, outcome, count in rows:
        row = found.setdefault(policy_type, {"state": str(ItemState.DONE), "listed": 0, "message": None})
        row[str(outcome)] = count
    return found


def _problems(run: Run) -> list[dict[str, Any]]:
    """Of each item that could not be read: which, and why."""
    bad = RunItem.select().where((RunItem.run == run) & RunItem.state.not_in([ItemState.DONE])).order_by(RunItem.id)
    return [
        {
            "policy_type": one.policy_type,
            "policy": one.policy_id,
            "name": one.name,
            "reason": one.reason,
            "message": one.message,
        }
        for one in bad
    ]


def failed_in(run: Run) -> tuple[list[int], list[str]]:
    """The policies that were not read, and the policy types that could not be listed."""
    states = [ItemState.FAILED, ItemState.UNCERTAIN, ItemState.SKIPPED]
    items = RunItem.select(RunItem.policy, RunItem.policy_type, RunItem.state).where(
        (RunItem.run == run) & RunItem.state.in_(states)
    )
    rows = list(items.tuples())
    policies = [policy for policy, _, _ in rows if policy is not None]
    # A type that was skipped lacks a permission: asking again cannot help.
    return policies, [key for policy, key, state in rows if policy is None and state == ItemState.FAILED]


def snapshots_of(backup_set: BackupSet) -> list[int]:
    """The ids of its snapshots, in rising order; of a set that is still being made, what is there by now."""
    if backup_set.state != SetState.RUNNING:
        return manifests.snapshot_ids(backup_set.manifest)
    rows = RunItem.select(RunItem.snapshot).where((RunItem.run == backup_set.run_id) & RunItem.snapshot.is_null(False))
    return sorted(row[0] for row in rows.tuples())


def creator(backup_set: BackupSet) -> User | None:
    return User.get_or_none(User.id == backup_set.created_by_id)
