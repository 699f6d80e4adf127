"""Mappings: the group, filter, scope tag … of a tenant that stands for one of the directory that a backup is of."""

from dataclasses import dataclass
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from actors.facade import object_ids, policy_type_names
from db.accounts import users
from db.errors import Invalid
from db.models import Mapping, Restore, Tenant
from db.restores import mappings, restores
from db.standards import cells
from db.states import CHANGEABLE
from db.tenants import tenants
from web.inputs import without_nul
from web.presentation.formatters import OTHER_KINDS, kind_title
from web.security.access import can, can_fetch, current_actor, fetch, requires
from web.security.permissions import Permission

LONGEST_ID = 200
RESTORES_SHOWN = 5
MISSING_SHOWN, MOST_SAVED = 40, 200

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
    """A source object that nothing stands for yet. `similar`: (id, name) of target objects with a like name. `chosen`
    and `typed` stood in a form that was refused.
    """

    kind: str
    source_id: str
    name: str | None
    similar: list[tuple[str, str]]
    chosen: str = ""
    typed: str = ""

    @property
    def label(self) -> str:
        """Its name, or that nobody knows it."""
        return (
            self.name
            or f"Unknown {kind_title(self.kind)[:1].lower()}{kind_title(self.kind)[1:]} ({self.source_id[:4]}…)"
        )


class ListedRestore(NamedTuple):
    """A restore of this pair. `can_preview`: may this person preview it anew?"""

    restore: Restore
    can_preview: bool


@dataclass(frozen=True)
class MappingPage:
    """`source` is the name of the other directory, where it is of a tenant that this person sees."""

    tenant: Tenant
    directory_id: str
    source: str | None
    rows: list[Mapping]
    missing: list[MissingObject]
    missing_count: int
    restores: list[ListedRestore]
    form: MultiDict[str, str]

    @property
    def missing_words(self) -> str:
        count = self.missing_count
        return "1 reference needs a replacement" if count == 1 else f"{count} references need a replacement"

    @property
    def missing_more(self) -> int:
        """The number that come once these have a replacement."""
        return self.missing_count - len(self.missing)

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
    all_missing = mappings.missing_mappings(tenant, directory_id)
    missing = dict(list(all_missing.items())[:MISSING_SHOWN])
    similar = mappings.suggestions(tenant, missing)
    typed = dict(
        zip(_texts("source_id"), zip_longest(_texts("target_id"), _texts("typed_id"), fillvalue=""), strict=False)
    )
    page = MappingPage(
        tenant=tenant,
        directory_id=directory_id,
        source=_directory_name(directory_id),
        rows=mappings.of_pair(tenant, directory_id),
        missing=[
            MissingObject(*key, name, similar.get(key, []), *typed.get(key[1], ())) for key, name in missing.items()
        ],
        missing_count=len(all_missing),
        restores=_newest_restores(tenant, directory_id),
        form=request.form,
    )
    return render_template("mappings/page.html", page=page)


def _newest_restores(tenant: Tenant, directory_id: str) -> list[ListedRestore]:
    rows = restores.of_pair(tenant, directory_id, RESTORES_SHOWN)
    # Who may operate one restore of the pair may operate them all.
    may_operate = bool(rows) and can_fetch(Permission.OPERATE, rows[0])
    return [ListedRestore(row, may_operate and row.state in CHANGEABLE) for row in rows]


@pages.post("/<directory_id>")
@requires(Permission.MANAGE)
def put(tenant_id: str, directory_id: str) -> Any:
    """Save what is chosen, for as many objects as the form has."""
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    _known_directory(tenant, directory_id)
    try:
        source_names = mappings.missing_mappings(tenant, directory_id)
        chosen = object_ids.checked_targets(_chosen_targets(), source_names)
        mappings.set_many(tenant, directory_id, chosen, current_actor(), source_names)
        cells.mark_due_by_mapping(tenant, directory_id)
    except Invalid as e:
        flash(str(e), "danger")
        return _page(tenant, directory_id), 400
    flash("Saved. Preview the restore again: it looks at the mappings anew.", "success")
    return _back(tenant, directory_id)


def _chosen_targets() -> dict[mappings.ObjectKey, str]:
    """Return what each object of the form is to be replaced by; among several, those left open are left out. Raises
    Invalid.
    """
    kinds, source_ids, chosen, typed = map(_texts, ("kind", "source_id", "target_id", "typed_id"))
    if len(kinds) > MOST_SAVED:
        abort(400)
    rows = list(zip_longest(kinds, source_ids, chosen, typed, fillvalue=""))
    targets = {(kind, source_id): by_hand or picked for kind, source_id, picked, by_hand in rows}
    if any(kind not in OTHER_KINDS and kind not in policy_type_names.titles() for kind, _ in targets):
        raise Invalid("Choose what the mapping is of.")
    replaced = {key: target for key, target in targets.items() if target}
    if not replaced and len(targets) > 1:
        raise Invalid("Choose a replacement for at least one of them.")
    return replaced or targets


def _texts(name: str) -> list[str]:
    return [without_nul(text).strip()[:LONGEST_ID] for text in request.form.getlist(name)]


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
    cells.mark_due_by_mapping(tenant, directory_id)
    flash("Removed.", "success")
    return _back(tenant, directory_id)
