"""Retention rules, previewed before they are switched on; and pinning a backup set, with a reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for

from actors.housekeeping import daily_prune
from db.backups import deletions, retention
from db.backups.deletions import WaitingDeletions
from db.backups.retention import Decision, RetentionPreview, RetentionRules
from db.errors import SwitchedOff
from db.models import BackupSet, Tenant
from web.inputs import page_number
from web.lists.numbered_page import NumberedPage
from web.presentation import run_messages
from web.presentation.formatters import count_text
from web.presentation.refusals import refusals_flashed
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission

pages = Blueprint("retention", __name__)

SHOWN, LAST_PAGE = 50, 999
NAMES = ("last", "daily", "weekly", "monthly")
DEFAULTS = {"last": "7", "daily": "14", "weekly": "8", "monthly": "12"}


@dataclass(frozen=True)
class RetentionPage(NumberedPage):
    """`found` is what the rules typed would remove; None: nothing was typed, or it is refused."""

    tenant: Tenant
    waiting: WaitingDeletions
    found: RetentionPreview | None
    given: Mapping[str, str]
    number: int
    has_more: bool

    @property
    def decisions(self) -> list[Decision]:
        """The page of them that is shown."""
        return self.found.decisions[self.number * SHOWN :][:SHOWN] if self.found else []

    def address_of(self, number: int) -> str:
        typed: dict[str, Any] = {**self.given, "page": number}
        return url_for("retention.page", tenant_id=self.tenant.id, **typed)


@pages.get("/tenants/<tenant_id>/retention")
@requires(Permission.MANAGE)
def page(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    found: RetentionPreview | None = None
    if any(name in request.args for name in NAMES):
        with refusals_flashed():
            found = retention.preview(tenant, RetentionRules.parse(request.args))
    typed = {name: request.args[name] for name in NAMES if name in request.args}
    given = typed or tenant.retention or DEFAULTS
    number = page_number(LAST_PAGE)
    has_more = found is not None and len(found.decisions) > (number + 1) * SHOWN
    return render_template(
        "retention/page.html", page=RetentionPage(tenant, deletions.waiting(tenant), found, given, number, has_more)
    )


@pages.post("/tenants/<tenant_id>/retention")
@requires(Permission.MANAGE)
def change(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        rules = None if request.form.get("off") == "yes" else RetentionRules.parse(request.form)
        retention.set_rules(tenant, rules, current_actor())
        flash(
            "Retention is on: a run looks once a day for old backups, and says when they go."
            if rules
            else "Retention is off: all backups are kept.",
            "success",
        )
    return redirect(url_for("retention.page", tenant_id=tenant.id), 303)


@pages.post("/tenants/<tenant_id>/retention/prune")
@requires(Permission.MANAGE)
def prune(tenant_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    back_to = url_for("retention.page", tenant_id=tenant.id)
    try:
        return run_messages.answer_start(daily_prune.start(tenant, current_actor()), back_to)
    except SwitchedOff as e:
        flash(str(e), "danger")
        return redirect(back_to, 303)


@pages.post("/tenants/<tenant_id>/retention/keep")
@requires(Permission.MANAGE)
def keep(tenant_id: str) -> Any:
    """Take the deletion of all sets that wait for it back."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    with refusals_flashed():
        count = deletions.take_back(tenant, request.form.get("reason", ""), current_actor())
        flash(f"Protected from deletion: {count_text(count, 'backup set')}.", "success")
    return redirect(url_for("retention.page", tenant_id=tenant.id), 303)


@pages.post("/backup-sets/<backup_set_id>/pin")
@requires(Permission.MANAGE)
def pin(backup_set_id: str) -> Any:
    backup_set = fetch(BackupSet, backup_set_id, Permission.MANAGE)
    actor = current_actor()
    with refusals_flashed():
        retention.pin(backup_set, request.form.get("reason", ""), actor.user_id, actor)
        flash("Protected from deletion, whatever the retention rules say.", "success")
    return redirect(url_for("backup_sets.page", backup_set_id=backup_set.id), 303)


@pages.post("/backup-sets/<backup_set_id>/unpin")
@requires(Permission.MANAGE)
def unpin(backup_set_id: str) -> Any:
    backup_set = fetch(BackupSet, backup_set_id, Permission.MANAGE)
    with refusals_flashed():
        retention.unpin(backup_set, current_actor())
    return redirect(url_for("backup_sets.page", backup_set_id=backup_set.id), 303)
