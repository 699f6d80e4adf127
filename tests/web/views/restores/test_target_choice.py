"""Where a restore goes: the policies' own tenant first, another one of hundreds by its name."""

import re

import pytest

from db.accounts import users
from db.audit.audit import SYSTEM
from db.models import Tenant
from db.states import Role
from tests.support.forms import csrf_token
from web.views.restores.target_choice import SHOWN

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def radios(page):
    """(value, is it ticked) of each tenant to choose."""
    boxes = re.findall(r'<input type="radio" name="tenant" value="(\d+)" required( checked)?', page)
    return [(int(value), bool(ticked)) for value, ticked in boxes]


@pytest.fixture
def hundreds(cast):
    """303 more tenants."""
    Tenant.insert_many(
        [
            {"name": f"Customer {number:03}", "directory_id": f"00000000-0000-4000-9000-{number:012}", "client_id": "x"}
            for number in range(303)
        ]
    ).execute()
    return {tenant.name: tenant.id for tenant in Tenant.select()}


def found(client, **form):
    answer = client.post("/restores/new", data={"csrf_token": csrf_token(client, "/"), **form})
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def test_among_hundreds_one_is_looked_for_and_stays_chosen(client, sign_in, cast, captured, hundreds):
    snapshot = captured[0][2]
    sign_in(client, cast.root)
    page = client.get(f"/restores/new?snapshot={snapshot.id}").get_data(as_text=True)
    assert radios(page)[0] == (cast.contoso.id, True)
    assert len(radios(page)) == 1 + SHOWN
    assert "Choose another</summary>" in page
    page = found(client, snapshot=snapshot.id, act="find-tenant", tenant_search="customer 27", tenant=cast.contoso.id)
    assert [value for value, _ in radios(page)] == [
        cast.contoso.id, *(hundreds[f"Customer {number}"] for number in range(270, 280))]  # fmt: skip
    chosen = hundreds["Customer 275"]
    page = found(client, snapshot=snapshot.id, act="find-tenant", tenant_search="customer 001", tenant=chosen)
    assert radios(page) == [(cast.contoso.id, False), (chosen, True), (hundreds["Customer 001"], False)]
    assert "No matching tenant." in found(client, snapshot=snapshot.id, act="find-tenant", tenant_search="nobody")


def test_no_tenant_is_found_that_this_person_does_not_manage(client, sign_in, cast, captured, hundreds):
    snapshot = captured[0][2]
    sign_in(client, cast.max)
    form = {"snapshot": snapshot.id, "act": "find-tenant", "tenant": hundreds["Customer 001"]}
    assert radios(found(client, **form, tenant_search="Customer")) == [(cast.contoso.id, True)]
    users.set_member(cast.max, Tenant.get_by_id(hundreds["Customer 001"]), Role.MANAGER, SYSTEM)
    assert radios(found(client, **form)) == [(cast.contoso.id, False), (hundreds["Customer 001"], True)]


def test_the_tenant_stands_before_the_options_that_depend_on_it(client, sign_in, cast, captured, hundreds):
    sign_in(client, cast.root)
    page = client.get(f"/restores/new?snapshot={captured[0][2].id}").get_data(as_text=True)
    assert page.index('id="target"') < page.index("<h2>How</h2>") < page.index("btn-lg")
