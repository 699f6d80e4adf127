"""A tenant with an app of its own, from its certificate to its first backup; and trying again."""

import pytest

from db.models import Run, Tenant
from db.tenants import tenants
from tests.support.consenting import CUSTOMER
from tests.support.simulated_tenant import READ

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order", "quick"),
]
OWN = CUSTOMER  # as tests.support.consenting registers it


def story(admin):
    tenant = Tenant.get(Tenant.directory_id == CUSTOMER)
    return tenant, admin.get(f"/tenants/{tenant.id}/connecting").get_data(as_text=True)


def test_a_certificate_is_made_here_and_a_script_makes_the_app(admin, post, directories, worker, ended):
    post("/tenants/connect/own", name="Tailspin", directory_id=CUSTOMER, kind="certificate")
    tenant, page = story(admin)
    public = admin.get(f"/tenants/{tenant.id}/connecting/files/certificate").get_data(as_text=True)
    private = tenants.credential_values(tenant)["private_key"]
    for name in ("powershell", "azure-cli"):
        answer = admin.get(f"/tenants/{tenant.id}/connecting/files/{name}")
        assert "attachment" in answer.headers["Content-Disposition"]
        assert CUSTOMER in answer.get_data(as_text=True)
        page += answer.get_data(as_text=True)
    assert private.splitlines()[1] not in page + public
    assert post(f"/tenants/{tenant.id}/connecting/app", client_id="no guid").status_code == 400
    directories.customer.change(certificates=[public], permissions=READ)
    post(f"/tenants/{tenant.id}/connecting/app", client_id=OWN)
    assert ended(Run.get(Run.kind == "tenant.connect").id).state == "succeeded"
    assert ended(Run.get(Run.kind == "backup_set.capture").id).state == "succeeded"
    tenant, page = story(admin)
    assert "Connected and backed up" in page
    assert "Can be backed up. Restoring it needs DeviceManagementConfiguration.ReadWrite.All too." in page


def test_a_wrong_secret_is_said_and_tried_again_after_it_was_mended(admin, post, directories, worker, ended):
    directories.customer.change(client_secret="right", permissions=READ)
    refused = post("/tenants/connect/own", name="Tailspin", directory_id="", kind="secret", secret="c4nary")
    assert (refused.status_code, "c4nary" in refused.get_data(as_text=True)) == (400, False)
    post("/tenants/connect/own", name="Tailspin", directory_id=CUSTOMER, client_id=OWN, kind="secret", secret="wrong")
    assert ended(Run.get(Run.kind == "tenant.connect").id).error_code == "secret_wrong"
    tenant, page = story(admin)
    assert ("The client secret is wrong" in page, tenant.is_active) == (True, False)
    directories.customer.change(client_secret="wrong")
    post(f"/tenants/{tenant.id}/connecting/again")
    run = Run.select().where(Run.kind == "tenant.connect").order_by(Run.id.desc()).first()
    assert ended(run.id).state == "succeeded"
