"""Snapshots as a ZIP in the format of another tool, made while it is sent: one policy at a time is in memory."""

import zipfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from flask import Response, abort, stream_with_context

from actors.facade.leaving import NAMED_TYPES, LeavingExport, LeavingFormat
from db.errors import Invalid
from db.models import Snapshot, Tenant
from db.policies import snapshots
from db.sql import value_lists
from web.presentation.backup_zip import SNAPSHOTS_PER_QUERY, ChunkBuffer, safe_file_name


def parse_format(text: str) -> LeavingFormat:
    """Raises Invalid."""
    try:
        return LeavingFormat(text)
    except ValueError:
        raise Invalid(f"There is no format “{text[:40]}”. Choose one of: {', '.join(LeavingFormat)}.") from None


def asked_format(text: str) -> LeavingFormat | None:
    """Return the format that a request asks for; None: our own. Aborts with 404 for one that there is not."""
    try:
        return parse_format(text) if text else None
    except Invalid:
        abort(404)


def zip_response(name: str, leaving_format: LeavingFormat | None, chunks: Iterator[bytes]) -> Response:
    """Answer with the file while it is made. `name`: of the file, in anybody's words."""
    bare = safe_file_name(f"{name} {leaving_format}" if leaving_format else name)
    ascii_name = bare.encode("ascii", "replace").decode().replace("?", "_")
    headers = {"Content-Disposition": f'attachment; filename="{ascii_name}.zip"'}
    return Response(stream_with_context(chunks), mimetype="application/zip", headers=headers)


def zip_snapshots(
    tenant: Tenant,
    snapshot_ids: Sequence[int],
    leaving_format: LeavingFormat,
    mask: Callable[[dict[str, Any]], dict[str, Any]],
) -> Iterator[bytes]:
    """Yield the ZIP in chunks. `mask` returns what the reader may see of a content."""
    named = snapshots.of_types(snapshot_ids, NAMED_TYPES)
    export = LeavingExport(leaving_format, tenant, named, _group_bodies(named))
    sink = ChunkBuffer()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as file:  # type: ignore[call-overload]
        for some in value_lists.batched(snapshot_ids, SNAPSHOTS_PER_QUERY):
            for snapshot in snapshots.with_policies(some).order_by(Snapshot.id):
                document = snapshots.with_own_id(snapshots.read_snapshot(snapshot), snapshot.policy.graph_id)
                for leaving in export.files(snapshot, mask(document)):
                    file.writestr(leaving.path, leaving.data)
                yield sink.take()
        for leaving in export.closing_files():
            file.writestr(leaving.path, leaving.data)
    yield sink.take()


def _group_bodies(named: Sequence[Snapshot]) -> dict[str, dict[str, Any]]:
    """Return id -> what the formats say of a group: its sort and its rule."""
    bodies: dict[str, dict[str, Any]] = {}
    for snapshot in named:
        if snapshot.policy.policy_type == "groups":
            body = snapshots.read_snapshot(snapshot)["body"]
            kept = ("groupTypes", "membershipRule")
            bodies[snapshot.policy.graph_id] = {name: body[name] for name in kept if name in body}
    return bodies
