"""`/restores/new`: of what, to which tenant, how much of it, and how; and of an uploaded file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

import actors.plans.preview
from actors.facade import policy_type_names
from actors.plans import drafts
from actors.queue.enqueue import EnqueuedRun
from actors.uploads import upload as uploads
from db.backups import backup_sets
from db.errors import Invalid
from db.models import BackupSet, Restore, Snapshot, Tenant
from db.policies import snapshots
from db.runs.uploads import MAX_BYTES
from db.tenants import tenants
from web.inputs import ticked
from web.lists import filters, preferences
from web.presentation import restore_text, run_messages
from web.security.access import allowed_tenant_ids, can, current_actor, deny, fetch, parse_row_id, requires, wants_json
from web.security.permissions import Permission

pages = Blueprint("new_restore", __name__, url_prefix="/restores")

# With the rest of its form.
LARGEST_UPLOAD = MAX_BYTES + 64 * 1024
LATEST_SETS = 10
# The page offers every policy and every type of a set.
MOST_ITEMS, MOST_TYPES = 20_000, 500


def allow_large_upload() -> None:
    """Before anything reads the form, and for this one address only; not for whoever is not signed in."""
    if request.endpoint == "new_restore.upload" and current_user.is_authenticated:
        request.max_content_length = LARGEST_UPLOAD


@dataclass(frozen=True)
class Source:
    """What the address names: a backup set or a snapshot that the person sees, or nothing yet."""

    backup_set: BackupSet | None = None
    snapshot: Snapshot | None = None

    @classmethod
    def of(cls, given: Mapping[str, str]) -> "Source":
        if given.get("backup_set"):
            return cls(backup_set=fetch(BackupSet, given["backup_set"], Permission.SEE))
        if given.get("snapshot"):
            return cls(snapshot=fetch(Snapshot, given["snapshot"], Permission.SEE))
        return cls()

    @property
    def row(self) -> Any:
        return self.backup_set or self.snapshot


def may_take_from(directory_id: str, target: Tenant) -> None:
    """From one tenant into another only those who manage both. Refuses; one that is none of ours asks nobody."""
    if directory_id == target.directory_id:
        return
    source = tenants.find_by_directory_id(directory_id)
    for one in (target, *([source] if source else [])):
        if not can(Permission.MANAGE, one.id):
            deny(Permission.MANAGE, one)


def targets(source: Tenant) -> list[Tenant]:
    """Its own tenant first; others only for those who manage both."""
    own = [source] if source.is_active and can(Permission.OPERATE, source.id) else []
    if not can(Permission.MANAGE, source.id):
        return own
    return own + [one for one in _places(Permission.MANAGE) if one.id != source.id]


def _places(permission: Permission) -> list[Tenant]:
    return filters.tenants_to_choose(permission, preferences.chosen_tenant())


@pages.get("/new")
@requires(Permission.OPERATE)
def page() -> str:
    return _form(Source.of(request.args), request.args)


def _form(source: Source, given: MultiDict[str, str]) -> str:
    if source.row is None:
        return render_template("restores/start.html", sets=_latest_sets(), **upload_facts(given))
    places = targets(source.row.tenant)
    if not places:
        tenants.require_switched_on(source.row.tenant)
        deny(Permission.OPERATE, source.row.tenant)
    return render_template(
        "restores/new.html",
        source=source,
        targets=places,
        types=_types(source.backup_set, given) if source.backup_set else [],
        count=len(backup_sets.snapshot_ids(source.backup_set)) if source.backup_set else 1,
        choices=restore_text.CHOICES,
        chosen=given,
        ticked=_items(given),
        is_some=given.get("what") == "some",
    )


def upload_facts(given: Mapping[str, str]) -> dict[str, Any]:
    """What the upload form needs, wherever it stands."""
    return {
        "upload_targets": _places(Permission.OPERATE),
        "choices": restore_text.CHOICES,
        "chosen": given,
    }


def _latest_sets() -> list[BackupSet]:
    return backup_sets.newest_completed(allowed_tenant_ids(Permission.OPERATE), LATEST_SETS)


def _types(backup_set: BackupSet, given: MultiDict[str, str]) -> list[dict[str, Any]]:
    """By policy type: how many there are, and of them what the search finds or is ticked."""
    ids = backup_sets.snapshot_ids(backup_set)
    search, chosen, types = given.get("search", "").strip().lower(), _items(given), _types_ticked(given)
    found: dict[str, dict[str, Any]] = {}
    for one in snapshots.load_with_policies(ids):
        key = one.policy.policy_type
        row = found.setdefault(key, {"key": key, "title": policy_type_names.title(key), "count": 0, "shown": []})
        row["count"] += 1
        if search in one.name.lower() or str(one.id) in chosen:
            row["shown"].append(one)
    for row in found.values():
        row["shown"].sort(key=lambda one: one.name.lower())
        row["is_ticked"] = row["key"] in types
        row["is_open"] = bool(row["shown"]) and (bool(search) or any(str(one.id) in chosen for one in row["shown"]))
    return sorted(found.values(), key=lambda row: row["title"].lower())


@pages.post("/new")
@requires(Permission.OPERATE)
def create() -> Any:
    source = Source.of(request.form)
    if source.row is None or request.form.get("act") == "find":
        return _form(source, request.form)
    tenant = fetch(Tenant, request.form.get("tenant", ""), Permission.OPERATE)
    may_take_from(source.row.tenant.directory_id, tenant)
    try:
        return previewed(_draft(source, tenant, request.form))
    except Invalid as e:
        flash(str(e), "danger")
        return _form(source, request.form), 400


def _draft(source: Source, tenant: Tenant, form: MultiDict[str, str]) -> Restore:
    options = drafts.parse_options(form)
    if source.snapshot:
        return drafts.from_snapshot(source.snapshot, tenant, options, current_actor())
    is_some, chosen, types = form.get("what") == "some", _numbers(_items(form)), _types_ticked(form)
    if is_some != bool(chosen or types):
        missing = "Tick the policies or the policy types to restore, or choose everything."
        raise Invalid(missing if is_some else "Some policies are ticked, but everything is chosen: say which you mean.")
    return drafts.from_backup_set(source.row, tenant, options, current_actor(), snapshot_ids=chosen, policy_types=types)


def _items(given: MultiDict[str, str]) -> frozenset[str]:
    return frozenset(ticked(given, "item", MOST_ITEMS))


def _types_ticked(given: MultiDict[str, str]) -> frozenset[str]:
    return frozenset(ticked(given, "type", MOST_TYPES))


def _numbers(texts: Iterable[str]) -> list[int]:
    return [number for number in map(parse_row_id, texts) if number]


def previewed(restore: Restore) -> Response:
    """Start its preview, and go to its page. Raises Invalid."""
    start = actors.plans.preview.start(restore, current_actor())
    return run_messages.answer(start, url_for("restores.page", restore_id=restore.id))


@pages.post("/upload")
@requires(Permission.OPERATE)
def upload() -> Any:
    """Only kept here; a worker looks into it."""
    tenant = fetch(Tenant, request.form.get("tenant", ""), Permission.OPERATE)
    try:
        start = _kept(tenant)
    except Invalid as e:
        flash(str(e), "danger")
        return _form(Source(), request.form), 400
    if start.is_new or wants_json():
        return run_messages.answer(start, url_for("runs.page", run_id=start.run.id))
    flash(
        f"Run {start.run.id} still reads another file of yours: this one was not taken. Upload it after that.",
        "warning",
    )
    return redirect(url_for("runs.page", run_id=start.run.id), 303)


def _kept(tenant: Tenant) -> EnqueuedRun:
    options = drafts.parse_options(request.form)
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose a file.")
    return uploads.start(tenant, options, file.stream, current_actor())
