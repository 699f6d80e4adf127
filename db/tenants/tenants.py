"""Tenants and their sealed credentials."""

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import Condition, database, is_sqlite, lock_rows_shared
from db.encryption import keyring
from db.errors import Invalid, SwitchedOff
from db.models import AuditEvent, Tenant
from db.sql.value_lists import is_in, is_in_if_given
from db.states import CredentialKind

MAX_NAME_LENGTH = 200


def parse_guid(text: str, what: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError as e:
        raise Invalid(f"The {what} must be a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47, not “{text}”.") from e


def add(name: str, directory_id: str, client_id: str, actor: Actor, *, cloud: str = "global") -> Tenant:
    directory_id, client_id = parse_guid(directory_id, "directory id"), parse_guid(client_id, "client id")
    name = clean_name(name)
    with database.atomic():
        if Tenant.get_or_none((Tenant.directory_id == directory_id) | (Tenant.name == name)):
            raise Invalid(f"There is already a tenant “{name}” or one with directory id {directory_id}.")
        facts = {"name": name, "directory_id": directory_id, "client_id": client_id, "cloud": cloud}
        tenant = Tenant.create(**facts, **_new_id())
        audit.record_of_tenant(
            Action.TENANT_ADDED,
            actor,
            tenant,
            directory_id=directory_id,
            client_id=client_id,
            credential_kind=str(CredentialKind.NONE),
        )
    return tenant


def clean_name(text: str) -> str:
    """Return a tenant's name as it is kept. Raises Invalid."""
    name = " ".join(text.replace("\x00", "").split())
    if not 0 < len(name) <= MAX_NAME_LENGTH:
        raise Invalid(f"A tenant's name has 1 to {MAX_NAME_LENGTH} characters.")
    return name


def _new_id() -> dict[str, int]:
    """Return an id that no audit event names, for SQLite, which would give a removed tenant's id to the next one.

    Else the managers of the new one would read in the audit log what was done to the one before.
    """
    if not is_sqlite():
        return {}
    used = (Tenant.select(pw.fn.MAX(Tenant.id)), AuditEvent.select(pw.fn.MAX(AuditEvent.tenant_id)))
    return {"id": max(query.scalar() or 0 for query in used) + 1}


def rename(tenant: Tenant, name: str, actor: Actor) -> None:
    """Rename the tenant. Its directory id, and everything that is kept of it, stay. Raises Invalid."""
    name, before = clean_name(name), str(tenant.name)
    if name == before:
        return
    with database.atomic():
        if Tenant.get_or_none((Tenant.name == name) & (Tenant.id != tenant.id)):
            raise Invalid(f"There is already a tenant “{name}”.")
        Tenant.update(name=name).where(Tenant.id == tenant.id).execute()
        audit.record(
            Action.TENANT_CHANGED, actor, f"tenant {before}", tenant=tenant, changed=[f"name: {before} → {name}"]
        )
    tenant.name = name


def require_switched_on(tenant: Tenant) -> None:
    """Raises SwitchedOff when nothing may start in the tenant."""
    if tenant.removing_since:
        raise SwitchedOff(f"{tenant.name} is being removed: nothing starts in it any more.")
    if not tenant.is_active:
        raise SwitchedOff(
            f"{tenant.name} is switched off: nothing starts in it. An admin switches it on, on its page or with: "
            f"tenantkeep tenant switch-on “{tenant.name}”"
        )


def lock_switched_on(tenant: Tenant, *, even_off: bool) -> None:
    """Require, in a transaction, that the tenant stays on until its end: who switches it off meanwhile waits for that.

    `even_off`: it may be switched off, but not on its way out. Raises SwitchedOff.
    """
    lock_rows_shared(Tenant, Tenant.id == tenant.id)
    now = Tenant.get_by_id(tenant.id)
    if now.removing_since or not even_off:
        require_switched_on(now)


def find_by_text(text: str) -> Tenant | None:
    """Return the tenant of this name or directory id, as commands take either."""
    return Tenant.get_or_none((Tenant.name == text) | (Tenant.directory_id == text.lower()))


def set_full_every(tenant: Tenant, days: str, actor: Actor) -> None:
    """Set after how many days a backup reads everything, whatever the lists say. Raises Invalid."""
    number = parse_full_every(days)
    with database.atomic():
        Tenant.update(full_every_days=number).where(Tenant.id == tenant.id).execute()
        audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=["full_every_days"])


def parse_full_every(days: str) -> int:
    """Raises Invalid."""
    if not days.isdecimal() or len(days) > 2 or not 1 <= int(days) <= 90:
        raise Invalid("Give a number of days from 1 to 90.")
    return int(days)


def set_keeps_members(tenant: Tenant, keeps: bool, actor: Actor) -> None:
    """Set whether backups keep the members, by their ids, of the groups that policies refer to."""
    with database.atomic():
        changed = (Tenant.id == tenant.id) & (Tenant.keeps_members != keeps)
        if Tenant.update(keeps_members=keeps).where(changed).execute():
            changes = [f"keeps_members {'on' if keeps else 'off'}"]
            audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=changes)


def set_has_no_break_glass(tenant: Tenant, has_none: bool, actor: Actor) -> None:
    """Set whether the tenant has no accounts for emergencies, so that nobody is asked for them."""
    with database.atomic():
        changed = (Tenant.id == tenant.id) & (Tenant.has_no_break_glass != has_none)
        if Tenant.update(has_no_break_glass=has_none).where(changed).execute():
            changes = ["has no emergency accounts" if has_none else "is asked for emergency accounts"]
            audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=changes)


