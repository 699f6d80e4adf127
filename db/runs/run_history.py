"""Past runs: the newest, how many of each day ended how, and how long one like this takes."""

from collections.abc import Sequence
from datetime import date, datetime, time
from statistics import median
from typing import Any

import peewee as pw

from db.models import IS_ACTIVE, Policy, Run, RunItem, Snapshot, Tenant, User
from db.runs import levels
from db.sql import time_ranges
from db.sql.value_lists import equals_if_given, is_in
from db.states import ENDED, RunState

# The number of newest runs that are looked at; those of another size say nothing.
SAMPLE_SIZE = 20


def newest_runs(condition: Any, limit: int) -> list[Run]:
    """Return the newest parent runs matching the condition, with tenant and policy fetched in the same statement."""
    return list(
        Run.select(Run, Tenant, Policy)
        .join(Tenant)
        .join_from(Run, Policy, pw.JOIN.LEFT_OUTER, on=Run.policy)
        .where(condition & Run.parent.is_null())
        .order_by(Run.id.desc())
        .limit(limit)
    )


def newest_of_policies(policies: Sequence[Policy], limit: int) -> list[Run]:
    """Return the newest runs that touched the policy, in any of its lives: captures, backups, previews, restores."""
    ids = [policy.id for policy in policies]
    own = Run.select(Run.id).where(is_in(Run.policy, ids)).order_by(Run.id.desc()).limit(limit)
    items = RunItem.select(RunItem.run).where(is_in(RunItem.policy, ids)).order_by(RunItem.run.desc())
    kept = Snapshot.select(Snapshot.run).where(is_in(Snapshot.policy, ids) & Snapshot.run.is_null(False))
    listed = [own, items.limit(limit), kept.order_by(Snapshot.id.desc()).limit(limit)]
    found = {row[0] for query in listed for row in query.tuples()}
    return newest_runs(is_in(Run.id, sorted(found)), limit)


def count_ended_by_day(first: date, tenant_ids: Sequence[int] | None) -> dict[tuple[date, str], int]:
    """Return (day of the request in UTC, level) -> runs; for tenant_ids None of every tenant."""
    day, begin, level = pw.fn.DATE(Run.created_at), datetime.combine(first, time()), levels.as_column()
    query = (
        Run.select(day, level, pw.fn.COUNT(Run.id))
        .where(time_ranges.since(Run.created_at, begin) & Run.parent.is_null() & Run.state.in_(ENDED))
        .group_by(pw.SQL("1"), pw.SQL("2"))
    )
    if tenant_ids is not None:
        query = query.where(is_in(Run.tenant, tenant_ids))
    # SQLite answers a day as text, PostgreSQL as a date.
    return {(date.fromisoformat(str(ended_on)[:10]), level): count for ended_on, level, count in query.tuples()}


def begun_since(tenant: Tenant, kind: str, since: datetime) -> list[datetime]:
    """Return when each whole run of this kind was asked for since then."""
    query = Run.select(Run.created_at).where((Run.tenant == tenant) & (Run.kind == kind) & Run.parent.is_null())
    return [row[0] for row in query.where(time_ranges.since(Run.created_at, since)).tuples()]


def usual_seconds(run: Run, total: int) -> float | None:
    """Return the median of the tenant's last good runs of this kind with about as many items, or None without any."""
    rows = (
        Run.select(Run.started_at, Run.ended_at, Run.total)
        .where((Run.tenant == run.tenant_id) & (Run.kind == run.kind) & (Run.id < run.id))
        .where((Run.state == RunState.SUCCEEDED) & Run.parent.is_null())
        .order_by(Run.id.desc())
        .limit(SAMPLE_SIZE)
        .tuples()
    )
    seconds = [(end - begin).total_seconds() for begin, end, size in rows if begin and _is_similar_size(size, total)]
    return median(seconds) if seconds else None


def _is_similar_size(size: int, total: int) -> bool:
    return total / 2 <= size <= total * 2


def count_active_by_state() -> dict[RunState, int]:
    """Return how many whole runs are in each state that is active: the states that none is in are left out."""
    query = Run.select(Run.state, pw.fn.COUNT(Run.id)).where(IS_ACTIVE & Run.parent.is_null())
    return {RunState(state): count for state, count in query.group_by(Run.state).tuples()}


def listed(tenant: Tenant | None, limit: int) -> list[Run]:
    """Return the newest whole runs of a tenant or of all, each with its tenant and who asked for it."""
    query = Run.select(Run, Tenant, User).join(Tenant).switch(Run)
    query = query.join(User, pw.JOIN.LEFT_OUTER, on=Run.requested_by)
    query = query.where(Run.parent.is_null() & equals_if_given(Run.tenant, tenant))
    return list(query.order_by(Run.id.desc()).limit(limit))
