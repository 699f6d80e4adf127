"""`POST /standards/<id>/tenants/<tenant>/plan`: drafts the restore that brings one item, or all, to this tenant."""

from typing import Any

from flask import Blueprint, flash, redirect, request, url_for

from actors.rollouts import drafting
from actors.standings import item_difference
from db.errors import Invalid
from db.standards import cells
from web.acts import standard_access
from web.inputs import without_nul
from web.security.access import current_actor, requires
from web.security.permissions import Permission

pages = Blueprint("item_plan", __name__, url_prefix="/standards/<standard_id>/tenants/<tenant_id>")

LONGEST_KEY = 200


@pages.post("/plan")
@requires(Permission.OPERATE)
def plan(standard_id: str, tenant_id: str) -> Any:
    """Draft the restore of an item, or of every item that differs or is missing. It is previewed as any other."""
    adoption = standard_access.fetch_adoption(standard_id, tenant_id, Permission.OPERATE)
    version = item_difference.version_of(adoption)
    key = without_nul(request.form.get("key", ""))[:LONGEST_KEY]
    try:
        if version is None:
            raise Invalid("The standard has no version yet.")
        keys = [key] if key else cells.keys_to_do(adoption)
        restore = drafting.draft_for(adoption, version, keys, current_actor())
    except Invalid as e:
        flash(str(e), "danger")
        page = "followed_item.page" if key else "following.page"
        address = url_for(page, standard_id=standard_id, tenant_id=tenant_id, key=key or None)
        return redirect(address, 303)
    flash("Drafted. Preview it: nothing is written before you approve it.", "success")
    return redirect(url_for("restores.page", restore_id=restore.id), 303)
