"""Retries of a backup: they add what it could not read to the set that it made, until nothing is missing there.

A set keeps its state and its manifest while a retry of it is under way, so that a restore and retention find it as it
was. One retry at a time works on a set: they have one dedupe key. What it reads is added in the transaction that ends
its run.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.backups import completeness, manifests
from db.database import Condition, lock_rows
from db.errors import Invalid
from db.models import IS_ACTIVE, BackupSet, Manifest, Run, RunItem, Snapshot, Tenant
from db.sql import value_lists
from db.states import ItemState, Offer, SetState

# In a row of `types`: what it was before a retry began to list the type again.
BEFORE = "before"


@dataclass(frozen=True)
class Lacking:
    """The policies and the policy types that a retry has to read."""

    policies: Sequence[int]
    types: Sequence[str]


def find_lacking(backup_set: BackupSet) -> Lacking:
    """Return what the set lacks. A type that lacks a permission is asked for too: it may have been given since."""
    types = {key for key, row in backup_set.types.items() if completeness.was_not_read(row)}
    # A policy that is listed without an id is found by listing its type anew.
    types |= {problem["policy_type"] for problem in backup_set.problems if problem["policy"] is None}
    policies = {
        problem["policy"]
        for problem in backup_set.problems
        if problem["policy"] is not None and problem["policy_type"] not in types
    }
    return Lacking(sorted(policies), sorted(types))


def is_being_completed(backup_set_id: Any) -> Condition:
    """Return the condition that a retry of the set is under way."""
    return pw.fn.EXISTS(Run.select(Run.id).where(IS_ACTIVE & (Run.backup_set_id == backup_set_id)))


def sets_being_completed(tenant: Tenant) -> set[int]:
    """Return the ids of the tenant's sets that a retry is under way for."""
    is_its = (Run.tenant == tenant) & IS_ACTIVE & Run.backup_set_id.is_null(False)
    return {row[0] for row in Run.select(Run.backup_set_id).where(is_its).tuples()}


def begin(backup_set_id: int, policy_types: Iterable[str]) -> None:
    """Mark the types that a retry is to list, in the transaction that starts it. Raises Invalid if the set is gone."""
    lock_rows(BackupSet, BackupSet.id == backup_set_id)
    backup_set = BackupSet.get_or_none(BackupSet.id == backup_set_id)
    if backup_set is None:
        raise Invalid("Its backup set was deleted by retention meanwhile. Start a new backup.")
    types = dict(backup_set.types)
    for key in policy_types:
        row = types.get(key, {"state": str(ItemState.FAILED), "offer": str(Offer.FAILED), "listed": 0, "message": None})
        types[key] = row | {"state": str(ItemState.PENDING), BEFORE: row}
    BackupSet.update(types=types).where(BackupSet.id == backup_set_id).execute()


@dataclass(frozen=True)
class Addition:
    """All that a retry that has ended adds to its set: the set's new columns, and the types that it worked on."""

    columns: Mapping[str, Any]
    touched: Sequence[str]
    count: int


def add_to_set(
    backup_set: BackupSet,
    run: Run,
    counted: Mapping[str, Mapping[str, Any]],
    problems: Sequence[dict[str, Any]],
    snapshot_ids: Sequence[int],
) -> Addition:
    """Work out the set with what the retry read.

    `counted`: the run's items by type and outcome; `problems`: of the run; `snapshot_ids`: of what it read.
    """
    types = {key: dict(row) for key, row in backup_set.types.items()}
    listed = {key for key, row in types.items() if BEFORE in row and row["state"] != ItemState.PENDING}
    retried = _policies_by_type(run)
    _take_over_types(types, listed, counted, backup_set.problems, retried)
    read = {policy for policies in retried.values() for policy in policies}
    remaining = [
        problem
        for problem in backup_set.problems
        if problem["policy_type"] not in listed and problem["policy"] not in read
    ]
    # A type that was not come to keeps the problem that it had.
    told = {problem["policy_type"] for problem in remaining if problem["policy"] is None}
    new = [problem for problem in problems if problem["policy"] is not None or problem["policy_type"] not in told]
    ids = _newest_of_each(backup_set, snapshot_ids)
    columns = {
        "state": completeness.state_of(types),
        "manifest": manifests.save(run.tenant_id, ids),
        "types": types,
        "problems": [*remaining, *new],
    }
    return Addition(columns, sorted(listed | set(counted)), len(ids))


def _take_over_types(
    types: dict[str, dict[str, Any]],
    listed: set[str],
    counted: Mapping[str, Mapping[str, Any]],
    problems: Sequence[Mapping[str, Any]],
    retried: Mapping[str, set[int]],
) -> None:
    """Bring the counts of each type up to date: anew where it was listed again, else by the policies read again."""
    for key, row in list(types.items()):
        before = row.pop(BEFORE, None)
        if before is not None and key not in listed:
            types[key] = dict(before)
    for key, counts in counted.items():
        row = types.setdefault(key, {"state": str(ItemState.DONE), "listed": 0, "message": None})
        if key not in listed:
            mine = [problem for problem in problems if problem["policy_type"] == key]
            _take_off_unread(row, sum(problem["policy"] in retried.get(key, ()) for problem in mine))
        for outcome, count in counts.items():
            row[outcome] = row.get(outcome, 0) + count


def _take_off_unread(row: dict[str, Any], count: int) -> None:
    for outcome in completeness.UNREAD:
        taken = min(row.get(outcome, 0), count)
        if taken:
            row[str(outcome)] -= taken
            count -= taken


def _policies_by_type(run: Run) -> dict[str, set[int]]:
    """Return policy type -> the policies that the run has items of."""
    items = RunItem.select(RunItem.policy_type, RunItem.policy).where(
        (RunItem.run == run) & RunItem.policy.is_null(False)
    )
    by_type: dict[str, set[int]] = {}
    for policy_type, policy_id in items.tuples():
        by_type.setdefault(policy_type, set()).add(policy_id)
    return by_type


def _newest_of_each(backup_set: BackupSet, new_ids: Sequence[int]) -> list[int]:
    """Return the snapshots of the set with the new ones, which take the place of older ones of their policies."""
    held = manifests.snapshot_ids(Manifest.get_or_none(Manifest.id == backup_set.manifest_id))
    renewed = {
        row[0]
        for ids in value_lists.batched(list(new_ids))
        for row in Snapshot.select(Snapshot.policy).where(Snapshot.id.in_(ids)).tuples()
    }
    policy_of = {
        snapshot_id: policy_id
        for ids in value_lists.batched(held)
        for snapshot_id, policy_id in Snapshot.select(Snapshot.id, Snapshot.policy).where(Snapshot.id.in_(ids)).tuples()
    }
    return sorted({*new_ids, *(snapshot_id for snapshot_id in held if policy_of.get(snapshot_id) not in renewed)})


def is_completable(backup_set: BackupSet) -> bool:
    """Return whether a retry could add something: it lacks something, and none is under way."""
    if backup_set.run_id is None or backup_set.state in (SetState.RUNNING, SetState.COMPLETE):
        return False
    lacking = find_lacking(backup_set)
    is_idle = not Run.select().where(IS_ACTIVE & (Run.backup_set_id == backup_set.id)).exists()
    return bool(lacking.policies or lacking.types) and is_idle
