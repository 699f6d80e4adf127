"""Conditions that go on until it is well again, found by looking: late backups, failing connections, and the like.

What happens at one moment is noted where it happens (callers of db/notices/occurrences.py). Asked again and again, it
begins what is new, and ends what is no longer so.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from db.audit import daily_check
from db.clock import utcnow
from db.copies import recovery_keys, standing
from db.database import transaction
from db.models import IS_ACTIVE, Credential, Occurrence, Run, Schedule, SharedApp, SharedAppCredential, Tenant
from db.notices import occurrences, rules, safeguards
from db.notices.occurrences import OccurrenceFacts
from db.sql.value_lists import is_in
from db.states import CredentialPlace, NoticeEvent, RunKind, SharedPlace

# A schedule that is due waits for the scheduler's next look, or for the run before it; after this long it is missed.
LATE_AFTER = timedelta(hours=1)
# Days before a credential ends at which it is told.
EXPIRY_DAYS = (1, 7, 30)
# What a run says while it waits for somebody in the tenant (actors/restores/outcomes.py).
APPROVAL_WAIT = "Waiting for Multi Admin Approval in the tenant"

PAUSED = ":paused"

# key -> (tenant id, facts)
Found = dict[str, tuple[int | None, OccurrenceFacts]]


def look() -> None:
    """Begin and end what goes on, event by event, each in a transaction of its own."""
    now = utcnow()
    _settle(NoticeEvent.NO_GOOD_BACKUP, _without_good_backup(now, rules.hours_wanted()))
    _settle(NoticeEvent.SCHEDULE_MISSED, _missed_schedules(now))
    _settle(NoticeEvent.CONNECTION_FAILING, _failing_connections())
    _settle(NoticeEvent.CREDENTIAL_EXPIRING, _expiring_credentials(now))
    _settle(NoticeEvent.TENANT_APPROVAL_WAITING, _waiting_in_tenants())
    _settle(NoticeEvent.AUDIT_BROKEN, _broken_audit_log())
    _settle(NoticeEvent.COPIES_FAILING, _failing_copies(now))
    transaction(safeguards.begin_new)(now)


@transaction
def _settle(event: NoticeEvent, found: Found) -> None:
    going = {occurrence.key: occurrence for occurrence in occurrences.going(event)}
    over = [going[key] for key in going.keys() - found.keys()]
    untold = {occurrence.key for occurrence in over if not _is_good_news(occurrence, found)}
    occurrences.end_all(sorted(untold), is_told=False)
    occurrences.end_all(sorted({occurrence.key for occurrence in over} - untold))
    by_tenant: dict[int | None, dict[str, OccurrenceFacts]] = {}
    for key in found.keys() - going.keys():
        tenant_id, facts = found[key]
        by_tenant.setdefault(tenant_id, {})[key] = facts
    for tenant_id, by_key in by_tenant.items():
        occurrences.begin_all(event, tenant_id, by_key)


def _is_good_news(over: Occurrence, found: Found) -> bool:
    """Return whether that it is over means that all is well: not when it only became another of the same tenant, not
    when nobody asks for so many hours any longer, and not when its tenant or its schedule was switched off.
    """
    is_its_tenant = (Tenant.id == over.tenant_id) & Tenant.is_active
    if over.tenant_id is not None and not Tenant.select().where(is_its_tenant).exists():
        return False
    if over.event == NoticeEvent.SCHEDULE_MISSED:
        schedule = Schedule.get_or_none(Schedule.id == int(over.key.split(":")[1]))
        return schedule is not None and not schedule.is_paused
    if over.event == NoticeEvent.CREDENTIAL_EXPIRING:
        return all(tenant_id != over.tenant_id for tenant_id, _ in found.values())
    if over.event == NoticeEvent.NO_GOOD_BACKUP:
        return over.facts.get("hours") in rules.hours_wanted()
    return True


def _without_good_backup(now: datetime, hours_wanted: Iterable[int]) -> Found:
    """Return the tenants whose last good backup is so old, for each number of hours that a rule has."""
    listed = sorted(hours_wanted)
    if not listed:
        return {}
    found: Found = {}
    for tenant_id, backed_up_at, created_at in _tenants_without_backup_since(now - timedelta(hours=listed[0])):
        since = backed_up_at or created_at
        for hours in listed:
            if since < now - timedelta(hours=hours):
                facts = {"hours": hours, "since": backed_up_at.isoformat() if backed_up_at else None}
                found[f"no_good_backup:{tenant_id}:{hours}"] = (tenant_id, {"facts": facts})
    return found


def _tenants_without_backup_since(when: datetime) -> list[tuple[int, datetime | None, datetime]]:
    columns = (Tenant.id, Tenant.last_backup_at, Tenant.created_at)
    is_old = (Tenant.last_backup_at < when) | (Tenant.last_backup_at.is_null() & (Tenant.created_at < when))
    return list(Tenant.select(*columns).where(Tenant.is_active & is_old).tuples())


def _missed_schedules(now: datetime) -> Found:
    """Return schedules that did not begin when they were due; and of those that the scheduler had to pause
    (db/tenants/schedules.py began it), which are paused still.
    """
    columns = (Schedule.id, Schedule.tenant, Schedule.next_at)
    late = Schedule.select(*columns).join(Tenant).where(Tenant.is_active & (Schedule.next_at < now - LATE_AFTER))
    found: Found = {
        f"schedule_missed:{number}:{due_at.isoformat()}": (tenant_id, {"facts": {"due_at": due_at.isoformat()}})
        for number, tenant_id, due_at in late.tuples()
    }
    known = [row.key for row in occurrences.going(NoticeEvent.SCHEDULE_MISSED) if row.key.endswith(PAUSED)]
    ids = [int(key.split(":")[1]) for key in known]
    if not ids:
        return found
    paused = Schedule.select(Schedule.id, Schedule.tenant).join(Tenant)
    paused = paused.where(is_in(Schedule.id, ids) & Tenant.is_active & Schedule.paused_because.is_null(False))
    return found | {paused_key(number): (tenant_id, {}) for number, tenant_id in paused.tuples()}


def paused_key(schedule_id: int) -> str:
    """Return the key of a schedule that had to be paused: its next time cannot be told."""
    return f"schedule_missed:{schedule_id}{PAUSED}"


def _failing_connections() -> Found:
    rows = Tenant.select(Tenant.id, Tenant.connected_at).where(
        Tenant.is_active & Tenant.connection_error.is_null(False)
    )
    return {
        f"connection_failing:{tenant_id}": (
            tenant_id,
            {"facts": {"since": connected_at.isoformat() if connected_at else None}},
        )
        for tenant_id, connected_at in rows.tuples()
    }


def _expiring_credentials(now: datetime) -> Found:
    """Return the credentials that end soon: at thirty days, and again nearer to the end.

    These are the tenants' credentials, those that only live restores use, and those of our own shared apps.
    """
    soon = now + timedelta(days=max(EXPIRY_DAYS))
    rows = Tenant.select(Tenant.id, Tenant.credential_expires_at).where(
        Tenant.is_active & (Tenant.credential_expires_at < soon)
    )
    found: Found = {}
    for tenant_id, ends_at in rows.tuples():
        found |= _expiring(str(tenant_id), tenant_id, ends_at, now)
    writing = Credential.select(Credential.tenant, Credential.expires_at).join(Tenant)
    is_in_force = Tenant.is_active & (Credential.place == CredentialPlace.WRITE)
    for tenant_id, ends_at in writing.where(is_in_force & (Credential.expires_at < soon)).tuples():
        found |= _expiring(f"{tenant_id}:write", tenant_id, ends_at, now, writes=True)
    of_apps = SharedAppCredential.select(SharedApp.id, SharedApp.access, SharedAppCredential.expires_at).join(SharedApp)
    is_current = SharedAppCredential.place == SharedPlace.CURRENT
    for app_id, access, ends_at in of_apps.where(is_current & (SharedAppCredential.expires_at < soon)).tuples():
        found |= _expiring(f"app:{app_id}", None, ends_at, now, app=f"our app to {access}")
    return found


def _expiring(name: str, tenant_id: int | None, ends_at: datetime, now: datetime, **facts: Any) -> Found:
    days = next(days for days in EXPIRY_DAYS if ends_at < now + timedelta(days=days))
    key = f"credential_expiring:{name}:{ends_at.isoformat()}:{days}"
    return {key: (tenant_id, {"facts": {"ends_at": ends_at.isoformat(), **facts}})}


def _waiting_in_tenants() -> Found:
    """Return the live restores that wait for somebody in the tenant; once they did, until they end.

    Each looks every minute whether it was approved, and does not say meanwhile that it waits.
    """
    known = [occurrence.run_id for occurrence in occurrences.going(NoticeEvent.TENANT_APPROVAL_WAITING)]
    is_waiting = Run.waiting.startswith(APPROVAL_WAIT) | is_in(Run.id, known)
    rows = Run.select(Run.id, Run.tenant, Run.restore_id)
    rows = rows.where(IS_ACTIVE & (Run.kind == RunKind.RESTORE) & is_waiting)
    return {
        f"tenant_approval_waiting:{run_id}": (tenant_id, {"run_id": run_id, "restore_id": restore_id})
        for run_id, tenant_id, restore_id in rows.tuples()
    }


def _failing_copies(now: datetime) -> Found:
    found: Found = {}
    for finding in standing.findings(now):
        facts = {"store": finding.store.name, "why": finding.why}
        key = f"copies_failing:{finding.store.id}:{finding.why}"
        if finding.why == standing.DAMAGED:
            # Each is told apart: whoever heard of the first need not look for a second.
            facts["found"] = finding.sentence
            while key in found:
                key += "+"
        found[key] = (None, {"facts": facts})
    if recovery_keys.is_overdue(now):
        found["copies_failing:key_unproven"] = (None, {"facts": {"why": "key_unproven"}})
    return found


def _broken_audit_log() -> Found:
    check = daily_check.last_check()
    return {"audit_broken": (None, {})} if check.faults or check.found else {}
