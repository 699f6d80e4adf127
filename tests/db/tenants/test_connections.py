"""What a tenant's row says once it is connected, not connected, or disconnected."""

from db.audit.audit import SYSTEM
from db.models import AuditEvent, Credential, Tenant
from db.states import CredentialKind
from db.tenants import connections, credentials, tenants

OTHER = "0b0b0b0b-0000-4000-8000-00000000000b"


def now_of(tenant):
    return Tenant.get_by_id(tenant.id)


def test_a_tenant_that_is_on_is_not_touched_by_a_run_that_failed(cast):
    connections.record_not_connected(cast.contoso, 1, "wrong_directory", "No.", forget=True)
    assert (now_of(cast.contoso).credential_kind, now_of(cast.contoso).connection_error) == ("secret", None)
    Tenant.update(is_active=False).execute()
    connections.record_not_connected(cast.contoso, 1, "app_unknown", "No.", forget=False)
    assert tenants.credential_values(now_of(cast.contoso)), "it may be tried again"
    connections.record_connected(cast.contoso, "Contoso AG", 1)
    assert (now_of(cast.contoso).is_active, now_of(cast.contoso).connection_error) == (True, None)


def test_only_the_directory_that_was_tried_is_switched_on(cast):
    Tenant.update(is_active=False).execute()
    tried = now_of(cast.contoso)
    connections.set_directory_id(now_of(tried), OTHER, SYSTEM)
    assert not connections.record_connected(tried, "Contoso AG", 1)
    assert (now_of(tried).is_active, now_of(tried).directory_id) == (False, OTHER)
    assert not AuditEvent.select().where(AuditEvent.action == "tenant:connected").exists()


def test_every_credential_can_be_forgotten(cast):
    credentials.add_next(cast.contoso, CredentialKind.SECRET, {"secret": "x"}, SYSTEM)
    assert not connections.is_waiting(cast.contoso)
    assert connections.forget_credentials(cast.contoso) == 2
    assert (now_of(cast.contoso).credential, Credential.select().count()) == (None, 0)
    Tenant.update(is_active=False).execute()
    assert connections.is_waiting(now_of(cast.contoso))
    assert tenants.credential_values(now_of(cast.fabrikam)), "another tenant's stay"
