"""A tenant's tabs: each a page with an address of its own, for those who may see it."""

import re

import pytest

from tests.support.forms import csrf_token

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FOR_ALL = {
    "": "Latest runs",
    "/activity": "The last 90 days",
    "/approved": "Approved state",
    "/types": "Settings catalog",
    "/backups": "Schedules",
    "/restores": "Mappings",
}
FOR_MANAGERS = {"/members": "Ada", "/settings": "Restore safety"}


def tabs(page):
    """Address -> whether it is the current one."""
    links = re.findall(r"<a\b([^>]*)>", page.partition('class="tabs"')[2].partition("</nav>")[0])
    return {re.search('href="([^"]*)"', link)[1]: 'aria-current="page"' in link for link in links}


@pytest.mark.parametrize(("who", "shown"), [("rita", FOR_ALL), ("max", FOR_ALL | FOR_MANAGERS)])
def test_everybody_has_the_tabs_that_they_may_see_and_no_other(client, sign_in, cast, captured, who, shown):
    sign_in(client, getattr(cast, who))
    place = f"/tenants/{cast.contoso.id}"
    for path in FOR_ALL | FOR_MANAGERS:
        answer = client.get(place + path)
        assert answer.status_code == (200 if path in shown else 403), path
        if path in shown:
            page = answer.get_data(as_text=True)
            assert tabs(page) == {place + other: other == path for other in shown}
            assert shown[path] in page, path


def test_what_was_a_place_of_the_long_page_leads_to_its_tab(client, sign_in, cast):
    page = sign_in(client, cast.max).get(f"/tenants/{cast.contoso.id}").get_data(as_text=True)
    for anchor, path in (("types", "types"), ("sets", "backups"), ("restores", "restores"), ("members", "members")):
        assert re.search(rf'<a\s+id="{anchor}"\s+href="/tenants/{cast.contoso.id}/{path}"', page), anchor


def test_settings_are_saved_and_shown_again_where_they_were_changed(client, sign_in, cast):
    place = f"/tenants/{cast.contoso.id}/settings"
    sign_in(client, cast.max)
    answer = client.post(place, data={"csrf_token": csrf_token(client, place), "full_every_days": "30"})
    assert answer.headers["Location"] == place
    assert 'value="30"' in client.get(place).get_data(as_text=True)
