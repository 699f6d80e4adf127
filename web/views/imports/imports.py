"""`/imports/`: exports of other tools. A worker reads the file; a person looks at what it found, and keeps it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from flask_login import current_user

import actors.imports.import_run
from actors.facade.foreign_formats import LEFT_OUT, format_title, format_words
from actors.imports import filling, restoring
from actors.plans import option_choices
from actors.queue.enqueue import EnqueuedRun
from db.errors import Invalid
from db.imports import policy_imports
from db.models import ImportedPolicy, PolicyImport, Tenant
from db.runs.uploads import MAX_BYTES
from web.acts import restore_acts
from web.inputs import page_number
from web.lists import filters, preferences
from web.lists.numbered_page import NumberedPage
from web.lists.tenant_field import typed_tenant
from web.presentation import restore_text, run_messages
from web.presentation.refusals import refusals_flashed
from web.security.access import allowed_tenant_ids, can_fetch, current_actor, fetch, requires, wants_json
from web.security.permissions import Permission
from web.views.restores import new_restore

pages = Blueprint("imports", __name__, url_prefix="/imports")

# With the rest of its form.
LARGEST_UPLOAD = MAX_BYTES + 64 * 1024
SHOWN, LAST_PAGE = 10, 999
FILES_SHOWN = 10


def allow_large_upload() -> None:
    """Raise the limit of this one address, before anything reads the form, for a signed-in person."""
    if request.endpoint == "imports.upload" and current_user.is_authenticated:
        request.max_content_length = LARGEST_UPLOAD


@dataclass(frozen=True)
class ImportsPage(NumberedPage):
    """The form for a file, and the imports of the person's tenants, newest first."""

    targets: list[Tenant]
    rows: list[PolicyImport]
    number: int
    has_more: bool

    @staticmethod
    def formats_of(row: PolicyImport) -> str:
        return format_words(row.formats)

    def address_of(self, number: int) -> str:
        return url_for("imports.index", page=number)


@pages.get("/")
@requires(Permission.SEE)
def index() -> str:
    return _index()


def _index() -> str:
    number = page_number(LAST_PAGE)
    ids = allowed_tenant_ids(Permission.SEE)
    rows = policy_imports.newest(ids, SHOWN + 1, number * SHOWN)
    targets = filters.tenants_to_choose(Permission.OPERATE, preferences.chosen_tenant())
    page = ImportsPage(targets, rows[:SHOWN], number, len(rows) > SHOWN)
    return render_template("imports/list.html", page=page)


@pages.post("/upload")
@requires(Permission.OPERATE)
def upload() -> Any:
    """Keep the file; a worker looks into it."""
    try:
        tenant = typed_tenant(request.form.get("tenant", ""), Permission.OPERATE)
        start = _started(tenant)
    except Invalid as e:
        flash(str(e), "danger")
        return _index(), 400
    address = url_for("runs.page", run_id=start.run.id)
    if start.is_new or wants_json():
        return run_messages.answer_start(start, address)
    flash(f"Run {start.run.id} still reads another import of yours: this file was not taken.", "warning")
    return redirect(address, 303)


def _started(tenant: Tenant) -> EnqueuedRun:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose a file.")
    return actors.imports.import_run.start(tenant, file.stream, file.filename, current_actor())


@dataclass(frozen=True)
class ImportPage(NumberedPage):
    """An import: its policies with what was found, and the files that are none. `targets`: tenants to restore to."""

    row: PolicyImport
    policies: list[ImportedPolicy]
    number: int
    has_more: bool
    placeholders: list[str]
    targets: list[Tenant]
    chosen: Mapping[str, str]

    @property
    def formats(self) -> str:
        return format_words(self.row.formats)

    @property
    def is_kept(self) -> bool:
        return self.row.kept_at is not None

    @property
    def may_change(self) -> bool:
        return can_fetch(Permission.OPERATE, self.row)

    @property
    def may_restore(self) -> bool:
        return self.is_kept and bool(self.targets)

    @property
    def choices(self) -> Mapping[str, Any]:
        return restore_text.choices(own_tenant=False)

    @property
    def files(self) -> list[Mapping[str, str]]:
        """Files that give no policy, those that were left out first."""
        return sorted(self.row.files, key=lambda file: (not self.is_left_out(file), file["path"]))[:FILES_SHOWN]

    @property
    def more_files(self) -> int:
        return max(len(self.row.files) - FILES_SHOWN, 0)

    @property
    def left_out_count(self) -> int:
        return sum(map(self.is_left_out, self.row.files))

    @staticmethod
    def is_left_out(file: Mapping[str, str]) -> bool:
        return file["state"] == LEFT_OUT

    @staticmethod
    def format_of(policy: ImportedPolicy) -> str:
        return format_title(policy.format)

    def address_of(self, number: int) -> str:
        return url_for("imports.page", import_id=self.row.id, page=number)


