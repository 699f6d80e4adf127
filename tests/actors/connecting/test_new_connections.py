"""New connections: nothing of a tenant that is connected is changed by them."""

import pytest

from actors.connecting import new_connections
from actors.connecting.new_connections import NewTenant
from actors.tenants import credential_change
from db.audit.audit import SYSTEM
from db.errors import Invalid
from db.models import ConsentRequest, Run, Tenant
from db.states import AppAccess
from db.tenants import connections, consents, shared_apps

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]
APP, HOME = (f"eeeeeeee-3333-4333-8333-33333333333{digit}" for digit in "12")


def test_a_tenant_that_was_connected_meanwhile_keeps_its_credential(cast):
    shared_apps.set_app("global", AppAccess.READ, APP, HOME, SYSTEM)
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    contoso = Tenant.get_by_id(cast.contoso.id)
    request, _ = new_connections.ask_of_tenant(contoso, AppAccess.READ, SYSTEM)
    connections.record_connected(contoso, "Contoso AG", 1)
    with pytest.raises(Invalid, match="is connected already"):
        new_connections.take_answer(request, contoso.directory_id, SYSTEM)
    assert ConsentRequest.get_by_id(request.id).state == "waiting", "the answer is not believed"
    assert (Tenant.get_by_id(contoso.id).credential_kind, Run.select().count()) == ("secret", 0)


def test_a_directory_of_which_there_are_backups_is_never_renamed_to_another(cast):
    shared_apps.set_app("global", AppAccess.READ, APP, HOME, SYSTEM)
    Tenant.update(is_active=False, last_backup_id=1).where(Tenant.id == cast.contoso.id).execute()
    request, _ = new_connections.ask_of_tenant(Tenant.get_by_id(cast.contoso.id), AppAccess.READ, SYSTEM)
    consents.record_answer(request, HOME, SYSTEM)
    with pytest.raises(Invalid, match="of which there are backups"):
        new_connections.confirm(ConsentRequest.get_by_id(request.id), SYSTEM)
    assert Tenant.get_by_id(cast.contoso.id).directory_id == cast.contoso.directory_id


def test_an_app_is_named_once_and_only_of_a_tenant_that_waits(cast):
    made = credential_change.make_new_certificate("Tenantkeep")
    tenant = new_connections.add_with_own_app(NewTenant("Tailspin", HOME), "", made, SYSTEM)
    assert (new_connections.has_app(tenant), Run.select().count()) == (False, 0)
    assert new_connections.name_app(tenant, APP, SYSTEM).run.kind == "tenant.connect"
    with pytest.raises(Invalid, match="is connected already"):
        new_connections.name_app(cast.contoso, APP, SYSTEM)
