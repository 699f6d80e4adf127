"""Approved states as they are: what was approved of a policy, what it is now, and the snapshots that both keep."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

import peewee as pw

from db.database import Condition
from db.models import ApprovedPolicy, ApprovedScope, Change, Content, Policy, Restore, RestoreItem, Snapshot, Tenant
from db.models import Mapping as ObjectMapping
from db.sql.value_lists import batched
from db.states import ChangeState, PolicyState

# A change in one of these states is what its policy differs by from what was approved.
STANDING = (ChangeState.OPEN, ChangeState.ACCEPTED)
# The policy type of an ApprovedScope that is the whole tenant.
WHOLE_TENANT = ""


@dataclass(frozen=True)
class Approved:
    """An approved state. No snapshot and no mark: the policy is rightly not there.

    `policy_id`: whose row says so; None: the type or the tenant was approved whole, and had no such policy.
    """

    snapshot_id: int | None = None
    mark: str | None = None
    policy_id: int | None = None

    @property
    def is_absent(self) -> bool:
        return self.mark is None


@dataclass(frozen=True)
class StateNow:
    """A policy as it was seen last: its newest snapshot, or none where it is gone or was never read."""

    snapshot_id: int | None = None
    mark: str | None = None
    at: datetime | None = None
    is_there: bool = True


def approved_for(change: Change) -> Approved | None:
    """Return what was approved of the change's policy; None: nothing.

    Of one that a restore of ours made again after it was deleted, what was approved of the deleted one.
    """
    row = _row_for(change)
    if row is not None:
        return Approved(row.snapshot_id, row.mark, row.policy_id)
    policy_type = Policy.select(Policy.policy_type).where(Policy.id == change.policy_id)
    is_whole = ApprovedScope.policy_type.in_([WHOLE_TENANT]) | (ApprovedScope.policy_type == policy_type)
    in_scope = ApprovedScope.select(ApprovedScope.id).where((ApprovedScope.tenant == change.tenant_id) & is_whole)
    return Approved() if in_scope.exists() else None


def _row_for(change: Change) -> ApprovedPolicy | None:
    """Return the policy's row, or that of its earlier life. Where a tenant has none at all, nothing else is asked."""
    if not ApprovedPolicy.select(ApprovedPolicy.id).where(ApprovedPolicy.tenant == change.tenant_id).exists():
        return None
    own: ApprovedPolicy | None = ApprovedPolicy.get_or_none(ApprovedPolicy.policy == change.policy_id)
    return own or _of_earlier_life(change.policy_id)


def _of_earlier_life(policy_id: int) -> ApprovedPolicy | None:
    earlier = Policy.alias("earlier")
    made_from = (
        (ObjectMapping.tenant == Policy.tenant)
        & (ObjectMapping.source_directory_id == Tenant.directory_id)
        & (ObjectMapping.kind == Policy.policy_type)
        & (ObjectMapping.target_id == Policy.graph_id)
        & ObjectMapping.set_by.is_null()
    )
    is_it = (
        (earlier.tenant == Policy.tenant)
        & (earlier.policy_type == Policy.policy_type)
        & (earlier.graph_id == ObjectMapping.source_id)
    )
    query = (
        ApprovedPolicy.select(ApprovedPolicy)
        .join(earlier, on=(ApprovedPolicy.policy == earlier.id))
        .join(Policy, on=(Policy.id == policy_id))
        .join(Tenant, on=(Tenant.id == Policy.tenant))
        .join(ObjectMapping, on=(made_from & is_it))
        .where((earlier.state == PolicyState.GONE) & (earlier.id != policy_id) & ApprovedPolicy.mark.is_null(False))
    )
    row: ApprovedPolicy | None = query.order_by(ApprovedPolicy.id.desc()).first()
    return row


def move(approved: Approved, policy_id: int) -> None:
    """Let the approved state of a deleted policy be that of the one that a restore made in its place."""
    ApprovedPolicy.update(policy=policy_id).where(ApprovedPolicy.policy == approved.policy_id).execute()


def states_now(policy_ids: Iterable[int]) -> dict[int, StateNow]:
    """Return policy id -> how each was seen last."""
    now: dict[int, StateNow] = {}
    for some in batched(policy_ids):
        newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(some)).group_by(Snapshot.policy)
        columns = (Policy.id, Policy.state, Policy.gone_at, Snapshot.id, Content.fingerprint, Snapshot.captured_at)
        rows = (
            Policy.select(*columns)
            .join(Snapshot, pw.JOIN.LEFT_OUTER, on=((Snapshot.policy == Policy.id) & Snapshot.id.in_(newest)))
            .join(Content, pw.JOIN.LEFT_OUTER, on=(Snapshot.content == Content.id))
            .where(Policy.id.in_(some))
        )
        for policy_id, state, gone_at, *newest_snapshot in rows.tuples():
            is_gone = state == PolicyState.GONE
            now[policy_id] = StateNow(at=gone_at, is_there=False) if is_gone else StateNow(*newest_snapshot)
    return now


def newest_put_back(change: Change, snapshot_id: int) -> Restore | None:
    """Return the newest restore of this snapshot since the change was seen: somebody is putting it back, or tried."""
    of_snapshot = (RestoreItem.snapshot == snapshot_id) & (Restore.tenant == change.tenant_id)
    since = Restore.created_at >= change.seen_at
    query = Restore.select().join(RestoreItem).where(of_snapshot & since & Restore.undo_of.is_null())
    restore: Restore | None = query.order_by(Restore.id.desc()).first()
    return restore


def is_snapshot_kept(tenant: Tenant) -> Condition:
    """Return the condition that a snapshot of the tenant is an approved state, or one side of a change that stands."""
    is_right = (ApprovedPolicy.tenant == tenant) & ApprovedPolicy.snapshot.is_null(False)
    kept: Condition = Snapshot.id.in_(ApprovedPolicy.select(ApprovedPolicy.snapshot).where(is_right))
    stands = (Change.tenant == tenant) & Change.state.in_(STANDING)
    for side in (Change.before, Change.after):
        kept |= Snapshot.id.in_(Change.select(side).where(stands & side.is_null(False)))
    return kept
