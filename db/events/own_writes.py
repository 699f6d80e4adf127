"""Tell the events of our own restores in a tenant's log, and those of writes under our app that are not ours.

Microsoft's logs call the client-request-id of a request its event's correlation id: for the directory that was seen
(f-bader/EntraIDAuditLogToMicrosoftGraph joins on it), for Intune it is documented (learn.microsoft.com: auditEvent).
Where it is lost, our app, the object and the time tell.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from db.models import Restore, RestoreItem, Run, Tenant, Write
from db.sql.value_lists import batched
from db.states import DoerKind, RunKind

# Of two clocks, and of an answer that was long on its way.
TOLERANCE = timedelta(minutes=5)


@dataclass(frozen=True)
class OwnApp:
    """Our names in a tenant's logs: the app's id, and that of its service principal there, where it is known.

    `others`: the same two of the app that only writes, where the tenant has one.
    """

    app_id: str
    principal_id: str | None = None
    others: tuple[str | None, ...] = ()

    def is_doer(self, event: Mapping[str, Any]) -> bool:
        if event["doer_kind"] != DoerKind.APP:
            return False
        named = {str(event[key]).casefold() for key in ("app_id", "doer_id") if event[key]}
        return bool(named & {own.casefold() for own in (self.app_id, self.principal_id, *self.others) if own})


@dataclass(frozen=True)
class EventOrigin:
    """The origin of an event: a restore's, or foreign, or (neither) somebody else's."""

    restore_id: int | None = None
    is_foreign: bool = False


SOMEBODY_ELSE = EventOrigin()


def find_origins(tenant: Tenant, own: OwnApp, events: Sequence[Mapping[str, Any]]) -> list[EventOrigin]:
    """Return each event's origin. `events`: as columns."""
    by_request = _restores_by_request(tenant, [event["correlation_id"] for event in events if event["correlation_id"]])
    of_our_app = [event for event in events if own.is_doer(event)]
    writes = _writes_around(tenant, of_our_app) if of_our_app else []
    return [_origin(tenant, own, event, by_request, writes) for event in events]


def _origin(
    tenant: Tenant, own: OwnApp, event: Mapping[str, Any], by_request: Mapping[str, int], writes: Sequence["_Sent"]
) -> EventOrigin:
    restore_id = by_request.get((event["correlation_id"] or "").casefold())
    if restore_id is not None:
        return EventOrigin(restore_id)
    if not own.is_doer(event):
        return SOMEBODY_ELSE
    near = [write for write in writes if write.at - TOLERANCE <= event["at"] <= write.until + TOLERANCE]
    ids = {str(each).casefold() for each in event["object_ids"]}
    same = next((write for write in near if write.names_any(ids)), None)
    if same is not None:
        return EventOrigin(same.restore_id)
    # What it names may be a part of what we wrote, with an id of its own: no reason for an alarm while we write.
    is_foreign = event["is_success"] and not near and event["at"] > tenant.created_at
    return EventOrigin(is_foreign=is_foreign)


@dataclass(frozen=True)
class _Sent:
    restore_id: int
    at: datetime
    until: datetime
    path: str
    ids: frozenset[str]

    def names_any(self, ids: set[str]) -> bool:
        return bool(self.ids & ids) or any(each in self.path for each in ids if len(each) > 8)


def _restores_by_request(tenant: Tenant, correlation_ids: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for batch in batched(sorted({each.casefold()[:36] for each in correlation_ids})):
        rows = Write.select(Write.client_request_id, RestoreItem.restore).join(RestoreItem).join(Restore)
        is_ours = Write.client_request_id.in_(batch) & (Restore.tenant == tenant)
        found |= {request.casefold(): restore_id for request, restore_id in rows.where(is_ours).tuples()}
    return found


def _writes_around(tenant: Tenant, events: Sequence[Mapping[str, Any]]) -> list[_Sent]:
    """Return what was written to the tenant in the time of these events."""
    times = [event["at"] for event in events]
    since, until = min(times) - 2 * TOLERANCE, max(times) + TOLERANCE
    fields = (
        RestoreItem.restore, Write.sent_at, Write.answered_at, Write.path, RestoreItem.target_id, RestoreItem.created_id
    )  # fmt: skip
    is_restore = (Run.tenant == tenant) & (Run.kind == RunKind.RESTORE)
    live_runs = Run.select(Run.id).where(is_restore & (Run.ended_at.is_null() | (Run.ended_at >= since)))
    rows = Write.select(*fields).join(RestoreItem).where(Write.run.in_(live_runs) & Write.sent_at.between(since, until))
    return [
        _Sent(restore_id, sent, answered or sent, path.casefold(), frozenset(each.casefold() for each in ids if each))
        for restore_id, sent, answered, path, *ids in rows.tuples()
    ]
