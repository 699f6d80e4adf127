"""`/schedules/`: when tenants are backed up by themselves."""

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict

import actors.backups.back_up
from db.errors import Invalid
from db.models import Schedule, Tenant
from db.tenants import schedules
from web.inputs import form_text, page_number
from web.lists import filters
from web.presentation import run_messages
from web.presentation.refusals import refusals_flashed
from web.security.access import allowed_tenant_ids, current_actor, fetch, requires
from web.security.permissions import Permission

SHOWN, LAST_PAGE = 50, 999
LONGEST_RULE = 100

pages = Blueprint("schedules", __name__, url_prefix="/schedules")


@dataclass(frozen=True)
class SchedulesPage:
    """`tenants` are those that a schedule may be added to; `form` is what was typed and refused."""

    schedules: list[Schedule]
    number: int
    has_more: bool
    only_tenant: Tenant | None
    tenants: list[Tenant]
    form: MultiDict[str, str]

    @property
    def time_zones(self) -> list[str]:
        return schedules.time_zones()

    @property
    def tenant_id(self) -> str:
        """The tenant that the form has chosen; "" is the first."""
        return self.form.get("tenant") or (str(self.only_tenant.id) if self.only_tenant else "")

    @property
    def is_full(self) -> bool:
        return self.form.get("is_full") == "yes"

    @property
    def tenant_asked(self) -> str:
        """The tenant that the address asks for."""
        return request.args.get("tenant", "")


@pages.get("/")
@requires(Permission.SEE)
def index() -> str:
    return _page()


def _page() -> str:
    only, is_narrowed = filters.asked_tenant()
    ids = [only.id if only else -1] if is_narrowed else allowed_tenant_ids(Permission.SEE)
    number = page_number(LAST_PAGE)
    rows = schedules.of_tenants(ids, SHOWN + 1, number * SHOWN)
    page = SchedulesPage(
        schedules=rows[:SHOWN],
        number=number,
        has_more=len(rows) > SHOWN,
        only_tenant=only,
        tenants=filters.tenants_to_choose(Permission.MANAGE, only),
        form=request.form,
    )
    return render_template("schedules/page.html", page=page)


@pages.post("/")
@requires(Permission.MANAGE)
def add() -> Any:
    form = request.form
    tenant = fetch(Tenant, form.get("tenant", ""), Permission.MANAGE)
    try:
        cron, time_zone = form_text("cron", LONGEST_RULE), form_text("time_zone", LONGEST_RULE)
        schedules.add(tenant, cron, time_zone, current_actor(), is_full=form.get("is_full") == "yes")
    except Invalid as e:
        flash(str(e), "danger")
        return _page(), 400
    flash(f"{tenant.name} is backed up automatically from now on.", "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>")
@requires(Permission.MANAGE)
def change(schedule_id: str) -> Any:
    """Change a schedule. Fields that the form leaves out stay as they are."""
    schedule = fetch(Schedule, schedule_id, Permission.MANAGE)
    with refusals_flashed():
        schedules.change(
            schedule,
            current_actor(),
            cron=form_text("cron", LONGEST_RULE) or schedule.cron,
            time_zone=form_text("time_zone", LONGEST_RULE) or schedule.time_zone,
            is_full=schedule.is_full,
            is_paused=request.form.get("is_paused", "yes" if schedule.is_paused else "no") == "yes",
        )
        flash("Paused." if schedule.is_paused else "Saved.", "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>/remove")
@requires(Permission.MANAGE)
def remove(schedule_id: str) -> Any:
    schedules.remove(fetch(Schedule, schedule_id, Permission.MANAGE), current_actor())
    flash("Removed. Its backup sets stay.", "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>/run-now")
@requires(Permission.OPERATE)
def run_now(schedule_id: str) -> Any:
    schedule = fetch(Schedule, schedule_id, Permission.OPERATE)
    start = actors.backups.back_up.start(schedule.tenant, current_actor(), is_full=schedule.is_full)
    return run_messages.answer_start(start, url_for("schedules.index"))
