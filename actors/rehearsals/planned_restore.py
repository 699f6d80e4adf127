"""The planned restore of a whole backup set into its own tenant: previewed, counted, cancelled. It writes nothing."""

from dataclasses import asdict

from actors.plans import drafts
from actors.rehearsals import restore_steps
from actors.rehearsals.awaited_runs import StepFailed
from db.audit.audit import Actor
from db.database import database
from db.errors import Invalid
from db.models import BackupSet, Rehearsal, Restore, RestoreItem
from db.rehearsals import rehearsals
from db.rehearsals.rehearsals import NewFinding
from db.restores import restore_items, restores
from db.restores.restore_items import NEVER_RESTORED
from db.runs import claims
from db.runs.claims import Claim
from db.states import CHANGEABLE, Outcome
from graph.restore.options import proposed_options

TITLE = "the plan of a full restore"


def plan(claim: Claim, rehearsal: Rehearsal, backup_set: BackupSet, step: str, actor: Actor) -> None:
    """Plan the restore, and keep what it would do. Raises OtherRunAwaited meanwhile, and StepFailed."""
    if rehearsal.plan_counts is not None:
        return  # counted by a message that did not get any further
    restore = _draft(claim, rehearsal, backup_set, actor)
    restore = restore_steps.previewed(restore, actor, TITLE)
    counts = restore_items.count_plan(restore)
    found = [_finding(item) for item in restore_items.blocked(restore, rehearsals.FINDINGS_KEPT)]
    by_action: dict[str, int] = {}
    for (action, reason), count in counts.items():
        key = "never" if action == Outcome.BLOCKED and reason in NEVER_RESTORED else str(action)
        by_action[key] = by_action.get(key, 0) + count
    with database.atomic():
        restores.lock_restore(restore)
        if Restore.get_by_id(restore.id).state in CHANGEABLE:
            restores.cancel(restore, actor)
        claims.assert_claim(claim)
        rehearsals.replace_findings(rehearsal, step, found)
        rehearsals.note(rehearsal, plan_counts=by_action)


def _draft(claim: Claim, rehearsal: Rehearsal, backup_set: BackupSet, actor: Actor) -> Restore:
    if rehearsal.plan_restore_id is not None:
        restore = Restore.get_or_none(Restore.id == rehearsal.plan_restore_id)
        if restore is None:
            raise StepFailed("restore_gone", f"Restore {rehearsal.plan_restore_id} is no longer here.")
        return restore
    with database.atomic():
        try:
            options = asdict(proposed_options(own_tenant=True))
            restore = drafts.from_backup_set(backup_set, backup_set.tenant, options, actor)
        except Invalid as e:
            raise StepFailed("nothing_to_restore", str(e)) from e
        rehearsals.mark_restore(restore, rehearsal)
        claims.assert_claim(claim)
        rehearsals.note(rehearsal, plan_restore_id=restore.id)
    return Restore.get_by_id(restore.id)


def _finding(item: RestoreItem) -> NewFinding:
    """Remark that a policy does not come back by itself: that is known, and no failure of the rehearsal."""
    message = item.message or "A restore does not write it."
    return NewFinding(item.reason or "blocked", message, item.policy_type, item.graph_id, item.name, is_failure=False)
