"""Teams: the card that a workflow takes."""

import json

import pytest

from actors.notices import teams_sender
from actors.notices.words import Message
from db.notices.deliveries import Refusal


def test_a_workflow_gets_a_card_whose_words_are_no_markdown(receiver, outgoing):
    receiver.expect_request("/workflows/1").respond_with_data("", status=202)
    assert teams_sender.send(outgoing(receiver.url_for("/workflows/1"))) == "202"
    [(request, _)] = receiver.log
    assert request.headers["Content-Type"] == "application/json"
    [attachment] = request.json["attachments"]
    card = attachment["content"]
    assert (request.json["type"], attachment["contentType"]) == ("message", teams_sender.CARD)
    assert (card["type"], card["version"]) == ("AdaptiveCard", "1.4")
    runs = [run for block in card["body"] for run in block["inlines"]]
    assert {block["type"] for block in card["body"]} == {"RichTextBlock"}, "a TextBlock would make a link of a name"
    assert runs[0] | {"color": "Attention"} == runs[0]
    assert [run["text"] for run in runs][:4] == [
        "Contoso: “Require MFA <script>” changed",
        "Tenant: Contoso & Co",
        "Severity: high",
        "State: on → off",
    ]
    assert card["actions"][0]["url"] == "https://tenantkeep.example.com/changes/7"


def test_a_workflow_that_was_removed_is_not_asked_again(receiver, outgoing):
    receiver.expect_request("/workflows/1").respond_with_json({"error": {"code": "WorkflowNotFound"}}, status=404)
    with pytest.raises(Refusal) as e:
        teams_sender.send(outgoing(receiver.url_for("/workflows/1")))
    assert e.value.is_final


def test_a_long_digest_stays_within_what_teams_takes(outgoing):
    long = Message("x" * 400, tuple("ü" * 1000 for _ in range(500)))
    card = json.dumps(teams_sender.document(outgoing("https://x.example/", message=long)), ensure_ascii=False)
    assert len(card) < 28_000
    assert "… and 460 more" in card
