"""A schedule of rehearsals starts one when its time has come, and never counts as a backup of the tenant."""

from datetime import timedelta

import pytest

from actors import scheduler
from actors.rehearsals import due_rehearsals, rehearse
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import SwitchedOff
from db.models import Rehearsal, Run, Schedule, Tenant
from db.rehearsals import rehearsals
from db.runs import claims, completion, runs
from db.states import RehearsalState, RunKind, Standing
from db.tenants import backup_health, schedules
from tests.support.claimed_runs import claimed

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_is_due_starts_as_the_schedule_says(app, cast):
    for is_rehearsal in (True, False):
        schedules.add(cast.contoso, "0 3 1 * *", "UTC", SYSTEM, is_rehearsal=is_rehearsal)
        if is_rehearsal:
            [health] = backup_health.health_of_tenants([cast.contoso.id], utcnow())
            assert Standing.UNSCHEDULED in health.standings, "a rehearsal a month is no schedule of backups"
    assert len(schedules.of_tenants([cast.contoso.id])) == 2
    Schedule.update(next_at=utcnow() - timedelta(minutes=1)).execute()
    for _ in range(2):
        scheduler.sweep()
    started = {(run.kind, run.origin) for run in Run.select().where(Run.kind != RunKind.PRUNE)}
    assert started == {(RunKind.REHEARSE, "schedule"), (RunKind.BACK_UP, "schedule")}
    assert all(row.next_at > utcnow() and row.last_run for row in Schedule.select())


def left_in_the_lab(tenant):
    """A rehearsal that was given up, and whose sample is due to be removed."""
    started = rehearse.create_run(tenant, SYSTEM)
    rehearsals.note(Rehearsal.get(Rehearsal.run_id == started.run.id), lab_restore_id=5)
    completion.fail(claimed(started), "worker_died", "The worker died.")
    [due] = rehearsals.removals_due(utcnow() + timedelta(seconds=1))
    return due


def test_a_rehearsal_that_is_due_while_an_older_one_is_removed_is_one_of_its_own(app, cast):
    """It was given the run of the removal: nothing was rehearsed until the next month, and that run had succeeded."""
    rehearse.start_removal(left_in_the_lab(cast.contoso))
    schedules.add(cast.contoso, "0 3 1 * *", "UTC", SYSTEM, is_rehearsal=True)
    Schedule.update(next_at=utcnow() - timedelta(minutes=1)).execute()
    due_rehearsals.start(Schedule.get())
    begun = Schedule.get().last_run
    assert Rehearsal.get(Rehearsal.run_id == begun.id).state == RehearsalState.RUNNING
    assert rehearse.create_run(cast.contoso, SYSTEM).run == begun


def test_a_removal_that_another_scheduler_began_leaves_no_run_behind(app, cast):
    seen = left_in_the_lab(cast.contoso)
    rehearse.start_removal(Rehearsal.get_by_id(seen.id))
    rehearse.start_removal(seen)
    removal = Run.get_by_id(Rehearsal.get().removal_run_id)
    completion.fail(claims.take_claim(removal.id, RunKind.REHEARSE), "x", "It failed.")
    rehearse.start_removal(seen)
    assert Run.select().where(Run.kind == RunKind.REHEARSE).count() == 2


def test_a_tenant_that_was_switched_off_leaves_nothing_in_its_lab(app, cast):
    left = left_in_the_lab(cast.contoso)
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    rehearse.start_removal(left)
    assert runs.find_active(f"{RunKind.REHEARSE}:{cast.contoso.id}:removal").id == Rehearsal.get().removal_run_id
    with pytest.raises(SwitchedOff):
        rehearse.create_run(Tenant.get_by_id(cast.contoso.id), SYSTEM)
