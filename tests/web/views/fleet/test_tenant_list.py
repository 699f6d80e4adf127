"""The list of tenants."""

import re
from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Membership, Tenant
from db.states import Role, Standing
from db.tenants import schedules, tags
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def listed(client, sign_in, cast):
    """listed(path) -> the names in the list, as an admin."""
    sign_in(client, cast.root)

    def names(path):
        table = client.get(path).get_data(as_text=True).partition("<tbody>")[2].partition("</tbody>")[0]
        return re.findall(r'<a href="/tenants/[0-9]+">([^<]+)</a>', table)

    return names


@pytest.fixture
def five(cast):
    """Tenants of each standing beside the cast's two: by name they would come in another order."""
    now = utcnow()
    facts = {
        "Adatum": {"last_backup_at": now - timedelta(hours=1)},
        "Bellows": {"last_backup_at": now - timedelta(days=30)},
        "Consolidated": {"last_backup_at": now, "connection_error": "The secret has expired."},
        "Datum": {"last_backup_at": now - timedelta(hours=2)},
        "Elm": {"last_backup_at": now, "is_active": False},
    }
    made = {name: Tenant.create(name=name, directory_id=name, client_id=name, **more) for name, more in facts.items()}
    schedules.add(made["Datum"], "0 2 * * *", "UTC", SYSTEM)
    tags.replace(made["Datum"], ["Gold"], SYSTEM)
    tags.replace(made["Bellows"], ["gold", "north"], SYSTEM)
    return made


def test_what_needs_attention_comes_first_then_by_name(five, listed):
    order = ["Consolidated", "Contoso", "Fabrikam", "Bellows", "Adatum", "Datum", "Elm"]
    assert listed("/tenants/") == order
    assert listed("/tenants/?page_size=20&sort=1&desc=1") == order[::-1]
    assert listed("/tenants/?sort=0")[:2] == ["Adatum", "Bellows"]
    assert listed("/tenants/?sort=2")[:4] == ["Contoso", "Fabrikam", "Bellows", "Datum"], "never, then the oldest"


def test_it_is_narrowed_by_standing_tag_and_schedule(five, listed):
    assert listed(f"/tenants/?standing={Standing.DISCONNECTED}") == ["Consolidated"]
    assert listed(f"/tenants/?standing={Standing.NEVER}") == ["Contoso", "Fabrikam"]
    assert listed("/tenants/?tag=gold") == ["Bellows", "Datum"]
    assert listed("/tenants/?tag=gold&schedule=yes") == ["Datum"]
    assert listed("/tenants/?tag=north&search=bell") == ["Bellows"]
    assert not {"Datum", "Bellows"} & set(listed("/tenants/?tag=north&search=datum"))


def test_others_see_the_tags_of_their_own_tenants_and_narrow_by_their_role(five, app, cast, sign_in):
    for name, role in (("Datum", Role.MANAGER), ("Adatum", Role.READER)):
        Membership.create(user=cast.ada, tenant=five[name], role=role)
    page = sign_in(app.test_client(), cast.ada).get("/tenants/?role=manager").get_data(as_text=True)
    assert ">Datum<" in page
    assert ">Adatum<" not in page
    assert "Gold" in page
    assert "north" not in page


def test_it_is_exported_as_it_is_narrowed(five, client, cast, sign_in):
    sign_in(client, cast.root)
    lines = client.get("/tenants/export/csv/?tag=gold").get_data(as_text=True).splitlines()
    assert lines[0].startswith("name,standing,tags,")
    assert sorted(line.split(",")[0] for line in lines[1:]) == ["Bellows", "Datum"]
    assert any('"gold, north"' in line.lower() for line in lines)


def test_as_many_statements_with_a_thousand_tenants_as_with_few(five, client, cast, sign_in, statements):
    sign_in(client, cast.root)
    client.get("/tenants/")
    few = statements(lambda: client.get("/tenants/"))
    facts = [{"name": f"Tenant {number}", "directory_id": f"{number}", "client_id": "x"} for number in range(1000)]
    for start in range(0, 1000, 100):
        Tenant.insert_many(facts[start : start + 100]).execute()
    many = statements(lambda: client.get("/tenants/?page_size=40"))
    assert many <= few + 2


def test_a_manager_tags_a_tenant_on_its_page_and_the_chooser_finds_it_by_the_tag(app, cast, sign_in):
    manager, reader = sign_in(app.test_client(), cast.max), sign_in(app.test_client(), cast.rita)
    address = f"/tenants/{cast.contoso.id}/tags"
    form = {"csrf_token": csrf_token(manager, "/"), "tags": "Gold, Straße"}
    manager.post(address, data=form)
    assert 'href="/tenants/?tag=strasse">Straße</a>' in manager.get(f"/tenants/{cast.contoso.id}").get_data(
        as_text=True
    )
    chooser = reader.get("/tenants/choose?search=GOLD").get_data(as_text=True)
    assert "Contoso" in chooser
    assert "Straße" in chooser
    assert reader.post(address, data={**form, "csrf_token": csrf_token(reader, "/")}).status_code == 403
    manager.post(address, data={**form, "tags": ""})
    assert tags.of_tenant(cast.contoso) == []
