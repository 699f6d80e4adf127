"""E-mail to real mail servers on this machine: secured, signed in, refused for now and for good."""

import re
import time
from email import message_from_bytes, policy
from types import SimpleNamespace

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from actors.notices import email_sender
from actors.notices.words import Message
from config import parsers
from db.notices.deliveries import Refusal
from graph.transport import outbound
from graph.transport.outbound import Proxy
from tests.support.certificates import Authority, self_signed
from tests.support.servers import free_port

SENDER = "Tenantkeep <tenantkeep@example.com>"
TO = "anna@contoso.example, ops@contoso.example"


class Mailbox:
    """Keeps what comes; refuses a recipient, or everything, as a test says."""

    def __init__(self):
        self.mails, self.refused, self.reply, self.slow = [], {}, "250 OK", 0.0

    async def handle_RCPT(self, _server, _session, envelope, address, _options):  # noqa: N802
        if address in self.refused:
            return self.refused[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, _server, _session, envelope):  # noqa: N802
        if self.reply.startswith("250"):
            self.mails.append((envelope.rcpt_tos, message_from_bytes(envelope.content, policy=policy.default)))
        return self.reply


@pytest.fixture
def mail_server(monkeypatch):
    """mail_server(scheme, **options): start one, and let the settings name it."""
    running = []

    def start(scheme, user="", **options):
        box = Mailbox()
        controller = Controller(box, hostname="127.0.0.1", port=free_port(), ready_timeout=60, **options)
        controller.start()
        running.append(controller)
        settings(f"{scheme}://{user}127.0.0.1:{controller.port}")
        return box

    def settings(url):
        given = SimpleNamespace(smtp=parsers.smtp(url), mail_from=SENDER)
        monkeypatch.setattr(email_sender.config, "settings", lambda: given)

    start.settings = settings
    yield start
    for controller in running:
        controller.stop(no_assert=True)


def authenticator(_server, _session, _envelope, _mechanism, data):
    is_right = (data.login, data.password) == (b"us@er", b"a pass/word")
    return AuthResult(success=is_right, handled=False)


def refusal_of(to):
    with pytest.raises(Refusal) as e:
        email_sender.send(to)
    return e.value


def test_a_mail_goes_over_starttls_after_a_sign_in(mail_server, server_context, trusted, outgoing):
    box = mail_server(
        "smtp+starttls", "us%40er:a%20pass%2Fword@", tls_context=server_context, require_starttls=True,
        authenticator=authenticator, auth_required=True,
    )  # fmt: skip
    to = outgoing(TO)
    for _ in range(2):
        assert email_sender.send(to).startswith("250")
    (recipients, mail), (_, again) = box.mails
    assert recipients == ["anna@contoso.example", "ops@contoso.example"]
    assert mail["Subject"] == "Contoso: “Require MFA <script>” changed"
    assert mail["From"] == SENDER
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"] == again["Message-ID"] == f"<{to.message_id}@example.com>", "a mailbox folds the second"
    plain = mail.get_body(["plain"]).get_content()
    assert plain.splitlines()[:3] == ["Tenant: Contoso & Co", "Severity: high", "State: on → off"]
    assert plain.rstrip().endswith("https://tenantkeep.example.com/changes/7")
    page = mail.get_body(["html"]).get_content()
    assert "<script>" not in page
    assert "Contoso &amp; Co" in page
    assert 'href="https://tenantkeep.example.com/changes/7"' in page
    assert re.findall(r'(?:src|href)="(?!https://tenantkeep)', page) == [], "nothing is loaded from elsewhere"


