"""Look-ups of one person or device: the question and what a run found, sealed, and kept for a few days only."""

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from db.clock import utcnow
from db.encryption import keyring
from db.models import AssignmentLookUp, Run

KEPT = timedelta(days=7)
ROWS_AT_ONCE = 500


def create(run: Run, asked: Mapping[str, Any]) -> None:
    """Keep what the run is to look up, in the transaction that makes the run."""
    AssignmentLookUp.insert(run=run, tenant=run.tenant_id, sealed=_seal(run.id, asked), made_at=utcnow()).execute()


def save(run: Run, document: Mapping[str, Any]) -> None:
    """Replace what is kept of the run. One that has expired meanwhile stays gone."""
    AssignmentLookUp.update(sealed=_seal(run.id, document)).where(AssignmentLookUp.run == run).execute()


def find(run_id: int) -> dict[str, Any] | None:
    """Return what was asked and found; None when it is kept no longer. Raises SealError."""
    row = AssignmentLookUp.get_or_none(AssignmentLookUp.run == run_id)
    if row is None:
        return None
    document: dict[str, Any] = json.loads(keyring().unseal(row.sealed, seal_owner(row)).decode("utf-8"))
    return document


def delete_old() -> int:
    """Delete what is kept for too long. Return how many."""
    old = AssignmentLookUp.select(AssignmentLookUp.id).where(AssignmentLookUp.made_at < utcnow() - KEPT)
    ids = [row[0] for row in old.order_by(AssignmentLookUp.made_at).limit(ROWS_AT_ONCE).tuples()]
    return int(AssignmentLookUp.delete().where(AssignmentLookUp.id.in_(ids)).execute()) if ids else 0


def seal_owner(row: AssignmentLookUp) -> str:
    return _owner(row.run_id)


def _owner(run_id: int) -> str:
    return f"run:{run_id}:assignments"


def _seal(run_id: int, document: Mapping[str, Any]) -> bytes:
    return keyring().seal(json.dumps(document).encode(), _owner(run_id))
