"""`/readiness/` and `/tenants/<id>/readiness`: what would come back if it were deleted now."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from flask import Blueprint, render_template, url_for

from actors.readiness import assess
from db.models import ReadinessReport, Tenant
from db.readiness import reports
from db.tenants import tenants
from web.inputs import page_number
from web.lists.numbered_page import NumberedPage
from web.presentation.formatters import seconds_text
from web.presentation.run_messages import answer_start
from web.security.access import allowed_tenant_ids, current_actor, fetch, requires
from web.security.permissions import Permission
from web.verdicts.readiness import level_now
from web.verdicts.verdicts import LOOKS
from web.views.readiness.readiness_page import readiness_page

pages = Blueprint("readiness", __name__)

TENANTS_SHOWN = 40
MOST_TENANTS = 10_000


class TenantLine(NamedTuple):
    """A tenant with its newest report, or None."""

    tenant: Tenant
    report: ReadinessReport | None

    @property
    def share(self) -> str:
        return reports.share_text(reports.share_of(self.report)) if self.report else ""

    @property
    def look(self) -> str:
        return LOOKS[level_now(self.report)][0]

    @property
    def time(self) -> str:
        return seconds_text(self.report.seconds) if self.report else ""


@dataclass(frozen=True)
class ReadinessList(NumberedPage):
    """The tenants that somebody sees, those of which least comes back by itself first."""

    number: int
    lines: Sequence[TenantLine]
    total: int

    @property
    def has_more(self) -> bool:  # type: ignore[override]
        return (self.number + 1) * TENANTS_SHOWN < self.total

    def address_of(self, number: int) -> str:
        return url_for("readiness.index", page=number)


@pages.get("/readiness/")
@requires(Permission.SEE)
def index() -> str:
    ids = allowed_tenant_ids(Permission.SEE)
    found = reports.newest_of(ids)
    lines = [TenantLine(tenant, found.get(tenant.id)) for tenant in tenants.switched_on(ids, MOST_TENANTS)]
    lines.sort(key=lambda line: line.report.share if line.report else -1)
    number = page_number(MOST_TENANTS // TENANTS_SHOWN)
    begin = number * TENANTS_SHOWN
    shown = ReadinessList(number, lines[begin : begin + TENANTS_SHOWN], len(lines))
    return render_template("readiness/index.html", page=shown)


@pages.get("/tenants/<tenant_id>/readiness")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    return render_template("readiness/page.html", page=readiness_page(fetch(Tenant, tenant_id, Permission.SEE)))


@pages.post("/tenants/<tenant_id>/readiness")
@requires(Permission.OPERATE)
def start(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    back = url_for("readiness.page", tenant_id=tenant.id)
    return answer_start(assess.start(tenant, current_actor()), back)
