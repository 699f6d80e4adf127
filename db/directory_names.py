"""The names behind ids in assignments: looked up once in a run, whichever worker needs them."""

from collections.abc import Iterable, Mapping
from datetime import datetime

from db import upserts
from db.clock import utcnow
from db.models import DirectoryName, Tenant

KINDS = ("groups", "filters")


def seen_since(tenant: Tenant, begin: datetime) -> dict[str, dict[str, str | None]]:
    """{"groups": {id: name}, "filters": {id: name}} as looked up since then; a deleted one's name is None."""
    found: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    for row in DirectoryName.select().where((DirectoryName.tenant == tenant) & (DirectoryName.seen_at >= begin)):
        found[row.kind][row.object_id] = row.name
    return found


def gathered(references: Iterable[Mapping[str, Mapping[str, str | None]]]) -> dict[str, dict[str, str | None]]:
    """The names that several policies' references hold, together."""
    found: dict[str, dict[str, str | None]] = {kind: {} for kind in KINDS}
    for one in references:
        for kind in KINDS:
            found[kind] |= one.get(kind, {})
    return found


def remember(tenant: Tenant, names: Mapping[str, Mapping[str, str | None]]) -> None:
    now = utcnow()
    rows = [
        {"tenant": tenant.id, "kind": kind, "object_id": object_id, "name": name and name[:1000], "seen_at": now}
        for kind in KINDS
        for object_id, name in names.get(kind, {}).items()
    ]
    key = (DirectoryName.tenant, DirectoryName.kind, DirectoryName.object_id)
    upserts.put(DirectoryName, key, rows, [DirectoryName.name, DirectoryName.seen_at])
