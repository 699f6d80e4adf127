"""A request for consent, as the admin who made it sees it: who answered, and what to do about that."""

import re

import pytest

from db.models import ConsentRequest, Run, Tenant
from db.states import ConsentState
from tests.support.consenting import CUSTOMER, OTHER, decide

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order", "quick"),
]


def answered(app, link, directory):
    theirs = app.test_client()
    theirs.get(decide(theirs.get(f"{link}/go").location, "agree", directory))
    return ConsentRequest.select().order_by(ConsentRequest.id.desc()).first()


def test_a_directory_that_nobody_named_is_shown_and_confirmed(app, admin, post, make_link, worker, ended):
    [link] = make_link(tags="north")
    request = answered(app, link, CUSTOMER)
    page = admin.get(f"/tenants/connect/requests/{request.id}").get_data(as_text=True)
    assert (CUSTOMER in page, "Yes, this directory is meant" in page) == (True, True)
    assert not Tenant.get_or_none(Tenant.directory_id == CUSTOMER)
    post(f"/tenants/connect/requests/{request.id}/confirm")
    assert ended(Run.get(Run.kind == "tenant.connect").id).state == "succeeded"
    tenant = Tenant.get(Tenant.directory_id == CUSTOMER)
    assert (tenant.name, [tag.name for tag in tenant.tags]) == ("Tailspin", ["north"])
    assert admin.get(f"/tenants/connect/requests/{request.id}").location == f"/tenants/{tenant.id}/connecting"


def test_the_wrong_directory_is_rejected_or_taken_for_the_one_that_is_meant(app, admin, post, make_link):
    request = answered(app, make_link(directory_id=CUSTOMER)[0], OTHER)
    assert "Another directory answered" in admin.get(f"/tenants/connect/requests/{request.id}").get_data(as_text=True)
    post(f"/tenants/connect/requests/{request.id}/reject")
    assert ConsentRequest.get_by_id(request.id).state == ConsentState.REJECTED
    assert post(f"/tenants/connect/requests/{request.id}/confirm").status_code == 400
    again = answered(app, make_link(directory_id=CUSTOMER)[0], OTHER)
    post(f"/tenants/connect/requests/{again.id}/confirm")
    assert Tenant.get(Tenant.name == "Tailspin").directory_id == OTHER


def test_a_directory_that_is_a_tenant_already_is_never_taken_over(app, admin, post, make_link, cast):
    Tenant.update(directory_id=OTHER).where(Tenant.id == cast.contoso.id).execute()
    request = answered(app, make_link()[0], OTHER)
    page = admin.get(f"/tenants/connect/requests/{request.id}").get_data(as_text=True)
    assert ("is the tenant Contoso already" in page, "Yes, this directory" in page) == (True, False)
    refused = post(f"/tenants/connect/requests/{request.id}/confirm")
    assert (refused.status_code, "nothing was changed" in refused.get_data(as_text=True)) == (400, True)
    assert (Tenant.get_by_id(cast.contoso.id).credential_kind, Run.select().count()) == ("secret", 0)
    refused = post("/tenants/connect/link", name="Again", directory_id=OTHER, access="read")
    assert "is the tenant “Contoso” already" in refused.get_data(as_text=True)


def test_a_link_can_be_made_anew_withdrawn_and_followed_at_once(app, admin, post, make_link):
    [link] = make_link(directory_id=CUSTOMER)
    number = ConsentRequest.get().id
    page = post(f"/tenants/connect/requests/{number}/link").get_data(as_text=True)
    [renewed] = re.findall(r"<code>http://localhost(/connect/[\w-]+)</code>", page)
    assert [app.test_client().get(path).status_code for path in (link, renewed)] == [404, 200]
    back = decide(admin.get(f"/tenants/connect/requests/{number}/go").location, "refuse")
    assert admin.get(back).location == f"/tenants/connect/requests/{number}"
    assert "Tailspin" in admin.get("/tenants/connect").get_data(as_text=True).partition("Links that are open")[2]
    post(f"/tenants/connect/requests/{number}/withdraw")
    assert app.test_client().get(renewed).status_code == 404
    assert post(f"/tenants/connect/requests/{number}/withdraw").status_code == 400
    assert admin.get("/tenants/connect/requests/999").status_code == 404
