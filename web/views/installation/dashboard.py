"""`/`: is everyone backed up, what needs attention first, and how the runs of the last days went."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any, NamedTuple

from flask_admin import AdminIndexView, expose

from db.audit import daily_check
from db.clock import utcnow
from db.models import Restore, RuleChange, Run, Tenant
from db.restores import restores
from db.runs import run_history
from db.sql.value_lists import is_in_if_given
from db.states import ENDED, RunState, Standing
from db.tenants import backup_health
from db.tenants.backup_health import TenantHealth
from web.lists.filters import FAILED_OR_PARTIAL
from web.presentation import rule_changes
from web.presentation.chart import Chart
from web.presentation.formatters import exceptions_summary
from web.security.access import allowed_tenant_ids, can, requires
from web.security.permissions import Permission

LATEST = 8
WAITING = 20
# A table of this many is read at once; the rest is behind "Tenants".
TENANTS_SHOWN = 50
DAYS = 14
WEEK = timedelta(days=7)
# What a tenant that is not well counts as: red, or yellow.
BAD = (Standing.DISCONNECTED, Standing.NEVER)
WELL = (Standing.GOOD, Standing.UNSCHEDULED)
TILES = {
    Standing.DISCONNECTED: "tile-bad",
    Standing.NEVER: "tile-bad",
    Standing.LATE: "tile-warn",
    Standing.PARTLY: "tile-warn",
    Standing.GOOD: "tile-good",
}
ICONS = {"good": "check-circle", "muted": "info-circle"}


class Verdict(NamedTuple):
    """The answer to “is everyone backed up?”."""

    look: str
    sentence: str

    @property
    def icon(self) -> str:
        return ICONS.get(self.look, "exclamation-triangle")


class Tile(NamedTuple):
    """The number of tenants with one standing."""

    standing: Standing
    number: int

    @property
    def look(self) -> str:
        return TILES.get(self.standing, "")


class TenantRow(NamedTuple):
    """A tenant in the table: its standing, changes since its last good backup, runs that failed this week."""

    health: TenantHealth
    changes: int
    failures: int

    @property
    def tenant(self) -> Tenant:
        return self.health.tenant

    @property
    def trouble(self) -> str:
        return self.health.why or exceptions_summary(self.health.exceptions)

    @property
    def late_run_id(self) -> int | None:
        """The run that its schedule started, where that is why it is late."""
        return self.health.last_run_id if self.health.standing == Standing.LATE else None

    @property
    def can_back_up(self) -> bool:
        return can(Permission.OPERATE, self.tenant.id)


@dataclass(frozen=True)
class DashboardPage:
    """`rows` are of the tenants shown, those that need attention first; `standings` are of all."""

    standings: list[Standing]
    rows: list[TenantRow]
    week_ago: datetime
    restores_to_approve: list[Restore]
    rule_changes: list[RuleChange]
    chart: Chart
    audit_fault: str | None
    switched_off: list[Tenant]
    runs: list[Run]

    @cached_property
    def verdict(self) -> Verdict:
        return verdict(self.standings)

    @property
    def count(self) -> int:
        return len(self.standings)

    @property
    def tiles(self) -> list[Tile]:
        counts = Counter(self.standings)
        return [Tile(standing, counts[standing]) for standing in Standing if counts[standing]]

    @property
    def troubled(self) -> list[TenantRow]:
        return [row for row in self.rows if row.health.standing not in WELL]

    @property
    def failures_shown(self) -> dict[str, str]:
        """Arguments of the list of runs that show those that failed this week."""
        return {"state": FAILED_OR_PARTIAL, "since": f"{self.week_ago:%Y-%m-%d}"}

    @property
    def needs_attention(self) -> bool:
        return bool(self.troubled or self.restores_to_approve or self.rule_changes)


class Dashboard(AdminIndexView):
    def is_accessible(self) -> bool:
        return True

    @expose("/")
    @requires(Permission.SIGNED_IN)
    def index(self) -> Any:
        if not can(Permission.SEE):
            return self.render("dashboard/no_tenants.html", audit_fault=_audit_fault())
        return self.render("dashboard/page.html", page=_page(allowed_tenant_ids(Permission.SEE), utcnow()))


def _page(tenant_ids: list[int] | None, now: datetime) -> DashboardPage:
    tenants = backup_health.health_of_tenants(tenant_ids, now)
    return DashboardPage(
        standings=[health.standing for health in tenants],
        rows=_rows(tenants[:TENANTS_SHOWN], now - WEEK),
        week_ago=now - WEEK,
        restores_to_approve=restores.awaiting_approval(tenant_ids, WAITING),
        rule_changes=rule_changes.changes_to_decide(),
        chart=_chart(tenant_ids, now),
        audit_fault=_audit_fault(),
        switched_off=backup_health.switched_off(tenant_ids),
        runs=run_history.newest_runs(is_in_if_given(Run.tenant, tenant_ids), LATEST),
    )


def _rows(tenants: Sequence[TenantHealth], week_ago: datetime) -> list[TenantRow]:
    ids = [health.tenant.id for health in tenants]
    changes, failures = backup_health.count_changes(ids), backup_health.count_failures(ids, week_ago)
    return [
        TenantRow(health, changes.get(health.tenant.id, 0), failures.get(health.tenant.id, 0)) for health in tenants
    ]


def verdict(standings: Sequence[Standing]) -> Verdict:
    behind = [standing for standing in standings if standing not in WELL]
    if not standings:
        return Verdict("muted", "There is no tenant to back up.")
    if not behind and len(standings) == 1:
        return Verdict("good", "The tenant is backed up.")
    if not behind:
        return Verdict("good", f"All {len(standings)} tenants are backed up.")
    look = "bad" if any(standing in BAD for standing in behind) else "warn"
    are = "is not backed up as it should be" if len(behind) == 1 else "are not backed up as they should be"
    return Verdict(look, f"{len(behind)} of {len(standings)} tenants {are}.")


def _audit_fault() -> str | None:
    """Return the audit log's first fault, for people who may see the whole log."""
    is_theirs = allowed_tenant_ids(Permission.AUDIT) is None
    return daily_check.last_check().first_fault if is_theirs else None


def _chart(ids: list[int] | None, now: datetime) -> Chart:
    first = now.date() - timedelta(days=DAYS - 1)
    counts = run_history.count_ended_by_day(first, ids)
    days: list[date] = [first + timedelta(days=number) for number in range(DAYS)]
    return Chart.draw(days, [RunState(state) for state in ENDED], counts)
