"""`/users/entra`: what groups and app roles of our own directory give to people who sign in with Entra ID."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for

from actors.people import entra_sign_in
from db.accounts import entra_grants
from db.errors import Invalid
from db.models import EntraGrant
from db.states import Role, SiteRole
from db.tenants import tags
from web.inputs import without_nul
from web.lists import tenant_field
from web.security.access import current_actor, requires
from web.security.permissions import Permission

pages = Blueprint("entra_grants", __name__, url_prefix="/users/entra")
_SITE_ROLES = tuple(role for role in SiteRole if role != SiteRole.NONE)


@dataclass(frozen=True)
class GrantsPage:
    grants: list[EntraGrant]
    tenant_names: list[str]
    tags: Mapping[str, str]
    is_set_up: bool
    return_path: str
    roles: tuple[Role, ...] = tuple(Role)
    site_roles: tuple[SiteRole, ...] = _SITE_ROLES


@pages.get("/")
@requires(Permission.ADMINISTER)
def index() -> str:
    page = GrantsPage(
        entra_grants.all_grants(),
        tenant_field.proposed_names(Permission.ADMINISTER),
        tags.known(None),
        entra_sign_in.is_set_up(),
        entra_sign_in.RETURN_PATH,
    )
    return render_template("users/entra_grants.html", page=page)


@pages.post("/")
@requires(Permission.ADMINISTER)
def grant() -> Any:
    """`gives`: a role in the installation; or a role in the `tenant`, or in every tenant that has the `tag`."""
    form, claim = request.form, request.form.get("claim", "")
    try:
        if form.get("gives") in set(_SITE_ROLES):
            entra_grants.set_grant(claim, current_actor(), site_role=SiteRole(form["gives"]))
        elif form.get("gives") in set(Role) and form.get("tag", "").strip():
            if form.get("tenant", "").strip():
                raise Invalid("Name a tenant or a tag, not both.")
            tag = tags.parse_one(without_nul(form["tag"]))
            entra_grants.set_grant(claim, current_actor(), tag=tag, role=Role(form["gives"]))
        elif form.get("gives") in set(Role):
            tenant = tenant_field.typed_tenant(form.get("tenant", ""), Permission.ADMINISTER)
            entra_grants.set_grant(claim, current_actor(), tenant=tenant, role=Role(form["gives"]))
        else:
            abort(400)
    except Invalid as e:
        flash(str(e), "danger")
    else:
        flash("Saved. It counts from the next sign-in, and within half an hour for who is signed in.", "success")
    return redirect(url_for("entra_grants.index"), 303)


@pages.post("/<int:grant_id>/remove")
@requires(Permission.ADMINISTER)
def remove(grant_id: int) -> Any:
    grant = EntraGrant.get_or_none(EntraGrant.id == grant_id)
    if grant is None:
        abort(404)
    entra_grants.remove_grant(grant, current_actor())
    flash("Removed. Who has the role because of it loses it at the next sign-in, or within the hour.", "success")
    return redirect(url_for("entra_grants.index"), 303)
