"""Readiness reports: what is kept of each, when a tenant is due for another, and its history."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import peewee as pw

from db.clock import has_come, is_recent, utcnow
from db.database import database
from db.models import AuditEvent, Policy, ReadinessItem, ReadinessReport, Run, Tenant, TenantReadiness
from db.notices import occurrences
from db.sql import upserts
from db.sql.value_lists import batched, is_in, is_in_if_given
from db.states import NoticeEvent, ReadinessVerdict

# Tenants a sweep begins at most.
DUE_PER_SWEEP = 5
# A tenant that could not be judged is tried again after this.
AGAIN_AFTER = timedelta(hours=1)
# What Microsoft changes by itself, a permission or a licence, is noticed after this where no backup brings news.
HOLDS_FOR = timedelta(days=7)
# Then a newer one is overdue by a day: nothing was backed up, or nothing that was is judged.
OLD_AFTER = HOLDS_FOR + timedelta(days=1)
# An unchanged night has about five.
EVENTS_LOOKED_AT = 200
# Of a tenant; its history is as long, one report a day.
KEPT = timedelta(days=400)
ROWS_AT_ONCE = 500
LONGEST_WHY = 1000


@dataclass(frozen=True)
class PolicyVerdict:
    """A policy's verdict in a report. `reason`: a code; `why`: a sentence; both "" where there is nothing to do."""

    policy_id: int
    policy_type: str
    name: str
    verdict: str
    reason: str
    why: str


@dataclass(frozen=True)
class ReportFilter:
    """A choice of a report's lines. `words`: of the policy's name."""

    verdict: str = ""
    policy_type: str = ""
    words: Sequence[str] = ()


def mark_due(tenant_id: int, *, is_same: bool = False) -> None:
    """Note that the tenant has a newer backup, in the transaction that ends it.

    `is_same`: it holds the same snapshots as the one before. Then a report of the last days still holds, unless
    somebody did something to the tenant since: a mapping, an account that must not be locked out, another app.
    """
    now = utcnow()
    if is_same and _holds(tenant_id, now):
        return
    upserts.insert_missing(TenantReadiness, [TenantReadiness.tenant], [{"tenant": tenant_id, "due_since": now}])
    is_idle = (TenantReadiness.tenant == tenant_id) & TenantReadiness.due_since.is_null()
    TenantReadiness.update(due_since=now).where(is_idle).execute()


def _holds(tenant_id: int, now: datetime) -> bool:
    report = newest_of([tenant_id]).get(tenant_id)
    if report is None or not is_recent(report.made_at, HOLDS_FOR, now):
        return False
    events = AuditEvent.select(AuditEvent.at, AuditEvent.actor_id).where(AuditEvent.tenant_id == tenant_id)
    latest = events.order_by(AuditEvent.id.desc()).limit(EVENTS_LOOKED_AT).tuples()
    since = [person for at, person in latest if at > report.made_at]
    return len(since) < EVENTS_LOOKED_AT and not any(since)


def due(now: datetime, excluded_ids: Collection[int] = (), limit: int = DUE_PER_SWEEP) -> list[TenantReadiness]:
    """Return the tenants with a newer backup than their report, those that have waited longest first."""
    is_ready = Tenant.is_active & Tenant.removing_since.is_null()
    is_due = TenantReadiness.due_since.is_null(False) & (
        TenantReadiness.again_at.is_null() | has_come(TenantReadiness.again_at, now, 2 * AGAIN_AFTER)
    )
    query = TenantReadiness.select(TenantReadiness, Tenant).join(Tenant).where(is_ready & is_due)
    query = query.where(TenantReadiness.id.not_in(list(excluded_ids)))
    return list(query.order_by(TenantReadiness.due_since, TenantReadiness.id).limit(limit))


def share_of(report: ReadinessReport) -> float | None:
    """Return the share that comes back by itself; None where there was nothing to judge: all of nothing is no news."""
    return float(report.share) if any(report.counts.values()) else None


def is_old(report: ReadinessReport, now: datetime) -> bool:
    """Tell whether a report is too old to speak for the tenant as it is now."""
    return not is_recent(report.made_at, OLD_AFTER, now)


def put_off(tenant_id: int) -> None:
    """Leave a tenant that could not be judged alone for a while."""
    TenantReadiness.update(again_at=utcnow() + AGAIN_AFTER).where(TenantReadiness.tenant == tenant_id).execute()


