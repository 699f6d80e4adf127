"""The two logs of a tenant: how far each was read, what is to be read next, and whether it can be read at all.

A log is read up to now, and each time from an hour before the last time on: an event that comes into it late keeps its
old time (learn.microsoft.com promises neither log an order or a delay; mostly it is under 15 minutes). Others stop 15
minutes before now instead; then nobody would hear of a change for so long. What is read twice is stored once.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db.clock import MAX_SKEW, is_recent, utcnow
from db.database import database, lock_rows
from db.models import EventLog, Tenant
from db.sql.value_lists import is_in
from db.states import TenantLog

OVERLAP = timedelta(minutes=65)
DAY = timedelta(days=1)
# The first time: as far back as explains the difference to a last backup. The directory keeps seven days in a tenant
# without a licence, thirty with one (learn.microsoft.com: Microsoft Entra data retention): seven first, then the rest.
FIRST: Mapping[str, timedelta] = {TenantLog.INTUNE: 30 * DAY, TenantLog.ENTRA: 7 * DAY}
FARTHEST = 30 * DAY
# A log that is not readable is asked again after a day: somebody may have granted the permission.
ASK_AGAIN = DAY
# Many captures in a row look into the logs once.
LOOK_INTERVAL = timedelta(minutes=2)
NOT_OFFERED = "not_offered_in_cloud"
# The code of an error by which Graph says that the app lacks a permission.
PERMISSION_MISSING = "permission_missing"
_CLOUDS_WITHOUT_ENTRA_LOG = ("china",)


@dataclass(frozen=True)
class Window:
    """A time that is to be read, both ends included, and the page at which it goes on; None: its first."""

    since: datetime
    until: datetime
    link: str | None = None


@dataclass(frozen=True)
class LogState:
    """The state of one log, as it is known. `is_readable`: None where it was not asked yet.

    `needs`: the permission that it takes. `reaches_from`: of before then, nothing was read. `why`: a sentence, where
    it is not readable. `is_offered`: False where this cloud has no such log. `lacks_permission`: that is why.
    """

    log: TenantLog
    is_readable: bool | None
    needs: str
    read_to: datetime | None
    reaches_from: datetime | None
    asked_at: datetime | None
    why: str | None
    is_offered: bool = True
    lacks_permission: bool = False


# learn.microsoft.com: List auditEvents, List directoryAudits (application permissions).
PERMISSIONS: Mapping[str, str] = {
    TenantLog.INTUNE: "DeviceManagementApps.Read.All",
    TenantLog.ENTRA: "AuditLog.Read.All",
}


def states(tenant: Tenant) -> list[LogState]:
    """Return the state of both logs, Intune's first."""
    return states_of([tenant])[tenant.id]


def states_of(tenants: Iterable[Tenant]) -> dict[int, list[LogState]]:
    """Return tenant id -> the state of both its logs, Intune's first: one statement for all."""
    by_id = {tenant.id: tenant for tenant in tenants}
    rows = {(row.tenant_id, row.log): row for row in EventLog.select().where(is_in(EventLog.tenant, list(by_id)))}
    return {
        number: [_state(tenant, log, rows.get((number, log))) for log in TenantLog] for number, tenant in by_id.items()
    }


def _state(tenant: Tenant, log: TenantLog, row: EventLog | None) -> LogState:
    needs = PERMISSIONS[log]
    if not is_offered(tenant, log):
        return LogState(log, False, needs, None, None, None, None, is_offered=False)
    if row is None or (row.asked_at is None and row.read_to is None):
        return LogState(log, None, needs, None, None, None, None)
    return LogState(
        log,
        row.error_code is None,
        needs,
        _read_to(row, utcnow()),
        row.reaches_from,
        row.asked_at,
        row.error_message,
        lacks_permission=row.error_code == PERMISSION_MISSING,
    )


def is_offered(tenant: Tenant, log: TenantLog) -> bool:
    """Tell whether the tenant's cloud has this log: Microsoft's page on directoryAudits leaves China out."""
    return log != TenantLog.ENTRA or tenant.cloud not in _CLOUDS_WITHOUT_ENTRA_LOG


def get(tenant: Tenant, log: TenantLog) -> EventLog:
    """Return the log's row, made if it is not there."""
    return EventLog.get_or_create(tenant=tenant, log=log)[0]


