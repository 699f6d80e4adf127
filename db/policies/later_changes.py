"""Changes: which policies of a tenant became others since a time, and which of their snapshots was right.

Worked out when looked at, from what syncs and captures left behind; nothing here is stored.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import Mapping as ObjectMapping
from db.models import Policy, Run, Snapshot, Tenant
from db.sql.value_lists import batched
from db.states import LaterChangeKind, PolicyState, RunKind

# (policy type, Graph id)
PolicyKey = tuple[str, str]


@dataclass(frozen=True)
class LaterChange:
    """A policy that became another, was deleted or was made.

    `right_id`: the snapshot to put back, the last one that differs from the tenant; None where none is known.
    `now_id`: the snapshot that holds what is in the tenant now; None where it is gone, or was not read yet.
    """

    policy: Policy
    kind: LaterChangeKind
    at: datetime | None
    right_id: int | None = None
    now_id: int | None = None

    @property
    def is_unread(self) -> bool:
        """The tenant's list shows that it changed, and nobody has read yet what."""
        return self.kind == LaterChangeKind.CHANGED and self.now_id is None


@dataclass(frozen=True)
class _CapturedVersion:
    """A snapshot, as far as comparing by content needs it."""

    id: int
    content_id: int
    at: datetime
    modified_at: datetime | None


def find_later_changes(tenant: Tenant, since: datetime | None) -> list[LaterChange]:
    """Return what of the tenant was deleted, changed or made since then. None: since each policy was first captured.

    A policy that was made again by a restore is one with the deleted one that it was made from.
    """
    rows = _candidates(tenant, since)
    kept = _load_kept(rows)
    origins = made_from(tenant)
    by_key: dict[PolicyKey, Any] = {(row.policy_type, row.graph_id): row for row in rows}
    replaced = {source for key in by_key for source in origins.get(key, ())}
    changes = []
    for key, row in by_key.items():
        if row.state == PolicyState.GONE:
            change = None if key in replaced else _deletion(row)
        else:
            sources = [by_key[source] for source in origins.get(key, ()) if source in by_key]
            is_new = since is not None and row.first_seen_at > since and key not in origins
            change = _creation(row) if is_new else _change_of_present(row, sources, kept)
        if change:
            changes.append(change)
    return _with_right_versions(changes)


def _candidates(tenant: Tenant, since: datetime | None) -> list[Policy]:
    """Return the policies that may have changed, each with the ids of its newest, its oldest and its base snapshot."""
    of_policy = Snapshot.policy == Policy.id
    newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(of_policy)
    oldest = Snapshot.select(pw.fn.MIN(Snapshot.id)).where(of_policy)
    columns: list[Any] = [Policy, newest.alias("newest_id"), oldest.alias("oldest_id")]
    may_differ: Condition = Policy.tenant == tenant
    if since is not None:
        columns.append(newest.where(Snapshot.captured_at <= since).alias("base_id"))
        touched = (Policy.last_captured_at > since) | (Policy.first_seen_at > since) | is_changed_in_tenant()
        is_present = Policy.state == PolicyState.PRESENT
        may_differ &= (is_present & touched) | ((Policy.state == PolicyState.GONE) & (Policy.gone_at > since))
    return list(Policy.select(*columns).where(may_differ).order_by(Policy.id))


def is_changed_in_tenant() -> Condition:
    """Return the condition that a policy was changed in its tenant after its newest snapshot."""
    return (Policy.state == PolicyState.PRESENT) & (Policy.modified_at > Policy.last_captured_at)


def _load_kept(rows: Iterable[Policy]) -> dict[int, _CapturedVersion]:
    names = ("newest_id", "oldest_id", "base_id")
    ids = {snapshot_id for row in rows for name in names if (snapshot_id := getattr(row, name, None))}
    kept: dict[int, _CapturedVersion] = {}
    for some in batched(sorted(ids)):
        columns = (Snapshot.id, Snapshot.content, Snapshot.captured_at, Snapshot.modified_at)
        kept |= {
            row[0]: _CapturedVersion(*row) for row in Snapshot.select(*columns).where(Snapshot.id.in_(some)).tuples()
        }
    return kept


def made_from(tenant: Tenant) -> dict[PolicyKey, list[PolicyKey]]:
    """Return policy -> the policies of the same tenant that restores made it from, after they were deleted."""
    recorded = (
        (ObjectMapping.tenant == tenant)
        & (ObjectMapping.source_directory_id == tenant.directory_id)
        & ObjectMapping.set_by.is_null()
    )
    rows = ObjectMapping.select(ObjectMapping.kind, ObjectMapping.source_id, ObjectMapping.target_id).where(recorded)
    origins: dict[PolicyKey, list[PolicyKey]] = {}
    for kind, source, target in rows.order_by(ObjectMapping.id).tuples():
        origins.setdefault((kind, target), []).append((kind, source))
    return origins


