"""A version's page: its policies and parameters, and in what it differs from the one before, in words."""

import pytest

from db.models import StandardContent
from db.standards import contents
from tests.support.standard_rows import PROFILES, assigned, catalog_body, guid, item_of, new_standard, version_of

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HOSTILE = "<script>alert(1)</script>{{ 7 }}"


def text(client, address):
    answer = client.get(address)
    assert answer.status_code == 200, (address, answer.status_code)
    return answer.get_data(as_text=True)


def profile(name, **body):
    return {"@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": name, **body}


def test_a_version_says_what_is_new_what_is_gone_and_what_changed(client, sign_in, cast):
    standard = new_standard()
    group = guid(7)
    kept = item_of("k", profile("Kept", description="was", passwordMinimumLength=8), PROFILES, assigned(group),
                   {"groups": {group: "All pilots"}})  # fmt: skip
    version_of(standard, kept, item_of("g", catalog_body("Gone")), item_of("s", catalog_body("Same")))
    places = [{"item": "k", "path": ["body", "displayName"]}]
    parameters = [
        {"name": "prefix", "kind": "prefix", "label": "What names begin with", "default": "", "object": None,
         "places": places},
        {"name": "o", "kind": "object", "label": f"Group {HOSTILE}", "default": None, "places": places,
         "object": {"kind": "groups", "id": group}},
        {"name": "n", "kind": "number", "label": "Days", "default": 7, "object": None, "places": places},
    ]  # fmt: skip
    changed = item_of("k", profile("Renamed", description=HOSTILE, passwordMinimumLength=12), PROFILES, assigned(group),
                      {"groups": {group: "All pilots"}})  # fmt: skip
    version_of(standard, changed, item_of("n", catalog_body("New one")), item_of("s", catalog_body("Same")),
               parameters=parameters)  # fmt: skip
    sign_in(client, cast.root)
    page = text(client, f"/standards/{standard.id}/versions/2")
    assert HOSTILE not in page
    for words in ("Since version 1", "New one", "Gone", "was called “Kept”", "Minimum password length", ">12<"):
        assert words in page, words
    assert "each tenant’s own" in page
    assert page.count("Same") == 1, "what is the same is no difference"
    item = text(client, f"/standards/{standard.id}/versions/2/items/1")
    assert HOSTILE not in item
    for words in ("Minimum password length", "All pilots", "What differs between tenants", "Since version 1"):
        assert words in item, words
    for address in ("versions/3", "versions/x", "versions/2/items/9", "versions/2/items/0"):
        assert client.get(f"/standards/{standard.id}/{address}").status_code == 404
    assert "Since version" not in text(client, f"/standards/{standard.id}/versions/1")


def test_a_content_that_cannot_be_opened_is_said_and_the_rest_is_shown(client, sign_in, cast):
    standard = new_standard()
    for body in ("A", "B"):
        version_of(standard, item_of("k", catalog_body("It", description=body)))
    StandardContent.update(sealed=b"damaged").where(StandardContent.id == StandardContent.select().first().id).execute()
    sign_in(client, cast.root)
    assert "cannot be opened" in text(client, f"/standards/{standard.id}/versions/2")
    assert "cannot be opened" in text(client, f"/standards/{standard.id}/versions/1/items/1")
    assert contents.open_content(StandardContent.select().order_by(StandardContent.id.desc()).first())
