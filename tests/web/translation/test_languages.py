"""Who gets which language."""

import pytest

from tests.support.forms import csrf_token
from web.translation.languages import LANGUAGES


def language_of(client, **headers):
    page = client.get("/account/", headers=headers).text
    return page.split('<html lang="')[1][:2]


def choose(client, language):
    form = {"csrf_token": csrf_token(client, "/account/"), "language": language}
    assert client.post("/account/language", data=form).status_code == 303


@pytest.mark.parametrize(
    ("asked", "given"),
    [("", "en"), ("fr", "en"), ("de-AT,de;q=0.9,en;q=0.5", "de"), ("en-GB,de;q=0.9", "en"), ("*", "en")],
)
def test_the_browser_is_asked_until_somebody_chooses(client, sign_in, cast, asked, given):
    sign_in(client, cast.rita)
    assert language_of(client, **{"Accept-Language": asked}) == given
    for chosen in LANGUAGES:
        choose(client, chosen)
        assert language_of(client, **{"Accept-Language": asked}) == chosen
    choose(client, "tlh")
    assert language_of(client, **{"Accept-Language": asked}) == given


def test_a_stranger_gets_the_language_of_their_browser(client):
    assert '<html lang="de">' in client.get("/sign-in", headers={"Accept-Language": "de"}).text
