"""Mappings: the group, filter, scope tag … of a tenant that stands for one of the directory that a backup is of."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from actors.facade import policy_type_names
from db.accounts import users
from db.errors import Invalid
from db.models import Mapping, Restore, Tenant
from db.restores import mappings, restores
from db.states import CHANGEABLE
from db.tenants import tenants
from web.inputs import form_text
from web.presentation.formatters import OTHER_KINDS, kind_title
from web.security.access import can, can_fetch, current_actor, fetch, requires
from web.security.permissions import Permission

LONGEST_ID = 200
RESTORES_SHOWN = 5

pages = Blueprint("mappings", __name__, url_prefix="/tenants/<tenant_id>/mappings")


@pages.get("/")
@requires(Permission.SEE)
def index(tenant_id: str) -> str:
    tenant = fetch(Tenant, tenant_id, Permission.SEE)
    directories = [
        (directory_id, _directory_name(directory_id), len(mappings.targets_by_key(tenant, directory_id)))
        for directory_id in mappings.source_directories(tenant)
    ]
    return render_template("mappings/index.html", tenant=tenant, directories=directories)


def _directory_name(directory_id: str) -> str | None:
    """Return the directory's name if it is a tenant of ours that the person sees."""
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


class MissingObject(NamedTuple):
    """A source object that nothing stands for yet. `similar`: (id, name) of target objects with a like name."""

    kind: str
    source_id: str
    name: str | None
    similar: list[tuple[str, str]]


class ListedRestore(NamedTuple):
    """A restore of this pair."""

    restore: Restore

    @property
    def can_preview(self) -> bool:
        return can_fetch(Permission.OPERATE, self.restore) and self.restore.state in CHANGEABLE


@dataclass(frozen=True)
class MappingPage:
    """`source` is the name of the other directory, where it is of a tenant that this person sees."""

    tenant: Tenant
    directory_id: str
    source: str | None
    rows: list[Mapping]
    missing: list[MissingObject]
    restores: list[ListedRestore]
    form: MultiDict[str, str]

    @property
    def said(self) -> list[Mapping]:
        return [row for row in self.rows if row.set_by_id]

    @property
    def remembered(self) -> list[Mapping]:
        return [row for row in self.rows if not row.set_by_id]

    @cached_property
    def people(self) -> dict[int, str]:
        """The people who set the mappings: user id -> name."""
        return users.names_by_id(row.set_by_id for row in self.rows)

    @property
    def kinds(self) -> list[str]:
        return sorted((*OTHER_KINDS, *policy_type_names.titles()), key=kind_title)

    @cached_property
    def can_manage(self) -> bool:
        return can(Permission.MANAGE, self.tenant.id)


def _page(tenant: Tenant, directory_id: str) -> str:
    missing = mappings.missing_mappings(tenant, directory_id)
    similar = mappings.suggestions(tenant, missing)
    page = MappingPage(
        tenant=tenant,
        directory_id=directory_id,
        source=_directory_name(directory_id),
        rows=mappings.of_pair(tenant, directory_id),
        missing=[MissingObject(*key, name, similar.get(key, [])) for key, name in missing.items()],
        restores=[ListedRestore(row) for row in restores.of_pair(tenant, directory_id, RESTORES_SHOWN)],
        form=request.form,
    )
    return render_template("mappings/page.html", page=page)


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
