"""A run's document: the command's and the API's."""

import json

import pytest

from db.models import Run
from web.presentation.run_document import run_document


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_api_says_of_a_run_what_the_command_says_and_some_facts_more(api, cast, captured):
    run = Run.get_by_id(captured[0][1].id)
    document = json.loads(json.dumps(run_document(run)))
    answer = api(cast.ada).get(f"/runs/{run.id}").json
    assert {name: answer[name] for name in document} == document
    assert document["items"][0]["outcome"] == "captured"
    assert answer.keys() - document.keys() == {
        "tenant_id", "policy", "requested_by", "origin", "retry_of", "created_at", "started_at", "ended_at", "url",
    }  # fmt: skip