@pages.get("/<int:import_id>")
@requires(Permission.SEE)
def page(import_id: int) -> str:
    return _page(fetch(PolicyImport, import_id, Permission.SEE), {})


def _page(row: PolicyImport, chosen: Mapping[str, str]) -> str:
    number = page_number(LAST_PAGE)
    policies = policy_imports.policies_of(row, SHOWN + 1, number * SHOWN)
    placeholders = filling.placeholders_of(row)
    targets = filters.tenants_to_choose(Permission.MANAGE, row.tenant) if can_fetch(Permission.MANAGE, row) else []
    page = ImportPage(row, policies[:SHOWN], number, len(policies) > SHOWN, placeholders, targets, chosen)
    return render_template("imports/page.html", page=page)


@pages.post("/<int:import_id>/keep")
@requires(Permission.OPERATE)
def keep(import_id: int) -> Any:
    row = fetch(PolicyImport, import_id, Permission.OPERATE)
    with refusals_flashed():
        policy_imports.keep(row, request.form.get("name", ""), current_actor())
        flash("Kept.", "success")
    return _back_to(row)


@pages.post("/<int:import_id>/fill-in")
@requires(Permission.OPERATE)
def fill_in(import_id: int) -> Any:
    """Put what was typed in the place of placeholders; those without a text stay."""
    row = fetch(PolicyImport, import_id, Permission.OPERATE)
    asked = filling.placeholders_of(row)
    typed = {placeholder: request.form.get(f"placeholder-{n}", "").strip() for n, placeholder in enumerate(asked)}
    with refusals_flashed():
        texts = {placeholder: text for placeholder, text in typed.items() if text}
        count = filling.fill_in(row, texts, current_actor())
        flash(f"Filled in, in {count} policies.", "success")
    return _back_to(row)


@pages.post("/<int:import_id>/policies/<int:imported_policy_id>/script")
@requires(Permission.OPERATE)
def choose_script(import_id: int, imported_policy_id: int) -> Any:
    """Choose the script in the policy's own file, or that in the file beside it."""
    row = fetch(PolicyImport, import_id, Permission.OPERATE)
    policy = fetch(ImportedPolicy, imported_policy_id, Permission.OPERATE)
    if policy.policy_import_id != row.id:
        abort(404)
    with refusals_flashed():
        takes_other = request.form.get("take") == "other"
        policy_imports.take_other(policy, takes_other, current_actor())
        flash("Chosen.", "success")
    return _back_to(row)


@pages.post("/<int:import_id>/remove")
@requires(Permission.MANAGE)
def remove(import_id: int) -> Any:
    row = fetch(PolicyImport, import_id, Permission.MANAGE)
    policy_imports.remove(row, current_actor())
    flash("Removed.", "success")
    return redirect(url_for("imports.index"), 303)


@pages.post("/<int:import_id>/restore")
@requires(Permission.MANAGE)
def restore(import_id: int) -> Any:
    """Make a draft of it, and preview that. Nothing is written."""
    row = fetch(PolicyImport, import_id, Permission.MANAGE)
    try:
        tenant = typed_tenant(request.form.get("tenant", ""), Permission.MANAGE)
        restore_acts.require_source_access(row.source_directory_id, tenant)
        options = option_choices.parse_options(request.form, own_tenant=False)
        return new_restore.previewed(restoring.from_import(row, tenant, options, current_actor()))
    except Invalid as e:
        flash(str(e), "danger")
        return _page(row, request.form), 400


def _back_to(row: PolicyImport) -> Any:
    return redirect(url_for("imports.page", import_id=row.id), 303)
