"""A webhook's document and its signature, as docs/notices.md has them."""

import re
import time
from pathlib import Path

import config
from actors.notices import outgoing, webhook_sender, words
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Delivery, Notice, Occurrence
from db.notices import channels, deliveries
from db.states import ChannelKind, NoticeEvent, NoticePhase, Severity

DOCUMENT = Path(__file__).parents[3] / "docs" / "notices.md"
SECRET = "a secret of sixteen or more"


def test_the_signature_verifies_as_it_is_documented_and_nothing_else_does():
    """By the code on the page itself: what a reader copies works."""
    [snippet] = re.findall(r"```python\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    names = {}
    exec(snippet, names)  # noqa: S102 - the page is ours
    body, now = '{"id": "ü"}'.encode(), int(time.time())
    header = webhook_sender.signature(body, SECRET, now)
    assert names["is_genuine"](body, header, SECRET)
    assert not names["is_genuine"](body + b" ", header, SECRET)
    assert not names["is_genuine"](body, header, SECRET + "x")
    assert not names["is_genuine"](body, webhook_sender.signature(body, SECRET, now - 3600), SECRET), "an old one"
    assert not names["is_genuine"](body, "nonsense", SECRET)


def test_one_notice_stands_at_the_top_and_many_are_a_digest(cast, monkeypatch):
    channel = channels.add("Hook", ChannelKind.WEBHOOK, "https://hooks.example.com/x", SYSTEM, secret=SECRET)
    notices = [
        Notice.create(
            channel=channel,
            phase=NoticePhase.BEGAN,
            occurrence=Occurrence.create(
                key=f"{event}", event=event, tenant=tenant, severity=severity, run_id=number, facts={}
            ),
        )
        for number, (event, tenant, severity) in enumerate(
            [(NoticeEvent.RUN_FAILED, cast.contoso, Severity.HIGH), (NoticeEvent.AUDIT_BROKEN, None, None)], start=1
        )
    ]

    def document(chosen):
        delivery = Delivery.get_by_id(deliveries.create(channel, chosen, utcnow()).id)
        return delivery, webhook_sender.document(outgoing.outgoing(delivery, words.message_of(delivery)))

    delivery, one = document(notices[:1])
    assert one["id"] == delivery.message_id
    assert (one["event"], one["phase"], one["run"]) == ("run_failed", "began", 1)
    assert one["tenant"] == {"name": "Contoso", "directory_id": cast.contoso.directory_id}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", one["occurred_at"])
    assert one["severity"] == "high"
    assert one["subject"]
    assert one["url"] is None, "nobody said under which address pages are"
    monkeypatch.setenv("TENANTKEEP_PUBLIC_URL", "https://tk.example.com")
    config.settings.cache_clear()
    _, digest = document(notices)
    assert [notice["url"] for notice in digest["notices"]] == [
        f"https://tk.example.com/api/v1/runs/{number}" for number in (1, 2)
    ]
    assert (digest["event"], digest["tenant"]) == ("digest", None)
    assert [notice["event"] for notice in digest["notices"]] == ["run_failed", "audit_broken"]
    assert digest["notices"][1]["tenant"] is None
    test = Delivery.get_by_id(deliveries.create_test(channel, SYSTEM).id)
    tested = webhook_sender.document(outgoing.outgoing(test, words.message_of(test)))
    assert (tested["event"], tested["notices"]) == ("test", [])
