"""`/snapshots/<id>`: what was captured, how we know it is whole, and what changed since another one."""

import json
import re
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from flask import Blueprint, Response, abort, redirect, render_template, request, url_for

import actors.backups.capture
from actors.facade import snapshot_diff
from actors.facade.snapshot_diff import AccessStory, Difference, OutlineGroup
from db.audit import audit
from db.audit.audit import Action
from db.backups.disclosures import record_secrets_shown
from db.models import Policy, Run, RunItem, Snapshot
from db.names import snapshot_origins
from db.names.snapshot_origins import COMPARISON, Origin
from db.names.work_names import Name, name_of
from db.policies import snapshots
from db.states import RunKind
from web.inputs import without_nul
from web.presentation import run_messages
from web.presentation.masking import Masking, secrets_note
from web.security.access import can, current_actor, fetch, requires
from web.security.permissions import Permission
from web.translation.languages import current_language
from web.views.backups.run_page import progress_of

# So many lines of a content, or differences, stand on a page before the rest is folded.
MOST_UNFOLDED = 60
LONGEST_SEARCH = 100
# What a proof says of a part of the policy that was read to its end.
WAS_READ = "read"

pages = Blueprint("snapshots", __name__, url_prefix="/snapshots")


@pages.get("/<snapshot_id>")
@requires(Permission.SEE)
def page(snapshot_id: str) -> str:
    return _page(fetch(Snapshot, snapshot_id, Permission.SEE), Masking())


@pages.post("/<snapshot_id>")
@requires(Permission.MANAGE)
def page_with_secrets(snapshot_id: str) -> str:
    return _page(_fetch_to_show_secrets(snapshot_id, "page"), None)


def _fetch_to_show_secrets(snapshot_id: str, where: str) -> Snapshot:
    snapshot = fetch(Snapshot, snapshot_id, Permission.MANAGE)
    record_secrets_shown(snapshot.tenant, _named(snapshot), where, current_actor())
    return snapshot


@dataclass(frozen=True)
class SnapshotPage:
    """`document` is what it holds as this person may see it; `secrets` says what of it is masked, as `note` does.

    `story`: of a Conditional Access policy, in sentences.
    """

    snapshot: Snapshot
    document: dict[str, Any]
    fingerprint: str
    previous: Snapshot | None
    groups: list[OutlineGroup]
    unset: list[str]
    assignments: list[tuple[bool, str]] | None
    story: AccessStory | None
    secrets: str

    @property
    def policy(self) -> Policy:
        return self.snapshot.policy

    @cached_property
    def name(self) -> Name:
        return name_of(self.snapshot)

    @property
    def find(self) -> str:
        """The words searched for in the content."""
        return without_nul(request.args.get("find", "")).strip()[:LONGEST_SEARCH]

    @cached_property
    def shown_groups(self) -> list[OutlineGroup]:
        return snapshot_diff.search_lines(self.groups, self.find) if self.find else self.groups

    @property
    def is_long(self) -> bool:
        """Too long to be unfolded whole."""
        return sum(len(group.lines) for group in self.groups) > MOST_UNFOLDED

    @cached_property
    def is_folded(self) -> bool:
        return sum(len(group.lines) for group in self.shown_groups) > MOST_UNFOLDED

    @cached_property
    def origin(self) -> Origin:
        return snapshot_origins.origins_of([self.snapshot])[self.snapshot.id]

    @property
    def proof(self) -> dict[str, Any]:
        """The proof, made while reading, that the snapshot is whole."""
        return self.snapshot.proof or {}

    @property
    def raw(self) -> str:
        return json.dumps(self.document, indent=2, ensure_ascii=False)

    @property
    def has_assignments(self) -> bool:
        """True for a policy type that has assignments, also where this policy has none."""
        return self.proof.get("assignments") == WAS_READ

    @property
    def why_no_names(self) -> str:
        """The reason why ids are shown instead of the names of groups; "" where the names were read."""
        names = self.proof.get("names") or WAS_READ
        return "" if names == WAS_READ else str(names)

    @property
    def can_operate(self) -> bool:
        return can(Permission.OPERATE, self.snapshot.tenant_id)

    @property
    def can_download_secrets(self) -> bool:
        return self.secrets in ("masked", "shown") and can(Permission.MANAGE, self.snapshot.tenant_id)


def _page(snapshot: Snapshot, hide: Masking | None) -> str:
    document = _document(snapshot, hide)
    groups, unset = snapshot_diff.readable_lines(snapshot, document, language=current_language())
    page = SnapshotPage(
        snapshot=snapshot,
        document=document,
        # Beside masked secrets it would tell whoever guesses them that it is so.
        fingerprint="" if hide and hide.count else snapshot.content.fingerprint,
        previous=snapshots.previous(snapshot),
        groups=groups,
        unset=unset,
        assignments=snapshot_diff.assignment_texts(snapshot, document),
        story=snapshot_diff.access_story(snapshot, document),
        secrets=secrets_note(hide, can(Permission.MANAGE, snapshot.tenant_id)),
    )
    return render_template("snapshots/page.html", page=page)


def _document(snapshot: Snapshot, hide: Masking | None) -> dict[str, Any]:
    document = snapshots.with_own_id(snapshots.read_snapshot(snapshot), snapshot.policy.graph_id)
    visible: dict[str, Any] = hide(document) if hide else document
    return visible


def _named(snapshot: Snapshot) -> str:
    return f"snapshot {snapshot.id} of “{snapshot.name}”"


