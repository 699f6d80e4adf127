"""`/tokens`: a person makes tokens of their own, sees each once, and ends them; an admin ends everybody's."""

import re

import pytest

from db.accounts import api_tokens
from db.audit.audit import SYSTEM
from db.models import ApiToken, AuditEvent
from tests.support.environment import PASSWORD
from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
TOKEN = re.compile(r"tk_[\w-]{43}")


def send(client, address="/tokens/", **form):
    filled = {"name": "nightly", "scope": ["read", "start"], "days": "30", "password": PASSWORD, **form}
    return client.post(address, data={**filled, "csrf_token": csrf_token(client, "/tokens/")})


def test_a_token_is_shown_once_and_opens_what_it_was_made_for(app, client, sign_in, cast):
    sign_in(client, cast.max)
    page = send(client, tenants="contoso\n", tags="Gold, silver").get_data(as_text=True)
    [token] = set(TOKEN.findall(page))
    row = ApiToken.get()
    assert (row.user, row.scopes, row.tenants, row.tags) == (
        cast.max,
        ["read", "start"],
        [cast.contoso.id],
        ["gold", "silver"],
    )
    assert not TOKEN.search(client.get("/tokens/").get_data(as_text=True))
    program = app.test_client(use_cookies=False)
    assert (
        program.get("/api/v1/tenants", headers={"Authorization": f"Bearer {token}"}).json["items"][0]["name"]
        == "Contoso"
    )
    event = AuditEvent.get(AuditEvent.action == "api-token:made")
    assert (event.actor, event.details["scopes"]) == ("max@example.com", ["read", "start"])


def test_what_is_wrong_is_told_and_nothing_typed_is_lost(client, sign_in, cast):
    sign_in(client, cast.ada)
    for wrong, sentence in (
        ({"password": "wrong"}, "not your current password"),
        ({"scope": []}, "Choose at least one scope"),
        ({"days": "x"}, "1 to 366 days"),
        ({"tenants": "Fabrikam"}, "No matching tenant"),
    ):
        answer = send(client, name="Kept name", **wrong)
        page = answer.get_data(as_text=True)
        assert (answer.status_code, sentence in page, 'value="Kept name"' in page) == (400, True, True), wrong
    assert send(client, tenants=str(cast.fabrikam.id)).status_code == 403
    assert ApiToken.select().count() == 0


def test_a_person_ends_their_own_and_an_admin_everybodys(app, client, sign_in, cast):
    own, other = (api_tokens.make(user, "x", ["read"], None, None, 9, SYSTEM)[0] for user in (cast.ada, cast.sam))
    sign_in(client, cast.ada)
    assert "sam@example.com" not in client.get("/tokens/").get_data(as_text=True)
    assert send(client, f"/tokens/{other.id}/end").status_code == 404
    assert send(client, f"/tokens/{own.id}/end").status_code == 303
    admin = sign_in(app.test_client(), cast.root)
    assert "sam@example.com" in admin.get("/tokens/").get_data(as_text=True)
    assert send(admin, f"/tokens/{other.id}/end").status_code == 303
    assert [row.ended_at is None for row in ApiToken.select()] == [False, False]
