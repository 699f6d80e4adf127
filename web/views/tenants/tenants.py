"""`/tenants/`: the list, a tenant's page, and starting its sync."""

from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, ClassVar

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_admin import Admin
from flask_admin.actions import action
from flask_login import current_user
from markupsafe import Markup

import actors.backups.back_up
import actors.backups.sync
from actors.facade import policy_type_names
from db.accounts import users
from db.backups import backup_sets
from db.clock import utcnow
from db.errors import Invalid
from db.models import Run, Tenant
from db.policies import policies, search
from db.restores import restores
from db.runs import run_history
from db.states import Offer, PolicyState, RunKind, SetState, Standing
from db.tenants import backup_health, coverage, expiries, schedules, tenants
from web.lists.cells import cell, moment_cell
from web.lists.list_view import ListView
from web.presentation import rule_changes, run_messages
from web.presentation.formatters import ago, ends, state_badge
from web.presentation.links import link
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission

pages = Blueprint("tenants", __name__, url_prefix="/tenants")

RUNS_SHOWN = 8
NEWEST_SHOWN = 5
# Time enough to make another credential, and to have it given here by whoever may.
ENDS_SOON = timedelta(days=30)


def last_backup(tenant: Tenant) -> Markup:
    """How old the last good backup of the whole tenant is, with a link to it."""
    if tenant.last_backup_at is None or tenant.last_backup_id is None:
        return ago(None)
    return link("backup_sets.page", ago(tenant.last_backup_at), backup_set_id=tenant.last_backup_id)


def connection(tenant: Tenant) -> Markup:
    if tenant.connection_error:
        return state_badge(Standing.DISCONNECTED) + Markup(" {}").format(tenant.connection_error)
    if tenant.connected_at is None:
        return Markup('<span class="text-muted">not tried yet</span>')
    return Markup('<i class="fa fa-check good" aria-hidden="true"></i> worked {}').format(ago(tenant.connected_at))


def credential(tenant: Tenant) -> Markup:
    """What it is, and when it ends where that is known."""
    end, now = tenant.credential_expires_at, utcnow()
    if end is None:
        return Markup("{}").format(tenant.credential_kind)
    look = "bad" if end < now else "warn" if end < now + ENDS_SOON else "muted"
    return Markup('{} <span class="badge badge-{}">{}</span>').format(tenant.credential_kind, look, ends(end, now))


def named(tenant: Tenant) -> Markup:
    """Its name as a link, and whether something can start in it."""
    name = link("tenants.page", tenant.name, tenant_id=tenant.id)
    if tenant.is_active:
        return name
    said = "being removed" if tenant.removing_since else "switched off"
    return name + Markup(' <span class="badge badge-muted"><i class="fa fa-power-off" aria-hidden="true"></i> {}</span>'
                         ).format(said)  # fmt: skip


class TenantList(ListView):
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
        "name": cell(named),
        "last_backup_at": cell(last_backup),
        "connected_at": cell(connection),
        "last_synced_at": moment_cell,
        "created_at": moment_cell,
    }
    export_columns = (
        "name", "directory_id", "client_id", "cloud", "last_backup_at", "last_synced_at", "connected_at",
        "connection_error", "created_at",
    )  # fmt: skip

    def _mentions(self, word: str) -> Any:
        return search.tenant_name_matches(word)

    @action("back_up", "Back up")
    def back_up_selected(self, ids: list[str]) -> None:
        acts = [
            partial(actors.backups.back_up.start, tenant, current_actor())
            for tenant in self.selected(Permission.OPERATE)
        ]
        run_messages.start_all(acts, url_for("run_list.index_view", tenant="all", kind=RunKind.BACK_UP))


def register(admin: Admin) -> None:
    admin.add_view(TenantList(Tenant, name="Tenants", endpoint="tenant_list", url="/tenants"))


@pages.get("/<tenant_id>")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    return _page(fetch(Tenant, tenant_id, Permission.SEE))


