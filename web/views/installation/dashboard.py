"""`/`: is everyone backed up, what needs attention first, and how the runs of the last days went."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from flask_admin import AdminIndexView, expose

from db.audit import daily_check
from db.clock import utcnow
from db.models import Run
from db.restores import restores
from db.runs import run_history
from db.sql.value_lists import is_in_if_given
from db.states import ENDED, RunState, Standing
from db.tenants import backup_health
from web.presentation import rule_changes
from web.presentation.chart import Chart
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


class Dashboard(AdminIndexView):
    def is_accessible(self) -> bool:
        return True

    @expose("/")
    @requires(Permission.SIGNED_IN)
    def index(self) -> Any:
        if not can(Permission.SEE):
            return self.render("dashboard/no_tenants.html", audit_fault=_audit_fault())
        ids, now = allowed_tenant_ids(Permission.SEE), utcnow()
        stands = backup_health.health_of_tenants(ids, now)
        shown = stands[:TENANTS_SHOWN]
        shown_ids = [one.tenant.id for one in shown]
        return self.render(
            "dashboard/page.html",
            verdict=verdict([one.standing for one in stands]),
            counts=Counter(one.standing for one in stands),
            standings=list(Standing),
            troubled=[one for one in shown if one.standing not in (Standing.GOOD, Standing.UNSCHEDULED)],
            stands=shown,
            count=len(stands),
            changes=backup_health.count_changes(shown_ids),
            failures=backup_health.count_failures(shown_ids, now - WEEK),
            week_ago=now - WEEK,
            waiting=restores.awaiting_approval(ids, WAITING),
            rule_changes=rule_changes.waiting(),
            chart=_chart(ids, now),
            audit_fault=_audit_fault(),
            switched_off=backup_health.switched_off(ids),
            latest=run_history.newest_runs(is_in_if_given(Run.tenant, ids), LATEST),
        )


def verdict(standings: Sequence[Standing]) -> tuple[str, str]:
    """(look, sentence): the answer to "is everyone backed up?"."""
    behind = [one for one in standings if one not in (Standing.GOOD, Standing.UNSCHEDULED)]
    if not standings:
        return "muted", "There is no tenant to back up."
    if not behind and len(standings) == 1:
        return "good", "The tenant is backed up."
    if not behind:
        return "good", f"All {len(standings)} tenants are backed up."
    look = "bad" if any(one in BAD for one in behind) else "warn"
    are = "is not backed up as it should be" if len(behind) == 1 else "are not backed up as they should be"
    return look, f"{len(behind)} of {len(standings)} tenants {are}."


def _audit_fault() -> str | None:
    """For those who answer for the whole log."""
    is_theirs = allowed_tenant_ids(Permission.AUDIT) is None
    return daily_check.last_check().first_fault if is_theirs else None


def _chart(ids: list[int] | None, now: datetime) -> Chart:
    first = now.date() - timedelta(days=DAYS - 1)
    counts = run_history.count_ended_by_day(first, ids)
    days: list[date] = [first + timedelta(days=number) for number in range(DAYS)]
    return Chart.of(days, [RunState(one) for one in ENDED], counts)
