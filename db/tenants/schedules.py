"""Schedules: when tenants are backed up by themselves. Cron in a time zone, over both changes of the clock.

A schedule's `next_at` is in UTC, and claiming it moves it on: a time that was missed while no scheduler ran is made up
once.
"""

import hashlib
from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import islice, pairwise
from typing import Any
from zoneinfo import available_timezones

import peewee as pw
from cronsim import CronSim, CronSimError

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import MAX_SKEW, utcnow, zone_of
from db.database import Condition, database, lock_rows
from db.errors import Invalid
from db.models import IS_ACTIVE, Policy, Run, Schedule, Tenant
from db.notices import conditions, occurrences
from db.sql.value_lists import equals_if_given, is_in
from db.states import NoticeEvent, Result

# Two hundred tenants due at 02:00 start over a quarter of an hour, each at its own moment of it.
MAX_JITTER = timedelta(minutes=15)
# No shorter than the spread: a moment then tells which time it belongs to.
MIN_INTERVAL = timedelta(minutes=15)
# Tenants with more policies than this start in the first half, the largest at once: they take longest.
LARGE_TENANT = 1000


def times(cron: str, time_zone: str, after: datetime) -> Iterator[datetime]:
    """Yield the cron's times, naive UTC in and out.

    A skipped hour is made up after it; one that comes twice counts once.
    """
    zone = zone_of(time_zone)
    try:
        local_times = CronSim(cron, after.replace(tzinfo=UTC).astimezone(zone))
        yield from (local_time.astimezone(UTC).replace(tzinfo=None) for local_time in local_times)
    except CronSimError as e:
        raise Invalid(f"Not a valid schedule: “{cron}”. Example: 0 2 * * * (every night at 2).") from e


@cache
def time_zones() -> list[str]:
    """Return the time zones to choose from. Looks through hundreds of files, and so does it once."""
    return sorted(available_timezones())


def next_after(schedule: Schedule, after: datetime, began: datetime | None = None) -> datetime:
    """Return the first time after that, moved by the tenant's own jitter, but never far towards the time after it.

    `began`: the moment of the time before, which must not come again when the jitter changed with the tenant.
    """
    # Looked for from before: a time whose spread moment is still to come has not been yet.
    since = after - MAX_JITTER if began is None else max(after - MAX_JITTER, began)
    moments = times(schedule.cron, schedule.time_zone, since)
    share = jitter(schedule.tenant_id, _count_policies(schedule.tenant_id))
    first = next(moments)
    for second in moments:
        moment = first + min(share, (second - first) / 2)
        if moment > after:
            return moment
        first = second
    raise Invalid(f"“{schedule.cron}” never comes again.")


def jitter(tenant_id: int, policies: int) -> timedelta:
    """Return the tenant's own delay: the same for as long as it has as many policies, and shorter with more of them."""
    share = int.from_bytes(hashlib.sha256(str(tenant_id).encode()).digest()[:4]) / 2**32
    return timedelta(seconds=int(MAX_JITTER.total_seconds() * share / (1 + policies / LARGE_TENANT)))


def _count_policies(tenant_id: int) -> int:
    return Policy.select().where(Policy.tenant == tenant_id).count()


def validate_cron(cron: str, time_zone: str) -> str:
    """Return the cron as it is stored. Raises Invalid."""
    cron = " ".join(cron.split())
    coming = list(islice(times(cron, time_zone, utcnow()), 50))
    if len(coming) < 2:
        raise Invalid(f"“{cron}” never comes.")
    if min(later - earlier for earlier, later in pairwise(coming)) < MIN_INTERVAL:
        raise Invalid("A schedule may come every 15 minutes at the most.")
    return cron


def add(
    tenant: Tenant, cron: str, time_zone: str, actor: Actor, *, is_full: bool = False, is_rehearsal: bool = False
) -> Schedule:
    schedule = Schedule(
        tenant=tenant,
        cron=validate_cron(cron, time_zone),
        time_zone=time_zone,
        is_full=is_full,
        is_rehearsal=is_rehearsal,
        created_by=actor.user_id,
    )
    schedule.next_at = next_after(schedule, utcnow())
    with database.atomic():
        schedule.save(force_insert=True)
        _record_change(schedule, actor)
    return schedule


def change(
    schedule: Schedule,
    actor: Actor,
    *,
    cron: str,
    time_zone: str,
    is_full: bool = False,
    is_paused: bool = False,
    is_rehearsal: bool = False,
) -> None:
    schedule.cron, schedule.time_zone = validate_cron(cron, time_zone), time_zone
    schedule.is_full, schedule.is_paused, schedule.paused_because = is_full, is_paused, None
    schedule.is_rehearsal = is_rehearsal
    schedule.next_at = None if is_paused else next_after(schedule, utcnow())
    with database.atomic():
        schedule.save()
        _record_change(schedule, actor)


