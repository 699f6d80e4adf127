"""The ways to connect a tenant, and who may go them."""

import html

import pytest

from db.models import ConsentRequest, SharedApp, SharedAppCredential, Tenant
from tests.support.consenting import CUSTOMER

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_what_is_refused_is_said_and_adds_nothing(admin, post):
    count = Tenant.select().count()
    for act, fields, sentence in (
        ("link", {"name": " ", "access": "read"}, "A tenant's name has 1 to 200"),
        ("link", {"name": "New", "directory_id": "contoso.com", "access": "read"}, "must be a GUID"),
        ("link", {"name": "New", "access": "write"}, "both links have to be of the same one"),
        ("link", {"name": "New", "directory_id": CUSTOMER, "cloud": "mars"}, "one of Microsoft's clouds"),
        ("own", {"name": "New", "kind": "certificate"}, "Name the directory"),
        ("own", {"name": "New", "directory_id": CUSTOMER, "kind": "none"}, "Choose how to sign in"),
        ("own", {"name": "New", "directory_id": CUSTOMER, "kind": "secret"}, "The client secret is empty"),
        ("own", {"name": "New", "directory_id": CUSTOMER, "kind": "federated"}, "TENANTKEEP_FEDERATED_TOKEN_FILE"),
        ("own", {"name": "Contoso", "directory_id": CUSTOMER, "kind": "certificate"}, "There is already a tenant"),
    ):
        answer = post(f"/tenants/connect/{act}", **fields)
        assert (answer.status_code, sentence in html.unescape(answer.get_data(as_text=True))) == (400, True), fields
    assert (Tenant.select().count(), ConsentRequest.select().count()) == (count, 0)


def test_without_apps_of_our_own_there_is_no_form_for_a_link(admin, post):
    SharedAppCredential.delete().execute()
    SharedApp.delete().execute()
    page = admin.get("/tenants/connect").get_data(as_text=True)
    assert ("has no app of its own yet" in page, "Make the link" in page) == (True, False)
    assert post("/tenants/connect/link", name="New", access="read").status_code == 400


def test_what_waits_is_listed(admin, post, make_link):
    make_link(directory_id=CUSTOMER)
    page = admin.get("/tenants/connect").get_data(as_text=True)
    open_links, _, waiting = page.partition("Tenants that are not connected yet")
    assert "Tailspin" in open_links.partition("Links that are open")[2]
    assert CUSTOMER in waiting
