"""`tenant.rehearse`: rehearses the worst day of a tenant, step by step, and writes nothing to the tenant itself.

Each step is an item of the run. What a step needs of other runs it begins once, notes in the rehearsal's row, and looks
for again: any message may be the last, and no thread is held while another run works. A step that fails ends with its
sentence, and the others go on: what was made in the lab is removed whatever else happened.
"""

from collections.abc import Callable
from dataclasses import dataclass

import dramatiq

from actors.backups import back_up
from actors.queue.enqueue import EnqueuedRun, enqueue, enqueue_new
from actors.queue.queue_names import BULK, PRIORITY
from actors.queue.run_actor import run_claimed
from actors.rehearsals import contents_check, lab_removal, lab_restore, planned_restore
from actors.rehearsals.awaited_runs import StepFailed, ended_run
from db.audit.audit import Actor
from db.audit.own_actors import REHEARSAL
from db.backups import backup_sets
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import BackupSet, Rehearsal, RunItem, Tenant
from db.readiness import reports
from db.rehearsals import rehearsals, rules
from db.rehearsals.rehearsals import NewFinding
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.states import ItemState, Outcome, ReadinessVerdict, RunKind, SetState
from graph.errors import Rejected

# Stand at items of the run where others have a policy type.
BACKUP, CONTENTS, PLAN = "backup", "contents", "plan"
LAB_RESTORE, LAB_COMPARE, LAB_REMOVE = "lab_restore", "lab_compare", "lab_remove"
TITLES = {
    BACKUP: "Back up",
    CONTENTS: "Open every content",
    PLAN: "Plan a full restore",
    LAB_RESTORE: "Restore a sample into the lab",
    LAB_COMPARE: "Compare it with the plan",
    LAB_REMOVE: "Remove it from the lab",
}
OF_LAB = (LAB_RESTORE, LAB_COMPARE, LAB_REMOVE)
NO_SET = "There is no backup to look at."
FOUND = "Not all of it is as it should be: the findings say what."


