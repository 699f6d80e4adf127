"""The last nights of a tenant: good, partial, missed, or none due."""

from datetime import timedelta

from db.audit.audit import SYSTEM
from db.backups import manifests, nights
from db.clock import utcnow
from db.models import BackupSet, Run, Schedule
from db.states import Level, RunKind, RunState, SetState
from db.tenants import schedules

DAY = timedelta(days=1)


def test_a_night_is_as_good_as_its_best_backup_of_the_whole_tenant(cast):
    now = utcnow()
    days = [now.date() - number * DAY for number in (6, 5, 4, 3, 2, 1)]

    def made(age, state, selection=None, snapshot_ids=(1,)):
        BackupSet.create(
            tenant=cast.contoso,
            state=state,
            selection=selection or {},
            types={},
            problems=[],
            created_at=now - age * DAY,
            manifest=manifests.save(cast.contoso, snapshot_ids),
        )

    made(5, SetState.INCOMPLETE)
    made(5, SetState.COMPLETE)
    made(4, SetState.WARNINGS)
    made(3, SetState.INCOMPLETE, snapshot_ids=())
    made(2, SetState.COMPLETE, selection={"policies": [1]})
    Run.create(
        tenant=cast.contoso,
        kind=RunKind.BACK_UP,
        dedupe_key="backup_set.capture:1:all",
        state=RunState.FAILED,
        created_at=now - 6 * DAY,
    )
    schedule = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    yesterday = now.replace(hour=0, minute=0, second=0, microsecond=0) - DAY
    Schedule.update(created_at=yesterday).where(Schedule.id == schedule.id).execute()
    found = nights.of_tenants([cast.contoso.id, cast.fabrikam.id], days, now.replace(hour=12))
    assert found[cast.contoso.id] == [Level.BAD, Level.GOOD, Level.ATTENTION, Level.BAD, Level.NEUTRAL, Level.BAD]
    assert found[cast.fabrikam.id] == [Level.NEUTRAL] * 6
