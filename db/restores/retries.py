"""Retries of what a live restore could not do: as it was planned, for as long as that plan may be executed."""

from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import transaction
from db.errors import Invalid
from db.models import Restore, RestoreItem, Run, RunItem
from db.restores import approvals, four_eyes, plan_fingerprint, restores
from db.states import ItemState, Outcome, RestoreState, RunKind

PREVIEW_AFRESH = "Make a new restore for what was not restored: it is previewed anew."


def unfinished_in(run: Run) -> list[RestoreItem]:
    """Return the items that this live run could not do, and no later one took up.

    An item that somebody changed in the tenant is left out: it needs a new preview.
    """
    of_restore = (Run.restore_id == run.restore_id) & (Run.kind == RunKind.RESTORE)
    # A run that was cancelled before an item did not take it up.
    of_restore &= RunItem.outcome.is_null() | (RunItem.outcome != Outcome.CANCELLED)
    newest = RunItem.select(pw.fn.MAX(RunItem.id)).join(Run).where(of_restore).group_by(RunItem.restore_item_id)
    is_bad = RunItem.state.in_([ItemState.FAILED, ItemState.UNCERTAIN]) & (RunItem.outcome != Outcome.CONFLICT)
    ids = RunItem.select(RunItem.restore_item_id).where((RunItem.run == run) & RunItem.id.in_(newest) & is_bad)
    return list(RestoreItem.select().where(RestoreItem.id.in_(ids)).order_by(RestoreItem.position))


def retries_of(run: Run) -> list[Run]:
    """Return the runs that retry this one."""
    return list(Run.select().where(Run.retry_of == run).order_by(Run.id))


def refusal(run: Run, hours: int) -> str:
    """Return why nothing of the run may be tried again, or "" when it may."""
    restore = Restore.get_by_id(run.restore_id)
    return _permanent_refusal(restore, run, hours) or _missing_approval(restore, run)


def _permanent_refusal(restore: Restore, run: Run, hours: int) -> str:
    """Return the reason that no approval helps against, or ""."""
    if restore.state != RestoreState.FINISHED:
        return "Only what a finished restore could not do can be tried again."
    if not unfinished_in(run):
        return f"Nothing in run {run.id} can be tried again. What somebody changed meanwhile needs a new preview."
    expires_at = approvals.expires_at(restore, hours)
    if expires_at is None or expires_at < utcnow():
        return f"The preview is older than {hours} hours: what it saw may be otherwise by now. {PREVIEW_AFRESH}"
    otherwise = plan_fingerprint.refusal(restore)
    return f"{otherwise.removesuffix(' Preview it again.')} {PREVIEW_AFRESH}" if otherwise else ""


def _missing_approval(restore: Restore, run: Run) -> str:
    """Return a sentence when the retry has to be approved first, or "".

    Who approved the plan saw a tenant in which none of it was written. So what is left of it is looked at again.
    """
    if not four_eyes.is_required(restore) or _is_approved(restore, run):
        return ""
    return (
        "This tenant asks for a second approval: "
        "somebody who did not ask for this restore approves each retry of it first."
    )


def _is_approved(restore: Restore, run: Run) -> bool:
    who = restore.retry_approved_by_id
    return restore.retry_approved_run == run.id and who is not None and who not in four_eyes.requesters(restore)


def lacks_only_approval(run: Run, hours: int) -> bool:
    """Return whether nothing but an approval is lacking."""
    restore = Restore.get_by_id(run.restore_id)
    return not _permanent_refusal(restore, run, hours) and bool(_missing_approval(restore, run))


@transaction
def approve(run: Run, actor: Actor, reason: str, hours: int, *, plan: str | None = None) -> None:
    """Let what this run could not do be tried again, once, as it was planned. Raises Invalid.

    No requester of the restore may approve this. Who presses “Retry failed” then decides nothing of what is written,
    and asks for nothing that was not approved: it may be anybody who manages the tenant.
    """
    restore = Restore.get_by_id(run.restore_id)
    if actor.user_id is None:
        raise Invalid("A retry is approved by a person, in the browser.")
    sentence = approvals.clean_reason(reason)
    if not sentence:
        raise Invalid("Say why: a ticket or a sentence. It is kept in the audit log.")
    restores.lock_restore(restore)
    restore = Restore.get_by_id(restore.id)
    why_not = _permanent_refusal(restore, run, hours)
    if why_not:
        raise Invalid(why_not)
    four_eyes.refuse_requester(restore, actor.user_id)
    if plan not in (None, restore.planned_mark):
        raise Invalid("Its plan is another one since you looked at it. Look at it as it is now.")
    approved = {"retry_approved_by": actor.user_id, "retry_approved_at": utcnow(), "retry_approved_run": run.id}
    Restore.update(approved).where(Restore.id == restore.id).execute()
    audit.record_of_restore(
        Action.RETRY_APPROVED, actor, restore, run=run.id, reason=sentence, fingerprint=restore.planned_mark
    )


def begin(restore: Restore, run: Run, actor: Actor, hours: int) -> list[RestoreItem]:
    """Use the approval up, and return the items to try again. In a transaction, the restore locked. Raises Invalid."""
    why_not: Any = refusal(run, hours)
    if why_not:
        raise Invalid(why_not)
    used_up = {"retry_approved_by": None, "retry_approved_at": None, "retry_approved_run": None}
    Restore.update(state=RestoreState.RUNNING, ended_at=None, **used_up).where(Restore.id == restore.id).execute()
    audit.record_of_restore(Action.RESTORE_RETRIED, actor, restore, retry_of=run.id, fingerprint=restore.planned_mark)
    return unfinished_in(run)
