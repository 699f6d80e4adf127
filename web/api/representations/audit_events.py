"""Events of the audit log, as they were written."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from db.audit import named_rows
from db.models import AuditEvent
from db.states import Result
from web.api.representations.values import Id, ReferenceJson, Time, time


class AuditEventJson(TypedDict):
    """An act: who did what to which tenant, when, from where, with what result. `hash` chains it to the one before.

    The tenant has the name that it had then.
    """

    id: Id
    at: Time
    action: str
    actor: str
    actor_id: Id | None
    tenant: ReferenceJson | None
    subject: str
    result: Result
    address: str | None
    details: dict[str, Any]
    hash: str


def many(rows: Sequence[AuditEvent]) -> list[AuditEventJson]:
    return [_event(row) for row in rows]


def _event(row: AuditEvent) -> AuditEventJson:
    return {
        "id": row.id,
        "at": time(row.at),
        "action": row.action,
        "actor": row.actor,
        "actor_id": row.actor_id,
        "tenant": {"id": row.tenant_id, "name": row.tenant_name or ""} if row.tenant_id else None,
        "subject": row.subject,
        "result": row.result,
        "address": row.address,
        "details": dict(named_rows.details_of(row)),
        "hash": row.hash,
    }
