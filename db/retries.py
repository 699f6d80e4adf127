"""Trying again what a live restore could not do: as it was planned, for as long as that plan may be executed."""

from datetime import timedelta
from typing import Any

import peewee as pw

from db import four_eyes
from db.clock import utcnow
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run, RunItem
from db.states import ItemState, Outcome, RestoreState, RunKind

AFRESH = "“Restore what is left” previews it anew."


def unfinished_in(run: Run) -> list[RestoreItem]:
    """What this live run could not do, and no later one took up. What somebody changed needs a new preview."""
    of_restore = (Run.restore_id == run.restore_id) & (Run.kind == RunKind.RESTORE)
    # A run that was cancelled before an item did not take it up.
    of_restore &= RunItem.outcome.is_null() | (RunItem.outcome != Outcome.CANCELLED)
    newest = RunItem.select(pw.fn.MAX(RunItem.id)).join(Run).where(of_restore).group_by(RunItem.restore_item_id)
    is_bad = RunItem.state.in_([ItemState.FAILED, ItemState.UNCERTAIN]) & (RunItem.outcome != Outcome.CONFLICT)
    ids = RunItem.select(RunItem.restore_item_id).where((RunItem.run == run) & RunItem.id.in_(newest) & is_bad)
    return list(RestoreItem.select().where(RestoreItem.id.in_(ids)).order_by(RestoreItem.position))


def refusal(run: Run, hours: int) -> str:
    """Why nothing of it may be tried again; "" when it may."""
    restore = Restore.get_by_id(run.restore_id)
    if restore.state != RestoreState.FINISHED:
        return "Only what a finished restore could not do can be tried again."
    if not unfinished_in(run):
        return f"Nothing in run {run.id} can be tried again. What somebody changed meanwhile needs a new preview."
    if not restore.previewed_at or restore.previewed_at < utcnow() - timedelta(hours=hours):
        return f"The preview is older than {hours} hours: what it saw may be otherwise by now. {AFRESH}"
    if restore.tenant.four_eyes and not four_eyes.has_approved(restore):
        return f"This tenant asks for four eyes, and nobody but its requester has approved this plan. {AFRESH}"
    return ""


def begin(restore: Restore, run: Run, hours: int) -> list[RestoreItem]:
    """In a transaction, the restore held: what is tried again. Raises Invalid."""
    why_not: Any = refusal(run, hours)
    if why_not:
        raise Invalid(why_not)
    Restore.update(state=RestoreState.RUNNING, ended_at=None).where(Restore.id == restore.id).execute()
    return unfinished_in(run)
