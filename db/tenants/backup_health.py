"""Backup health: may we rely on a tenant's backups, and what needs somebody's attention?

Worked out when looked at, from what backups, schedules and sign-ins left behind; nothing here is stored.
"""

from collections import Counter
from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import reduce
from operator import or_

import peewee as pw

from db.clock import MAX_SKEW
from db.database import Condition
from db.models import IS_CHANGED, BackupSet, Coverage, Mapping, Policy, Run, Schedule, Snapshot, Tenant
from db.sql import time_ranges
from db.sql.value_lists import batched, is_in
from db.states import Offer, PolicyState, RunState, Standing
from db.tenants import coverage

# A backup that was due has this long to end well, and the scheduler this long to begin it.
GRACE = timedelta(hours=2)
# Without a schedule nobody said how often: after this long anybody would want one.
OLD_AFTER = timedelta(days=7)
# Each has a condition of its own in it.
TENANTS_PER_STATEMENT = 100

# The worst first.
_SEVERITY = {standing: place for place, standing in enumerate(Standing)}
# Whose first capture is when to ask for the accounts that they must never lock out.
CONDITIONAL_ACCESS = "conditionalAccessPolicies"


@dataclass(frozen=True)
class HealthFinding:
    """One thing that keeps a tenant from standing well."""

    standing: Standing
    # One sentence; "" where the policy types concerned say it.
    why: str = ""
    # The policy types that its last backup lacks for this, the oldest first.
    types: Sequence[Coverage] = ()


@dataclass(frozen=True)
class TenantHealth:
    tenant: Tenant
    # The worst first; none: all is as it should be.
    findings: Sequence[HealthFinding]
    # The policy types that its last backup does not hold all of, the oldest first.
    exceptions: Sequence[Coverage]
    next_at: datetime | None
    # The run that its schedule started last.
    last_run_id: int | None

    @property
    def standing(self) -> Standing:
        """The worst of what is found of it."""
        return self.findings[0].standing if self.findings else Standing.GOOD

    @property
    def standings(self) -> list[Standing]:
        """All that is found of it; good alone where nothing is."""
        return [finding.standing for finding in self.findings] or [Standing.GOOD]

    @property
    def why(self) -> str:
        return self.findings[0].why if self.findings else ""


def health_of_tenants(tenant_ids: Sequence[int] | None, now: datetime) -> list[TenantHealth]:
    """Return the health of tenants that are switched on, the worst first, then by name; None: of every tenant."""
    tenants, schedules = _select_tenants(tenant_ids), _active_schedules(tenant_ids)
    good_runs = _good_runs(tenants, schedules, now)
    excepted = coverage.exceptions_by_tenant(tenant_ids)
    unguarded = _unguarded_ids(tenant_ids)
    healths = [
        _health_of_tenant(
            tenant,
            schedules.get(tenant.id, ()),
            excepted.get(tenant.id, []),
            _outage(tenant, schedules.get(tenant.id, ()), good_runs, now),
            is_unguarded=tenant.id in unguarded,
        )
        for tenant in tenants
    ]
    return sorted(healths, key=lambda health: (_SEVERITY[health.standing], health.tenant.name.lower()))


def _select_tenants(tenant_ids: Sequence[int] | None) -> list[Tenant]:
    """Return the tenants with the columns that health depends on, and no more: there may be ten thousand."""
    columns = (
        Tenant.id,
        Tenant.name,
        Tenant.last_backup_id,
        Tenant.last_backup_at,
        Tenant.last_synced_at,
        Tenant.connected_at,
        Tenant.connection_error,
    )
    query = Tenant.select(*columns).where(Tenant.is_active)
    return list(query if tenant_ids is None else query.where(is_in(Tenant.id, tenant_ids)))


def _active_schedules(tenant_ids: Sequence[int] | None) -> dict[int, list[Schedule]]:
    """Return tenant id -> schedules that are not paused."""
    columns = (Schedule.tenant, Schedule.next_at, Schedule.last_at, Schedule.last_run)
    query = Schedule.select(*columns).where(~Schedule.is_paused & ~Schedule.is_rehearsal)
    schedules: dict[int, list[Schedule]] = {}
    for schedule in query if tenant_ids is None else query.where(is_in(Schedule.tenant, tenant_ids)):
        schedules.setdefault(schedule.tenant_id, []).append(schedule)
    return schedules


