"""`/schedules/`: when tenants are backed up by themselves."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

import actors.backups.back_up
from actors.rehearsals import rehearse
from db.clock import utcnow
from db.errors import Invalid
from db.models import Schedule, Tenant
from db.policies import search
from db.tenants import schedule_words, schedules
from web.inputs import page_number, without_nul
from web.lists import filters, tenant_field
from web.lists.numbered_page import NumberedPage
from web.presentation import run_messages
from web.presentation.refusals import refusals_flashed
from web.security.access import allowed_tenant_ids, current_actor, fetch, require, requires
from web.security.permissions import Permission
from web.views.tenants import removed_schedules
from web.views.tenants.schedule_form import ScheduleForm, form_of, read_form

SHOWN, LAST_PAGE = 25, 999
NEXT_SHOWN = 3

pages = Blueprint("schedules", __name__, url_prefix="/schedules")


@dataclass(frozen=True)
class SchedulesPage(NumberedPage):
    """`typed_tenant` is what the form has in its field for the tenant; `search` narrows the list by a tenant's name."""

    schedules: list[Schedule]
    number: int
    has_more: bool
    only_tenant: Tenant | None
    search: str
    form: ScheduleForm

    @property
    def tenant_names(self) -> list[str]:
        """The tenants that a schedule may be added to."""
        return tenant_field.proposed_names(Permission.MANAGE)

    @property
    def typed_tenant(self) -> str:
        return request.form.get("tenant") or (str(self.only_tenant.name) if self.only_tenant else "")

    @property
    def tenant_asked(self) -> str:
        """The tenant that the address asks for."""
        return request.args.get("tenant", "")

    def address_of(self, number: int) -> str:
        return url_for("schedules.index", page=number, tenant=self.tenant_asked or None, search=self.search or None)


@pages.get("/")
@requires(Permission.SEE)
def index() -> str:
    return _page()


def _page() -> str:
    only, is_narrowed = filters.asked_tenant()
    ids = [only.id if only else -1] if is_narrowed else allowed_tenant_ids(Permission.SEE)
    number, word = page_number(LAST_PAGE), without_nul(request.args.get("search", "")).strip()[:100]
    named = search.tenant_name_matches(word) if word else None
    rows = schedules.of_tenants(ids, SHOWN + 1, number * SHOWN, named)
    page = SchedulesPage(
        schedules=rows[:SHOWN],
        number=number,
        has_more=len(rows) > SHOWN,
        only_tenant=only,
        search=word,
        form=read_form(request.form or request.args),
    )
    return render_template("schedules/page.html", page=page)


@pages.post("/")
@requires(Permission.MANAGE)
def add() -> Any:
    form = read_form(request.form)
    try:
        tenant = tenant_field.typed_tenant(request.form.get("tenant", ""), Permission.MANAGE)
        does = {"is_full": form.is_full, "is_rehearsal": form.is_rehearsal}
        added = schedules.add_unless_there(tenant, form.rule, form.time_zone, current_actor(), **does)
        if added is None:
            raise Invalid(f"{tenant.name} has this schedule already.")
    except Invalid as e:
        flash(str(e), "danger")
        return _page(), 400
    flash(_added_sentence(added), "success")
    # Whoever adds one more finds the form as they filled it in, but for the tenant.
    values: dict[str, Any] = {**form.values}
    return redirect(url_for("schedules.index", **values), 303)


def _added_sentence(schedule: Schedule) -> str:
    when = schedule_words.when(schedule.cron)
    following = schedule_words.moment(schedule.next_at, schedule.time_zone, utcnow())
    return f"Schedule added: {schedule.tenant.name}, {when[:1].lower()}{when[1:]} (next: {following})"


@dataclass(frozen=True)
class SchedulePage:
    schedule: Schedule
    form: ScheduleForm

    @property
    def coming(self) -> list[datetime]:
        return schedules.coming(self.schedule, NEXT_SHOWN)


@pages.get("/<schedule_id>")
@requires(Permission.MANAGE)
def page(schedule_id: str) -> str:
    return _schedule_page(fetch(Schedule, schedule_id, Permission.MANAGE))


def _schedule_page(schedule: Schedule) -> str:
    return render_template("schedules/schedule.html", page=SchedulePage(schedule, form_of(schedule)))


@pages.post("/<schedule_id>")
@requires(Permission.MANAGE)
def change(schedule_id: str) -> Any:
    """Change when it comes and what it reads."""
    schedule = fetch(Schedule, schedule_id, Permission.MANAGE)
    form = form_of(schedule)
    try:
        schedules.change(
            schedule,
            current_actor(),
            cron=form.rule,
            time_zone=form.time_zone,
            is_full=form.is_full,
            is_paused=schedule.is_paused,
            is_rehearsal=form.is_rehearsal,
        )
    except Invalid as e:
        flash(str(e), "danger")
        return _schedule_page(schedule), 400
    flash(f"Saved: {schedule_words.describe(schedule.cron, schedule.time_zone)}.", "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>/pause")
@requires(Permission.MANAGE)
def pause(schedule_id: str) -> Any:
    """Pause it, or with `wanted` "no" let it go on. Nothing else of it changes."""
    schedule = fetch(Schedule, schedule_id, Permission.MANAGE)
    is_paused = request.form.get("wanted", "yes") == "yes"
    with refusals_flashed():
        schedules.change(
            schedule,
            current_actor(),
            cron=schedule.cron,
            time_zone=schedule.time_zone,
            is_full=schedule.is_full,
            is_paused=is_paused,
            is_rehearsal=schedule.is_rehearsal,
        )
        name = schedule.tenant.name
        flash(f"Paused: {name}." if is_paused else f"The schedule of {name} goes on.", "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>/remove")
@requires(Permission.MANAGE)
def remove(schedule_id: str) -> Any:
    """Remove it. The message has a button that puts it back."""
    schedule = fetch(Schedule, schedule_id, Permission.MANAGE)
    schedules.remove(schedule, current_actor())
    flash(removed_schedules.message(schedule), "success")
    return redirect(url_for("schedules.index"), 303)


@pages.post("/removed/undo")
@requires(Permission.MANAGE)
def undo() -> Any:
    """Put back a schedule that was removed a while ago."""
    with refusals_flashed():
        columns = removed_schedules.read(request.form.get("removed", ""))
        tenant = fetch(Tenant, columns["tenant_id"], Permission.MANAGE)
        put_back = schedules.put_back(columns, current_actor())
        flash(
            f"The schedule of {tenant.name} is back." if put_back else f"The schedule of {tenant.name} is there.",
            "success",
        )
    return redirect(url_for("schedules.index"), 303)


@pages.post("/<schedule_id>/run-now")
@requires(Permission.OPERATE)
def run_now(schedule_id: str) -> Any:
    """Do now what it does. A rehearsal may write to a lab, and takes a manager."""
    schedule = fetch(Schedule, schedule_id, Permission.OPERATE)
    if schedule.is_rehearsal:
        require(Permission.MANAGE, schedule.tenant)
        rehearsed = rehearse.start(schedule.tenant, current_actor())
        return run_messages.answer_start(rehearsed, url_for("schedules.index"))
    start = actors.backups.back_up.start(schedule.tenant, current_actor(), is_full=schedule.is_full)
    return run_messages.answer_start(start, url_for("schedules.index"))
