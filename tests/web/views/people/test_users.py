"""The page of a person with hundreds of tenants, and the list of people."""

import re

import pytest

from db.accounts import users
from db.models import Membership, Tenant, User
from db.states import Role
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def hundreds(cast):
    """Ada is a member of sixty tenants beside her own."""
    made = [Tenant.create(name=f"Tenant {number:02}", directory_id=f"{number}", client_id="x") for number in range(60)]
    Membership.insert_many([{"user": cast.ada, "tenant": tenant, "role": Role.READER} for tenant in made]).execute()
    return made


def shown(page):
    return re.findall(r"<td>(Tenant \d+|Contoso|Fabrikam)</td>", page)


def test_memberships_are_paged_and_searched_and_no_list_is_long(client, cast, hundreds, sign_in):
    sign_in(client, cast.root)
    page = client.get(f"/users/{cast.ada.id}").get_data(as_text=True)
    assert shown(page) == ["Contoso", *(f"Tenant {number:02}" for number in range(24))]
    assert "61 tenants" in page
    assert max(select.count("<option") for select in re.findall(r"<select.*?</select>", page, re.DOTALL)) <= 20
    assert shown(client.get(f"/users/{cast.ada.id}?page=2").get_data(as_text=True))[-1] == "Tenant 59"
    assert shown(client.get(f"/users/{cast.ada.id}?search=nant+37").get_data(as_text=True)) == ["Tenant 37"]
    assert "No results." in client.get(f"/users/{cast.ada.id}?search=nobody").get_data(as_text=True)


def test_a_role_is_given_by_a_part_of_the_name_or_in_all_that_are_tagged(client, cast, hundreds, sign_in):
    sign_in(client, cast.root)
    form = {"csrf_token": csrf_token(client, "/"), "tenant": "nant 37", "role": "manager"}
    client.post(f"/users/{cast.ada.id}/memberships", data=form)
    assert users.find_membership(cast.ada.id, hundreds[37]).role == Role.MANAGER
    answer = client.post(f"/users/{cast.ada.id}/memberships", data={**form, "tenant": "nant"})
    assert (answer.status_code, "more than one tenant" in answer.get_data(as_text=True)) == (400, True)
    acts = client.get("/tenants/acts?all=yes&tag=&act=role&person=ada@example.com").get_data(as_text=True)
    assert 'value="ada@example.com"' in acts
    assert "62 tenants" in acts


def test_people_are_paged_and_searched_by_name_and_address(client, cast, sign_in):
    for number in range(30):
        User.create(email=f"p{number}@example.org", name=f"Zoe {number:02}")
    sign_in(client, cast.root)
    assert "Zoe 29" not in client.get("/users/").get_data(as_text=True)
    assert "Zoe 29" in client.get("/users/?page=1").get_data(as_text=True)
    found = client.get("/users/?search=p17@").get_data(as_text=True)
    assert "Zoe 17" in found
    assert "Zoe 16" not in found
