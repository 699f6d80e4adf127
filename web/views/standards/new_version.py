"""`/standards/<id>/new-version/…`: a version is taken from a tenant where it was tried, or from an import."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from actors.standards import making
from actors.standards.making import VersionChoices
from actors.standards.taken_contents import CannotBeTaken, Refusal
from db.errors import Invalid
from db.imports import policy_imports
from db.models import ImportedPolicy, PolicyImport, Snapshot, Standard, StandardItem, StandardVersion, Tenant
from db.policies import snapshots
from db.standards import standards, versions
from web.acts import standard_access
from web.inputs import ticked_values, without_nul
from web.lists import tenant_field
from web.presentation.formatters import policy_type_title
from web.presentation.refusals import refusals_flashed
from web.security.access import allowed_tenant_ids, current_actor, fetch, parse_row_id, requires
from web.security.permissions import Permission

pages = Blueprint("new_version", __name__, url_prefix="/standards/<standard_id>/new-version")

# More policies than a page has room for are searched.
MOST_SHOWN, LONGEST_SEARCH = 1000, 200

IMPORTS_SHOWN, MOST_WORDS = 50, 20
EMPTY: MultiDict[str, str] = MultiDict()


@dataclass(frozen=True)
class SourcePage:
    """The choice of where a version is taken from."""

    standard: Standard
    newest: StandardVersion | None

    @property
    def tenant_names(self) -> list[str]:
        return tenant_field.proposed_names(Permission.MANAGE)

    @cached_property
    def imports(self) -> list[PolicyImport]:
        """Return imports that are kept, newest first, of tenants that the person manages."""
        rows = policy_imports.newest(allowed_tenant_ids(Permission.MANAGE), IMPORTS_SHOWN)
        return [row for row in rows if row.kept_at is not None and row.policy_count]


@pages.get("/")
@requires(Permission.EDIT_STANDARDS)
def source(standard_id: str) -> str:
    """Ask from where: whoever takes policies manages the tenant that they are of."""
    standard = _standard_in_use(standard_id)
    return render_template("standards/new_version.html", page=SourcePage(standard, versions.newest(standard)))


@pages.post("/tenant")
@requires(Permission.EDIT_STANDARDS)
def choose_tenant(standard_id: str) -> Response:
    standard = _standard_in_use(standard_id)
    with refusals_flashed():
        tenant = tenant_field.typed_tenant(request.form.get("tenant", ""), Permission.MANAGE)
        return _see_other("new_version.of_tenant", standard_id=standard.id, tenant_id=tenant.id)
    return _see_other("new_version.source", standard_id=standard.id)


@dataclass(frozen=True)
class NewVersionPage:
    """The form of a new version: policies to take, items to leave out, and what differs between tenants.

    `rows`: (snapshot or imported policy); `form`: as it was sent, where it was refused; `refused`: with reasons.
    """

    standard: Standard
    newest: StandardVersion | None
    name: str
    action: str
    rows: Sequence[Snapshot | ImportedPolicy]
    form: MultiDict[str, str]
    refused: Sequence[Refusal] = field(default=())

    @property
    def search(self) -> str:
        return without_nul(request.args.get("q", ""))[:LONGEST_SEARCH].strip()

    @property
    def is_long(self) -> bool:
        """Tell whether some policies are not shown, or would not be without the search."""
        return bool(self.search) or len(self.shown) < len(self.rows)

    @cached_property
    def shown(self) -> list[Snapshot | ImportedPolicy]:
        """The policies that are ticked, and as many others of those that are searched for as a page has room for."""
        words = self.search.casefold().split()
        named = [row for row in self.rows if all(word in row.name.casefold() for word in words)]
        ticked = [row for row in self.rows if self.is_ticked(row)]
        return [*ticked, *(row for row in named if not self.is_ticked(row))][: max(MOST_SHOWN, len(ticked))]

    @cached_property
    def by_type(self) -> list[tuple[str, list[Snapshot | ImportedPolicy]]]:
        """Return the policies that are shown by the title of their type."""
        titled = sorted(self.shown, key=lambda row: (policy_type_title(_type_of(row)), row.name.lower(), row.id))
        return [(title, list(rows)) for title, rows in groupby(titled, lambda row: policy_type_title(_type_of(row)))]

    @cached_property
    def items(self) -> list[StandardItem]:
        return versions.items(self.newest) if self.newest else []

    @cached_property
    def ticked(self) -> frozenset[str]:
        return frozenset(self.form.getlist("take"))

    def is_ticked(self, row: Snapshot | ImportedPolicy) -> bool:
        return str(row.id) in self.ticked

    def ticked_count(self, rows: Sequence[Snapshot | ImportedPolicy]) -> int:
        return sum(map(self.is_ticked, rows))

    def is_left_out(self, item: StandardItem) -> bool:
        return item.key in self.form.getlist("without")

    def is_looked_at(self, row_id: int) -> bool:
        return str(row_id) in self.form.getlist("harmless")

    @property
    def is_of_tenant(self) -> bool:
        return "/tenants/" in self.action

    @property
    def keeps_items(self) -> bool:
        """Tell whether the new version begins with the items of the newest one."""
        return bool(self.newest) and self.form.get("from", "newest") == "newest"

    @property
    def with_assignments(self) -> bool:
        return not self.form or bool(self.form.get("with_assignments"))


def _type_of(row: Snapshot | ImportedPolicy) -> str:
    return str(row.policy.policy_type if isinstance(row, Snapshot) else row.policy_type)


@pages.get("/tenants/<tenant_id>")
@requires(Permission.EDIT_STANDARDS)
def of_tenant(standard_id: str, tenant_id: str) -> str:
    standard = _standard_in_use(standard_id)
    return _tenant_form(standard, fetch(Tenant, tenant_id, Permission.MANAGE), EMPTY)


def _tenant_form(standard: Standard, tenant: Tenant, form: MultiDict[str, str], refused: Sequence[Refusal] = ()) -> str:
    action = url_for("new_version.make_of_tenant", standard_id=standard.id, tenant_id=tenant.id)
    rows = [row for row in snapshots.newest_of_present(tenant) if row.policy.policy_type != "groups"]
    page = NewVersionPage(standard, versions.newest(standard), str(tenant.name), action, rows, form, refused)
    return render_template("standards/new_version_policies.html", page=page)


@pages.post("/tenants/<tenant_id>")
@requires(Permission.EDIT_STANDARDS)
def make_of_tenant(standard_id: str, tenant_id: str) -> Any:
    """Make the version at once. Where something cannot be taken, nothing is made and the form stays as it was."""
    standard = _standard_in_use(standard_id)
    tenant = fetch(Tenant, tenant_id, Permission.MANAGE)
    try:
        return _made(_make_of_tenant(standard, tenant, request.form))
    except Invalid as e:
        flash(str(e), "danger")
        refused = e.refused if isinstance(e, CannotBeTaken) else ()
        return _tenant_form(standard, tenant, request.form, refused), 400


def _make_of_tenant(standard: Standard, tenant: Tenant, form: MultiDict[str, str]) -> StandardVersion:
    choices, ids, newest = _choices(form), _ids(form, "take"), versions.newest(standard)
    if newest is None or form.get("from") != "newest":
        return making.from_snapshots(standard, tenant, ids, current_actor(), choices)
    without = ticked_values(form, "without", versions.MOST_ITEMS)
    return making.from_version(
        standard, newest, current_actor(), choices, without=without, tenant=tenant, snapshot_ids=ids
    )


@pages.get("/imports/<import_id>")
@requires(Permission.EDIT_STANDARDS)
def of_import(standard_id: str, import_id: str) -> str:
    standard = _standard_in_use(standard_id)
    return _import_form(standard, fetch(PolicyImport, import_id, Permission.MANAGE), EMPTY)


def _import_form(
    standard: Standard, row: PolicyImport, form: MultiDict[str, str], refused: Sequence[Refusal] = ()
) -> str:
    action = url_for("new_version.make_of_import", standard_id=standard.id, import_id=row.id)
    rows = [policy for policy in policy_imports.policies_of(row) if policy.policy_type != "groups"]
    page = NewVersionPage(standard, versions.newest(standard), str(row.name), action, rows, form, refused)
    return render_template("standards/new_version_policies.html", page=page)


@pages.post("/imports/<import_id>")
@requires(Permission.EDIT_STANDARDS)
def make_of_import(standard_id: str, import_id: str) -> Any:
    standard = _standard_in_use(standard_id)
    row = fetch(PolicyImport, import_id, Permission.MANAGE)
    try:
        chosen = _ids(request.form, "take")
        if not chosen:
            raise Invalid("Choose at least one policy.")
        return _made(making.from_import(standard, row, chosen, current_actor(), _choices(request.form)))
    except Invalid as e:
        flash(str(e), "danger")
        refused = e.refused if isinstance(e, CannotBeTaken) else ()
        return _import_form(standard, row, request.form, refused), 400


def _choices(form: MultiDict[str, str]) -> VersionChoices:
    """Return what the form says of the version. Raises Invalid."""
    words = [line.strip() for line in without_nul(form.get("words", "")).splitlines() if line.strip()]
    if len(words) > MOST_WORDS:
        raise Invalid(f"Name {MOST_WORDS} texts at most, one on each line.")
    prefix = without_nul(form.get("prefix", ""))[:60]
    return VersionChoices(
        notes=form.get("notes", ""),
        after=parse_row_id(form.get("after", "")) or 0,
        with_assignments=bool(form.get("with_assignments")),
        words=words,
        prefix=prefix or None,
        harmless=_ids(form, "harmless"),
    )


def _ids(form: MultiDict[str, str], name: str) -> list[int]:
    """Return the ticked row ids. Anything else is left out: no page sends it."""
    return [number for text in ticked_values(form, name, versions.MOST_ITEMS) if (number := parse_row_id(text))]


def _standard_in_use(standard_id: str) -> Standard:
    """Return the standard; answers 404 for one that is archived: nothing is made of it."""
    standard = standard_access.fetch_standard(standard_id)
    try:
        standards.require_in_use(standard)
    except Invalid:
        abort(404)
    return standard


def _made(version: StandardVersion) -> Response:
    flash("Made. Look at what was found to differ between tenants. Nothing was written to any tenant.", "success")
    return _see_other("standard_versions.page", standard_id=version.standard_id, version_number=version.number)


def _see_other(endpoint: str, **values: Any) -> Any:
    return redirect(url_for(endpoint, **values), 303)