def switched_off(tenant_ids: Sequence[int] | None) -> list[Tenant]:
    """Return the tenants that `health_of_tenants` leaves out, by name: nobody expects a backup of them."""
    query = Tenant.select().where(~Tenant.is_active).order_by(Tenant.name)
    return list(query if tenant_ids is None else query.where(is_in(Tenant.id, tenant_ids)))


def _good_runs(tenants: Sequence[Tenant], schedules: MappingOf[int, Sequence[Schedule]], now: datetime) -> set[int]:
    """Return the runs of the last good backups, for tenants that seem to have missed one since."""
    in_question = [
        tenant.last_backup_id
        for tenant in tenants
        if tenant.last_backup_at
        and any(_was_missed(schedule, tenant.last_backup_at, now) for schedule in schedules.get(tenant.id, ()))
    ]
    run_ids = BackupSet.select(BackupSet.run).where(is_in(BackupSet.id, filter(None, in_question)))
    return {row[0] for row in run_ids.tuples()}


def is_unguarded(tenant: Tenant) -> bool:
    """Return whether Conditional Access is captured, and nobody named or denied accounts for emergencies."""
    return tenant.id in _unguarded_ids([tenant.id])


def _unguarded_ids(tenant_ids: Sequence[int] | None) -> set[int]:
    """Return the tenants whose Conditional Access was captured, and of which nobody named or denied such accounts."""
    is_captured = (
        (Policy.tenant == Tenant.id)
        & (Policy.policy_type == CONDITIONAL_ACCESS)
        & Policy.last_captured_at.is_null(False)
    )
    is_unnamed = Tenant.break_glass.is_null() | (Tenant.break_glass == pw.Value("[]", converter=False))
    query = Tenant.select(Tenant.id).where(Tenant.is_active & ~Tenant.has_no_break_glass & is_unnamed)
    query = query.where(pw.fn.EXISTS(Policy.select(Policy.id).where(is_captured)))
    return {row[0] for row in (query if tenant_ids is None else query.where(is_in(Tenant.id, tenant_ids))).tuples()}


def _health_of_tenant(
    tenant: Tenant,
    schedules: Sequence[Schedule],
    exceptions: Sequence[Coverage],
    outage: HealthFinding | None,
    *,
    is_unguarded: bool,
) -> TenantHealth:
    findings = [outage] if outage else []
    refused = [row for row in exceptions if row.offer == Offer.NOT_PERMITTED]
    unread = [row for row in exceptions if row.offer != Offer.NOT_PERMITTED]
    if unread:
        findings.append(HealthFinding(Standing.INCOMPLETE, types=unread))
    if refused:
        findings.append(HealthFinding(Standing.UNPERMITTED, types=refused))
    if not schedules:
        findings.append(HealthFinding(Standing.UNSCHEDULED, NO_SCHEDULE))
    if is_unguarded:
        findings.append(HealthFinding(Standing.UNGUARDED, NO_EMERGENCY_ACCOUNTS))
    coming = min((schedule.next_at for schedule in schedules if schedule.next_at), default=None)
    last = max(
        (schedule for schedule in schedules if schedule.last_at), key=lambda schedule: schedule.last_at, default=None
    )
    return TenantHealth(tenant, findings, exceptions, coming, last and last.last_run_id)


NO_SCHEDULE = "No schedule: backups run only when someone starts one."
NO_EMERGENCY_ACCOUNTS = (
    "No emergency (break-glass) accounts are named: a restore of Conditional Access policies that apply to all users "
    "will be held back."
)


def _outage(tenant: Tenant, schedules: Sequence[Schedule], good_runs: set[int], now: datetime) -> HealthFinding | None:
    """Return what keeps the tenant as a whole from being backed up, if anything."""
    if tenant.connection_error:
        return HealthFinding(Standing.DISCONNECTED, tenant.connection_error)
    if tenant.last_backup_at is None:
        return HealthFinding(Standing.NEVER, "Never fully backed up.")
    if tenant.last_backup_at > now + MAX_SKEW:
        # It would count as good for as long as that clock was ahead, whatever fails meanwhile.
        return HealthFinding(Standing.LATE, "A clock was ahead during the last good backup: nobody knows its age.")
    # A run that was begun by hand before its time is what the schedule found, and waited for.
    if any(
        _was_missed(schedule, tenant.last_backup_at, now)
        for schedule in schedules
        if schedule.last_run_id not in good_runs
    ):
        return HealthFinding(Standing.LATE, "The backup that was due last did not end well.")
    if any(schedule.next_at and schedule.next_at < now - GRACE for schedule in schedules):
        return HealthFinding(Standing.LATE, "Its schedule is overdue. Is the scheduler running?")
    if not schedules and tenant.last_backup_at < now - OLD_AFTER:
        days = (now - tenant.last_backup_at).days
        return HealthFinding(Standing.LATE, f"The last good backup is {days} days old.")
    return None


