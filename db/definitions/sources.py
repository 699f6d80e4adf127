"""Tenants of which definitions are asked: which may have met new ones, and which of their policies were looked at."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta

import peewee as pw

from db.clock import has_come, utcnow
from db.database import Condition, database, lock_rows
from db.models import DefinitionSource, Policy, Snapshot, Tenant
from db.sql import upserts
from db.sql.value_lists import batched
from db.states import PolicyState

SOURCES_PER_SWEEP = 5
# A permission or a licence may have come since.
ASK_REFUSING_AFTER = timedelta(days=7)


def mark_due(tenant_id: int) -> None:
    """Note that the tenant's policies may hold what the catalogue lacks, in the transaction that ends their run."""
    now = utcnow()
    upserts.insert_missing(DefinitionSource, [DefinitionSource.tenant], [{"tenant": tenant_id, "due_since": now}])
    is_idle = (DefinitionSource.tenant == tenant_id) & DefinitionSource.due_since.is_null()
    DefinitionSource.update(due_since=now).where(is_idle).execute()


def due_sources(
    now: datetime, excluded_ids: Collection[int] = (), limit: int = SOURCES_PER_SWEEP
) -> list[DefinitionSource]:
    """Return the tenants that are to be looked through or asked, those that have waited longest first."""
    is_due = DefinitionSource.due_since.is_null(False) & _may_be_asked(now)
    query = DefinitionSource.select(DefinitionSource, Tenant).join(Tenant).where(is_due)
    query = query.where(DefinitionSource.id.not_in(list(excluded_ids)))
    return list(query.order_by(DefinitionSource.due_since, DefinitionSource.id).limit(limit))


def _may_be_asked(now: datetime) -> Condition:
    is_ready = Tenant.is_active & Tenant.removing_since.is_null()
    is_time = has_come(DefinitionSource.again_at, now, 2 * ASK_REFUSING_AFTER)
    return is_ready & (DefinitionSource.again_at.is_null() | is_time)


def find(tenant: Tenant) -> DefinitionSource | None:
    source: DefinitionSource | None = DefinitionSource.get_or_none(DefinitionSource.tenant == tenant)
    return source


def settle(tenant: Tenant) -> None:
    """Note that nothing is left to ask of the tenant, and that it does not refuse."""
    DefinitionSource.update(due_since=None, again_at=None, refusal=None).where(
        DefinitionSource.tenant == tenant
    ).execute()


def put_off(tenant: Tenant, until: datetime) -> None:
    """Leave the tenant alone until then: it did not answer."""
    DefinitionSource.update(again_at=until).where(DefinitionSource.tenant == tenant).execute()


def refuse(tenant: Tenant, why: str) -> None:
    """Note that the tenant refuses, and have another one asked in its place: definitions are the same everywhere."""
    with database.atomic():
        again_at = utcnow() + ASK_REFUSING_AFTER
        DefinitionSource.update(due_since=None, again_at=again_at, refusal=why[:500]).where(
            DefinitionSource.tenant == tenant
        ).execute()
        other = _other_than(tenant)
        if other is not None:
            mark_due(other)


def _other_than(tenant: Tenant) -> int | None:
    """Return the tenant that was backed up last, of those that have not refused lately."""
    query = Tenant.select(Tenant.id).join(DefinitionSource, pw.JOIN.LEFT_OUTER)
    is_one = (Tenant.id != tenant.id) & Tenant.last_backup_at.is_null(False) & _may_be_asked(utcnow())
    row = (
        query.where(is_one & Tenant.connection_error.is_null()).order_by(Tenant.last_backup_at.desc()).tuples().first()
    )
    return row[0] if row else None


def refusing() -> list[DefinitionSource]:
    """Return the tenants that refused when they were asked last, by name."""
    query = DefinitionSource.select(DefinitionSource, Tenant).join(Tenant)
    return list(query.where(DefinitionSource.refusal.is_null(False) & Tenant.is_active).order_by(Tenant.name))


# --- what of its policies was looked through -------------------------------------------------------------------------


def has_unmet(tenant: Tenant, policy_types: Sequence[str]) -> bool:
    return bool(_unmet(tenant, policy_types).limit(1).tuples().first())


def unmet_snapshots(tenant: Tenant, policy_types: Sequence[str], limit: int) -> list[tuple[int, Snapshot]]:
    """Return (policy id, its newest snapshot) of policies whose newest snapshot was not looked through yet."""
    newest = dict(_unmet(tenant, policy_types).limit(limit).tuples())
    query = Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_([*newest.values()] or [-1]))
    return [(snapshot.policy_id, snapshot) for snapshot in query]


def _unmet(tenant: Tenant, policy_types: Sequence[str]) -> pw.Select:
    newest = pw.fn.MAX(Snapshot.id)
    query = Policy.select(Policy.id, newest).join(Snapshot, on=(Snapshot.policy == Policy.id))
    is_one = (Policy.tenant == tenant) & (Policy.policy_type << list(policy_types))
    is_one &= Policy.state == PolicyState.PRESENT
    is_unmet = Policy.met_snapshot_id.is_null() | (newest > Policy.met_snapshot_id)
    return query.where(is_one).group_by(Policy.id, Policy.met_snapshot_id).having(is_unmet).order_by(Policy.id)


def mark_met(pairs: Iterable[tuple[int, int]]) -> None:
    """Note (policy id, snapshot id) pairs: the settings of these snapshots are in the catalogue, or wanted there."""
    for some in batched(sorted(pairs)):
        lock_rows(Policy, Policy.id.in_([policy_id for policy_id, _ in some]))
        cases = [(Policy.id == policy_id, snapshot_id) for policy_id, snapshot_id in some]
        met = pw.Case(None, cases, Policy.met_snapshot_id)
        Policy.update(met_snapshot_id=met).where(Policy.id.in_([policy_id for policy_id, _ in some])).execute()
