"""Cancelling a run, and retrying what failed in it."""

from flask_login import current_user

import actors.backups.back_up
import actors.restores.live_restore
from actors.queue.enqueue import EnqueuedRun
from db.audit.audit import Actor
from db.errors import Invalid
from db.models import Run
from db.runs import completion
from db.states import ACTIVE, RunKind
from web.security.access import can_fetch, deny, require
from web.security.permissions import Permission

# What of a run's kind failed may be tried again, by whom.
RETRIES = {RunKind.BACK_UP: Permission.OPERATE, RunKind.RESTORE: Permission.MANAGE}


def may_cancel(run: Run) -> bool:
    """Whoever asked for a run may cancel it; that of another person, a manager."""
    is_own = run.requested_by_id == current_user.id
    return run.state in ACTIVE and can_fetch(Permission.OPERATE if is_own else Permission.MANAGE, run)


def cancel(run: Run, actor: Actor) -> bool:
    """Ask the run to stop. Return False when it had ended, or was asked before. Aborts with 403."""
    if run.state in ACTIVE and not may_cancel(run):
        deny(Permission.MANAGE, run.tenant)
    return completion.request_cancel(run, actor)


def require_may_retry(run: Run) -> None:
    """Abort with 403 unless the user may retry a run of this kind."""
    require(RETRIES.get(RunKind(run.kind), Permission.OPERATE), run)


def retry_failed(run: Run, actor: Actor) -> EnqueuedRun:
    """Start a run of what failed in this one. Raises Invalid where nothing can be tried again."""
    if run.kind == RunKind.BACK_UP:
        return actors.backups.back_up.retry_failed(run, actor)
    if run.kind == RunKind.RESTORE:
        return actors.restores.live_restore.retry_failed(run, actor)
    raise Invalid("Only backups and live restores are tried again by item. Start this one anew.")
