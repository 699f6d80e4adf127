"""The policies of a backup set with everything about them but their contents: what a copy's manifest lists."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from db.backups import manifests
from db.models import BackupSet, Content, Policy, Snapshot
from db.sql.value_lists import batched, is_in


@dataclass(frozen=True)
class SetItem:
    """One policy of a set, as its manifest tells it."""

    content_id: int
    fingerprint: str
    facts: Mapping[str, Any]
    plain_bytes: int


def of_set(backup_set: BackupSet) -> Iterator[SetItem]:
    """Yield the policies of a set, by the rising ids of their snapshots."""
    columns = (Snapshot, Policy, Content.id, Content.fingerprint, Content.plain_bytes)
    for ids in batched(manifests.snapshot_ids(backup_set.manifest)):
        rows = Snapshot.select(*columns).join(Policy).switch(Snapshot).join(Content).where(is_in(Snapshot.id, ids))
        for row in rows.order_by(Snapshot.id):
            yield SetItem(row.content_id, row.content.fingerprint, _facts(row), row.content.plain_bytes)


def _facts(row: Snapshot) -> dict[str, Any]:
    policy = row.policy
    return {
        "policy_type": policy.policy_type,
        "graph_id": policy.graph_id,
        "name": row.name,
        "odata_type": policy.odata_type,
        "platform": policy.platform,
        "is_built_in": policy.is_built_in,
        "captured_at": row.captured_at.isoformat(),
        "confirmed_at": row.confirmed_at.isoformat(),
        "modified_at": row.modified_at.isoformat() if row.modified_at else None,
        "proof": row.proof,
        "references": row.references,
    }
