"""`/snapshots/<id>`: what was captured, how we know it is whole, and what changed since another one."""

import json
import re
from typing import Any

from flask import Blueprint, Response, abort, render_template

from actors import comparison
from db import audit, snapshots
from db.audit import Action
from db.models import Snapshot
from web.access import can, current_actor, fetch, requires
from web.permissions import Permission
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
        assignments=document["assignments"],
        is_masked=not can(Permission.MANAGE, snapshot.tenant_id),
        raw=json.dumps(document, indent=2, ensure_ascii=False),
    )


def _visible(snapshot: Snapshot) -> dict[str, Any]:
    """The content; secrets inside it only for managers."""
    document = snapshots.body(snapshot)
    if can(Permission.MANAGE, snapshot.tenant_id):
        return document
    hidden: dict[str, Any] = masked(document)
    return hidden


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
    may_see = can(Permission.MANAGE, before.tenant_id) and can(Permission.MANAGE, after.tenant_id)
    found = comparison.differences(before, after, hide=None if may_see else masked)
    return render_template("compare.html", before=before, after=after, differences=found, policy=after.policy)
