"""`/backup-sets/`: the list, what a set holds, and its download."""

from functools import partial
from typing import ClassVar

from flask import Blueprint, Response, render_template, request, url_for
from flask_admin import Admin
from markupsafe import Markup

from actors.facade import leaving
from db.backups import backup_sets, disclosures
from db.models import BackupSet
from db.states import SetState
from web.lists import filters
from web.lists.cells import ago_cell, cell, moment_cell, name_cell, person_cell, tenant_cell
from web.lists.list_view import ListView, with_connection
from web.presentation import leaving_zip
from web.presentation.backup_zip import zip_backup_set
from web.presentation.masking import mask_secrets
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.sentences import translated
from web.verdicts import verdicts
from web.views.backups.backup_set_page import backup_set_page, scope

pages = Blueprint("backup_sets", __name__, url_prefix="/backup-sets")


def _pin(backup_set: BackupSet) -> Markup | str:
    words = Markup('<span class="sr-only">protected from deletion</span>')
    icon = Markup('<i class="fa fa-lock" title="{}" aria-hidden="true"></i>') + words
    return icon.format(backup_set.pinned_reason) if backup_set.pinned_reason else ""


class BackupSetListView(ListView):
    related = (BackupSet.tenant, BackupSet.created_by)
    column_list = ("id", "tenant", "state", "scope", "created_at", "created_by", "pinned", "completed_at")
    hidden_columns = ("completed_at",)
    column_labels: ClassVar = {
        "id": "Backup set",
        "created_at": "Made",
        "created_by": "By",
        "scope": "Of",
        "pinned": "Protected",
        "completed_at": "Completed",
    }
    has_names = True
    search_hint = "A backup set's number"
    nothing_yet = "There is no backup set yet. “Back up now” on a tenant's page makes one."
    day_field = BackupSet.created_at
    column_sortable_list = ("id",)
    column_formatters: ClassVar = {
        "id": name_cell,
        "tenant": tenant_cell,
        "state": cell(verdicts.set_badge),
        "scope": cell(lambda backup_set: translated(backup_set.name or scope(backup_set))),
        "created_at": ago_cell,
        "created_by": person_cell("automatically"),
        "completed_at": moment_cell,
        "pinned": cell(_pin),
    }
    filters = (filters.state_filter(BackupSet.state, SetState), filters.person_filter(BackupSet.created_by))
    export_columns = ("id", "tenant", "state", "created_at", "completed_at", "pinned_reason")


def register(admin: Admin) -> None:
    admin.add_view(BackupSetListView(BackupSet, name="Backup sets", endpoint="backup_set_list", url="/backup-sets"))


@pages.get("/<backup_set_id>")
@requires(Permission.SEE)
def page(backup_set_id: str) -> str:
    backup_set = fetch(BackupSet, backup_set_id, Permission.SEE)
    return render_template("backup_sets/page.html", page=backup_set_page(backup_set), formats=_formats(backup_set))


def _formats(backup_set: BackupSet) -> list[tuple[str, str, str]]:
    """Return the formats of other tools to download the set in: (its name, address, title)."""
    address = partial(url_for, "backup_sets.download", backup_set_id=backup_set.id)
    return [(key, address(format=key), title) for key, title in leaving.TITLES.items()]


@pages.get("/<backup_set_id>/download")
@requires(Permission.SEE)
def download(backup_set_id: str) -> Response:
    """Download the set in our own format, or in that of another tool: `?format=`."""
    backup_set = fetch(BackupSet, backup_set_id, Permission.SEE)
    return _download(backup_set, request.args.get("format", ""), with_secrets=False)


@pages.post("/<backup_set_id>/download")
@requires(Permission.MANAGE)
def download_with_secrets(backup_set_id: str) -> Response:
    """Download the set with its secrets: a restore from the file needs them where policies hold any."""
    backup_set = fetch(BackupSet, backup_set_id, Permission.MANAGE)
    return _download(backup_set, request.form.get("format", ""), with_secrets=True)


def _download(backup_set: BackupSet, format_text: str, *, with_secrets: bool) -> Response:
    leaving_format = leaving_zip.asked_format(format_text)
    disclosures.record_download(backup_set, with_secrets, current_actor(), leaving_format or "")
    mask = (lambda document: document) if with_secrets else mask_secrets
    if leaving_format:
        ids = backup_sets.snapshot_ids(backup_set)
        chunks = leaving_zip.zip_snapshots(backup_set.tenant, ids, leaving_format, mask)
    else:
        chunks = zip_backup_set(backup_set, mask)
    name = f"{backup_set.tenant.name} {backup_set.created_at:%Y-%m-%d} set {backup_set.id}"
    return leaving_zip.zip_response(name, leaving_format, with_connection(chunks))
