"""The policies that a document may be of, without their contents: what stands in its list of contents."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db.models import Change, Content, Policy, Snapshot, Tenant
from db.sql.value_lists import batched, is_in
from db.states import PolicyState

# The snapshots that are loaded whole at once: each brings its references.
SNAPSHOTS_AT_ONCE = 50


@dataclass(frozen=True)
class CapturedPolicy:
    """A policy in one snapshot. `captured_at`: when its content was read first, so that it changed then or before."""

    snapshot_id: int
    policy_id: int
    policy_type: str
    odata_type: str | None
    graph_id: str
    name: str
    captured_at: datetime


def newest_snapshot_ids(tenant: Tenant, policy: Policy | None = None) -> list[int]:
    """Return the newest snapshot of each policy that is in the tenant; of one policy alone, wherever it is."""
    newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).join(Policy).where(Policy.tenant == tenant)
    wanted = Policy.state == PolicyState.PRESENT if policy is None else Policy.id == policy.id
    return sorted(row[0] for row in newest.where(wanted).group_by(Snapshot.policy).tuples())


def listed(snapshot_ids: Sequence[int]) -> list[CapturedPolicy]:
    """Return the policies of these snapshots, however many, in no order."""
    fields: tuple[Any, ...] = (Snapshot.id, Policy.id, Policy.policy_type, Policy.odata_type, Policy.graph_id)
    rows: list[CapturedPolicy] = []
    for some in batched(snapshot_ids):
        query = Snapshot.select(*fields, Snapshot.name, Snapshot.captured_at).join(Policy)
        rows += [CapturedPolicy(*row) for row in query.where(Snapshot.id.in_(some)).tuples()]
    return rows


def load(snapshot_ids: Sequence[int]) -> list[Snapshot]:
    """Return these snapshots in the order asked for, each with its policy and its content's row, still sealed."""
    query = Snapshot.select(Snapshot, Policy, Content.id, Content.fingerprint).join(Policy).switch(Snapshot)
    found = {snapshot.id: snapshot for snapshot in query.join(Content).where(is_in(Snapshot.id, snapshot_ids))}
    return [found[snapshot_id] for snapshot_id in snapshot_ids if snapshot_id in found]


def last_changes(policy_ids: Iterable[int], until: datetime | None) -> dict[int, Change]:
    """Return policy id -> its last change that was seen by then; each with its policy and tenant."""
    changed: dict[int, Change] = {}
    for some in batched(sorted(policy_ids)):
        seen = Change.policy.in_(some)
        if until is not None:
            seen &= Change.seen_at <= until
        newest = Change.select(pw.fn.MAX(Change.id)).where(seen).group_by(Change.policy)
        rows = Change.select(Change, Policy, Tenant).join(Policy).switch(Change).join(Tenant)
        changed |= {row.policy_id: row for row in rows.where(Change.id.in_(newest))}
    return changed
