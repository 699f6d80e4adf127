"""Slack: the blocks of an incoming webhook."""

import pytest

from actors.notices import slack_sender
from actors.notices.words import Message
from db.notices.deliveries import Refusal


def test_a_webhook_gets_blocks_whose_words_call_nobody(receiver, outgoing):
    receiver.expect_request("/services/T/B/x").respond_with_data("ok")
    assert slack_sender.send(outgoing(receiver.url_for("/services/T/B/x"))) == "200 ok"
    [(request, _)] = receiver.log
    header, section, link = request.json["blocks"]
    assert request.json["text"] == "Contoso: “Require MFA &lt;script&gt;” changed"
    assert header["text"]["type"] == section["text"]["type"] == "plain_text"
    assert section["text"]["text"].splitlines() == [
        "Tenant: Contoso & Co",
        "Severity: high",
        "State: on → off",
        "By anna@contoso.example, 03:12 UTC",
        "[click](https://evil.example) <!channel>",
    ]
    assert link["text"]["text"] == "<https://tenantkeep.example.com/changes/7|Open in Tenantkeep>"


def test_slacks_own_words_are_told(receiver, outgoing):
    receiver.expect_request("/services/T/B/x").respond_with_data("channel_is_archived", status=410)
    with pytest.raises(Refusal, match="410 channel_is_archived") as e:
        slack_sender.send(outgoing(receiver.url_for("/services/T/B/x")))
    assert e.value.is_final


def test_a_long_digest_stays_within_what_slack_takes(outgoing):
    long = Message("x" * 400, tuple("y" * 1000 for _ in range(500)))
    blocks = slack_sender.document(outgoing("https://x.example/", message=long))["blocks"]
    texts = [block["text"]["text"] for block in blocks]
    assert len(blocks) <= 50
    assert len(texts[0]) <= 150
    assert max(map(len, texts)) <= 3000
    assert texts[-1].endswith("… and 460 more")
