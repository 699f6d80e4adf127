"""A change says what the command says of it, and more."""

import json

import pytest

from db.events import attribution
from tests.support.changes import record_change, record_event
from web.change_words.documents import document


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_api_says_of_a_change_what_the_command_says(api, cast, captured):
    change = record_change(captured[0][0])
    record_event(captured[0][0], at=change.seen_at)
    said = json.loads(json.dumps(document(change, attribution.events_of_changes([change])[change.id])))
    answer = api(cast.rita).get(f"/changes/{change.id}").json
    assert {name: answer[name] for name in said} == said
    assert answer["by"][0]["name"] == "anna@contoso.example"
