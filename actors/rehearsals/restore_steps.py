"""Bringing a restore of a rehearsal to its end: preview, live run, one look for each message. No thread is held."""

from collections.abc import Callable

from actors.plans import preview
from actors.rehearsals.awaited_runs import StepFailed, awaited, ended_run
from actors.restores import live_restore
from db.audit.audit import Actor
from db.errors import Invalid
from db.models import Restore, Run
from db.restores import restores
from db.runs import runs
from db.states import ACTIVE, RestoreState, RunKind, RunState

CANCELLED = "Somebody cancelled restore {number}."


def previewed(restore: Restore, actor: Actor, title: str) -> Restore:
    """Return the restore with its plan. Raises OtherRunAwaited until it has one, and StepFailed when there is none."""
    run = restores.newest_preview(restore)
    restore = Restore.get_by_id(restore.id)
    if run is not None and run.state in ACTIVE:
        raise awaited(run, title)
    if restore.state == RestoreState.CANCELLED:
        raise StepFailed("cancelled", CANCELLED.format(number=restore.id))
    if run is not None and _has_failed(restore, run):
        raise StepFailed(run.error_code or "preview_failed", run.error_message or f"Run {run.id} did not end well.")
    if restore.state in (RestoreState.DRAFT, RestoreState.EXPIRED):
        raise awaited(_start(lambda: preview.start(restore, actor).run), title)
    return restore


def has_failed_preview(restore: Restore) -> bool:
    """Return whether the restore has no plan, and will not get one from the preview that was begun."""
    run = restores.newest_preview(restore)
    return run is not None and run.state not in ACTIVE and _has_failed(restore, run)


def _has_failed(restore: Restore, preview_run: Run) -> bool:
    return restore.state == RestoreState.DRAFT and preview_run.state not in (RunState.SUCCEEDED, RunState.PARTIAL)


def written(restore: Restore, actor: Actor, reason: str, title: str) -> Run:
    """Return the live run of a restore that has a plan, once it has ended. Raises like `previewed`."""
    if restore.state in (RestoreState.PREVIEWED, RestoreState.APPROVED):
        other = runs.find_active(f"{RunKind.RESTORE}:{restore.tenant_id}")
        if other is not None and other.restore_id != restore.id:
            raise awaited(other, "another restore writes to the lab")
        raise awaited(_start(lambda: live_restore.start(restore, actor, reason=reason).run), title)
    run = restores.newest_live_run(restore)
    if run is None:
        raise StepFailed("run_gone", f"The run of restore {restore.id} is no longer here.")
    return ended_run(run.id, title)


def _start(start: Callable[[], Run]) -> Run:
    try:
        return start()
    except Invalid as e:
        raise StepFailed("refused", str(e)) from e
