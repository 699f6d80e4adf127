"""Which group, filter, scope tag … of a tenant stands for one of the directory that a backup is of."""

from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from actors.facade import policy_type_names
from db.accounts import users
from db.errors import Invalid
from db.models import Mapping, Tenant
from db.restores import mappings, restores
from db.tenants import tenants
from web.inputs import form_text
from web.presentation.formatters import OTHER_KINDS, kind_title
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission

LONGEST_ID = 200
RESTORES_SHOWN = 5

pages = Blueprint("mappings", __name__, url_prefix="/tenants/<tenant_id>/mappings")


@pages.get("/")
@requires(Permission.SEE)
def index(tenant_id: str) -> str:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    found = [
        (one, _named(one), len(mappings.targets_by_key(tenant, one))) for one in mappings.source_directories(tenant)
    ]
    return render_template("mappings/index.html", tenant=tenant, directories=found)


def _named(directory_id: str) -> str | None:
    """Its name, of a tenant of ours that the person sees."""
    row = tenants.find_by_directory_id(directory_id)
    return row.name if row and can(Permission.SEE, row.id) else None


def _known_directory(tenant: Tenant, directory_id: str) -> str:
    if directory_id not in mappings.source_directories(tenant):
        abort(404)
    return directory_id


@pages.get("/<directory_id>")
@requires(Permission.SEE)
def page(tenant_id: str, directory_id: str) -> str:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    return _page(tenant, _known_directory(tenant, directory_id))


def _page(tenant: Tenant, directory_id: str) -> str:
    rows = mappings.of_pair(tenant, directory_id)
    missing = mappings.missing_mappings(tenant, directory_id)
    return render_template(
        "mappings/page.html",
        tenant=tenant,
        directory_id=directory_id,
        source=_named(directory_id),
        rows=rows,
        people=users.names_by_id(row.set_by_id for row in rows),
        missing=missing,
        suggestions=mappings.suggestions(tenant, missing),
        kinds=sorted((*OTHER_KINDS, *policy_type_names.titles()), key=kind_title),
        restores=restores.of_pair(tenant, directory_id, RESTORES_SHOWN),
        form=request.form,
    )


@pages.post("/<directory_id>")
@requires(Permission.MANAGE)
def put(tenant_id: str, directory_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    _known_directory(tenant, directory_id)
    key = form_text("kind", LONGEST_ID), form_text("source_id", LONGEST_ID)
    target = form_text("typed_id", LONGEST_ID) or form_text("target_id", LONGEST_ID)
    try:
        if key[0] not in OTHER_KINDS and key[0] not in policy_type_names.titles():
            raise Invalid("Choose what the mapping is of.")
        names = {"source_name": _source_name(tenant, directory_id, key),
                 "target_name": mappings.object_name(tenant, (key[0], target))}  # fmt: skip
        mappings.set_mapping(tenant, directory_id, key, target, current_actor(), **names)
    except Invalid as e:
        flash(str(e), "danger")
        return _page(tenant, directory_id), 400
    flash("Saved. Preview the restore again: it looks at the mappings anew.", "success")
    return _back(tenant, directory_id)


def _source_name(tenant: Tenant, directory_id: str, key: mappings.ObjectKey) -> str | None:
    return mappings.missing_mappings(tenant, directory_id).get(key)


def _back(tenant: Tenant, directory_id: str) -> Response:
    return redirect(url_for("mappings.page", tenant_id=tenant.id, directory_id=directory_id), 303)


@pages.post("/<directory_id>/<mapping_id>/remove")
@requires(Permission.MANAGE)
def remove(tenant_id: str, directory_id: str, mapping_id: str) -> Any:
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    mapping = fetch(Mapping, mapping_id, Permission.MANAGE)
    if mapping.tenant != tenant or mapping.source_directory_id != directory_id:
        abort(404)
    mappings.remove(mapping, current_actor())
    flash("Removed.", "success")
    return _back(tenant, directory_id)
