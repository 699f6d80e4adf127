"""`/snapshots/<id>`: what was captured, how we know it is whole, and what changed since another one."""

import json
import re
from typing import Any

from flask import Blueprint, Response, abort, render_template, url_for

import actors.capture
from actors import comparison
from db import audit, snapshots
from db.audit import Action
from db.models import Run, RunItem, Snapshot
from db.states import RunKind
from web import starting
from web.access import can, current_actor, fetch, requires
from web.permissions import Permission
from web.views import runs
from web.views.secrets import masked

pages = Blueprint("snapshots", __name__, url_prefix="/snapshots")


@pages.get("/<snapshot_id>")
@requires(Permission.SEE)
def page(snapshot_id: str) -> str:
    snapshot = fetch(Snapshot, snapshot_id, Permission.SEE)
    document = _visible(snapshot)
    lines, unset = comparison.lines(document["body"])
    return render_template(
        "snapshot.html",
        snapshot=snapshot,
        policy=snapshot.policy,
        content=snapshot.content,
        previous=snapshots.before(snapshot),
        lines=lines,
        unset=unset,
        assignments=comparison.assignments(snapshot, document),
        is_masked=not can(Permission.MANAGE, snapshot.tenant_id),
        raw=json.dumps(document, indent=2, ensure_ascii=False),
    )


def hides(tenant_id: int) -> comparison.Hide | None:
    """What masks the secrets of a tenant's contents for this person; None: a manager sees them."""
    return None if can(Permission.MANAGE, tenant_id) else masked


def _visible(snapshot: Snapshot) -> dict[str, Any]:
    """The content; secrets inside it only for managers."""
    document, hide = snapshots.body(snapshot), hides(snapshot.tenant_id)
    visible: dict[str, Any] = hide(document) if hide else document
    return visible


@pages.get("/<snapshot_id>/download")
@requires(Permission.SEE)
def download(snapshot_id: str) -> Response:
    snapshot = fetch(Snapshot, snapshot_id, Permission.SEE)
    text = json.dumps(_visible(snapshot), indent=2, ensure_ascii=False)
    audit.record(
        Action.SNAPSHOT_DOWNLOADED,
        current_actor(),
        f"snapshot {snapshot.id} of “{snapshot.name}”",
        tenant=snapshot.tenant,
    )
    name = re.sub(r"[^A-Za-z0-9 ._-]", "_", snapshot.name).strip(" .")[:80] or "policy"
    disposition = f'attachment; filename="{name} - snapshot {snapshot.id}.json"'
    return Response(text, mimetype="application/json", headers={"Content-Disposition": disposition})


@pages.get("/<snapshot_id>/compare/<other_id>")
@requires(Permission.SEE)
def compare(snapshot_id: str, other_id: str) -> str:
    before = fetch(Snapshot, snapshot_id, Permission.SEE)
    after = fetch(Snapshot, other_id, Permission.SEE)
    if before.policy.policy_type != after.policy.policy_type:
        abort(400)
    return _comparison(before, after)


def _comparison(before: Snapshot, after: Snapshot, run: Run | None = None) -> str:
    """`run` read the later one from the tenant just now."""
    hide = hides(before.tenant_id) or hides(after.tenant_id)
    return render_template(
        "compare.html",
        before=before,
        after=after,
        differences=comparison.differences(before, after, hide),
        is_masked=hide is not None,
        policy=after.policy,
        run=run,
    )


@pages.post("/<snapshot_id>/compare-live")
@requires(Permission.OPERATE)
def start_compare_live(snapshot_id: str) -> Any:
    """What is in the tenant now is what a capture reads: one is started, or found, and its page waits for it."""
    snapshot = fetch(Snapshot, snapshot_id, Permission.OPERATE)
    start = actors.capture.start(snapshot.policy, current_actor())
    return starting.answer(start, url_for("snapshots.compare_live", snapshot_id=snapshot.id, run_id=start.run.id))


@pages.get("/<snapshot_id>/compare-live/<run_id>")
@requires(Permission.SEE)
def compare_live(snapshot_id: str, run_id: str) -> str:
    snapshot, run = fetch(Snapshot, snapshot_id, Permission.SEE), fetch(Run, run_id, Permission.SEE)
    if run.policy_id != snapshot.policy_id or run.kind != RunKind.CAPTURE_SNAPSHOT:
        abort(404)
    read = RunItem.get_or_none(RunItem.run == run)
    if read is not None and read.snapshot_id:
        return _comparison(snapshot, read.snapshot, run)
    return render_template(
        "compare_live.html", snapshot=snapshot, policy=snapshot.policy, progress=runs.progress_of(run), run=run
    )