def set_credential(
    tenant: Tenant,
    kind: CredentialKind,
    values: dict[str, str],
    actor: Actor,
    *,
    expires_at: datetime | None = None,
) -> None:
    """Set a new tenant's first credential, in force untried. Every later one goes through db/tenants/credentials.py.

    `values`: {"secret"} or {"private_key", "certificate"}; sealed with the tenant as owner.
    """
    sealed = keyring().seal(json.dumps(values).encode(), credential_owner(tenant))
    with database.atomic():
        Tenant.update(credential_kind=kind, credential=sealed, credential_expires_at=expires_at).where(
            Tenant.id == tenant.id
        ).execute()
        audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=["credential"])
    tenant.credential_kind, tenant.credential, tenant.credential_expires_at = kind, sealed, expires_at


def credential_values(tenant: Tenant) -> dict[str, str]:
    """Return the values of the credential in force, {} without one. Raises SealError when the key is missing."""
    if tenant.credential is None:
        return {}
    values: dict[str, str] = json.loads(keyring().unseal(tenant.credential, credential_owner(tenant)))
    return values


def record_connection(tenant: Tenant, error: str | None) -> None:
    """Record that signing in worked just now, or why it did not, unless another credential is in force by now."""
    columns = {"connection_error": error[:500]} if error else {"connection_error": None, "connected_at": utcnow()}
    Tenant.update(columns).where((Tenant.id == tenant.id) & _has_same_credential(tenant)).execute()


def record_expiry(tenant: Tenant, expires_at: datetime | None) -> None:
    """Record when the credential in force ends, for one that was given before that was noted."""
    Tenant.update(credential_expires_at=expires_at).where(
        (Tenant.id == tenant.id) & _has_same_credential(tenant)
    ).execute()
    tenant.credential_expires_at = expires_at


def _has_same_credential(tenant: Tenant) -> Condition:
    """Return the condition that this row's credential is in force still: another may have taken its place since."""
    if tenant.credential is None:
        return Tenant.credential.is_null()
    return Tenant.credential == bytes(tenant.credential)


def credential_owner(tenant: Tenant) -> str:
    return f"tenant:{tenant.id}:credential"


def find_by_id(tenant_id: int | None) -> Tenant | None:
    return Tenant.get_or_none(Tenant.id == tenant_id) if tenant_id else None


def find_by_directory_id(directory_id: str | None) -> Tenant | None:
    return Tenant.get_or_none(Tenant.directory_id == directory_id)


def by_name(ids: Sequence[int] | None = None, condition: Any = True, limit: int | None = None) -> list[Tenant]:
    """Return the first of these tenants by name for which the condition holds; None: of all."""
    query = Tenant.select().where(is_in_if_given(Tenant.id, ids))
    query = query if condition is True else query.where(condition)
    return list(query.order_by(Tenant.name).limit(limit))


def switched_on(ids: Sequence[int] | None, limit: int, also: Tenant | None = None) -> list[Tenant]:
    """Return the first of these tenants by name that are switched on, and `also` where it is one of them."""
    query = Tenant.select().where(Tenant.is_active & is_in_if_given(Tenant.id, ids))
    first = list(query.order_by(Tenant.name).limit(limit))
    return first if also is None or also in first else [*first, *query.where(Tenant.id == also.id)]


def names_switched_on(ids: Sequence[int] | None, limit: int) -> list[str]:
    """Return the first names of these tenants that are switched on, and read nothing else of them."""
    query = Tenant.select(Tenant.name).where(Tenant.is_active & is_in_if_given(Tenant.id, ids))
    return [row[0] for row in query.order_by(Tenant.name).limit(limit).tuples()]


def find_by_typed(text: str, ids: Sequence[int] | None, *, is_part: bool) -> list[Tenant]:
    """Return the one of these tenants with that name or directory id, in any case; or two whose names hold it."""
    among = Tenant.select().where(is_in_if_given(Tenant.id, ids))
    if is_part:
        return list(among.where(Tenant.name.contains(text)).order_by(Tenant.name).limit(2))
    is_named = (pw.fn.LOWER(Tenant.name) == text.lower()) | (Tenant.directory_id == text.lower())
    return list(among.where(is_named).limit(1))


def names_and_directories() -> list[tuple[str, str]]:
    """Return (name, directory id) of every tenant."""
    return list(Tenant.select(Tenant.name, Tenant.directory_id).tuples())


def count_tenants() -> int:
    return int(Tenant.select().count())


def in_clouds() -> list[Tenant]:
    """Return every tenant with its cloud, and nothing else of it."""
    return list(Tenant.select(Tenant.cloud))


def never_synced() -> list[Tenant]:
    return list(Tenant.select().where(Tenant.last_synced_at.is_null()))


def record_sync(tenant: Tenant, at: datetime) -> None:
    """Record when the tenant's lists were last read, all of them."""
    Tenant.update(last_synced_at=at).where(Tenant.id == tenant.id).execute()


def names_by_id(ids: Sequence[int]) -> dict[int, str]:
    """Return the names of these tenants; an id of none that is there is left out."""
    return dict(Tenant.select(Tenant.id, Tenant.name).where(is_in(Tenant.id, ids)).tuples())
