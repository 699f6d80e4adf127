"""A run as a document for programs: the command and the API answer the same."""

from typing import Any

from db.backups import backup_sets
from db.models import Run, RunItem
from db.runs import run_progress

ITEM_NAMES = ("policy_type", "graph_id", "name", "state", "outcome", "reason", "message")


def run_document(run: Run) -> dict[str, Any]:
    """Return the JSON of a run, as docs/operating.md describes it."""
    backup_set = backup_sets.find_of_run(run)
    return {
        "id": run.id,
        "kind": run.kind,
        "tenant": run.tenant.name,
        "state": run.state,
        "waiting": run_progress.waiting_reason(run),
        "counts": run_progress.count_by_state(run),
        "outcomes": run_progress.count_by_outcome(run),
        "backup_set": backup_set.id if backup_set else None,
        "restore": run.restore_id,
        "error": error_document(run),
        "items": [item_document(item) for item in run_progress.all_items(run)],
    }


def error_document(run: Run) -> dict[str, Any] | None:
    return {"code": run.error_code, "message": run.error_message} if run.error_code else None


def item_document(item: RunItem) -> dict[str, Any]:
    return {name: getattr(item, name) for name in ITEM_NAMES}