def pause(schedule: Schedule, why: str, actor: Actor) -> None:
    """Pause a schedule whose next time cannot be told, until somebody changes it. One just changed is left alone."""
    why = why[:500]
    is_as_it_was = (Schedule.cron == schedule.cron) & (Schedule.time_zone == schedule.time_zone)
    paused = Schedule.update(is_paused=True, next_at=None, paused_because=why)
    with database.atomic():
        if not paused.where((Schedule.id == schedule.id) & is_as_it_was).execute():
            return
        occurrences.begin(NoticeEvent.SCHEDULE_MISSED, conditions.paused_key(schedule.id), schedule.tenant_id)
        _record(Action.SCHEDULE_PAUSED, actor, schedule, result=Result.FAILED, time_zone=schedule.time_zone, why=why)


def paused_by_scheduler() -> list[Schedule]:
    return list(Schedule.select(Schedule, Tenant).join(Tenant).where(Schedule.paused_because.is_null(False)))


def remove(schedule: Schedule, actor: Actor) -> None:
    with database.atomic():
        Schedule.delete().where(Schedule.id == schedule.id).execute()
        _record(Action.SCHEDULE_REMOVED, actor, schedule, time_zone=schedule.time_zone)


def put_back(columns: dict[str, Any], actor: Actor) -> Schedule | None:
    """Make a schedule that was removed again, with its own id; None where it is there already.

    It goes on from now: what came due meanwhile is not made up. Raises Invalid.
    """
    schedule = Schedule(**columns)
    schedule.next_at = None if schedule.is_paused else next_after(schedule, utcnow())
    with database.atomic():
        lock_rows(Tenant, Tenant.id == schedule.tenant_id)
        if Schedule.get_or_none(Schedule.id == schedule.id):
            return None
        if schedule.last_run_id and not Run.get_or_none(Run.id == schedule.last_run_id):
            schedule.last_run = None
        schedule.save(force_insert=True)
        _record_change(schedule, actor, Action.SCHEDULE_PUT_BACK)
    return schedule


def columns_to_put_back(schedule: Schedule) -> dict[str, Any]:
    """Return what `put_back` takes, as JSON can hold it, but for the moments."""
    names = ("id", "tenant_id", "cron", "time_zone", "is_full", "is_paused", "is_rehearsal", "last_run_id",
             "created_by_id")  # fmt: skip
    return {name: getattr(schedule, name) for name in names}


def tenants_with_same(
    tenant_ids: Sequence[int], cron: str, time_zone: str, is_full: bool, is_rehearsal: bool = False
) -> dict[int, bool]:
    """Return tenant id -> whether it is paused, of those tenants that have the schedule already."""
    same = (Schedule.cron == " ".join(cron.split())) & (Schedule.time_zone == time_zone) & (Schedule.is_full == is_full)
    same &= Schedule.is_rehearsal == is_rehearsal
    rows = Schedule.select(Schedule.tenant, Schedule.is_paused).where(is_in(Schedule.tenant, tenant_ids) & same)
    return dict(rows.order_by(Schedule.is_paused.desc()).tuples())


def add_unless_there(
    tenant: Tenant, cron: str, time_zone: str, actor: Actor, *, is_full: bool, is_rehearsal: bool = False
) -> Schedule | None:
    """Add it like `add`; None where the tenant has the same one already, so that a second press adds no second one."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        if tenants_with_same([tenant.id], cron, time_zone, is_full, is_rehearsal):
            return None
        return add(tenant, cron, time_zone, actor, is_full=is_full, is_rehearsal=is_rehearsal)


def add_or_resume(tenant: Tenant, cron: str, time_zone: str, actor: Actor, *, is_full: bool) -> None:
    """Make sure that the tenant is backed up by this schedule: resume the one that it has, or add it."""
    same = [row for row in of_tenants([tenant.id]) if (row.cron, row.time_zone) == (cron, time_zone)]
    same = [row for row in same if bool(row.is_full) == is_full and not row.is_rehearsal]
    if not same:
        add_unless_there(tenant, cron, time_zone, actor, is_full=is_full)
    elif all(row.is_paused for row in same):
        change(same[0], actor, cron=cron, time_zone=time_zone, is_full=is_full)


def last_time_zone(user_id: int | None) -> str:
    """Return the zone that a form proposes: of this person's newest schedule, else of the newest of all, else UTC."""
    newest = Schedule.select(Schedule.time_zone).order_by(Schedule.id.desc())
    found = newest.where(Schedule.created_by == user_id).first() or newest.first()
    return found.time_zone if found else "UTC"


