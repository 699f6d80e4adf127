"""`/tenants/<id>/changes`: what changed in a tenant, a fresh look at it, and putting back what is ticked."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

import actors.backups.look
from actors.plans import drafts
from db.errors import Invalid
from db.models import Snapshot, Tenant
from db.policies import snapshots
from web.inputs import page_number, ticked_values
from web.presentation import run_messages
from web.security.access import current_actor, fetch, parse_row_id, requires
from web.security.permissions import Permission
from web.views.restores.later_changes_page import (
    CHANGES_SHOWN,
    LAST_PAGE,
    WantedChanges,
    all_right_versions,
    later_changes_page,
)
from web.views.restores.new_restore import previewed

pages = Blueprint("later_changes", __name__, url_prefix="/tenants")


@pages.get("/<tenant_id>/changes")
@requires(Permission.SEE)
def page(tenant_id: str) -> str:
    return _page(fetch(Tenant, tenant_id, Permission.SEE), WantedChanges.of(request.args))


def _page(tenant: Tenant, wanted: WantedChanges) -> str:
    return render_template("later_changes/page.html", page=later_changes_page(tenant, wanted, page_number(LAST_PAGE)))


@pages.post("/<tenant_id>/changes/look")
@requires(Permission.OPERATE)
def look(tenant_id: str) -> Any:
    """Start a look at the tenant, or find one under way; the page follows it."""
    tenant, wanted = fetch(Tenant, tenant_id, Permission.OPERATE), WantedChanges.of(request.form)
    back_to = url_for("later_changes.page", tenant_id=tenant.id, **wanted.arguments)
    return run_messages.answer_start(actors.backups.look.start(tenant, current_actor()), back_to)


@pages.post("/<tenant_id>/changes/put-back")
@requires(Permission.OPERATE)
def put_back(tenant_id: str) -> Any:
    """Make a restore of the versions that were ticked, or of all that are listed, and start its preview."""
    tenant, wanted = fetch(Tenant, tenant_id, Permission.OPERATE), WantedChanges.of(request.form)
    wants_all = request.form.get("all") == "yes"
    ids = all_right_versions(tenant, wanted) if wants_all else _ticked_versions(tenant)
    try:
        if not ids:
            raise Invalid("Tick what is to be put back.")
        return previewed(drafts.put_back(ids, tenant, current_actor()))
    except Invalid as e:
        flash(str(e), "danger")
        return redirect(url_for("later_changes.page", tenant_id=tenant.id, **wanted.arguments), 303)


def _ticked_versions(tenant: Tenant) -> list[int]:
    """Return the ticked snapshots. Aborts with 403 for one that is not this person's, with 400 for another tenant's."""
    ids = [number for number in map(parse_row_id, ticked_values(request.form, "version", CHANGES_SHOWN)) if number]
    of_tenant = {snapshot.id for snapshot in snapshots.load_with_policies(ids) if snapshot.tenant_id == tenant.id}
    for other in set(ids) - of_tenant:
        fetch(Snapshot, other, Permission.OPERATE)
        abort(400)
    return ids
