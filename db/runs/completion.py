"""The end of a run: once, with its totals, its restore or backup set, notifications and an audit event."""

from collections.abc import Sequence
from typing import Any

from db import observation
from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.backups import backup_sets
from db.clock import utcnow
from db.database import database, lock_rows, transaction
from db.definitions import sources
from db.models import IS_ACTIVE, Restore, Run, RunItem, Tenant, Write
from db.notices import run_occurrences
from db.rehearsals import rehearsals
from db.restores import restores
from db.runs import answer_cache, claims, levels, listing_cache, notifications, uploads
from db.runs.claims import Claim, held_by, require_one_row
from db.runs.run_items import POSSIBLY_ON, failure_columns, is_item_of
from db.runs.run_progress import count_by_state
from db.standards import cells
from db.states import POSSIBLY_APPLIED, UNSETTLED, ItemState, Outcome, Result, RunKind, RunState
from db.waits import stints

# Kinds of runs that may read settings that nobody has seen before.
CAPTURING = (RunKind.BACK_UP, RunKind.CAPTURE_SNAPSHOT, RunKind.LOOK, RunKind.WATCH, RunKind.RESTORE)
# Kinds of runs after which the tenant may stand otherwise to a standard.
_SEEING = (*CAPTURING, RunKind.SYNC)


def finish(claim: Claim, lack: RunItem | None = None) -> RunState:
    """End a run whose items are settled (or whose cancel was asked for). Return its state, which follows from them.

    `lack`: what is not as it was asked for although its items do not say so; of a run that succeeded.
    """
    with database.atomic():
        lock_ending_rows(claim.run)
        run = Run.get_by_id(claim.run.id)
        stints.record_end(run, claim.began_at)
        if claims.is_cancel_requested(claim):
            _cancel_unsettled_items(run)
        tally = count_by_state(run)
        state, error = final_state(run, tally)
        if state == RunState.SUCCEEDED:
            error = error or lack
        _end(run, held_by(claim), state, tally, error)
    return state


def leave_no_trace(claim: Claim) -> None:
    """Delete a quiet run whose work came to nothing, in place of ending it: nobody was told of it."""
    with database.atomic():
        claims.require_one_row(Run.delete().where(held_by(claim)))
        _tell_observer(claim.run, RunState.SUCCEEDED)


def lock_ending_rows(*ending: Run) -> None:
    """In a transaction: lock the rows that end with these runs, in the order of db/sql/lock_order.py."""
    ids = [run.id for run in ending]
    backed_up = [run.tenant_id for run in ending if run.kind == RunKind.BACK_UP]
    restored = [run.restore_id for run in ending if run.restore_id]
    if backed_up:
        lock_rows(Tenant, Tenant.id.in_(backed_up))
    for tenant_id in sorted({run.tenant_id for run in ending if run.kind in _SEEING}):
        cells.mark_due(tenant_id)
    if restored:
        lock_rows(Restore, Restore.id.in_(restored))
    # Together: a heartbeat takes a part of the one before it takes the next.
    lock_rows(Run, Run.id.in_(ids) | Run.parent.in_(ids))


def _cancel_unsettled_items(run: Run) -> None:
    _mark_begun_uncertain(run, "The run was cancelled.")
    RunItem.update(
        state=ItemState.SKIPPED,
        outcome=Outcome.CANCELLED,
        reason="cancelled",
        message="The run was cancelled before this item.",
        ended_at=utcnow(),
    ).where((RunItem.run == run) & RunItem.state.in_(UNSETTLED)).execute()


def _mark_begun_uncertain(run: Run, why: str) -> None:
    """Mark the items that a live restore was in the midst of writing: they are neither untouched nor done.

    Of one that was being brought back, and is on until its plan is carried out, that is said first.
    """
    begun = Write.select(Write.item).where((Write.run == run) & Write.state.in_(POSSIBLY_APPLIED))
    are_begun = (RunItem.run == run) & RunItem.state.in_(UNSETTLED) & RunItem.restore_item_id.in_(begun)
    ends = {"state": ItemState.UNCERTAIN, "outcome": Outcome.UNKNOWN, "ended_at": utcnow()}
    on = f"{why} It was being brought back, and is possibly ON against the plan. Look in Entra, then “Retry failed”."
    begun_message = f"{why} Part of this policy may be written: “Retry failed” looks at what is there, and goes on."
    RunItem.update(message=on, **ends).where(are_begun & (RunItem.reason == POSSIBLY_ON)).execute()
    RunItem.update(reason="uncertain", message=begun_message, **ends).where(are_begun).execute()


