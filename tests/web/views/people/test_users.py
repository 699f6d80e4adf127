"""The page of a person with hundreds of tenants, and the list of people."""

import re

import pytest

from db.accounts import tag_memberships, users
from db.audit.audit import SYSTEM
from db.models import Membership, Tenant, User
from db.states import Role
from db.tenants import tags
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


def test_a_role_by_tag_is_given_and_ends_at_once_for_an_open_session(app, cast, sign_in):
    tags.replace(cast.contoso, ["Gold"], SYSTEM)
    admin, sam = sign_in(app.test_client(), cast.root), sign_in(app.test_client(), cast.sam)
    form = {"csrf_token": csrf_token(admin, "/"), "tag": "gold", "role": "manager"}
    admin.post(f"/users/{cast.sam.id}/tag-memberships", data=form)
    members = sam.get(f"/tenants/{cast.contoso.id}/members").get_data(as_text=True)
    assert "by the tag “Gold”" in members
    page = sam.get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    own = {"csrf_token": csrf_token(sam, "/")}
    assert "Notify me of all runs" in page
    answer = sam.post(f"/tenants/{cast.contoso.id}/subscribe", data={**own, "wanted": "yes"}, follow_redirects=True)
    assert "every run of the tenants tagged Gold" in answer.get_data(as_text=True)
    answer = sam.post(f"/tenants/{cast.contoso.id}/tags", data={**own, "tags": ""}, follow_redirects=True)
    assert "only an admin sets or removes it" in answer.get_data(as_text=True)
    preview = sam.get("/tenants/acts/preview?all=yes&act=tags&remove=gold").get_data(as_text=True)
    assert "such a tag gives roles to people" in preview
    tags.replace(cast.contoso, [], SYSTEM)
    assert sam.get(f"/tenants/{cast.contoso.id}").status_code == 403
    page = admin.get(f"/users/{cast.sam.id}").get_data(as_text=True)
    [remove] = re.findall(rf"/users/{cast.sam.id}/tag-memberships/\d+/remove", page)
    assert admin.post(remove.replace(f"/{cast.sam.id}/", f"/{cast.ada.id}/"), data=form).status_code == 404
    assert admin.post(remove, data=form).status_code == 303
    assert not tag_memberships.of_user(cast.sam)
    assert "Name one tag" in admin.post(f"/users/{cast.sam.id}/tag-memberships", data={**form, "tag": "a, b"}).get_data(
        as_text=True
    )


def test_people_are_paged_and_searched_by_name_and_address(client, cast, sign_in):
    for number in range(30):
        User.create(email=f"p{number}@example.org", name=f"Zoe {number:02}")
    sign_in(client, cast.root)
    assert "Zoe 29" not in client.get("/users/").get_data(as_text=True)
    assert "Zoe 29" in client.get("/users/?page=1").get_data(as_text=True)
    found = client.get("/users/?search=p17@").get_data(as_text=True)
    assert "Zoe 17" in found
    assert "Zoe 16" not in found