def _record_change(schedule: Schedule, actor: Actor, action: Action = Action.SCHEDULE_SET) -> None:
    now = {"time_zone": schedule.time_zone, "is_full": schedule.is_full, "is_paused": schedule.is_paused}
    now["is_rehearsal"] = schedule.is_rehearsal
    _record(action, actor, schedule, **now)


def _record(action: Action, actor: Actor, schedule: Schedule, *, result: Result = Result.OK, **details: Any) -> None:
    audit.record(
        action, actor, f"schedule {schedule}", tenant=schedule.tenant, result=result, cron=schedule.cron, **details
    )


def due_schedules(now: datetime, excluded_ids: Collection[int] = (), limit: int = 200) -> list[Schedule]:
    """Return due schedules, the longest overdue first, without those whose last run still goes: they wait for it.

    One that was claimed later than now was claimed by a clock that was set back since: its next time is as far off.
    """
    active_runs = Run.select(Run.id).where((Run.id == Schedule.last_run) & IS_ACTIVE)
    waiting = Schedule.last_run.in_(active_runs)
    is_time = (Schedule.next_at <= now) | (Schedule.next_at.is_null(False) & (Schedule.last_at > now + MAX_SKEW))
    return list(
        Schedule.select(Schedule, Tenant)
        .join(Tenant)
        .where(is_time & Tenant.is_active & (Schedule.last_run.is_null() | ~waiting))
        .where(Schedule.id.not_in(list(excluded_ids)))
        .order_by(Schedule.next_at)
        .limit(limit)
    )


def claim_due(schedule: Schedule, now: datetime) -> bool:
    """Move the schedule to its first time after now. Return False when another scheduler was quicker. Raises Invalid.

    Call it in the transaction that makes its run: a time that is moved on and has no run would be lost.
    """
    began = schedule.next_at if schedule.next_at <= now else None
    moved = Schedule.update(next_at=next_after(schedule, now, began), last_at=now).where(
        (Schedule.id == schedule.id) & (Schedule.next_at == schedule.next_at)
    )
    return bool(moved.execute())


def give_back(schedule: Schedule, run: Run) -> None:
    """Undo `claim_due`: the time stays, and comes when that run has ended."""
    Schedule.update(next_at=schedule.next_at, last_at=schedule.last_at, last_run=run).where(
        Schedule.id == schedule.id
    ).execute()


def record_run(schedule: Schedule, run: Run) -> None:
    Schedule.update(last_run=run).where(Schedule.id == schedule.id).execute()


def of_tenants(
    tenant_ids: Sequence[int] | None, limit: int | None = None, offset: int = 0, named: Any = None
) -> list[Schedule]:
    """Return the schedules by their tenant's name; None: of every tenant. `named`: a condition of their tenants."""
    ids: Any = Schedule.select(Schedule.id).join(Tenant).order_by(Tenant.name, Schedule.id).limit(limit).offset(offset)
    ids = ids if tenant_ids is None else ids.where(is_in(Schedule.tenant, tenant_ids))
    ids = ids if named is None else ids.where(named)
    # Found by their ids first: joined, PostgreSQL would go along all runs for them.
    query = Schedule.select(Schedule, Tenant, Run).join(Tenant).switch(Schedule)
    query = query.join(Run, pw.JOIN.LEFT_OUTER, on=Schedule.last_run).order_by(Tenant.name, Schedule.id)
    return list(query.where(is_in(Schedule.id, [row[0] for row in ids.tuples()])))


def is_scheduled() -> Condition:
    """Return the condition that a tenant is backed up by a schedule that is not paused."""
    return Tenant.id.in_(Schedule.select(Schedule.tenant).where(~Schedule.is_paused & ~Schedule.is_rehearsal))


def listed(tenant: Tenant | None, limit: int) -> list[Schedule]:
    """Return the schedules of a tenant or of all, each with its tenant, by the tenant's name."""
    query = Schedule.select(Schedule, Tenant).join(Tenant).where(equals_if_given(Schedule.tenant, tenant))
    return list(query.order_by(Tenant.name, Schedule.id).limit(limit))


def coming(schedule: Schedule, count: int) -> list[datetime]:
    """Return its next moments, without the tenant's own delay; none for one that had to be paused."""
    try:
        return list(islice(times(schedule.cron, schedule.time_zone, utcnow()), count))
    except Invalid:
        return []