def _deletion(row: Any) -> LaterChange:
    return LaterChange(row, LaterChangeKind.DELETED, row.gone_at, right_id=row.newest_id)


def _creation(row: Any) -> LaterChange:
    return LaterChange(row, LaterChangeKind.NEW, row.first_seen_at, now_id=row.newest_id)


def _change_of_present(row: Any, sources: Sequence[Any], kept: Mapping[int, _CapturedVersion]) -> LaterChange | None:
    """Return how a policy that is in the tenant differs, if at all. `sources`: the deleted ones it was made from."""
    if row.newest_id is None:
        return None
    newest = kept[row.newest_id]
    if unread_change(row, newest.modified_at):
        return LaterChange(row, LaterChangeKind.CHANGED, row.modified_at, right_id=row.newest_id)
    base = kept.get(_base_id([*sources, row]) or row.newest_id)
    if base is None or base.content_id == newest.content_id:
        return None
    return LaterChange(row, LaterChangeKind.CHANGED, _changed_at(row, newest), right_id=base.id, now_id=newest.id)


def _base_id(oldest_first: Sequence[Any]) -> int | None:
    """Return the snapshot of that time, or the first one after it."""
    of_that_time = [row.base_id for row in oldest_first if getattr(row, "base_id", None)]
    first_after = [row.oldest_id for row in oldest_first if row.oldest_id]
    return next(iter([*of_that_time, *first_after]), None)


def unread_change(row: Any, captured_modified_at: datetime | None) -> datetime | None:
    """Return when the tenant shows a policy to have been modified later than its newest snapshot has; None: it is read.

    A clock of the tenant's that is ahead of ours makes no change of what was read.
    """
    modified_at, captured_at = row.modified_at, row.last_captured_at
    if not (modified_at and captured_at and modified_at > captured_at):
        return None
    is_read = captured_modified_at is not None and captured_modified_at >= modified_at.replace(microsecond=0)
    changed_at: datetime | None = None if is_read else modified_at
    return changed_at


def _changed_at(row: Policy, newest: _CapturedVersion) -> datetime:
    """Return when Graph says that it was modified, else when the change was seen first."""
    return row.modified_at if row.modified_at and row.modified_at <= newest.at else newest.at


def _with_right_versions(changes: Sequence[LaterChange]) -> list[LaterChange]:
    """Give each changed policy that was read the last snapshot that differs from what is in the tenant."""
    read = [change.policy.id for change in changes if change.kind == LaterChangeKind.CHANGED and change.now_id]
    right = _last_differing(read)
    return [
        LaterChange(change.policy, change.kind, change.at, right.get(change.policy.id, change.right_id), change.now_id)
        for change in changes
    ]


def right_version_id(policy: Policy) -> int | None:
    """Return the snapshot to put back: the last one that differs from what is in the tenant, as far as is known.

    None: the tenant has the only version that was ever captured, or there is no snapshot.
    """
    columns = (Snapshot.id, Snapshot.modified_at)
    newest = Snapshot.select(*columns).where(Snapshot.policy == policy).order_by(Snapshot.id.desc()).first()
    if newest is None:
        return None
    if policy.state == PolicyState.GONE or unread_change(policy, newest.modified_at):
        return int(newest.id)
    return _last_differing([policy.id]).get(policy.id)


def _last_differing(policy_ids: Sequence[int]) -> dict[int, int]:
    """Return policy id -> its last snapshot with another content than its newest one.

    One that only a look saw, and no backup after it, comes last: it may be a step of the damage.
    """
    newest, other = Snapshot.alias(), Snapshot.alias()
    now = newest.select(newest.content).where(newest.policy == Policy.id).order_by(newest.id.desc()).limit(1)
    was_only_seen = (Run.kind == RunKind.LOOK) & (other.confirmed_at == other.captured_at)
    differing = (
        other.select(other.id)
        .join(Run, pw.JOIN.LEFT_OUTER, on=(other.run == Run.id))
        .where((other.policy == Policy.id) & (other.content != now))
        .order_by(pw.Case(None, [(was_only_seen, 1)], 0), other.id.desc())
        .limit(1)
    )
    right: dict[int, int] = {}
    for some in batched(policy_ids):
        rows = Policy.select(Policy.id, differing).where(Policy.id.in_(some)).tuples()
        right |= {policy_id: snapshot_id for policy_id, snapshot_id in rows if snapshot_id is not None}
    return right


def count_never_captured(tenant: Tenant, since: datetime | None) -> int:
    """Return how many policies were in the tenant by then and have no snapshot: nobody knows whether they changed."""
    never = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT) & Policy.last_captured_at.is_null()
    return int(Policy.select().where(never if since is None else never & (Policy.first_seen_at <= since)).count())
