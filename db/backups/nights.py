"""The last nights of tenants: on which day a backup of the whole tenant was good, partial, or missed."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, time, timedelta

import peewee as pw

from db.errors import Invalid
from db.models import BackupSet, Manifest, Run, Schedule, Tenant
from db.sql import time_ranges
from db.sql.value_lists import is_in
from db.states import Level, RunKind, RunState, SetState
from db.tenants import schedules
from db.tenants.backup_health import GRACE

DAY = timedelta(days=1)
# A day with several backups is as its best one.
BEST_FIRST = (Level.GOOD, Level.ATTENTION, Level.BAD)


def of_tenants(tenant_ids: Sequence[int], days: Sequence[date], now: datetime) -> dict[int, list[Level]]:
    """Return tenant id -> a level for each of the days (in UTC); neutral: none was made, and none was due."""
    made, due = _levels_by_day(tenant_ids, days[0]), _due_days(tenant_ids, days, now)
    return {
        tenant_id: [made.get((tenant_id, day), Level.BAD if (tenant_id, day) in due else Level.NEUTRAL) for day in days]
        for tenant_id in tenant_ids
    }


def _levels_by_day(tenant_ids: Sequence[int], first: date) -> Mapping[tuple[int, date], Level]:
    is_whole = is_in(BackupSet.tenant, tenant_ids) & (BackupSet.selection == pw.Value("{}", converter=False))
    query = (
        BackupSet.select(BackupSet.tenant, BackupSet.created_at, BackupSet.state, Manifest.count)
        .join(Manifest, pw.JOIN.LEFT_OUTER)
        .where(is_whole & time_ranges.since(BackupSet.created_at, datetime.combine(first, time())))
    )
    found: dict[tuple[int, date], Level] = {}
    for tenant_id, created_at, state, count in query.tuples():
        key, level = (tenant_id, created_at.date()), _level_of_set(state, count)
        if level in BEST_FIRST:
            found[key] = min(found.get(key, level), level, key=BEST_FIRST.index)
    # A run that failed before it had a set, or whose set was deleted since.
    failed = is_in(Run.tenant, tenant_ids) & (Run.kind == RunKind.BACK_UP) & (Run.state == RunState.FAILED)
    failed &= Run.dedupe_key.endswith(":all") & time_ranges.since(Run.created_at, datetime.combine(first, time()))
    for tenant_id, created_at in Run.select(Run.tenant, Run.created_at).where(failed).tuples():
        found.setdefault((tenant_id, created_at.date()), Level.BAD)
    return found


def made_since(tenant: Tenant, since: datetime) -> list[tuple[datetime, Level]]:
    """Return when each of the tenant's backup sets was made since then, and how good it is."""
    query = (
        BackupSet.select(BackupSet.created_at, BackupSet.state, Manifest.count)
        .join(Manifest, pw.JOIN.LEFT_OUTER)
        .where((BackupSet.tenant == tenant) & time_ranges.since(BackupSet.created_at, since))
    )
    found = [(created_at, _level_of_set(state, count)) for created_at, state, count in query.tuples()]
    return [(at, level) for at, level in found if level in BEST_FIRST]


def _level_of_set(state: str, count: int | None) -> Level:
    if state == SetState.RUNNING:
        return Level.RUNNING
    if state == SetState.COMPLETE:
        return Level.GOOD
    return Level.ATTENTION if count else Level.BAD


def _due_days(tenant_ids: Sequence[int], days: Sequence[date], now: datetime) -> set[tuple[int, date]]:
    """Return the days on which a schedule that is not paused should have made a backup by now."""
    query = Schedule.select().where(is_in(Schedule.tenant, tenant_ids) & ~Schedule.is_paused & ~Schedule.is_rehearsal)
    return {
        (schedule.tenant_id, day)
        for schedule in query
        for day in days
        if schedule.created_at <= datetime.combine(day, time()) and _was_due(schedule, day, now)
    }


def _was_due(schedule: Schedule, day: date, now: datetime) -> bool:
    begin = datetime.combine(day, time())
    try:
        first = next(schedules.times(schedule.cron, schedule.time_zone, begin - timedelta(seconds=1)), None)
    except Invalid:
        return False  # a schedule that nobody can read is told of elsewhere
    return first is not None and first < begin + DAY and first + schedules.MAX_JITTER + GRACE < now
