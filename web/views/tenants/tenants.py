"""`/tenants/`: the list, a tenant's page, and starting its sync."""

from collections.abc import Callable
from typing import Any, ClassVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_admin import Admin
from flask_admin.actions import action
from flask_login import current_user
from markupsafe import Markup

import actors.backups.back_up
import actors.backups.sync
from db.accounts import users
from db.errors import Invalid
from db.models import Tenant
from db.policies import search
from db.states import RunKind
from db.tenants import tenants
from web.lists.cells import cell, moment_cell
from web.lists.list_view import ListView
from web.presentation import rule_changes, run_messages
from web.presentation.links import link
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.views.tenants.tenant_page import connection, last_backup, tenant_page

pages = Blueprint("tenants", __name__, url_prefix="/tenants")


def name_with_state(tenant: Tenant) -> Markup:
    """Show the tenant's name as a link, and whether something can start in it."""
    name = link("tenants.page", tenant.name, tenant_id=tenant.id)
    if tenant.is_active:
        return name
    state = "being removed" if tenant.removing_since else "switched off"
    return name + Markup(' <span class="badge badge-muted"><i class="fa fa-power-off" aria-hidden="true"></i> {}</span>'
                         ).format(state)  # fmt: skip


class TenantListView(ListView):
    column_list = (
        "name",
        "last_backup_at",
        "connected_at",
        "last_synced_at",
        "directory_id",
        "client_id",
        "created_at",
    )
    hidden_columns = ("client_id", "created_at")
    column_labels: ClassVar = {
        "last_backup_at": "Last good backup",
        "connected_at": "Connection",
        "last_synced_at": "Last sync",
        "directory_id": "Directory id",
        "client_id": "Client id",
        "created_at": "Added",
    }
    column_sortable_list = ("name",)
    sorted_by = "name"
    search_hint = "Name or directory id"
    nothing_yet = "No tenants yet. An admin adds one on the server with “tenantkeep tenant add”."
    column_formatters: ClassVar = {
        "name": cell(name_with_state),
        "last_backup_at": cell(last_backup),
        "connected_at": cell(connection),
        "last_synced_at": moment_cell,
        "created_at": moment_cell,
    }
    export_columns = (
        "name", "directory_id", "client_id", "cloud", "last_backup_at", "last_synced_at", "connected_at",
        "connection_error", "created_at",
    )  # fmt: skip

    def _matches_word(self, word: str) -> Any:
        return search.tenant_name_matches(word)

    @action("back_up", "Back up")
    def back_up_selected(self, ids: list[str]) -> None:
        run_messages.start_for_each(self.selected(Permission.OPERATE), actors.backups.back_up.start, RunKind.BACK_UP)


def register(admin: Admin) -> None:
    admin.add_view(TenantListView(Tenant, name="Tenants", endpoint="tenant_list", url="/tenants"))


@pages.get("/<tenant_id>")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    return _page(fetch(Tenant, tenant_id, Permission.SEE))


def _page(tenant: Tenant) -> str:
    return render_template("tenants/page.html", page=tenant_page(tenant))


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


@pages.post("/<tenant_id>/settings")
@requires(Permission.MANAGE)
def change_settings(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        tenants.set_full_every(tenant, request.form.get("full_every_days", ""), current_actor())
        tenants.set_keeps_members(tenant, request.form.get("keeps_members") == "yes", current_actor())
        flash("Saved.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/restore-rules")
@requires(Permission.MANAGE)
def change_restore_rules(tenant_id: str) -> Any:
    tenant, form = fetch(Tenant, tenant_id, Permission.MANAGE), request.form
    wants_four_eyes, break_glass = form.get("four_eyes") == "yes", form.get("break_glass", "")
    return _ruled(tenant, lambda: rule_changes.change_rules(tenant, wants_four_eyes, break_glass))


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
        return _page(tenant), 400
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/subscribe")
@requires(Permission.SEE)
def subscribe(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    wants_all_runs = request.form.get("wanted") == "yes"
    if users.set_subscribed(current_user.id, tenant, wants_all_runs):
        flash(
            f"You are notified about {'every run' if wants_all_runs else 'your own runs only'} of {tenant.name}.",
            "success",
        )
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)
