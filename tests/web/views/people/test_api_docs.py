"""`/api/docs` shows the whole document, and every link on it leads somewhere on it."""

import re

import pytest

from web.api.problems import SENTENCES

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_page_shows_every_route_and_object_and_what_problems_lead_to(client, sign_in, cast):
    page = sign_in(client, cast.rita).get("/api/docs").get_data(as_text=True)
    document = client.get("/api/docs/openapi.json").json
    for path, methods in document["paths"].items():
        for method in methods:
            assert f"{method.upper()} {path}" in page
    anchors = set(re.findall(r'id="([\w-]+)"', page))
    assert set(re.findall(r'href="#([\w-]+)"', page)) - {"main"} <= anchors
    assert {f"status-{status}" for status in SENTENCES} <= anchors
    assert {f"object-{name}" for name in document["components"]["schemas"]} <= anchors
