"""Connections of tenants: connected, not connected, and disconnected with everything that is kept of them."""

from typing import Any

from db.audit import audit
from db.audit.audit import SYSTEM, Action
from db.clock import utcnow
from db.models import Credential, Tenant
from db.states import CredentialKind, Result

_NO_CREDENTIAL: dict[str, Any] = {
    "credential_kind": CredentialKind.NONE, "credential": None, "credential_expires_at": None
}  # fmt: skip


def record_connected(tenant: Tenant, organization: str, run_id: int) -> None:
    """Switch the tenant on, since it was signed in to, and the directory is the one that is meant."""
    columns: dict[str, Any] = {"is_active": True, "connected_at": utcnow(), "connection_error": None}
    Tenant.update(columns).where((Tenant.id == tenant.id) & Tenant.removing_since.is_null()).execute()
    audit.record_of_tenant(
        Action.TENANT_CONNECTED,
        SYSTEM,
        tenant,
        run=run_id,
        directory_id=tenant.directory_id,
        organization=organization[:200],
    )


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


def is_waiting(tenant: Tenant) -> bool:
    """Tell whether the tenant waits to be connected: it is off, and never was, or was disconnected."""
    return not tenant.is_active and (tenant.connected_at is None or tenant.credential_kind == CredentialKind.NONE)
