"""Standards are made and described by editors; others see those that their tenants follow, and no more."""

import pytest

from db.audit.audit import SYSTEM
from db.models import Standard
from db.standards import adoptions, standards
from db.states import Ring, SiteRole
from tests.support.forms import csrf_token
from tests.support.standard_rows import catalog_body, follow, item_of, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def send(client, address, **form):
    return client.post(address, data={"csrf_token": csrf_token(client, "/notifications/"), **form})


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def as_editor(person):
    person.site_role = SiteRole.STANDARD_EDITOR
    person.save()
    return person


def test_an_editor_makes_a_standard_changes_and_archives_it(client, sign_in, cast):
    sign_in(client, as_editor(cast.audra))
    assert "There is no standard yet." in text(client, "/standards/")
    refused = send(client, "/standards/", name=" ", description="kept")
    assert refused.status_code == 400
    assert "Give the standard a name." in refused.get_data(as_text=True)
    assert "kept" in refused.get_data(as_text=True), "what was typed is not lost"
    address = send(client, "/standards/", name="<i>Base</i>", description="For all").location
    page = text(client, address)
    assert "&lt;i&gt;Base&lt;/i&gt;" in page
    assert "It has no version yet." in page
    send(client, address, name="Base", soak_days="3")
    row = Standard.get()
    assert (row.name, row.description, row.soak_days, row.at_once) == ("Base", "For all", 3, 3)
    assert send(client, address, soak_days="many").status_code == 303
    assert "is no number" in text(client, address)
    send(client, f"{address}/archive")
    assert "New version" not in text(client, address)
    assert client.get(f"{address}/new-version/").status_code == 404
    send(client, f"{address}/take-up")
    assert "New version" in text(client, address)


def test_a_member_sees_what_their_tenants_follow_and_counts_of_no_other(client, sign_in, cast):
    ours, theirs = (standards.create(name, "", SYSTEM) for name in ("Ours", "Theirs"))
    version = version_of(ours, item_of("a", catalog_body("A")), source_tenant=cast.fabrikam)
    version.source_name = "Fabrikam"
    version.save()
    for tenant in (cast.contoso, cast.fabrikam):
        follow(ours, tenant)
    adoptions.adopt(theirs, cast.fabrikam, Ring.ALL, SYSTEM)
    sign_in(client, cast.rita)
    page = text(client, "/standards/")
    assert "Ours" in page
    assert "Theirs" not in page
    assert 'data-label="Tenants">1<' in page
    page = text(client, f"/standards/{ours.id}")
    assert "Fabrikam" not in page
    assert "another tenant" in page
    assert client.get(f"/standards/{theirs.id}").status_code == 403
    assert client.get("/standards/999").status_code == 404
    for address in (f"/standards/{ours.id}", f"/standards/{ours.id}/archive", "/standards/"):
        assert send(client, address, name="x").status_code == 403
    assert Standard.get_by_id(ours.id).name == "Ours"
    sign_in(client, cast.root)
    page = text(client, f"/standards/{ours.id}")
    assert "Fabrikam" in page
    assert "2 tenants" in page
