"""Tenants and their sealed credentials."""

import json
from uuid import UUID

from db import audit
from db.audit import Action, Actor
from db.database import database
from db.errors import Invalid
from db.models import Tenant
from db.sealing import keyring
from db.states import CredentialKind


def _guid(text: str, what: str) -> str:
    try:
        return str(UUID(text.strip()))
    except ValueError as e:
        raise Invalid(f"The {what} must be a GUID such as 72f988bf-86f1-41af-91ab-2d7cd011db47, not “{text}”.") from e


def add(name: str, directory_id: str, client_id: str, actor: Actor, *, cloud: str = "global") -> Tenant:
    directory_id, client_id = _guid(directory_id, "directory id"), _guid(client_id, "client id")
    with database.atomic():
        if Tenant.get_or_none((Tenant.directory_id == directory_id) | (Tenant.name == name.strip())):
            raise Invalid(f"There is already a tenant “{name.strip()}” or one with directory id {directory_id}.")
        tenant = Tenant.create(name=name.strip(), directory_id=directory_id, client_id=client_id, cloud=cloud)
        audit.record(
            Action.TENANT_ADDED,
            actor,
            f"tenant {tenant.name}",
            tenant=tenant,
            directory_id=directory_id,
            client_id=client_id,
            credential_kind=str(CredentialKind.NONE),
        )
    return tenant


def find(text: str) -> Tenant | None:
    """By name or directory id, as commands take it."""
    return Tenant.get_or_none((Tenant.name == text) | (Tenant.directory_id == text.lower()))


def set_full_every(tenant: Tenant, days: str, actor: Actor) -> None:
    """After how many days a backup reads everything, whatever the lists say."""
    if not days.isdigit() or not 1 <= int(days) <= 90:
        raise Invalid("Give a number of days from 1 to 90.")
    with database.atomic():
        Tenant.update(full_every_days=int(days)).where(Tenant.id == tenant.id).execute()
        audit.record(Action.TENANT_CHANGED, actor, f"tenant {tenant.name}", tenant=tenant, changed=["full_every_days"])


def set_credential(tenant: Tenant, kind: CredentialKind, values: dict[str, str], actor: Actor) -> None:
    """`values`: {"secret"} or {"private_key", "certificate"}; sealed with the tenant as owner."""
    sealed = keyring().seal(json.dumps(values).encode(), credential_owner(tenant))
    with database.atomic():
        Tenant.update(credential_kind=kind, credential=sealed).where(Tenant.id == tenant.id).execute()
        audit.record(Action.TENANT_CHANGED, actor, f"tenant {tenant.name}", tenant=tenant, changed=["credential"])
    tenant.credential_kind, tenant.credential = kind, sealed


def credential(tenant: Tenant) -> dict[str, str]:
    """Raises SealError when the key is missing; {} when the tenant has none yet."""
    if tenant.credential is None:
        return {}
    values: dict[str, str] = json.loads(keyring().unseal(tenant.credential, credential_owner(tenant)))
    return values


def credential_owner(tenant: Tenant) -> str:
    return f"tenant:{tenant.id}:credential"
