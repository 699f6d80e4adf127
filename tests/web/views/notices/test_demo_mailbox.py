"""`/demo/mailbox`: in the demo alone."""

import json

import pytest

import config

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_demo_shows_its_mails_and_nobody_else_has_the_page(client, sign_in, cast, tmp_path, monkeypatch):
    sign_in(client, cast.rita)
    assert client.get("/demo/mailbox").status_code == 404
    file = tmp_path / "mailbox.jsonl"
    monkeypatch.setenv("TENANTKEEP_DEMO_MAILBOX", str(file))
    config.settings.cache_clear()
    assert "No mail yet" in client.get("/demo/mailbox").get_data(as_text=True)
    for number, link in enumerate(("https://evil.example/x", "http://localhost/changes/7")):
        mail = {"id": str(number), "at": "2026-11-26T03:12:00Z", "to": ["ada@example.com"], "html": "", "from": "",
                "subject": f"Contoso: <b>{number}</b> was changed", "text": f"Changed: by anna\n{link}\n"}  # fmt: skip
        with file.open("a") as mails:
            mails.write(json.dumps(mail) + "\n")
    shown = client.get("/demo/mailbox").get_data(as_text=True)
    assert shown.index("&lt;b&gt;1&lt;/b&gt;") < shown.index("&lt;b&gt;0&lt;/b&gt;"), "the newest first"
    assert 'href="http://localhost/changes/7"' in shown
    assert 'href="https://evil.example' not in shown
    config.settings.cache_clear()