def save(run: Run, verdicts: Sequence[PolicyVerdict], share: float, seconds: int) -> ReadinessReport:
    """Keep a report as the tenant's newest, and its lines in place of those of the one before."""
    counts = {str(verdict): 0 for verdict in ReadinessVerdict} | Counter(line.verdict for line in verdicts)
    reasons = Counter(line.reason for line in verdicts if line.verdict != ReadinessVerdict.BY_ITSELF)
    report = ReadinessReport.create(
        tenant=run.tenant_id, run=run, share=share, counts=counts, reasons=dict(reasons), seconds=seconds
    )
    _replace_lines(run.tenant_id, verdicts)
    row = {"tenant": run.tenant_id, "report": report.id, "due_since": None, "again_at": None}
    upserts.insert_or_update(
        TenantReadiness,
        [TenantReadiness.tenant],
        [row],
        [TenantReadiness.report, TenantReadiness.due_since, TenantReadiness.again_at],
    )
    _tell_of_falls(report)
    return report


def _tell_of_falls(report: ReadinessReport) -> None:
    """Begin a notice when the share that comes back by itself fell, and end it when the share is as high again.

    Shares are compared in whole percent. A notice goes on until the share is what it was before the first fall. After a
    further fall a new notice replaces it. A report that had nothing to judge neither begins nor ends one.
    """
    if share_of(report) is None:
        return
    older, going = _judged_before(report), occurrences.going(NoticeEvent.READINESS_FELL, report.tenant_id)
    keys = [occurrence.key for occurrence in going]
    was = max([older.share if older else 0.0, *(occurrence.facts["before"] for occurrence in going)])
    if percent(report.share) >= percent(was):
        occurrences.end_all(keys)
    elif older is not None and percent(report.share) < percent(older.share):
        occurrences.end_all(keys, is_told=False)
        occurrences.begin(
            NoticeEvent.READINESS_FELL,
            f"{NoticeEvent.READINESS_FELL}:{report.id}",
            report.tenant_id,
            run_id=report.run_id,
            facts={"share": report.share, "before": was},
        )


def _judged_before(report: ReadinessReport) -> ReadinessReport | None:
    is_older = (ReadinessReport.tenant == report.tenant_id) & (ReadinessReport.id < report.id)
    older = ReadinessReport.select().where(is_older).order_by(ReadinessReport.id.desc())
    return next((each for each in older.iterator() if share_of(each) is not None), None)


def percent(share: float) -> int:
    """Return the share in whole percent, rounded down. 0.29 * 100 is 28.999…, and is 29."""
    return int(round(share * 100, 6))


def share_text(share: float | None) -> str:
    """Return the share in whole percent, 100 only where it is all; "" for that of nothing."""
    if share is None:
        return ""
    return f"{min(percent(share), 99) if share < 1 else 100} %"


def _replace_lines(tenant_id: int, verdicts: Sequence[PolicyVerdict]) -> None:
    present = {row[0] for row in Policy.select(Policy.id).where(Policy.tenant == tenant_id).tuples()}
    rows = [
        {
            "tenant": tenant_id,
            "policy": line.policy_id,
            "policy_type": line.policy_type,
            "name": line.name,
            "verdict": line.verdict,
            "reason": line.reason,
            "why": line.why[:LONGEST_WHY],
        }
        for line in verdicts
        if line.policy_id in present
    ]
    said = {row["policy"] for row in rows}
    old = [
        row[0]
        for row in ReadinessItem.select(ReadinessItem.policy).where(ReadinessItem.tenant == tenant_id).tuples()
        if row[0] not in said
    ]
    for batch in batched(old):
        ReadinessItem.delete().where(ReadinessItem.policy.in_(batch)).execute()
    renewed = [ReadinessItem.name, ReadinessItem.verdict, ReadinessItem.reason, ReadinessItem.why]
    upserts.insert_or_update(ReadinessItem, [ReadinessItem.policy], rows, renewed)


def newest(tenant: Tenant) -> ReadinessReport | None:
    return newest_of([tenant.id]).get(tenant.id)