def test_a_mail_goes_over_tls_to_a_server_that_the_companys_own_authority_vouches_for(
    mail_server, outgoing, tmp_path, request
):
    company = Authority(tmp_path)
    box = mail_server("smtps", ssl_context=company.server_context("127.0.0.1"))
    assert "TENANTKEEP_CA_BUNDLE" in refusal_of(outgoing(TO)).sentence
    request.addfinalizer(lambda: outbound.use(Proxy()))
    outbound.use(Proxy(), parsers.ca_file(str(company.pem)))
    email_sender.send(outgoing(TO, message=Message("Two\r\nBcc: somebody@example.com")))
    [(_, mail)] = box.mails
    assert mail["Bcc"] is None
    assert mail["Subject"] == "Two Bcc: somebody@example.com"


def test_what_is_not_secured_gets_no_password_and_no_mail(mail_server, server_context, monkeypatch, tmp_path, outgoing):
    monkeypatch.setenv("SSL_CERT_FILE", str(self_signed(tmp_path)[0]))
    for scheme, options in (
        ("smtps", {"ssl_context": server_context}),
        ("smtp+starttls", {"tls_context": server_context}),
    ):
        box = mail_server(scheme, **options)
        assert "certificate is not to be trusted" in refusal_of(outgoing(TO)).sentence
        assert box.mails == []
    box = mail_server("smtp+starttls", "user:password@")
    assert "offers no STARTTLS" in refusal_of(outgoing(TO)).sentence
    assert box.mails == []


def test_a_wrong_password_is_told_without_it(mail_server, server_context, trusted, outgoing):
    mail_server(
        "smtp+starttls", "us%40er:wrong-password@", tls_context=server_context, require_starttls=True,
        authenticator=authenticator, auth_required=True,
    )  # fmt: skip
    refusal = refusal_of(outgoing(TO))
    assert "TENANTKEEP_SMTP_URL (535)" in refusal.sentence
    assert "wrong-password" not in refusal.sentence
    assert not refusal.is_final, "an admin mends it, and what waited goes"


def test_refusals_of_a_mail_are_for_now_or_for_good(mail_server, outgoing):
    box = mail_server("smtp")
    box.reply = "451 try again later"
    assert not refusal_of(outgoing(TO)).is_final
    box.reply = "554 no thanks"
    assert refusal_of(outgoing(TO)).is_final


def test_an_address_that_is_refused_keeps_no_mail_from_the_others(mail_server, outgoing):
    box = mail_server("smtp")
    box.refused = {"anna@contoso.example": "550 <anna@contoso.example> is unknown"}
    answer = email_sender.send(outgoing(TO))
    assert [recipients for recipients, _ in box.mails] == [["ops@contoso.example"]]
    assert answer == "Taken for some, refused for others: 550 <a***@contoso.example> is unknown"
    box.refused["ops@contoso.example"] = "450 mailbox busy"
    assert not refusal_of(outgoing(TO)).is_final
    box.refused["ops@contoso.example"] = "550 unknown"
    assert refusal_of(outgoing(TO)).is_final
    assert "anna@" not in refusal_of(outgoing(TO)).sentence


def test_a_server_that_is_away_or_drips_is_left_alone(mail_server, raw_server, monkeypatch, outgoing):
    mail_server.settings(f"smtp://127.0.0.1:{free_port()}")
    assert refusal_of(outgoing(TO)).sentence == "The mail server cannot be reached: Connection refused."
    monkeypatch.setattr(email_sender, "TOTAL_SECONDS", 0.4)
    port, _ = raw_server([b"220-h\r\n"] * 100, pause=0.1, speaks_first=True)
    mail_server.settings(f"smtp://127.0.0.1:{port}")
    began = time.monotonic()
    assert "does not answer" in refusal_of(outgoing(TO)).sentence
    assert time.monotonic() - began < 8, "it drips for ten seconds"


def test_without_a_mail_server_it_says_what_an_admin_sets(monkeypatch, outgoing):
    monkeypatch.setattr(email_sender.config, "settings", lambda: SimpleNamespace(smtp=None, mail_from=""))
    assert refusal_of(outgoing(TO)).sentence == email_sender.NOT_SET
