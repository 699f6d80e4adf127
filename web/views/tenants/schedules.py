"""`/schedules/`: when tenants are backed up by themselves."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

import actors.backups.back_up
from db.errors import Invalid
from db.models import Schedule, Tenant
from db.tenants import schedules
from web.inputs import form_text, page_number
from web.lists import filters
from web.presentation import run_messages
from web.security.access import allowed_tenant_ids, current_actor, fetch, requires
from web.security.permissions import Permission

SHOWN, LAST_PAGE = 50, 999
LONGEST_RULE = 100

pages = Blueprint("schedules", __name__, url_prefix="/schedules")


@pages.get("/")
@requires(Permission.SEE)
def index() -> str:
    return _page()


def _page() -> str:
    only, is_narrowed = filters.tenant()
    ids = [only.id if only else -1] if is_narrowed else allowed_tenant_ids(Permission.SEE)
    page = page_number(LAST_PAGE)
    found = schedules.of_tenants(ids, SHOWN + 1, page * SHOWN)
    return render_template(
        "schedules/page.html",
        schedules=found[:SHOWN],
        page=page,
        has_more=len(found) > SHOWN,
        only_tenant=only,
        tenants=filters.tenants_to_choose(Permission.MANAGE, only),
        time_zones=schedules.time_zones(),
        form=request.form,
    )


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
    flash(f"{tenant.name} is backed up by itself from now on.", "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>")
@requires(Permission.MANAGE)
def change(schedule_id: str) -> Any:
    """What the form leaves out stays as it is."""
    schedule = fetch(Schedule, schedule_id, Permission.MANAGE)
    try:
        schedules.change(
            schedule,
            current_actor(),
            cron=form_text("cron", LONGEST_RULE) or schedule.cron,
            time_zone=form_text("time_zone", LONGEST_RULE) or schedule.time_zone,
            is_full=schedule.is_full,
            is_paused=request.form.get("is_paused", "yes" if schedule.is_paused else "no") == "yes",
        )
        flash("Paused." if schedule.is_paused else "Saved.", "success")
    except Invalid as e:
        flash(str(e), "danger")
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
    return run_messages.answer(start, url_for("schedules.index"))