def is_due(tenant: Tenant, log: TenantLog) -> bool:
    """Tell whether the log may be looked into now: it was not a moment ago, nor refused within the last day."""
    if not is_offered(tenant, log):
        return False
    row = EventLog.get_or_none(tenant=tenant, log=log)
    if row is None or row.asked_at is None:
        return True
    return not is_recent(row.asked_at, ASK_AGAIN if row.error_code else LOOK_INTERVAL, utcnow())


def may_be_asked(tenant: Tenant, log: TenantLog) -> bool:
    """Tell the same for a look that comes as often as somebody set."""
    row = EventLog.get_or_none(tenant=tenant, log=log)
    is_refused = row is not None and row.error_code is not None and row.asked_at is not None
    return is_offered(tenant, log) and not (is_refused and is_recent(row.asked_at, ASK_AGAIN, utcnow()))


def next_window(row: EventLog, now: datetime) -> Window | None:
    """Return what is to be read next, so that all is read up to `now`; None when it is.

    After more than a day a day at a time: what was read of it stays read.
    """
    if row.pending:
        return _parse(row.pending)
    first = FIRST[row.log]
    read_to = _read_to(row, now)
    if read_to is None:
        return Window(now - first, now)
    if read_to < now:
        begins = max(read_to, now - FARTHEST)
        return Window(max(read_to - OVERLAP, now - FARTHEST), begins + DAY if begins < now - DAY else now)
    is_far_enough = row.reaches_from <= now - FARTHEST + DAY
    return None if first >= FARTHEST or is_far_enough else Window(now - FARTHEST, row.reaches_from)


def is_current(row: EventLog, now: datetime) -> bool:
    """Tell whether everything up to `now` was read; older events may still be missing."""
    read_to = _read_to(row, now)
    return read_to is not None and read_to >= now


def _read_to(row: EventLog, now: datetime) -> datetime | None:
    """Return to where the log was read. What a clock noted that was set back since says nothing of that."""
    is_past = row.read_to is not None and row.read_to <= max(now, utcnow()) + MAX_SKEW
    return row.read_to if is_past else None


def record_page(row: EventLog, window: Window, next_link: str | None) -> None:
    """Record that a page of the window was kept, in the transaction that keeps it. Lock the row before."""
    changed: dict[str, Any] = {"asked_at": utcnow(), "error_code": None, "error_message": None}
    if next_link:
        changed["pending"] = _as_json(Window(window.since, window.until, next_link))
    else:
        # After a month without a look there is a gap: the log was read without one from its end on.
        read_to = _read_to(row, window.until)
        has_gap = read_to is not None and window.since > read_to
        begins = window.since if row.reaches_from is None or has_gap else min(row.reaches_from, window.since)
        ends = window.until if read_to is None else max(read_to, window.until)
        changed |= {"pending": None, "reaches_from": begins, "read_to": ends}
    EventLog.update(**changed).where(EventLog.id == row.id).execute()


def begin_window_anew(row: EventLog) -> None:
    """Forget the page at which a window was to go on: its link is not taken any more."""
    EventLog.update(pending=None).where(EventLog.id == row.id).execute()


def record_refusal(tenant: Tenant, log: TenantLog, code: str, sentence: str) -> None:
    """Record that the log cannot be read, and why. What was read stays."""
    refused = {"asked_at": utcnow(), "error_code": code[:60], "error_message": sentence[:500], "pending": None}
    with database.atomic():
        row = get(tenant, log)
        lock_rows(EventLog, EventLog.id == row.id)
        EventLog.update(**refused).where(EventLog.id == row.id).execute()


def ask_again(tenant: Tenant, logs: Sequence[TenantLog]) -> None:
    """Let those of these logs that were refused be asked at once: the tenant has granted their permission by now."""
    refused = (EventLog.tenant == tenant) & EventLog.log.in_(list(logs)) & EventLog.error_code.is_null(False)
    EventLog.update(asked_at=None).where(refused).execute()


def _parse(pending: Mapping[str, Any]) -> Window:
    since, until = (datetime.fromisoformat(pending[key]) for key in ("since", "until"))
    return Window(since, until, pending["link"])


def _as_json(window: Window) -> dict[str, Any]:
    return {"since": window.since.isoformat(), "until": window.until.isoformat(), "link": window.link}
