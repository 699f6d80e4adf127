"""The occurrences of a run's end: that it failed, how a restore went, that a plan waits for a second person."""

from collections.abc import Mapping

from db.models import Restore, Run, Tenant
from db.notices import occurrences
from db.states import NoticeEvent, RestoreState, RunKind, RunState

# Whoever started these sits before them; and a watch that fails says so on its own page, and looks again in minutes.
# Without Microsoft's words for a setting, ours serve.
QUIET_KINDS = (
    RunKind.UPLOAD,
    RunKind.IMPORT,
    RunKind.PREVIEW,
    RunKind.WATCH,
    RunKind.DEFINE,
    RunKind.READINESS,
    RunKind.LOOK_UP,
    # The store says that it fails, and is behind: a notice of its own, once, and not for each set.
    RunKind.PUSH,
)
_EVENTS = {RunState.FAILED: NoticeEvent.RUN_FAILED, RunState.PARTIAL: NoticeEvent.RUN_PARTIAL}


def on_run_ended(run: Run, state: RunState, counts: Mapping[str, int]) -> None:
    """Note what may be told of a run that ends, in the transaction that ends it. It is nobody's child run."""
    if run.kind == RunKind.PREVIEW:
        _on_preview_ended(run)
    facts = {"state": str(state), "counts": dict(counts), "kind": str(run.kind)}
    event = NoticeEvent.RESTORE_DONE if run.kind == RunKind.RESTORE else _EVENTS.get(state)
    if event and run.kind not in QUIET_KINDS:
        occurrences.begin(event, f"run:{run.id}", run.tenant_id, run_id=run.id, restore_id=run.restore_id, facts=facts)


def _on_preview_ended(run: Run) -> None:
    """Note that a fresh plan waits for a second person, where its tenant asks for one."""
    restore = Restore.get_or_none(Restore.id == run.restore_id)
    if restore is None or restore.state != RestoreState.PREVIEWED or restore.rehearsal_id is not None:
        return
    if restore.asks_four_eyes or Tenant.get_by_id(restore.tenant_id).four_eyes:
        key = f"restore_waiting:{restore.id}:{run.id}"
        occurrences.begin(NoticeEvent.RESTORE_WAITING, key, restore.tenant_id, run_id=run.id, restore_id=restore.id)
