"""`/restores/new`: of what, to which tenant, how much of it, and how; and of an uploaded file."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

import actors.plans.preview
from actors.plans import drafts, option_choices
from actors.queue.enqueue import EnqueuedRun
from actors.uploads import upload as uploads
from db.backups import backup_sets
from db.errors import Invalid
from db.models import BackupSet, Policy, Restore, Snapshot, Tenant
from db.policies import snapshots
from db.runs.uploads import MAX_BYTES
from db.tenants import tenants
from web.acts import restore_acts
from web.inputs import ticked_values
from web.lists import filters, preferences, selection
from web.lists.folded_list import TICK, FoldedList, ListWish, asked, is_look
from web.lists.selection import Selection
from web.presentation import restore_text, run_messages
from web.security.access import allowed_tenant_ids, current_actor, deny, fetch, requires, wants_json
from web.security.permissions import Permission
from web.views.restores.target_choice import TargetChoice, target_choice

pages = Blueprint("new_restore", __name__, url_prefix="/restores")

# With the rest of its form.
LARGEST_UPLOAD = MAX_BYTES + 64 * 1024
LATEST_SETS = 10
# The page offers every type of a set.
MOST_TYPES = 500
# The button that only looks for a tenant.
FINDS_TENANT = "find-tenant"
# The policy type whose policies are listed: "type" are those that are restored as a whole.
OPEN_FIELD = "open"


def allow_large_upload() -> None:
    """Raise the limit of this one address, before anything reads the form, for a signed-in person."""
    if request.endpoint == "new_restore.upload" and current_user.is_authenticated:
        request.max_content_length = LARGEST_UPLOAD


@dataclass(frozen=True)
class Source:
    """The backup set or snapshot that the address names and the person sees, or nothing yet."""

    backup_set: BackupSet | None = None
    snapshot: Snapshot | None = None

    @classmethod
    def of(cls, args: Mapping[str, str]) -> "Source":
        if args.get("backup_set"):
            return cls(backup_set=fetch(BackupSet, args["backup_set"], Permission.SEE))
        if args.get("snapshot"):
            return cls(snapshot=fetch(Snapshot, args["snapshot"], Permission.SEE))
        return cls()

    @property
    def row(self) -> Any:
        return self.backup_set or self.snapshot


def _places(permission: Permission) -> list[Tenant]:
    return filters.tenants_to_choose(permission, preferences.chosen_tenant())


@dataclass(frozen=True)
class UploadForm:
    """The form for a downloaded set, wherever it stands; `chosen` is what was typed into it. It asks for no options:
    only a worker sees where the set is from, and what is proposed depends on that.
    """

    targets: list[Tenant]
    chosen: Mapping[str, str]


def upload_form(form: Mapping[str, str]) -> UploadForm:
    return UploadForm(_places(Permission.OPERATE), form)


@dataclass(frozen=True)
class StartPage:
    """The page on which a restore begins when the address names nothing to restore."""

    sets: list[BackupSet]
    upload: UploadForm


@dataclass(frozen=True)
class PolicyChoice:
    """The policies of a backup set to choose from. `rows`: a page of `listed`; `selection`: all that is ticked."""

    listed: FoldedList
    rows: list[Snapshot]
    selection: Selection
    types: frozenset[str]
    count: int

    @property
    def is_begun(self) -> bool:
        """Was anything ticked, or looked for?"""
        return bool(self.selection.chosen or self.types or self.listed.wish.is_narrow)


@dataclass(frozen=True)
class NewRestorePage:
    """`chosen` is what was typed; `target` is the choice of the tenant that it is restored to."""

    source: Source
    target: TargetChoice
    chosen: MultiDict[str, str]
    policies: PolicyChoice | None

    @property
    def choices(self) -> Mapping[str, Any]:
        return restore_text.choices(own_tenant=self.is_into_own_tenant)

    @property
    def is_into_own_tenant(self) -> bool:
        """Is the ticked tenant the one that it is from?"""
        return self.target_id == str(self.source.row.tenant_id)

    @property
    def proposed_for(self) -> str:
        """The sort of tenant that the options are proposed for; the form sends it back."""
        return _sort_of_target(self.is_into_own_tenant)

    @property
    def target_id(self) -> str:
        """The tenant that is ticked."""
        return self.target.chosen_id

    @property
    def is_some(self) -> bool:
        """Is only what is ticked restored, and not everything?"""
        return self.chosen.get("what") == "some"

    @property
    def items_are_open(self) -> bool:
        return self.is_some or (self.policies is not None and self.policies.is_begun)


@pages.get("/new")
@requires(Permission.OPERATE)
def page() -> str:
    return _form(Source.of(request.args), request.args)


def _form(source: Source, form: MultiDict[str, str]) -> str:
    if source.row is None:
        sets = backup_sets.newest_completed(allowed_tenant_ids(Permission.OPERATE), LATEST_SETS)
        return render_template("restores/start.html", page=StartPage(sets, upload_form(form)))
    target = target_choice(source.row.tenant, form)
    if target.is_empty:
        tenants.require_switched_on(source.row.tenant)
        deny(Permission.OPERATE, source.row.tenant)
    page = NewRestorePage(source, target, form, _policies(source.backup_set, form) if source.backup_set else None)
    if form.get("proposed_for") not in (None, page.proposed_for):
        page = replace(page, chosen=_without_options(form))
    return render_template("restores/new.html", page=page)


def _policies(backup_set: BackupSet, form: MultiDict[str, str]) -> PolicyChoice:
    """Fold the policies of a set to choose from. What is ticked stays so, whichever part of them is looked at."""
    ids, types = backup_sets.snapshot_ids(backup_set), _types_ticked(form)
    wish = asked(form, type_field=OPEN_FIELD)
    listed = FoldedList(
        wish=wish,
        counts=snapshots.count_by_type(ids, wish.words),
        place=lambda **values: url_for("new_restore.page", backup_set=backup_set.id, **values),
        is_in_form=True,
        type_field=OPEN_FIELD,
        ticked_types=types,
    )
    query = snapshots.with_policies(ids, wish.policy_type, wish.words).order_by(Policy.policy_type, Snapshot.name)
    rows = list(query.limit(listed.rows_shown).offset(listed.offset)) if listed.lists_rows else []
    chosen = _ticked(form, ids, wish)
    return PolicyChoice(listed, rows, Selection(chosen, frozenset(row.id for row in rows)), types, len(ids))


def _ticked(form: MultiDict[str, str], ids: list[int], wish: ListWish) -> frozenset[int]:
    """Return the ticked snapshots. One button adds all that the search finds; another clears them all."""
    chosen, act = selection.read(form, "item", known=ids), form.get(TICK, "")
    if act == "none":
        return frozenset()
    return chosen | snapshots.listed_ids(ids, wish.policy_type, wish.words) if act == "found" else chosen


@pages.post("/new")
@requires(Permission.OPERATE)
def create() -> Any:
    source = Source.of(request.form)
    if source.row is None or request.form.get("act") == FINDS_TENANT or is_look(request.form):
        return _form(source, request.form)
    tenant = fetch(Tenant, request.form.get("tenant", ""), Permission.OPERATE)
    restore_acts.require_source_access(source.row.tenant.directory_id, tenant)
    own_tenant = source.row.tenant_id == tenant.id
    if request.form.get("proposed_for") not in (None, _sort_of_target(own_tenant)):
        flash(OTHER_PROPOSALS[own_tenant], "warning")
        return _form(source, request.form), 400
    try:
        return previewed(_draft(source, tenant, request.form, own_tenant))
    except Invalid as e:
        flash(str(e), "danger")
        return _form(source, request.form), 400


def _sort_of_target(own_tenant: bool) -> str:
    return "own" if own_tenant else "another"


# What is proposed for one sort of tenant is never taken for a choice that somebody made for the other.
OTHER_PROPOSALS = {
    True: "The policies are from this tenant, so other options are proposed now. Look at them, then preview.",
    False: "The policies are from another tenant, so other options are proposed now. Look at them, then preview.",
}


def _without_options(form: MultiDict[str, str]) -> MultiDict[str, str]:
    return MultiDict((name, value) for name, value in form.items(multi=True) if name not in option_choices.CHOICES)


def _draft(source: Source, tenant: Tenant, form: MultiDict[str, str], own_tenant: bool) -> Restore:
    options = option_choices.parse_options(form, own_tenant=own_tenant)
    if source.snapshot:
        return drafts.from_snapshot(source.snapshot, tenant, options, current_actor())
    is_some, chosen, types = form.get("what") == "some", sorted(selection.read(form, "item")), _types_ticked(form)
    if is_some != bool(chosen or types):
        missing = "Tick the policies or the policy types to restore, or choose everything."
        raise Invalid(missing if is_some else "You ticked policies but chose “Everything”. Choose one.")
    return drafts.from_backup_set(source.row, tenant, options, current_actor(), snapshot_ids=chosen, policy_types=types)


def _types_ticked(form: MultiDict[str, str]) -> frozenset[str]:
    return frozenset(ticked_values(form, "type", MOST_TYPES))


def previewed(restore: Restore) -> Response:
    """Start its preview, and go to its page. Raises Invalid."""
    start = actors.plans.preview.start(restore, current_actor())
    return run_messages.answer_start(start, url_for("restores.page", restore_id=restore.id))


@pages.post("/upload")
@requires(Permission.OPERATE)
def upload() -> Any:
    """Keep the file; a worker looks into it."""
    tenant = fetch(Tenant, request.form.get("tenant", ""), Permission.OPERATE)
    try:
        start = _kept(tenant)
    except Invalid as e:
        flash(str(e), "danger")
        return _form(Source(), request.form), 400
    if start.is_new or wants_json():
        return run_messages.answer_start(start, url_for("runs.page", run_id=start.run.id))
    flash(
        f"Run {start.run.id} still reads another file of yours: this one was not taken. Upload it after that.",
        "warning",
    )
    return redirect(url_for("runs.page", run_id=start.run.id), 303)


def _kept(tenant: Tenant) -> EnqueuedRun:
    file = request.files.get("file")
    if file is None or not file.filename:
        raise Invalid("Choose a file.")
    return uploads.start(tenant, {}, file.stream, current_actor())
