"""A change as a document for programs: the command and the export of the list answer the same."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from db.models import Change, TenantEvent


def document(change: Change, events: Sequence[TenantEvent]) -> dict[str, Any]:
    """Return what is known of a change, its author's events the oldest first."""
    return {
        "id": change.id,
        "policy_type": change.policy.policy_type,
        "graph_id": change.policy.graph_id,
        "name": change.policy.name,
        "kind": change.kind,
        "severity": change.severity,
        "seen_at": _utc(change.seen_at),
        "by": [
            {"kind": event.doer_kind, "name": event.doer_name, "at": _utc(event.at), "activity": event.activity}
            for event in events
        ],
        "snapshot_before": change.before_id,
        "snapshot_after": change.after_id,
        "state": change.state,
    }


def _utc(at: datetime) -> str:
    return f"{at.isoformat(timespec='seconds')}Z"