@pages.get("/<snapshot_id>/download")
@requires(Permission.SEE)
def download(snapshot_id: str) -> Response:
    return _download(fetch(Snapshot, snapshot_id, Permission.SEE), Masking())


@pages.post("/<snapshot_id>/download")
@requires(Permission.MANAGE)
def download_with_secrets(snapshot_id: str) -> Response:
    return _download(_fetch_to_show_secrets(snapshot_id, "download"), None)


def _download(snapshot: Snapshot, hide: Masking | None) -> Response:
    text = json.dumps(_document(snapshot, hide), indent=2, ensure_ascii=False)
    audit.record(Action.SNAPSHOT_DOWNLOADED, current_actor(), _named(snapshot), tenant=snapshot.tenant)
    name = re.sub(r"[^A-Za-z0-9 ._-]", "_", snapshot.name).strip(" .")[:80] or "policy"
    disposition = f'attachment; filename="{name} - snapshot {snapshot.id}.json"'
    return Response(text, mimetype="application/json", headers={"Content-Disposition": disposition})


@pages.get("/<snapshot_id>/compare/<other_id>")
@requires(Permission.SEE)
def compare(snapshot_id: str, other_id: str) -> str:
    return _comparison(*_both(snapshot_id, other_id, Permission.SEE), Masking(tells_apart=True))


@pages.post("/<snapshot_id>/compare/<other_id>")
@requires(Permission.MANAGE)
def compare_with_secrets(snapshot_id: str, other_id: str) -> str:
    before, after = _both(snapshot_id, other_id, Permission.MANAGE)
    return _with_secrets(before, after)


def _both(snapshot_id: str, other_id: str, permission: Permission) -> tuple[Snapshot, Snapshot]:
    before, after = fetch(Snapshot, snapshot_id, permission), fetch(Snapshot, other_id, permission)
    if before.policy.policy_type != after.policy.policy_type:
        abort(400)
    return before, after


def _with_secrets(before: Snapshot, after: Snapshot, run: Run | None = None) -> str:
    for snapshot in {before, after}:
        record_secrets_shown(snapshot.tenant, _named(snapshot), "comparison", current_actor())
    return _comparison(before, after, None, run)


@dataclass(frozen=True)
class ComparisonPage:
    """`run` read the later one from the tenant just now."""

    before: Snapshot
    after: Snapshot
    differences: list[Difference]
    # Before and after, of a Conditional Access policy.
    stories: list[AccessStory]
    secrets: str
    run: Run | None

    @property
    def policy(self) -> Policy:
        return self.after.policy

    @property
    def can_operate(self) -> bool:
        return can(Permission.OPERATE, self.policy.tenant_id)

    @property
    def first(self) -> list[Difference]:
        return self.differences[:MOST_UNFOLDED]

    @property
    def others(self) -> list[Difference]:
        return self.differences[MOST_UNFOLDED:]

    @property
    def is_as_captured(self) -> bool:
        """The tenant has what the snapshot holds."""
        return self.run is not None and self.before.id == self.after.id


def _comparison(before: Snapshot, after: Snapshot, hide: Masking | None, run: Run | None = None) -> str:
    differences = snapshot_diff.differences(before, after, hide, language=current_language())
    stories = snapshot_diff.access_stories([before, after], hide) if differences else []
    may_show = can(Permission.MANAGE, before.tenant_id) and can(Permission.MANAGE, after.tenant_id)
    page = ComparisonPage(before, after, differences, stories, secrets_note(hide, may_show), run)
    return render_template("snapshots/compare.html", page=page)


@pages.post("/<snapshot_id>/compare-live")
@requires(Permission.OPERATE)
def start_compare_live(snapshot_id: str) -> Any:
    """Start a capture, which reads what is in the tenant now, or find one that runs; its page waits for it."""
    snapshot = fetch(Snapshot, snapshot_id, Permission.OPERATE)
    start = actors.backups.capture.start(snapshot.policy, replace(current_actor(), origin=COMPARISON))
    return run_messages.answer_start(
        start, url_for("snapshots.compare_live", snapshot_id=snapshot.id, run_id=start.run.id)
    )


@pages.get("/<snapshot_id>/compare-live/<run_id>")
@requires(Permission.SEE)
def compare_live(snapshot_id: str, run_id: str) -> str:
    snapshot, run, read = _live(snapshot_id, run_id, Permission.SEE)
    if read:
        return _comparison(snapshot, read, Masking(tells_apart=True), run)
    return render_template(
        "snapshots/compare_live.html", snapshot=snapshot, policy=snapshot.policy, progress=progress_of(run), run=run
    )


@pages.post("/<snapshot_id>/compare-live/<run_id>")
@requires(Permission.MANAGE)
def compare_live_with_secrets(snapshot_id: str, run_id: str) -> Any:
    snapshot, run, read = _live(snapshot_id, run_id, Permission.MANAGE)
    if not read:
        return redirect(url_for("snapshots.compare_live", snapshot_id=snapshot.id, run_id=run.id), 303)
    return _with_secrets(snapshot, read, run)


def _live(snapshot_id: str, run_id: str, permission: Permission) -> tuple[Snapshot, Run, Snapshot | None]:
    """The run read the policy of the snapshot: what it read, once it has."""
    snapshot, run = fetch(Snapshot, snapshot_id, permission), fetch(Run, run_id, permission)
    if run.policy_id != snapshot.policy_id or run.kind != RunKind.CAPTURE_SNAPSHOT:
        abort(404)
    item = RunItem.get_or_none(RunItem.run == run)
    return snapshot, run, item.snapshot if item else None
