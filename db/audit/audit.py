"""The audit log: who did what to which tenant, when, from where, with what result. Append-only, chained by hash.

`record` belongs in the transaction of the act itself: if the event cannot be written, the act does not happen. It is
numbered, chained and written just before that commits: everybody's events queue at one row, and nobody waits there for
what else another's transaction has to do.

The plain hashes can be followed by anybody; the keyed ones prove that Tenantkeep wrote the events (chain.py).
"""

import json
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from db.audit import audit_keys
from db.audit.actions import DETAILS as DETAILS
from db.audit.actions import Action as Action
from db.audit.chain import EVENT_PURPOSE, hash_of_event
from db.clock import utcnow
from db.database import database, is_sqlite, replace_unstorable
from db.models import IS_NOT_OK, AuditEvent, AuditHead, Restore, Tenant, User
from db.sql import time_ranges, value_lists
from db.sql.value_lists import is_in
from db.states import Result


@dataclass(frozen=True)
class Actor:
    """Somebody who acts, and from where: a person in the browser, a command on the server, or the system itself."""

    name: str
    user_id: int | None = None
    address: str | None = None
    origin: str = "web"

    @classmethod
    def person(cls, user: User, address: str | None, origin: str = "web") -> "Actor":
        return cls(user.email, user.id, address, origin)


SYSTEM = Actor("system", origin="system")
# As its column: a token has a name, and its person an address.
MAX_ACTOR_LENGTH = 255


def requester(user: User | None, origin: str) -> Actor:
    """Return the person who asked for a run, or the system for a run that nobody asked for."""
    return Actor.person(user, None, origin) if user else SYSTEM


def record(
    action: Action,
    actor: Actor,
    subject: str,
    *,
    tenant: Tenant | None = None,
    result: Result = Result.OK,
    **details: Any,
) -> None:
    """Append one event, as the last thing of the transaction; without a transaction at once.

    Raises ValueError when its details are not exactly those the action must carry.
    """
    if set(details) != DETAILS[action]:
        raise ValueError(f"{action} must carry {sorted(DETAILS[action])}, not {sorted(details)}")
    # The values as they will be read again: the hash is over those.
    event = AuditEvent(
        action=action,
        actor_id=actor.user_id,
        actor=replace_unstorable(actor.name[:MAX_ACTOR_LENGTH]),
        tenant_id=tenant.id if tenant else None,
        tenant_name=tenant.name if tenant else None,
        subject=replace_unstorable(subject[:1200]),
        result=result,
        address=actor.address,
        details=json.loads(replace_unstorable(json.dumps(details, ensure_ascii=False))),
    )
    with nullcontext() if database.in_transaction() else database.atomic():
        database.write_last(_append, event)


def record_of_tenant(
    action: Action, actor: Actor, tenant: Tenant, *, result: Result = Result.OK, **details: Any
) -> None:
    """Append an event whose subject is the tenant itself, as `record` does."""
    record(action, actor, f"tenant {tenant.name}", tenant=tenant, result=result, **details)


def record_of_restore(
    action: Action, actor: Actor, restore: Restore, *, result: Result = Result.OK, **details: Any
) -> None:
    """Append an event whose subject is the restore, as `record` does."""
    record(action, actor, f"restore {restore.id}", tenant=restore.tenant, result=result, **details)


def _append(events: list[AuditEvent]) -> None:
    """Number, chain and write the events.

    Writers queue at the head's row from here to their commit, so numbers and hashes have no gaps and no forks.
    """
    [(number, previous)] = (
        AuditHead.update(last_id=AuditHead.last_id + len(events))
        .returning(AuditHead.last_id, AuditHead.hash)
        .tuples()
        .execute()
    )
    key = audit_keys.newest_key()
    for event_id, event in enumerate(events, start=number - len(events) + 1):
        event.id, event.at, event.previous_hash = event_id, utcnow(), previous
        event.hash = previous = hash_of_event(event)
        event.mac = key.keyed_hash(EVENT_PURPOSE, event.hash)
    for batch in value_lists.batched(events):
        AuditEvent.insert_many([event.__data__ for event in batch]).execute()
    AuditHead.update(hash=previous).execute()


def search(
    *,
    tenant_ids: list[int] | None,
    action: str = "",
    actor: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    tenant_id: int | None = None,
    result: str = "",
) -> Any:
    """Return a query of events, newest first. `tenant_ids` None means the whole installation."""
    query = AuditEvent.select().order_by(AuditEvent.id.desc())
    if tenant_ids is not None:
        query = query.where(is_in(AuditEvent.tenant_id, tenant_ids))
    if tenant_id is not None:
        query = query.where(AuditEvent.tenant_id == tenant_id)
    for field, value in ((AuditEvent.action, action), (AuditEvent.actor, actor), (AuditEvent.result, result)):
        if value:
            query = query.where(field == value)
    if result and result != Result.OK and is_sqlite():
        # They are few, and have indexes of their own: PostgreSQL knows by itself.
        query = query.where(IS_NOT_OK)
    if since:
        query = query.where(time_ranges.since(AuditEvent.at, since))
    if until:
        query = query.where(time_ranges.before(AuditEvent.at, until))
    return query