def _was_missed(schedule: Schedule, last_backup_at: datetime, now: datetime) -> bool:
    return bool(schedule.last_at and last_backup_at < schedule.last_at < now - GRACE)


def count_changes(tenant_ids: Sequence[int]) -> Counter[int]:
    """Return tenant id -> policies that are new, changed or deleted since the last good backup.

    As the last listing saw them, and whatever was captured since: what somebody read is as it was no more.
    """
    per_tenant = Policy.select(Policy.tenant, pw.fn.COUNT(Policy.id)).group_by(Policy.tenant)
    per_tenant = per_tenant.where(is_in(Policy.tenant, tenant_ids))
    last_backup = BackupSet.id == Tenant.last_backup_id
    is_deleted = (Policy.state == PolicyState.GONE) & (Policy.gone_at > BackupSet.completed_at)
    deleted = (
        per_tenant.join(Tenant).join(BackupSet, on=last_backup).where(is_deleted & ~_was_made_again(Mapping.source_id))
    )
    counts = Counter(dict(per_tenant.where(IS_CHANGED).tuples())) + Counter(dict(deleted.tuples()))
    for some in batched(_last_backups(tenant_ids), TENANTS_PER_STATEMENT):
        read = Policy.select(Policy.tenant, pw.fn.COUNT(Policy.id)).join(Tenant).group_by(Policy.tenant)
        counts += Counter(dict(read.where(_is_read_and_differs(dict(some))).tuples()))
    return counts


def _last_backups(tenant_ids: Sequence[int]) -> list[tuple[int, datetime]]:
    """Return (tenant id, when its last good backup ended)."""
    ended = Tenant.select(Tenant.id, BackupSet.completed_at).join(BackupSet, on=BackupSet.id == Tenant.last_backup_id)
    return list(ended.where(is_in(Tenant.id, tenant_ids) & BackupSet.completed_at.is_null(False)).tuples())


def _was_made_again(own_id: pw.Field) -> Condition:
    """Return the condition that a restore recorded the policy's Graph id as the source, or the target, of another."""
    recorded = (
        (Mapping.tenant == Policy.tenant)
        & (Mapping.source_directory_id == Tenant.directory_id)
        & (Mapping.kind == Policy.policy_type)
        & (own_id == Policy.graph_id)
        & Mapping.set_by.is_null()
    )
    return pw.fn.EXISTS(Mapping.select(pw.SQL("1")).where(recorded))


def _is_read_and_differs(last_backups: MappingOf[int, datetime]) -> Condition:
    """Return the condition that a policy was captured after the last good backup, with another content.

    `last_backups`: tenant id -> when that ended. One that a restore made again is compared with what it was made from
    on the page of changes alone.
    """
    newest, then = Snapshot.alias(), Snapshot.alias()
    content = newest.select(newest.content).where(newest.policy == Policy.id).order_by(newest.id.desc()).limit(1)
    is_then = (then.policy == Policy.id) & (then.captured_at <= pw.Case(Policy.tenant, list(last_backups.items())))
    content_then = pw.fn.COALESCE(then.select(then.content).where(is_then).order_by(then.id.desc()).limit(1), 0)
    is_captured_since = reduce(
        or_, [(Policy.tenant == tenant) & (Policy.last_captured_at > ended) for tenant, ended in last_backups.items()]
    )
    is_read = Policy.modified_at.is_null() | (Policy.modified_at <= Policy.last_captured_at)
    is_there = (Policy.state == PolicyState.PRESENT) & is_read
    was_made_again = (content_then == 0) & _was_made_again(Mapping.target_id)
    return is_captured_since & is_there & (content != content_then) & ~was_made_again


def count_failures(tenant_ids: Sequence[int], since: datetime) -> dict[int, int]:
    """Return tenant id -> runs that failed, wholly or in part."""
    bad = Run.state.in_([RunState.FAILED, RunState.PARTIAL]) & time_ranges.since(Run.created_at, since)
    return dict(
        Run.select(Run.tenant, pw.fn.COUNT(Run.id))
        .where(is_in(Run.tenant, tenant_ids) & bad & Run.parent.is_null())
        .group_by(Run.tenant)
        .tuples()
    )
