"""`/backup-sets/`: the list, what a set holds, and its download."""

from typing import ClassVar

from flask import Blueprint, Response, render_template, stream_with_context
from flask_admin import Admin
from markupsafe import Markup

from db.backups import disclosures
from db.models import BackupSet
from db.states import SetState
from web.lists import filters
from web.lists.cells import ago_cell, cell, moment_cell, name_cell, person_cell, tenant_cell
from web.lists.list_view import ListView, with_connection
from web.presentation.backup_zip import safe_file_name, zip_backup_set
from web.presentation.masking import mask_secrets
from web.security.access import current_actor, fetch, requires
from web.security.permissions import Permission
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
        "scope": cell(lambda backup_set: backup_set.name or scope(backup_set)),
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
    return render_template("backup_sets/page.html", page=backup_set_page(backup_set))


@pages.get("/<backup_set_id>/download")
@requires(Permission.SEE)
def download(backup_set_id: str) -> Response:
    return _download(fetch(BackupSet, backup_set_id, Permission.SEE), with_secrets=False)


@pages.post("/<backup_set_id>/download")
@requires(Permission.MANAGE)
def download_with_secrets(backup_set_id: str) -> Response:
    """Download the set with its secrets: a restore from the file needs them where policies hold any."""
    return _download(fetch(BackupSet, backup_set_id, Permission.MANAGE), with_secrets=True)


def _download(backup_set: BackupSet, *, with_secrets: bool) -> Response:
    disclosures.record_download(backup_set, with_secrets, current_actor())
    chunks = zip_backup_set(backup_set, (lambda document: document) if with_secrets else mask_secrets)
    name = safe_file_name(f"{backup_set.tenant.name} {backup_set.created_at:%Y-%m-%d} set {backup_set.id}")
    ascii_name = name.encode("ascii", "replace").decode().replace("?", "_")
    headers = {"Content-Disposition": f'attachment; filename="{ascii_name}.zip"'}
    return Response(stream_with_context(with_connection(chunks)), mimetype="application/zip", headers=headers)
