import re

from flask import url_for

from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import Restore
from tests.support.restore_steps import options
from web.views.installation.search import PAGES


def hits(client, asked, address="/search?q="):
    page = client.get(address + asked).get_data(as_text=True)
    return re.findall(r'<a class="hit" data-hit href="([^"]*)"', page)


def test_everything_is_found_as_a_page_and_as_a_part(client, sign_in, cast, captured):
    restore = drafts.from_snapshot(captured[0][2], cast.contoso, options(), SYSTEM)
    Restore.update(reason="INC-4711").where(Restore.id == restore.id).execute()
    sign_in(client, cast.root)
    for asked, address in (
        ("contoso", f"/tenants/{cast.contoso.id}"),
        ("contoso+policy+1", f"/policies/{captured[0][0].id}"),
        ("inc-4711", f"/restores/{restore.id}"),
        (f"run+{captured[0][1].id}", f"/runs/{captured[0][1].id}"),
        ("schedul", "/schedules/"),
        ("nightly", "/schedules/"),
        ("passkey", "/account/"),
    ):
        assert address in hits(client, asked), asked
        assert hits(client, asked) == hits(client, asked, "/search?part=1&q=")
    for nothing in ("zebra", "%00<zebra"):
        assert "Nothing found." in client.get(f"/search?q={nothing}").get_data(as_text=True)


def test_a_person_finds_what_they_may_see_and_no_page_that_refuses_them(app, sign_in, cast, captured):
    for who in (cast.sam, cast.rita, cast.audra, cast.max):
        client = sign_in(app.test_client(), who)
        found = {
            address for asked in ("contoso", "fabrikam", "policy", "1", "3", "") for address in hits(client, asked)
        }
        assert found
        assert all(client.get(address).status_code == 200 for address in found), who
    auditor = sign_in(app.test_client(), cast.audra)
    assert hits(auditor, "contoso") == []
    assert hits(auditor, "audit") == ["/audit/"]


def test_every_page_of_the_search_is_there(app, client, sign_in, cast):
    sign_in(client, cast.root)
    with app.test_request_context():
        addresses = [url_for(page.endpoint) for page in PAGES]
    assert all(client.get(address).status_code == 200 for address in addresses)


def test_the_chooser_shows_the_tenants_opened_last_first(client, sign_in, cast):
    sign_in(client, cast.root)
    client.get(f"/tenants/{cast.fabrikam.id}")
    page = client.get("/tenants/choose").get_data(as_text=True)
    places = [page.index(f'name="tenant" value="{tenant.id}"') for tenant in (cast.fabrikam, cast.contoso)]
    assert places == sorted(places)
