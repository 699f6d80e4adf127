"""Watched tenants: when each is looked at next, how fresh what is captured of it is, and why a look did not work.

A tenant has a watch while it is watched. Each tenant has its own moment of the interval, so that five hundred do not
begin in one second. What fails is looked at less and less often, up to once an hour.
"""

import hashlib
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import Condition, database, lock_rows
from db.errors import Invalid
from db.models import Tenant, Watch
from db.sql.value_lists import is_in

MIN_MINUTES, MAX_MINUTES = 1, 1440
INTERVALS = f"A tenant is looked at every {MIN_MINUTES} to {MAX_MINUTES} minutes."
LONGEST_BACKOFF = timedelta(hours=1)
# The next look comes an interval and a half from now at the latest.
LONGEST_WAIT = timedelta(minutes=2 * MAX_MINUTES)
# So that a sweep stays short when all are due at once: after a night without a scheduler, say.
LOOKS_PER_SWEEP = 20
_EPOCH = datetime(2000, 1, 1)


def set_watched(tenant: Tenant, on: bool, actor: Actor, every_minutes: int | None = None) -> bool:
    """Switch the watching of a tenant on or off. Return whether that changed anything. Raises Invalid.

    `every_minutes` None: as the setting says. The first look comes at once.
    """
    if every_minutes is not None and not is_interval(every_minutes):
        raise Invalid(INTERVALS)
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        known = find(tenant)
        if (known is not None) == on and (known is None or known.every_minutes == every_minutes):
            return False
        if known is None:
            Watch.create(tenant=tenant, every_minutes=every_minutes, set_by=actor.user_id)
        elif on:
            Watch.update(every_minutes=every_minutes, next_at=utcnow()).where(Watch.id == known.id).execute()
        else:
            Watch.delete().where(Watch.id == known.id).execute()
        minutes = every_minutes if on else None
        audit.record_of_tenant(Action.TENANT_WATCHED, actor, tenant, is_on=on, every_minutes=minutes)
    return True


def look_at(tenant: Tenant, at: datetime) -> None:
    """Look at a watched tenant at that time, if it would be later otherwise."""
    Watch.update(next_at=at).where((Watch.tenant == tenant) & (Watch.next_at > at)).execute()


def is_interval(minutes: int) -> bool:
    return MIN_MINUTES <= minutes <= MAX_MINUTES


def parse_interval(text: str) -> int | None:
    """Return the minutes between two looks; None: as the setting says. Raises Invalid."""
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or not is_interval(int(text[:9])):
        raise Invalid(INTERVALS)
    return int(text)


def find(tenant: Tenant) -> Watch | None:
    watch: Watch | None = Watch.get_or_none(Watch.tenant == tenant)
    return watch


def of_tenants(tenant_ids: Sequence[int]) -> dict[int, Watch]:
    """Return tenant id -> its watch, of those that are watched."""
    return {watch.tenant_id: watch for watch in Watch.select().where(is_in(Watch.tenant, tenant_ids))}


def is_watched() -> Condition:
    """Return the condition that a tenant is watched."""
    return Tenant.id.in_(Watch.select(Watch.tenant))


def due_watches(now: datetime, excluded_ids: Collection[int] = (), limit: int = LOOKS_PER_SWEEP) -> list[Watch]:
    """Return the watches whose look is due, the longest overdue first.

    A tenant that was never backed up waits for its first backup: there is nothing yet that a change would differ from.
    A look that is further off than any may be was put off by a clock that was set back since.
    """
    is_ready = Tenant.is_active & Tenant.removing_since.is_null() & Tenant.last_backup_at.is_null(False)
    ready = Watch.select(Watch, Tenant).join(Tenant).where(is_ready & Watch.id.not_in(list(excluded_ids)))
    first = ready.order_by(Watch.next_at).limit(limit)
    # Asked one after the other: no index answers both.
    times = (Watch.next_at <= now, Watch.next_at > now + LONGEST_WAIT)
    return [watch for is_time in times for watch in first.where(is_time)][:limit]


def claim_due(watch: Watch, now: datetime, default_minutes: int) -> bool:
    """Move the watch to its next look. Return False when another scheduler was quicker.

    Call it in the transaction that makes its run. A look that was missed is not made up: the next one sees as much.
    """
    moved = Watch.update(next_at=_next_look(watch, now, _interval(watch, default_minutes)), last_at=now)
    return bool(moved.where((Watch.id == watch.id) & (Watch.next_at == watch.next_at)).execute())


def record_look(watch: Watch, fresh_at: datetime | None, error: str | None = None) -> None:
    """Record a look that saw the logs. `fresh_at` None, with an error: not all that they tell of could be captured."""
    columns = {"failures": 0, "error": error and error[:500]}
    fresh = (
        {} if fresh_at is None else {"fresh_at": pw.Case(None, [(_is_older_than(fresh_at), fresh_at)], Watch.fresh_at)}
    )
    Watch.update(**columns, **fresh).where(Watch.id == watch.id).execute()


def _is_older_than(at: datetime) -> Condition:
    return Watch.fresh_at.is_null() | (Watch.fresh_at < at)


def record_failure(watch: Watch, error: str, default_minutes: int) -> None:
    """Record a look that did not work: the next one comes later, the more of them in a row the later."""
    failures = min(watch.failures + 1, 20)
    every = _interval(watch, default_minutes)
    later = _next_look(watch, utcnow(), max(every, min(every * 2**failures, LONGEST_BACKOFF)))
    Watch.update(failures=failures, error=error[:500], next_at=later).where(Watch.id == watch.id).execute()


def _interval(watch: Watch, default_minutes: int) -> timedelta:
    return timedelta(minutes=watch.every_minutes or default_minutes)


def _next_look(watch: Watch, now: datetime, every: timedelta) -> datetime:
    """Return the tenant's own moment of the interval, half an interval from now at the least."""
    share = int.from_bytes(hashlib.sha256(str(watch.tenant_id).encode()).digest()[:4]) / 2**32
    own = _EPOCH + timedelta(seconds=int(every.total_seconds() * share))
    soonest = now + every / 2
    return own + every * -((own - soonest) // every)


def troubled() -> list[Watch]:
    """Return the watches whose last look did not work, or not wholly, those that failed most often first."""
    joined = Watch.select(Watch, Tenant).join(Tenant).where(Watch.error.is_null(False) & Tenant.is_active)
    return list(joined.order_by(Watch.failures.desc(), Tenant.name))


def oldest_freshness(tenant_ids: Sequence[int] | None = None) -> tuple[int, datetime | None]:
    """Return how many tenants are watched, and how fresh the least fresh of them is; None: one was never looked at."""
    count, seen, oldest = pw.fn.COUNT(Watch.id), pw.fn.COUNT(Watch.fresh_at), pw.fn.MIN(Watch.fresh_at)
    query = Watch.select(count, seen, oldest).join(Tenant).where(Tenant.is_active)
    row = (query if tenant_ids is None else query.where(is_in(Watch.tenant, tenant_ids))).tuples().first()
    return row[0], row[2] if row[0] == row[1] else None
