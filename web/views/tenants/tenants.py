"""A tenant's page and its tabs: starting its sync and its backups, its settings and its rules."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user

import actors.backups.back_up
import actors.backups.sync
from db.accounts import users
from db.errors import Invalid
from db.events import watches
from db.models import Tenant
from db.tenants import tags, tenants
from web.presentation import rule_changes, run_messages
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.tenants.tenant_page import TenantPage
from web.views.tenants.tenant_types import types_page

pages = Blueprint("tenants", __name__, url_prefix="/tenants")


@pages.get("/<tenant_id>")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    return _tab("tenants/page.html", "overview", fetch(Tenant, tenant_id, Permission.SEE))


def _tab(template: str, tab: str, tenant: Tenant) -> str:
    return render_template(template, page=TenantPage(tenant, tab))


@pages.get("/<tenant_id>/types")
@requires(Permission.SEE)
def types(tenant_id: str) -> str:
    return render_template("tenants/types.html", page=types_page(fetch(Tenant, tenant_id, Permission.SEE)))


@pages.get("/<tenant_id>/backups")
@requires(Permission.SEE)
def backups(tenant_id: str) -> str:
    return _tab("tenants/backups.html", "backups", fetch(Tenant, tenant_id, Permission.SEE))


@pages.get("/<tenant_id>/restores")
@requires(Permission.SEE)
def restores(tenant_id: str) -> str:
    return _tab("tenants/restores.html", "restores", fetch(Tenant, tenant_id, Permission.SEE))


@pages.get("/<tenant_id>/members")
@requires(Permission.MANAGE)
def members(tenant_id: str) -> str:
    return _tab("tenants/members.html", "members", fetch(Tenant, tenant_id, Permission.MANAGE))


@pages.get("/<tenant_id>/settings")
@requires(Permission.MANAGE)
def settings(tenant_id: str) -> str:
    return _tab("tenants/settings.html", "settings", fetch(Tenant, tenant_id, Permission.MANAGE))


@pages.post("/<tenant_id>/sync")
@requires(Permission.OPERATE)
def sync(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    return run_messages.answer_start(
        actors.backups.sync.start(tenant, current_actor()), url_for("tenants.page", tenant_id=tenant.id)
    )


@pages.post("/<tenant_id>/back-up")
@requires(Permission.OPERATE)
def back_up(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    start = actors.backups.back_up.start(tenant, current_actor(), is_full=request.form.get("full") == "yes")
    return run_messages.answer_start(start, url_for("tenants.page", tenant_id=tenant.id))


@pages.post("/<tenant_id>/watch")
@requires(Permission.MANAGE)
def watch(tenant_id: str) -> Any:
    tenant, wanted = fetch(Tenant, tenant_id, Permission.MANAGE), request.form.get("wanted") == "yes"
    if watches.set_watched(tenant, wanted, current_actor()):
        flash(f"{tenant.name} is watched from now on." if wanted else f"{tenant.name} is no longer watched.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/settings")
@requires(Permission.MANAGE)
def change_settings(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        tenants.set_full_every(tenant, request.form.get("full_every_days", ""), current_actor())
        tenants.set_keeps_members(tenant, request.form.get("keeps_members") == "yes", current_actor())
        flash("Saved.", "success")
    return redirect(url_for("tenants.settings", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/tags")
@requires(Permission.MANAGE)
def change_tags(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        tags.replace(tenant, tags.parse(request.form.get("tags", "")), current_actor())
        flash("Saved.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/restore-rules")
@requires(Permission.MANAGE)
def change_restore_rules(tenant_id: str) -> Any:
    tenant, form = fetch(Tenant, tenant_id, Permission.MANAGE), request.form
    wants_four_eyes, break_glass = form.get("four_eyes") == "yes", form.get("break_glass", "")
    return _ruled(tenant, lambda: rule_changes.change_rules(tenant, wants_four_eyes, break_glass))


@pages.post("/<tenant_id>/no-emergency-accounts")
@requires(Permission.MANAGE)
def say_no_emergency_accounts(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    tenants.set_has_no_break_glass(tenant, True, current_actor())
    flash(
        f"Noted: {tenant.name} has no emergency accounts. Restores still hold back what could lock everybody out.",
        "success",
    )
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/restore-rules/confirm")
@requires(Permission.MANAGE)
def confirm_rules(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    return _ruled(tenant, lambda: rule_changes.confirm_change(tenant, request.form.get("change", "")))


@pages.post("/<tenant_id>/restore-rules/reject")
@requires(Permission.MANAGE)
def reject_rules(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    return _ruled(tenant, lambda: rule_changes.reject_change(tenant, request.form.get("change", "")))


def _ruled(tenant: Tenant, act: Callable[[], tuple[str, str]]) -> Any:
    """The tenant's page again: with what became of it, or with why it is refused and what was typed."""
    try:
        flash(*act())
    except Invalid as e:
        flash(str(e), "danger")
        return _tab("tenants/settings.html", "settings", tenant), 400
    return redirect(url_for("tenants.settings", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/subscribe")
@requires(Permission.SEE)
def subscribe(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    wants_all_runs = request.form.get("wanted") == "yes"
    by_tags = users.set_subscribed(current_user.id, tenant, wants_all_runs)
    if by_tags is not None:
        which = "every run" if wants_all_runs else "your own runs only"
        tagged = " or ".join(by_tags)
        where = f"the tenants tagged {tagged}" if by_tags else tenant.name
        flash(f"You are notified about {which} of {where}.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)