def _page(tenant: Tenant) -> str:
    return render_template(
        "tenants/page.html",
        tenant=tenant,
        stand=next(iter(backup_health.health_of_tenants([tenant.id], utcnow())), None),
        uncovered=_uncovered(tenant),
        expiries=_expiries(tenant),
        oldest_reading=policies.oldest_reading(tenant),
        changes=backup_health.count_changes([tenant.id])[tenant.id],
        connection=connection(tenant),
        credential=credential(tenant),
        types=_types(tenant),
        runs=run_history.newest_runs(Run.tenant == tenant, RUNS_SHOWN),
        backup_sets=backup_sets.of_tenant(tenant, NEWEST_SHOWN),
        restores=restores.of_tenant(tenant, NEWEST_SHOWN),
        break_glass=request.form.get("break_glass", _lines(tenant)),
        rule_change=rule_changes.facts(tenant),
        schedules=schedules.of_tenants([tenant.id]),
        members=users.members_of_tenant(tenant),
        membership=users.find_membership(current_user.id, tenant),
    )


def _uncovered(tenant: Tenant) -> list[dict[str, Any]]:
    """What is not backed up, and why; policy types of one reason together."""
    groups: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in coverage.uncovered(tenant):
        state = SetState.INCOMPLETE if row.offer == Offer.OFFERED else row.offer
        facts = {"state": state, "why": row.why or "", "since": row.bad_since, "good_at": row.good_at, "titles": []}
        group = groups.setdefault((state, row.why, row.bad_since, row.good_at), facts)
        group["titles"].append(policy_type_names.title(row.policy_type))
    return list(groups.values())


def _expiries(tenant: Tenant) -> list[dict[str, Any]]:
    """What runs out, the soonest first, each with how urgent that is, in words too."""
    now = utcnow()
    rows = [(one, *expiries.describe(one, now)) for one in expiries.of_tenant(tenant)]
    return [
        {"row": one, "title": policy_type_names.expiry_title(one.kind), "urgent": how, "words": words}
        for one, how, words in rows
    ]


def _lines(tenant: Tenant) -> str:
    """The accounts and groups for emergencies as the form takes them."""
    words = {"groups": "group", "users": "user"}
    return "\n".join(f"{words[one['kind']]} {one['id']} {one['name']}" for one in tenant.break_glass or ())


def _types(tenant: Tenant) -> list[dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    for key, state, count, captured in policies.counts_by_type(tenant):
        row = found.setdefault(
            key, {"key": key, "title": policy_type_names.title(key), "present": 0, "gone": 0, "captured": 0}
        )
        row["gone" if state == PolicyState.GONE else "present"] += count
        row["captured"] += captured
    return sorted(found.values(), key=lambda row: row["title"].lower())


@pages.post("/<tenant_id>/sync")
@requires(Permission.OPERATE)
def sync(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    return run_messages.answer(
        actors.backups.sync.start(tenant, current_actor()), url_for("tenants.page", tenant_id=tenant.id)
    )


@pages.post("/<tenant_id>/back-up")
@requires(Permission.OPERATE)
def back_up(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.OPERATE)
    start = actors.backups.back_up.start(tenant, current_actor(), is_full=request.form.get("full") == "yes")
    return run_messages.answer(start, url_for("tenants.page", tenant_id=tenant.id))


@pages.post("/<tenant_id>/settings")
@requires(Permission.MANAGE)
def change_settings(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    try:
        tenants.set_full_every(tenant, request.form.get("full_every_days", ""), current_actor())
        tenants.set_keeps_members(tenant, request.form.get("keeps_members") == "yes", current_actor())
        flash("Saved.", "success")
    except Invalid as e:
        flash(str(e), "danger")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)


@pages.post("/<tenant_id>/restore-rules")
@requires(Permission.MANAGE)
def change_restore_rules(tenant_id: str) -> Any:
    tenant, form = fetch(Tenant, tenant_id, Permission.MANAGE), request.form
    wants_four_eyes, break_glass = form.get("four_eyes") == "yes", form.get("break_glass", "")
    return _ruled(tenant, lambda: rule_changes.change(tenant, wants_four_eyes, break_glass))


@pages.post("/<tenant_id>/restore-rules/confirm")
@requires(Permission.MANAGE)
def confirm_rules(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    return _ruled(tenant, lambda: rule_changes.confirm(tenant, request.form.get("change", "")))


@pages.post("/<tenant_id>/restore-rules/reject")
@requires(Permission.MANAGE)
def reject_rules(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    return _ruled(tenant, lambda: rule_changes.reject(tenant, request.form.get("change", "")))


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
    wanted = request.form.get("wanted") == "yes"
    if users.set_subscribed(current_user.id, tenant, wanted):
        flash(f"You hear of {'every run' if wanted else 'your own runs only'} of {tenant.name}.", "success")
    return redirect(url_for("tenants.page", tenant_id=tenant.id), 303)