def newest_of(tenant_ids: Sequence[int] | None) -> dict[int, ReadinessReport]:
    """Return tenant id -> its newest report, of these tenants; None: of all."""
    of_tenants = is_in_if_given(TenantReadiness.tenant, tenant_ids) & TenantReadiness.report.is_null(False)
    ids = [row[0] for row in TenantReadiness.select(TenantReadiness.report).where(of_tenants).tuples()]
    # By their ids: joined, the engine may read the whole history for them.
    reports = ReadinessReport.select().where(is_in(ReadinessReport.id, ids)) if ids else ()
    return {report.tenant_id: report for report in reports}


def before(report: ReadinessReport) -> ReadinessReport | None:
    """Return the tenant's report before this one."""
    is_older = (ReadinessReport.tenant == report.tenant_id) & (ReadinessReport.id < report.id)
    older: ReadinessReport | None = ReadinessReport.select().where(is_older).order_by(ReadinessReport.id.desc()).first()
    return older


def history(tenant: Tenant, limit: int) -> list[ReadinessReport]:
    """Return the tenant's latest reports, the oldest of them first."""
    query = ReadinessReport.select().where(ReadinessReport.tenant == tenant)
    return list(query.order_by(ReadinessReport.id.desc()).limit(limit))[::-1]


def count_by_type(tenant: Tenant, wanted: ReportFilter) -> dict[str, int]:
    """Return policy type -> how many lines of the newest report are meant."""
    rows = ReadinessItem.select(ReadinessItem.policy_type, pw.fn.COUNT(ReadinessItem.id)).where(
        _is_meant(tenant, wanted)
    )
    return dict(rows.group_by(ReadinessItem.policy_type).tuples())


def lines(tenant: Tenant, wanted: ReportFilter, limit: int, offset: int = 0) -> list[ReadinessItem]:
    """Return lines of the newest report, by policy type and name, with their policies."""
    query = ReadinessItem.select(ReadinessItem, Policy).join(Policy).where(_is_meant(tenant, wanted))
    order = (ReadinessItem.policy_type, ReadinessItem.name, ReadinessItem.id)
    return list(query.order_by(*order).limit(limit).offset(offset))


def examples(tenant: Tenant, reasons: Iterable[str], limit: int) -> dict[str, list[ReadinessItem]]:
    """Return reason -> some lines of the newest report with it."""
    return {
        reason: list(
            ReadinessItem.select(ReadinessItem, Policy)
            .join(Policy)
            .where(
                (ReadinessItem.tenant == tenant)
                & (ReadinessItem.verdict != ReadinessVerdict.BY_ITSELF)
                & (ReadinessItem.reason == reason)
            )
            .order_by(ReadinessItem.policy_type, ReadinessItem.name)
            .limit(limit)
        )
        for reason in reasons
    }


def count_whys(tenant: Tenant, reason: str, limit: int) -> dict[str, int]:
    """Return sentence -> how many lines of the newest report say it for that reason, those of most policies first."""
    is_for_it = (ReadinessItem.tenant == tenant) & (ReadinessItem.reason == reason)
    number = pw.fn.COUNT(ReadinessItem.id)
    rows = ReadinessItem.select(ReadinessItem.why, number).where(is_for_it).group_by(ReadinessItem.why)
    return dict(rows.order_by(number.desc(), ReadinessItem.why).limit(limit).tuples())


def _is_meant(tenant: Tenant, wanted: ReportFilter) -> pw.Expression:
    condition = ReadinessItem.tenant == tenant
    if wanted.verdict:
        condition &= ReadinessItem.verdict == wanted.verdict
    if wanted.policy_type:
        condition &= ReadinessItem.policy_type == wanted.policy_type
    for word in wanted.words:
        condition &= ReadinessItem.name.contains(word)
    return condition


def delete_old() -> int:
    """Delete reports that are too old, never a tenant's newest. Return how many."""
    in_use = TenantReadiness.select(TenantReadiness.report).where(TenantReadiness.report.is_null(False))
    old = ReadinessReport.select(ReadinessReport.id).where(
        (ReadinessReport.made_at < utcnow() - KEPT) & ReadinessReport.id.not_in(in_use)
    )
    ids = [row[0] for row in old.order_by(ReadinessReport.made_at).limit(ROWS_AT_ONCE).tuples()]
    with database.atomic():
        return int(ReadinessReport.delete().where(ReadinessReport.id.in_(ids)).execute()) if ids else 0


def totals(reports: Mapping[int, ReadinessReport]) -> Counter[str]:
    """Return verdict -> number of policies, of these reports together."""
    counts: Counter[str] = Counter()
    for report in reports.values():
        counts.update(report.counts)
    return counts
