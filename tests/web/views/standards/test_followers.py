"""Who follows a standard: a page for those who see it, and acts for whoever may decide that of the tenant."""

import pytest

from db.audit.audit import SYSTEM
from db.models import StandardAdoption, StandardTag
from db.standards import adoptions, following_tags
from db.states import Ring, SiteRole
from db.tenants import tags
from tests.support.following import CATALOG, standard_of
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def send(client, address, **form):
    return client.post(address, data={"csrf_token": csrf_token(client, "/notifications/"), **form})


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def test_whoever_manages_a_tenant_and_sees_the_standard_lets_it_follow(client, sign_in, cast):
    standard, _ = standard_of({"a": (CATALOG, {"name": "Ring"}, {})}, name="<b>Base</b>")
    address = f"/standards/{standard.id}/tenants/"
    sign_in(client, cast.max)  # he manages Contoso, which does not follow it: he does not know of it
    assert client.get(address).status_code == 403
    assert send(client, address, tenant="Contoso", ring="pilot").status_code == 403
    sign_in(client, cast.root)
    assert "No tenant follows it yet." in text(client, address)
    assert "&lt;b&gt;Base&lt;/b&gt;" in text(client, address)
    answer = send(client, address, tenant="Conto", ring="pilot")
    assert answer.location == f"/standards/{standard.id}/tenants/{cast.contoso.id}"
    for form, said in (
        ({"tenant": "Conto", "ring": "x"}, "Choose one of the rings"),
        ({"ring": "all"}, "Choose the tenant"),
    ):
        assert send(client, address, **form).location == address
        assert said in text(client, address)
    send(client, address, tenant="Fabrikam", ring="all")
    assert [row.ring for row in StandardAdoption.select().order_by(StandardAdoption.id)] == ["pilot", "all"]
    StandardAdoption.update(counts={"aligned": 4, "differs": 2, "unsure": 1}, checked_at=standard.created_at).execute()
    sign_in(client, cast.max)  # Contoso follows: he sees that, and nothing of Fabrikam
    page = text(client, address)
    assert "2 differs, 1 to be confirmed" in page
    assert "Fabrikam" not in page
    assert "By tag" not in page
    assert client.get("/standards/99/tenants/").status_code == 404


def test_tags_are_set_by_admins_alone_and_seen_by_whoever_sees_every_tenant(client, sign_in, cast):
    standard, _ = standard_of({})
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    cast.ada.site_role = SiteRole.STANDARD_APPROVER
    cast.ada.save()
    address = f"/standards/{standard.id}/tags/"
    sign_in(client, cast.ada)
    assert send(client, address, tag="gold", ring="pilot").status_code == 403
    sign_in(client, cast.root)
    assert "without a comma" in client.get(send(client, address, tag="a,b", ring="pilot").location).text
    send(client, address, tag="gold", ring="early")
    following_tags.follow()
    assert adoptions.find(standard, cast.contoso).ring == Ring.EARLY
    row = StandardTag.get()
    sign_in(client, cast.ada)
    page = text(client, f"/standards/{standard.id}/tenants/")
    assert "by the tag “gold”" in page
    assert "By tag" in page
    assert f"/tags/{row.id}/remove" not in page
    sign_in(client, cast.root)
    assert send(client, f"{address}{row.id}/remove").status_code == 303
    assert send(client, f"{address}{row.id}/remove").status_code == 404
