"""Restores: asked for, previewed, approved, executed. Every change of state is one UPDATE that names what it expects.

    draft --preview run--> previewed --approve--> approved --execute--> running --live run ends--> finished
      ^                       |                     |
      +------ any change -----+---------------------+        expired, cancelled

A plan belongs to the preview that made it: a change makes the restore a draft again, and the plan is gone.
"""

from collections.abc import Sequence
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import lock_rows, lock_rows_shared, transaction
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run, RunItem, Tenant, User, Write
from db.sql import value_lists
from db.states import CHANGEABLE, POSSIBLY_APPLIED, RestoreState, Result, RunKind, RunState

# The columns of an approval, once the plan is another one.
NOT_APPROVED: dict[str, Any] = {"approved_by": None, "approved_at": None, "approved_fingerprint": None}


def has_written(restore: Restore) -> bool:
    """Return whether the restore sent something that may have been applied: then there is something to undo."""
    written = (RestoreItem.restore == restore) & Write.state.in_(POSSIBLY_APPLIED)
    return bool(Write.select(Write.id).join(RestoreItem).where(written).exists())


def lock_restore(restore: Restore) -> None:
    """In a transaction: lock the restore before anything is decided about it, and read its tenant anew."""
    lock_rows_shared(Tenant, Tenant.id == restore.tenant_id)
    lock_rows(Restore, Restore.id == restore.id)
    restore.tenant = Tenant.get_by_id(restore.tenant_id)


def require_one_row(update: Any, refusal: str) -> None:
    if update.execute() != 1:
        raise Invalid(refusal)


@transaction
def cancel(restore: Restore, actor: Actor) -> None:
    """Cancel a restore that has not begun. A running one's run is cancelled instead. Raises Invalid."""
    lock_restore(restore)
    require_one_row(
        Restore.update(state=RestoreState.CANCELLED, ended_at=utcnow()).where(
            (Restore.id == restore.id) & Restore.state.in_(CHANGEABLE)
        ),
        f"This restore is {restore.state}: it cannot be cancelled.",
    )
    audit.record_of_restore(Action.RESTORE_CANCELLED, actor, restore)


def on_run_ended(run: Run, state: RunState) -> None:
    """Move the restore on after its run, in the transaction that ends the run."""
    restore = Restore.get_or_none(Restore.id == run.restore_id) if run.restore_id else None
    if restore is None:
        return
    if run.kind == RunKind.PREVIEW:
        _on_preview_ended(restore, state)
    elif run.kind == RunKind.RESTORE:
        _on_live_run_ended(restore, run, state)


def _on_preview_ended(restore: Restore, state: RunState) -> None:
    if state in (RunState.SUCCEEDED, RunState.PARTIAL):
        Restore.update(state=RestoreState.PREVIEWED, previewed_at=utcnow()).where(
            (Restore.id == restore.id) & (Restore.state == RestoreState.DRAFT)
        ).execute()


def _on_live_run_ended(restore: Restore, run: Run, state: RunState) -> None:
    Restore.update(state=RestoreState.FINISHED, ended_at=utcnow()).where(
        (Restore.id == restore.id) & (Restore.state == RestoreState.RUNNING)
    ).execute()
    counted = (
        RunItem.select(RunItem.outcome, pw.fn.COUNT(RunItem.id)).where(RunItem.run == run).group_by(RunItem.outcome)
    )
    audit.record_of_restore(
        Action.RESTORE_ENDED,
        SYSTEM,
        restore,
        result=Result.OK if state == RunState.SUCCEEDED else Result.FAILED,
        run=run.id,
        outcomes={str(name): count for name, count in counted.tuples()},
        safety_set=restore.safety_set_id,
    )


def runs_of_restore(restore: Restore) -> list[Run]:
    """Return the restore's runs, the newest first."""
    return list(Run.select().where(Run.restore_id == restore.id).order_by(Run.id.desc()))


def newest_preview(restore: Restore) -> Run | None:
    """Return the restore's newest preview. Read the restore after it: the plan may have come in between."""
    return next((run for run in runs_of_restore(restore) if run.kind == RunKind.PREVIEW), None)


def newest_live_run_id(restore: Restore) -> int | None:
    newest: int | None = (
        Run.select(pw.fn.MAX(Run.id)).where((Run.restore_id == restore.id) & (Run.kind == RunKind.RESTORE)).scalar()
    )
    return newest


def newest_live_run(restore: Restore) -> Run | None:
    return newest_live_runs([restore.id]).get(restore.id)


def newest_live_runs(restore_ids: Sequence[int]) -> dict[int, Run]:
    """Return restore id -> its newest live run, of those that have one."""
    is_live = value_lists.is_in(Run.restore_id, restore_ids) & (Run.kind == RunKind.RESTORE)
    newest = Run.select(pw.fn.MAX(Run.id)).where(is_live).group_by(Run.restore_id)
    return {run.restore_id: run for run in Run.select().where(Run.id.in_(newest))}


def note_estimate(restore: Restore, seconds: int) -> None:
    """Keep how long a live run of the plan that is being made would take."""
    Restore.update(estimated_seconds=seconds).where(Restore.id == restore.id).execute()


def of_tenant(tenant: Tenant, limit: int) -> list[Restore]:
    """Return the newest restores to this tenant, each with who asked for it."""
    with_users = Restore.select(Restore, User).join(User, pw.JOIN.LEFT_OUTER, on=Restore.created_by)
    return list(with_users.where(Restore.tenant == tenant).order_by(Restore.id.desc()).limit(limit))


def of_pair(tenant: Tenant, source_directory_id: str, limit: int) -> list[Restore]:
    """Return the newest restores to this tenant from that directory."""
    is_of_pair = (Restore.tenant == tenant) & (Restore.source_directory_id == source_directory_id)
    return list(Restore.select().where(is_of_pair).order_by(Restore.id.desc()).limit(limit))


def awaiting_approval(tenant_ids: Sequence[int] | None, limit: int) -> list[Restore]:
    """Return the newest previewed restores that a second person has to approve; None: of every tenant."""
    asks = (Restore.state == RestoreState.PREVIEWED) & (Tenant.four_eyes | Restore.asks_four_eyes) & Tenant.is_active
    asks &= Restore.rehearsal_id.is_null()  # the plan of a rehearsal waits for nobody
    query = (
        Restore.select(Restore, Tenant)
        .join(Tenant)
        .where(asks & value_lists.is_in_if_given(Restore.tenant, tenant_ids))
    )
    return list(query.order_by(Restore.id.desc()).limit(limit))


def listed(tenant: Tenant | None, limit: int) -> list[Restore]:
    """Return the newest restores to a tenant or to all, each with its tenant and who asked for it."""
    query = Restore.select(Restore, Tenant, User).join(Tenant).switch(Restore)
    query = query.join(User, pw.JOIN.LEFT_OUTER, on=Restore.created_by).where(
        value_lists.equals_if_given(Restore.tenant, tenant)
    )
    return list(query.order_by(Restore.id.desc()).limit(limit))


def by_ids(ids: Sequence[int]) -> list[Restore]:
    """Return those of these few restores that are kept, oldest first."""
    return list(Restore.select().where(value_lists.is_in(Restore.id, ids)).order_by(Restore.id))