def start(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    """Start a rehearsal of the tenant, or find the one under way. Raises SwitchedOff."""
    return enqueue_new(create_run(tenant, actor))


def create_run(tenant: Tenant, actor: Actor) -> StartedRun:
    """Like `start`, for a caller that commits more with the run, and enqueues it after that."""
    with database.atomic():
        lab_id = rules.of_tenant(tenant).lab_id
        steps = [step for step in TITLES if lab_id is not None or step not in OF_LAB]
        started = _create(tenant, f"{RunKind.REHEARSE}:{tenant.id}", steps, actor)
        if started.is_new:
            rehearsals.begin(started.run, lab_id)
    return started


def _create(tenant: Tenant, dedupe_key: str, steps: list[str], actor: Actor, *, even_off: bool = False) -> StartedRun:
    return runs.start(
        tenant=tenant,
        kind=RunKind.REHEARSE,
        dedupe_key=dedupe_key,
        items=[NewRunItem(step, TITLES[step]) for step in steps],
        actor=actor,
        even_off=even_off,
    )


def start_removal(rehearsal: Rehearsal) -> None:
    """Start a run that removes what a rehearsal left in its lab, for a scheduler that found it due.

    It has a key of its own: whoever asks for a rehearsal meanwhile would be given this run, and nothing be rehearsed.
    The rehearsed tenant may be switched off by now: the sample lies in another one.
    """
    key = f"{RunKind.REHEARSE}:{rehearsal.tenant_id}:removal"
    with database.atomic():
        lock_rows(Tenant, Tenant.id == rehearsal.tenant_id)
        # Another is removed: this one's turn comes when that has ended.
        if runs.find_active(key) is not None or not rehearsals.claim_removal(rehearsal):
            return
        started = _create(rehearsal.tenant, key, [LAB_REMOVE], REHEARSAL, even_off=True)
        rehearsals.note(rehearsal, removal_run_id=started.run.id)
    enqueue_new(started)


@dramatiq.actor(actor_name=RunKind.REHEARSE, queue_name=BULK, priority=PRIORITY[BULK])
def rehearse(run_id: int) -> None:
    run_claimed(run_id, RunKind.REHEARSE, _rehearse)


@dataclass(frozen=True)
class StepResult:
    """The end of a step that could be done: a sentence about it."""

    message: str


def _rehearse(claim: Claim) -> None:
    rehearsal = rehearsals.find_of_run(claim.run)
    if rehearsal is None:
        raise LookupError(f"run {claim.run.id} has no rehearsal")
    for item in run_items.unsettled_items(claim.run):
        if claims.is_cancel_requested(claim):
            return
        try:
            result = _STEPS[item.policy_type](claim, rehearsal)
        except StepFailed as e:
            _finish_failed(claim, rehearsal, item, e.code, e.sentence)
        except Rejected as e:
            _finish_failed(claim, rehearsal, item, e.code, e.sentence)
        else:
            if result is None:
                return  # a cancel was asked for
            _finish(claim, rehearsal, item, result.message)


def _finish(claim: Claim, rehearsal: Rehearsal, item: RunItem, message: str) -> None:
    """End a step that could be done: it passed, unless it has found something."""
    with database.atomic():
        claims.assert_claim(claim)
        is_good = not rehearsals.has_failures(rehearsal, item.policy_type)
        state, outcome = (ItemState.DONE, Outcome.PASSED) if is_good else (ItemState.FAILED, Outcome.ERROR)
        reason, said = (None, message) if is_good else ("rehearsal_findings", f"{message} {FOUND}")
        run_items.finish_item(claim, item, state, outcome, reason=reason, message=said)
    claims.reset_attempts(claim)  # what went wrong before a step was done does not count for the next


def _finish_failed(claim: Claim, rehearsal: Rehearsal, item: RunItem, code: str, sentence: str) -> None:
    with database.atomic():
        claims.assert_claim(claim)
        rehearsals.add_findings(rehearsal, item.policy_type, [NewFinding(code, sentence)])
        run_items.finish_item(claim, item, ItemState.FAILED, Outcome.ERROR, reason=code[:60], message=sentence)


# --- the steps -------------------------------------------------------------------------------------------------------


def _back_up(claim: Claim, rehearsal: Rehearsal) -> StepResult:
    if rehearsal.backup_run_id is None:
        _start_backup(claim, rehearsal)
    run = ended_run(int(rehearsal.backup_run_id or 0), "the backup")
    taken = backup_sets.find_of_run(run)
    is_usable = taken is not None and taken.manifest_id is not None and bool(backup_sets.snapshot_ids(taken))
    backup_set = taken if is_usable else backup_sets.newest_whole(rehearsal.tenant)
    found = _problems_of(taken) if taken is not None else []
    if not is_usable:
        why = run.error_message or f"Run {run.id} captured nothing."
        found.append(NewFinding(run.error_code or "no_backup", why))
    with database.atomic():
        claims.assert_claim(claim)
        rehearsals.replace_findings(rehearsal, BACKUP, found)
        rehearsals.note(rehearsal, backup_set_id=backup_set and backup_set.id)
    if backup_set is None:
        return StepResult(f"Run {run.id} made no backup, and there is none from before.")
    if not is_usable:
        return StepResult(f"Run {run.id} made no backup. The last one before it is looked at: {backup_set}.")
    return StepResult(_MADE[SetState(backup_set.state)].format(run=run.id, backup_set=backup_set.id))


_MADE = {
    SetState.RUNNING: "Run {run} makes backup set {backup_set}.",
    SetState.COMPLETE: "Run {run} made backup set {backup_set}: nothing is missing.",
    SetState.WARNINGS: "Run {run} made backup set {backup_set}: some policy types may not be read.",
    SetState.INCOMPLETE: "Run {run} made backup set {backup_set}: something could not be read.",
}


def _start_backup(claim: Claim, rehearsal: Rehearsal) -> None:
    """Start the backup, or find the one under way: the run and what is noted of it are one transaction."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == rehearsal.tenant_id)
        try:
            started = back_up.create_run(rehearsal.tenant, REHEARSAL)
        except Invalid as e:
            raise StepFailed("tenant_off", str(e)) from e
        claims.assert_claim(claim)
        rehearsals.note(rehearsal, backup_run_id=started.run.id)
    if started.is_new:
        enqueue(started.run)


def _problems_of(backup_set: BackupSet) -> list[NewFinding]:
    """Return what the backup could not read. What may not be read at all is known: remarks, and no failures."""
    is_failure = backup_set.state == SetState.INCOMPLETE
    if is_failure and not backup_set.problems:
        return [NewFinding("not_whole", f"Backup set {backup_set.id} is incomplete: its run ended before it.")]
    return [
        NewFinding(
            str(problem.get("reason") or "not_read"),
            str(problem.get("message") or "It could not be read."),
            problem.get("policy_type"),
            name=problem.get("name"),
            is_failure=is_failure,
        )
        for problem in backup_set.problems or ()
    ]


def set_of(rehearsal: Rehearsal) -> BackupSet:
    """Return the backup set that the rehearsal looks at. Raises StepFailed where there is none."""
    backup_set: BackupSet | None = BackupSet.get_or_none(BackupSet.id == rehearsal.backup_set_id)
    if backup_set is None or backup_set.tenant_id != rehearsal.tenant_id:
        raise StepFailed("no_backup", NO_SET)
    return backup_set


def _check_contents(claim: Claim, rehearsal: Rehearsal) -> StepResult | None:
    if not contents_check.check(claim, rehearsal, set_of(rehearsal), CONTENTS):
        return None
    return StepResult(f"{rehearsal.contents_checked} of {rehearsal.contents_total} contents were opened and compared.")


# Counts stand between dots, so that each is a text of its own to who reads in another language.
_PLANNED = {
    Outcome.CREATE: "{count} to be created",
    Outcome.RECREATE: "{count} to be created again",
    Outcome.UNDELETE: "{count} to come back with the same id",
    Outcome.UPDATE: "{count} to be changed",
    Outcome.REMOVE: "{count} to be removed",
    Outcome.MATCHES: "{count} already as in the backup",
    Outcome.EXISTS: "{count} left as they are",
    Outcome.BLOCKED: "{count} not possible",
}


def _plan(claim: Claim, rehearsal: Rehearsal) -> StepResult:
    planned_restore.plan(claim, rehearsal, set_of(rehearsal), PLAN, REHEARSAL)
    counts = " · ".join(
        _PLANNED.get(action, f"{{count}} {action}").format(count=count)
        for action, count in sorted((rehearsal.plan_counts or {}).items())
    )
    report = reports.newest(rehearsal.tenant)
    if report is None:
        return StepResult(f"A full restore was planned, and nothing was written: {counts}.")
    total, by_itself = sum(report.counts.values()), report.counts[ReadinessVerdict.BY_ITSELF]
    return StepResult(
        f"A full restore was planned, and nothing was written: {counts}. If all of it were deleted, {by_itself} of "
        f"{total} policies would come back by themselves."
    )


def _restore_into_lab(claim: Claim, rehearsal: Rehearsal) -> StepResult:
    return StepResult(lab_restore.restore(claim, rehearsal, set_of(rehearsal), LAB_RESTORE, REHEARSAL))


def _compare(claim: Claim, rehearsal: Rehearsal) -> StepResult:
    return StepResult(lab_restore.compare(claim, rehearsal, LAB_COMPARE))


def _remove(claim: Claim, rehearsal: Rehearsal) -> StepResult:
    return StepResult(lab_removal.remove(claim, rehearsal, LAB_REMOVE, REHEARSAL))


_STEPS: dict[str, Callable[[Claim, Rehearsal], StepResult | None]] = {
    BACKUP: _back_up,
    CONTENTS: _check_contents,
    PLAN: _plan,
    LAB_RESTORE: _restore_into_lab,
    LAB_COMPARE: _compare,
    LAB_REMOVE: _remove,
}
