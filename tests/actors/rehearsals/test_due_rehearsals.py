"""A schedule of rehearsals starts one when its time has come, and never counts as a backup of the tenant."""

from datetime import timedelta

import pytest

from actors import scheduler
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Run, Schedule
from db.states import RunKind, Standing
from db.tenants import backup_health, schedules

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