def final_state(run: Run, tally: dict[str, int]) -> tuple[RunState, RunItem | None]:
    """Return the state that a run ends in, and the item whose sentence says why it is not wholly good."""
    was_cut_short = RunItem.outcome << (Outcome.CANCELLED, Outcome.UNKNOWN)
    is_cut_short = RunItem.select().where((RunItem.run == run) & was_cut_short).exists()
    if run.cancel_requested_at and (is_cut_short or not tally["total"] or backup_sets.has_unlisted(run)):
        return RunState.CANCELLED, None
    trouble = (
        RunItem.select()
        .where((RunItem.run == run) & RunItem.reason.is_null(False))
        .order_by(RunItem.state, RunItem.id)
        .first()
    )
    if trouble and not tally["done"]:
        # Nothing came through, be it failed or skipped for want of permission: the run as a whole failed.
        return RunState.FAILED, trouble
    if tally["failed"] or tally["uncertain"]:
        return RunState.PARTIAL, trouble
    return RunState.SUCCEEDED, levels.first_lacking(run)


def fail(claim: Claim, code: str, message: str, request_id: str | None = None) -> None:
    """End a run that cannot go on. Its unsettled items fail."""
    run = claim.run
    with database.atomic():
        lock_ending_rows(run)
        stints.record_end(run, claim.began_at)
        fail_unsettled_items(run, code, message, request_id)
        tally = count_by_state(Run.get_by_id(run.id))
        state = RunState.PARTIAL if tally["done"] else RunState.FAILED
        _end(run, held_by(claim), state, tally, RunItem(reason=code, message=message, request_id=request_id))
        if run.kind == RunKind.PRUNE:
            notifications.notify_recipients(run)  # the daily one was quiet until now


def fail_unsettled_items(run: Run, code: str, message: str, request_id: str | None) -> None:
    """Fail the unsettled items of a run; of a child run only its own."""
    if run.restore_id is not None:
        _mark_begun_uncertain(run, message)
    failed = failure_columns(code, message, request_id)
    RunItem.update(**failed).where(is_item_of(run) & RunItem.state.in_(UNSETTLED)).execute()


def _end(run: Run, expected: Any, state: RunState, tally: dict[str, int], error: RunItem | None) -> None:
    if run.parent_id is not None:
        raise ValueError(f"run {run.id} is a part: db/runs/child_runs.py ends it, and its whole after it")
    require_one_row(
        Run.update(
            state=state,
            ended_at=utcnow(),
            claimed_by=None,
            heartbeat_at=None,
            waiting=None,
            resume_at=None,
            error_code=error and (error.reason or levels.LACKING),
            error_message=error and error.message and error.message[:1000],
            request_id=error and error.request_id,
            **tally,
        ).where(expected)
    )
    _tell_observer(run, state)
    Run.delete().where(Run.parent == run.id).execute()
    backup_sets.complete(run)
    restores.on_run_ended(run, state)
    rehearsals.on_run_ended(run, state)
    listing_cache.delete(run)
    answer_cache.delete(run)
    uploads.delete_of_run(run)
    if run.kind in CAPTURING and tally["done"]:
        sources.mark_due(run.tenant_id)
    is_as_asked = state == RunState.SUCCEEDED and error is None
    notifications.mark_unread(run.id, run.requested_by_id if is_as_asked else None)
    run_occurrences.on_run_ended(run, state, tally)
    result = Result.FAILED if state in {RunState.FAILED, RunState.PARTIAL} else Result.OK
    audit.record(
        Action.RUN_ENDED, SYSTEM, f"run {run.id}", tenant=run.tenant, result=result, state=str(state), counts=tally
    )


def _tell_observer(run: Run, state: RunState) -> None:
    """In a transaction: tell whoever counts that a run ended, once nothing but the commit is left to do."""
    seconds = (utcnow() - (run.started_at or run.created_at)).total_seconds()
    database.write_last(_tell_ended, (run.kind, state, max(0.0, seconds)))


def _tell_ended(rows: Sequence[tuple[str, RunState, float]]) -> None:
    for kind, state, seconds in rows:
        observation.observer().ended(kind, state, seconds)


@transaction
def request_cancel(run: Run, actor: Actor) -> bool:
    """Ask an active run to stop at its next item, or end it here when nobody holds it. Return False when it had ended.

    For a child run, its parent is cancelled.
    """
    run = run.parent or run
    lock_ending_rows(run)
    is_asked = (
        Run.update(cancel_requested_at=utcnow())
        .where((Run.id == run.id) & IS_ACTIVE & Run.cancel_requested_at.is_null())
        .execute()
    )
    if is_asked:
        audit.record(Action.RUN_CANCEL, actor, f"run {run.id}", tenant=run.tenant)
        finish_if_cancelled(run)
    return bool(is_asked)


def finish_if_cancelled(run: Run) -> bool:
    """End a run whose cancel was asked for and that no worker holds. Return whether that was so."""
    with database.atomic():
        lock_ending_rows(run)
        held = claims.take_claim(run.id, run.kind) if Run.get_by_id(run.id).cancel_requested_at else None
        if held:
            finish(held)
    return held is not None
