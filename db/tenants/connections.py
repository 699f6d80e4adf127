"""Connections of tenants: connected, not connected, and disconnected with everything that is kept of them."""

from typing import Any

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.errors import Invalid
from db.models import Credential, Tenant
from db.states import CredentialKind, Result
from db.tenants.tenants import parse_guid

_NO_CREDENTIAL: dict[str, Any] = {
    "credential_kind": CredentialKind.NONE, "credential": None, "credential_expires_at": None
}  # fmt: skip


def record_connected(tenant: Tenant, organization: str, run_id: int) -> bool:
    """Switch the tenant on, since it was signed in to, and the directory is the one that is meant.

    Return False, and change nothing, where it was given another directory meanwhile, or is being removed: nobody made
    sure of that one.
    """
    columns: dict[str, Any] = {"is_active": True, "connected_at": utcnow(), "connection_error": None}
    is_as_tried = (Tenant.id == tenant.id) & (Tenant.directory_id == tenant.directory_id)
    if not Tenant.update(columns).where(is_as_tried & Tenant.removing_since.is_null()).execute():
        return False
    audit.record_of_tenant(
        Action.TENANT_CONNECTED,
        SYSTEM,
        tenant,
        run=run_id,
        directory_id=tenant.directory_id,
        organization=organization[:200],
    )
    return True


def record_not_connected(tenant: Tenant, run_id: int, code: str, sentence: str, *, forget: bool) -> None:
    """Record why a tenant was not connected. `forget`: its credential goes. One that is on by now stays so."""
    columns: dict[str, Any] = {"connection_error": sentence[:500], **(_NO_CREDENTIAL if forget else {})}
    if Tenant.update(columns).where((Tenant.id == tenant.id) & ~Tenant.is_active).execute():
        audit.record_of_tenant(
            Action.TENANT_NOT_CONNECTED,
            SYSTEM,
            tenant,
            result=Result.FAILED,
            run=run_id,
            directory_id=tenant.directory_id,
            code=code,
        )


def forget_credentials(tenant: Tenant) -> int:
    """Delete every credential of the tenant. Return how many there were."""
    had_one = Tenant.credential_kind != CredentialKind.NONE
    count = Tenant.update(_NO_CREDENTIAL).where((Tenant.id == tenant.id) & had_one).execute()
    return int(count + Credential.delete().where(Credential.tenant == tenant).execute())


def set_client_id(tenant: Tenant, client_id: str, actor: Actor) -> None:
    """Name the app with which a tenant that is off signs in. Raises Invalid."""
    tenant.client_id = parse_guid(client_id, "client id")
    Tenant.update(client_id=tenant.client_id).where((Tenant.id == tenant.id) & ~Tenant.is_active).execute()
    audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=[f"client id: {tenant.client_id}"])


def set_directory_id(tenant: Tenant, directory_id: str, actor: Actor) -> None:
    """Correct the directory of a tenant of which nothing was read yet. Raises Invalid."""
    directory_id = parse_guid(directory_id, "directory id")
    if directory_id == tenant.directory_id:
        return
    is_new = Tenant.connected_at.is_null() & Tenant.last_synced_at.is_null() & Tenant.last_backup_id.is_null()
    changed = Tenant.update(directory_id=directory_id).where((Tenant.id == tenant.id) & ~Tenant.is_active & is_new)
    if not changed.execute():
        raise Invalid(f"{tenant.name} is another directory, of which there are backups: connect this one by itself.")
    tenant.directory_id = directory_id
    audit.record_of_tenant(Action.TENANT_CHANGED, actor, tenant, changed=[f"directory id: {directory_id}"])


def waiting(limit: int, offset: int = 0) -> list[Tenant]:
    """Return the first tenants by name that wait to be connected."""
    is_off = ~Tenant.is_active & Tenant.removing_since.is_null()
    is_new = Tenant.connected_at.is_null() | (Tenant.credential_kind == CredentialKind.NONE)
    return list(Tenant.select().where(is_off & is_new).order_by(Tenant.name).limit(limit).offset(offset))


def is_waiting(tenant: Tenant) -> bool:
    """Tell whether the tenant waits to be connected: it is off, and never was, or was disconnected."""
    return not tenant.is_active and (tenant.connected_at is None or tenant.credential_kind == CredentialKind.NONE)
