"""Recording changes in the very transaction that saw them. actors/changes/assessment.py assesses them a moment later.

What could not be read makes none: nothing of this is called for it. A policy that only a list has shown has no content
yet: its change is kept without one, and the capture that follows completes that row.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.models import Change, Content, Policy, Run, Snapshot
from db.sql.value_lists import batched, is_in
from db.states import ChangeKind

# What a list alone can show, so that the content comes later.
LISTED_KINDS = (ChangeKind.ADDED, ChangeKind.CAME_BACK)


@dataclass(frozen=True)
class SavedReading:
    """The content read of a policy. `before`: its newest snapshot until then, with its content's fingerprint."""

    policy_id: int
    before: Snapshot | None
    after_id: int
    after_mark: str
    is_new_content: bool
    gone_at: datetime | None
    # Never, or not since it was gone.
    was_not_read: bool


def record_saved(run: Run, readings: Sequence[SavedReading]) -> None:
    """Record what captures saw. The first snapshot of a policy is no change, unless its list made one of it."""
    last = _newest_changes([reading.policy_id for reading in readings if reading.was_not_read])
    rows = []
    for reading in readings:
        told = last.get(reading.policy_id)
        since = _gone_since(reading, told)
        if told and told.kind in LISTED_KINDS and told.after_mark is None:
            _complete(told, reading)
        elif since:
            rows.append(_row_of(run, reading, ChangeKind.CAME_BACK, since))
        elif reading.before and reading.is_new_content:
            rows.append(_row_of(run, reading, ChangeKind.CHANGED, reading.before.confirmed_at))
    _insert(rows)


def _newest_changes(policy_ids: Sequence[int]) -> dict[int, Change]:
    """Return policy id -> the last change that was recorded of it."""
    if not policy_ids:
        return {}
    newest = Change.select(pw.fn.MAX(Change.id)).where(is_in(Change.policy, policy_ids)).group_by(Change.policy)
    columns = (Change.id, Change.policy, Change.kind, Change.after_mark, Change.seen_at)
    return {change.policy_id: change for change in Change.select(*columns).where(Change.id.in_(newest))}


def _gone_since(reading: SavedReading, told: Change | None) -> datetime | None:
    """Return since when the policy was not there, or None where it was. A group's row never says so for long."""
    return reading.gone_at or (told.seen_at if told and told.kind == ChangeKind.REMOVED else None)


def _complete(change: Change, reading: SavedReading) -> None:
    """Give the change its content. It is assessed again: a list says little of how grave it is."""
    Change.update(**_after(reading), assessed_at=None).where(Change.id == change.id).execute()


def _row_of(run: Run, reading: SavedReading, kind: ChangeKind, since: datetime) -> dict[str, Any]:
    return _row(run.tenant_id, reading.policy_id, kind, run, since, reading.before) | _after(reading)


def _after(reading: SavedReading) -> dict[str, Any]:
    return {"after": reading.after_id, "after_mark": reading.after_mark}


def _row(
    tenant_id: int,
    policy_id: int,
    kind: ChangeKind,
    run: Run | None,
    since_at: datetime | None,
    before: Snapshot | None = None,
) -> dict[str, Any]:
    return {
        "tenant": tenant_id,
        "policy": policy_id,
        "kind": kind,
        "run": run and run.id,
        "since_at": since_at,
        "seen_at": utcnow(),
        "before": before and before.id,
        "before_mark": before and before.content.fingerprint,
        "after": None,
        "after_mark": None,
    }


def _insert(rows: Iterable[Mapping[str, Any]]) -> None:
    for some in batched(rows):
        Change.insert_many(some).execute()


def record_added(tenant_id: int, run: Run | None, policy_ids: Sequence[int], since_at: datetime | None) -> None:
    """Record policies whose rows were just made, and that were not in the tenant at `since_at`.

    Whoever made such a row at the same time has recorded it, and it is told once.
    """
    for some in batched(sorted(policy_ids)):
        known = {row[0] for row in Change.select(Change.policy).where(Change.policy.in_(some)).tuples()}
        _insert(
            _row(tenant_id, policy_id, ChangeKind.ADDED, run, since_at) for policy_id in some if policy_id not in known
        )


def record_come_back(tenant_id: int, run: Run | None, gone: Mapping[int, datetime | None]) -> None:
    """Record that policies are in the tenant again. `gone`: policy id -> since when it was not.

    Their lists are not believed that they are as they were: the next backup reads them.
    """
    before = newest_snapshots(gone)
    _insert(
        _row(tenant_id, policy_id, ChangeKind.CAME_BACK, run, gone[policy_id], before.get(policy_id))
        for policy_id in sorted(gone)
    )
    for some in batched(sorted(gone)):
        Policy.update(assignments_mark=None).where(Policy.id.in_(some)).execute()


def record_removed(tenant_id: int, run: Run | None, last_seen: Mapping[int, datetime]) -> None:
    """Record that policies are no longer in the tenant. `last_seen`: policy id -> when it was there last."""
    told = _newest_changes(sorted(last_seen))
    left = {policy_id for policy_id in last_seen if _is_untold(told.get(policy_id))}
    before = newest_snapshots(left)
    rows = []
    for policy_id, seen_at in sorted(last_seen.items()):
        if policy_id not in left:
            continue
        newest = before.get(policy_id)
        since = max(seen_at, newest.confirmed_at) if newest else seen_at
        rows.append(_row(tenant_id, policy_id, ChangeKind.REMOVED, run, since, newest))
    _insert(rows)


def _is_untold(last: Change | None) -> bool:
    """Tell whether it is news that the policy is gone. A deleted group that policies still name is gone every night."""
    return last is None or last.kind != ChangeKind.REMOVED


def newest_snapshots(policy_ids: Collection[int]) -> dict[int, Snapshot]:
    """Return policy id -> its newest snapshot, with its content's fingerprint; the content stays in the database."""
    found: dict[int, Snapshot] = {}
    for some in batched(sorted(policy_ids)):
        ids = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(is_in(Snapshot.policy, some)).group_by(Snapshot.policy)
        columns = (Snapshot, Content.id, Content.fingerprint, Content.plain_bytes)
        found |= {row.policy_id: row for row in Snapshot.select(*columns).join(Content).where(Snapshot.id.in_(ids))}
    return found
