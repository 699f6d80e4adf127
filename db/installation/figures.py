"""Figures of all tenants for `/metrics`, by few statements, however many tenants there are."""

from dataclasses import dataclass
from datetime import datetime

import peewee as pw

from db.models import Credential, Expiry, Schedule, SharedApp, SharedAppCredential, Tenant, Watch
from db.states import CredentialPlace, SharedPlace


@dataclass(frozen=True)
class BackupFigures:
    tenants: int
    # How many have no good backup, and when the oldest of the others began.
    never: int
    oldest: datetime | None
    # When the first credential ends of those that they sign in with; None where nobody knows of any end.
    credential_ends_at: datetime | None


@dataclass(frozen=True)
class TenantFigures:
    id: int
    name: str
    backed_up_at: datetime | None
    credential_ends_at: datetime | None
    is_watched: bool
    fresh_at: datetime | None


def backup_figures() -> BackupFigures:
    """Return the figures of the tenants that are switched on, by reading each once."""
    columns = (
        pw.fn.COUNT(Tenant.id),
        pw.fn.COUNT(Tenant.last_backup_at),
        pw.fn.MIN(Tenant.last_backup_at),
        pw.fn.MIN(Tenant.credential_expires_at),
    )
    [(tenants, backed_up, oldest, ends_at)] = Tenant.select(*columns).where(Tenant.is_active).tuples()
    return BackupFigures(tenants, tenants - backed_up, oldest, ends_at)


def tenant_figures(limit: int) -> list[TenantFigures]:
    """Return the figures of tenants that are switched on, the oldest tenants first."""
    columns = (Tenant.id, Tenant.name, Tenant.last_backup_at, Tenant.credential_expires_at, Watch.id, Watch.fresh_at)
    rows = Tenant.select(*columns).join(Watch, pw.JOIN.LEFT_OUTER).where(Tenant.is_active)
    return [
        TenantFigures(number, name, backed_up_at, ends_at, watch_id is not None, fresh_at)
        for number, name, backed_up_at, ends_at, watch_id, fresh_at in rows.order_by(Tenant.id).limit(limit).tuples()
    ]


def first_other_credential_end() -> datetime | None:
    """Return when the first ends of the other credentials in force: of tenants that are switched on to write to, and of
    our own apps. None where nobody knows of any end.
    """
    return min((ends_at for ends_at, _ in _first_other_ends()), default=None)


def first_credential_end() -> tuple[datetime, str] | None:
    """Return when the first of all credentials in force ends, and whose it is; None where nobody knows of any end."""
    ends_at = Tenant.credential_expires_at
    of_tenants = Tenant.select(ends_at, Tenant.name).where(Tenant.is_active & ends_at.is_null(False)).order_by(ends_at)
    return min((*of_tenants.limit(1).tuples(), *_first_other_ends()), default=None)


def _first_other_ends() -> list[tuple[datetime, str]]:
    ends_at = Credential.expires_at
    to_write = Credential.select(ends_at, Tenant.name).join(Tenant)
    to_write = to_write.where(Tenant.is_active & (Credential.place == CredentialPlace.WRITE) & ends_at.is_null(False))
    app_ends_at = SharedAppCredential.expires_at
    of_apps = SharedAppCredential.select(app_ends_at, SharedApp.client_id).join(SharedApp)
    of_apps = of_apps.where((SharedAppCredential.place == SharedPlace.CURRENT) & app_ends_at.is_null(False))
    queries = to_write.order_by(ends_at), of_apps.order_by(app_ends_at)
    return [row for query in queries for row in query.limit(1).tuples()]


def count_expiring(now: datetime, until: datetime) -> int:
    """Return how many certificates, tokens and connectors of tenants that are switched on end between the two times."""
    is_soon = (Expiry.expires_at >= now) & (Expiry.expires_at < until)
    return int(Expiry.select().join(Tenant).where(is_soon & Tenant.is_active).count())


def oldest_due_schedule(now: datetime) -> datetime | None:
    """Return since when the schedule is due that has waited longest to begin; None: none is due."""
    is_due = (Schedule.next_at <= now) & ~Schedule.is_paused & Tenant.is_active
    return Schedule.select(pw.fn.MIN(Schedule.next_at)).join(Tenant).where(is_due).scalar()
