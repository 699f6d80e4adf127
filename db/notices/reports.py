"""Reports to channels: what changed in a tenant in the last whole week or month, what is open, how fresh it is.

A report is an occurrence as any other: rules say who hears it, of which tenants, and at what time of the day it leaves.
Weeks and months are UTC's. Nothing is made that no rule asks for.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db.database import transaction
from db.models import Change, Occurrence, Standard, StandardAdoption, Tenant
from db.notices import occurrences, rules
from db.sql.value_lists import batched, is_in
from db.states import ChangeState, NoticeEvent, Severity

EVENTS = (NoticeEvent.WEEKLY_REPORT, NoticeEvent.MONTHLY_REPORT)
# In one transaction: each counts changes of its tenant.
TENANTS_AT_ONCE = 50
# Counting goes on no further.
MOST_COUNTED = 1000
# A report names no more of the standards that a tenant follows.
MOST_STANDARDS = 5


@dataclass(frozen=True)
class ReportPeriod:
    """A time from `begin` on, and before `end`; naive UTC."""

    begin: datetime
    end: datetime


def last_period(event: NoticeEvent, now: datetime) -> ReportPeriod:
    """Return the last whole week, which begins on a Monday, or the last whole month."""
    today = datetime(now.year, now.month, now.day)
    if event == NoticeEvent.WEEKLY_REPORT:
        end = today - timedelta(days=today.weekday())
        return ReportPeriod(end - timedelta(days=7), end)
    end = today.replace(day=1)
    return ReportPeriod((end - timedelta(days=1)).replace(day=1), end)


def begin_due(event: NoticeEvent, now: datetime) -> int:
    """Begin the reports of the last period that somebody wants and that are not begun yet, for some tenants. Return
    how many.
    """
    if not any(event in rule.events for rule in rules.active()):
        return 0
    period = last_period(event, now)
    ids = [row[0] for row in Tenant.select(Tenant.id).where(Tenant.is_active).order_by(Tenant.id).tuples()]
    keys = {f"{event}:{period.begin:%Y-%m-%d}:{tenant_id}": tenant_id for tenant_id in ids}
    missing = sorted(keys.keys() - _known(list(keys)))[:TENANTS_AT_ONCE]
    _begin(event, period, {key: keys[key] for key in missing})
    return len(missing)


def _known(keys: list[str]) -> set[str]:
    known: set[str] = set()
    for some in batched(keys):
        known |= {row[0] for row in Occurrence.select(Occurrence.key).where(is_in(Occurrence.key, some)).tuples()}
    return known


@transaction
def _begin(event: NoticeEvent, period: ReportPeriod, tenant_ids: dict[str, int]) -> None:
    for key, tenant_id in tenant_ids.items():
        occurrences.begin(event, key, tenant_id, facts=_facts(tenant_id, period))


def _facts(tenant_id: int, period: ReportPeriod) -> dict[str, Any]:
    """Count what changed in the period and what is open now; names no policy."""
    of_tenant = Change.tenant == tenant_id
    in_period = of_tenant & (Change.seen_at >= period.begin) & (Change.seen_at < period.end)
    backed_up_at = Tenant.select(Tenant.last_backup_at).where(Tenant.id == tenant_id).scalar()
    return {
        "begin": period.begin.isoformat(),
        "end": period.end.isoformat(),
        "changes": _count(in_period),
        "high": _count(in_period & (Change.severity == Severity.HIGH)),
        "open": _count(of_tenant & (Change.state == ChangeState.OPEN)),
        "standards": _standards(tenant_id),
        "backed_up_at": backed_up_at.isoformat() if backed_up_at else None,
    }


def _standards(tenant_id: int) -> list[dict[str, Any]]:
    """Return [{"name", "states": {state of a cell: how many}}] of some standards that the tenant follows, by name."""
    rows = StandardAdoption.select(Standard.name, StandardAdoption.counts).join(Standard)
    found = rows.where(StandardAdoption.tenant == tenant_id).order_by(Standard.name).limit(MOST_STANDARDS)
    return [{"name": name, "states": counts or {}} for name, counts in found.tuples()]


def _count(condition: Any) -> int:
    return int(Change.select(Change.id).where(condition).limit(MOST_COUNTED).count())
