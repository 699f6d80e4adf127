"""Removes from the lab what a rehearsal made there, by an undo of its restore; tells of each object that stays."""

from actors.plans import drafts
from actors.rehearsals import restore_steps
from actors.rehearsals.awaited_runs import StepFailed, ended_run
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import Rehearsal, Restore, RestoreItem, Tenant
from db.rehearsals import rehearsals
from db.rehearsals.rehearsals import NewFinding
from db.restores import restore_drafts, restore_items, restores
from db.runs import claims
from db.runs.claims import Claim
from db.states import CHANGEABLE, Outcome, RestoreState

TITLE = "the sample is removed from the lab"
NOTHING = "Nothing was made in the lab."


def remove(claim: Claim, rehearsal: Rehearsal, step: str, actor: Actor) -> str:
    """Remove what was made. Return a sentence. Raises OtherRunAwaited meanwhile, and StepFailed."""
    if rehearsal.lab_cleared_at is not None or rehearsal.lab_restore_id is None:
        return NOTHING
    made = Restore.get_or_none(Restore.id == rehearsal.lab_restore_id)
    if made is None:
        raise StepFailed("restore_gone", f"Restore {rehearsal.lab_restore_id} into the lab is no longer here.")
    _require_ended(made, actor)
    if not restores.has_written(made):
        _note_cleared(claim, rehearsal)
        return NOTHING
    undo = _undo(claim, rehearsal, made, actor)
    undo = restore_steps.previewed(undo, actor, TITLE)
    run = restore_steps.written(undo, actor, f"Rehearsal {rehearsal.id} removes what it made", TITLE)
    return _settle(claim, rehearsal, undo, step, run.id)


def _require_ended(made: Restore, actor: Actor) -> None:
    """Wait for a restore that is written still; one that has not begun is cancelled, and never begins."""
    if made.state == RestoreState.RUNNING:
        run = restores.newest_live_run(made)
        if run is not None:
            ended_run(run.id, "the sample goes into the lab")
    elif made.state in CHANGEABLE:
        try:
            restores.cancel(made, actor)
        except Invalid as e:  # it has begun since
            raise StepFailed("refused", str(e)) from e


def _undo(claim: Claim, rehearsal: Rehearsal, made: Restore, actor: Actor) -> Restore:
    """Return the undo of this run of removals; each run drafts one of its own."""
    undo = Restore.get_or_none(Restore.id == rehearsal.lab_undo_id) if rehearsal.lab_undo_id else None
    # One that was drafted by an earlier run of removals has ended and left something, or its preview failed.
    is_over = undo is not None and (undo.ended_at is not None or restore_steps.has_failed_preview(undo))
    if undo is not None and (not is_over or undo.created_at >= claim.run.created_at):
        return undo
    with database.atomic():
        lock_rows(Tenant, Tenant.id == made.tenant_id)
        try:
            if undo is not None and undo.ended_at is None:
                restores.cancel(undo, actor)
            undo = drafts.undo(Restore.get_by_id(made.id), actor)
        except Invalid as e:
            raise StepFailed("refused", str(e)) from e
        removals = [item.id for item in restore_items.items(undo) if item.content_id is None]
        if not removals:
            raise StepFailed("nothing_to_remove", "What was made in the lab is not known: look there for its names.")
        restore_drafts.remove_other_items(undo, removals, actor)
        rehearsals.mark_restore(undo, rehearsal)
        claims.assert_claim(claim)
        rehearsals.note(rehearsal, lab_undo_id=undo.id)
    return Restore.get_by_id(undo.id)


def _note_cleared(claim: Claim, rehearsal: Rehearsal) -> None:
    with database.atomic():
        claims.assert_claim(claim)
        rehearsals.note(rehearsal, lab_cleared_at=utcnow())


def _settle(claim: Claim, rehearsal: Rehearsal, undo: Restore, step: str, run_id: int) -> str:
    items = restore_items.items(undo)
    left = [item for item in items if not _is_gone(item)]
    gone = [item.target_id for item in items if _is_gone(item)]
    with database.atomic():
        claims.assert_claim(claim)
        rehearsals.note_removed(rehearsal, gone)
        rehearsals.replace_findings(rehearsal, step, [_left_finding(item, undo) for item in left])
        if not left:
            rehearsals.note(rehearsal, lab_cleared_at=utcnow())
    return f"{len(gone)} of {len(items)} policies were removed from the lab by run {run_id}."


def _is_gone(item: RestoreItem) -> bool:
    return (item.outcome or item.action) in (Outcome.REMOVED, Outcome.MATCHES)


def _left_finding(item: RestoreItem, undo: Restore) -> NewFinding:
    why = item.message or "See the run of that restore for why."
    sentence = (
        f"{item.target_id} is still in the lab, and has to be removed there by hand (restore {undo.id} tried). {why}"
    )
    return NewFinding("left_in_lab", sentence, item.policy_type, item.graph_id, item.name)
