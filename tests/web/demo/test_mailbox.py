"""The demo's mail server: what it takes, and what its page reads."""

import smtplib
import sys
from email.message import EmailMessage
from urllib.parse import urlsplit

import pytest

from web.demo import mailbox


def mail(number):
    made = EmailMessage()
    made["Subject"], made["From"], made["To"] = f"Über {number}", "tenantkeep@demo.example", "ada@demo.example"
    made["Message-ID"] = f"<{number}@demo.example>"
    made.set_content("Zeile\n")
    made.add_alternative("<p>Zeile</p>", subtype="html")
    return made


def test_mails_are_kept_and_one_that_came_twice_is_shown_once(tmp_path):
    assert list(mailbox.mails(tmp_path / mailbox.FILE)) == []
    with smtplib.SMTP("127.0.0.1", urlsplit(mailbox.start(tmp_path)).port, timeout=60) as server:
        for number in (1, 2, 1):
            server.send_message(mail(number))
    newest, first = mailbox.mails(tmp_path / mailbox.FILE)
    assert (newest["subject"], first["subject"]) == ("Über 2", "Über 1")
    assert (first["to"], first["text"], first["html"]) == (["ada@demo.example"], "Zeile\n", "<p>Zeile</p>\n")


def test_without_the_package_it_says_what_to_install(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "aiosmtpd.controller", None)
    with pytest.raises(mailbox.NoMailbox, match=r"tenantkeep\[local\]"):
        mailbox.start(tmp_path)
