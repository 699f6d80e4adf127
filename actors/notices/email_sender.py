"""E-mail, by the installation's own mail server: STARTTLS or TLS with a certificate that is checked, and a sign-in."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from email.message import EmailMessage
from email.utils import formatdate, parseaddr
from html import escape
from threading import Timer

import config
from actors.notices.outgoing import Outgoing
from config.parsers import MailServer
from db.notices import addresses
from db.notices.deliveries import Refusal
from db.states import Severity
from graph.errors import redact
from graph.transport import outbound

# For one step, and for all of them: a server may take a while to look at what it is given.
STEP_SECONDS = 10.0
TOTAL_SECONDS = 40.0

NOT_SET = "This installation has no mail server: an admin sets TENANTKEEP_SMTP_URL and TENANTKEEP_MAIL_FROM."
_COLORS = {Severity.HIGH: "#b3261e", Severity.MEDIUM: "#a15c00", Severity.LOW: "#3b5b7a"}


def send(to: Outgoing) -> str:
    settings = config.settings()
    if settings.smtp is None:
        raise Refusal(NOT_SET)
    with _translated(to), connected(settings.smtp) as server:
        refused = server.send_message(mail(to, settings.mail_from))
    if refused:
        replies = ", ".join(_reply(*reply) for reply in refused.values())
        return f"Taken for some, refused for others: {_safe(replies, to)}"
    return "250 taken by the mail server"


def mail(to: Outgoing, sender: str) -> EmailMessage:
    """Write the mail: plain text, and a small page that says the same."""
    made, message = EmailMessage(), to.message
    made["Subject"] = to.subject
    made["From"] = sender
    made["To"] = to.address
    made["Date"] = formatdate()
    # The same at each try: a mailbox shows one that came twice once.
    made["Message-ID"] = f"<{to.message_id}@{parseaddr(sender)[1].rpartition('@')[2]}>"
    # No answer by machines (RFC 3834).
    made["Auto-Submitted"] = "auto-generated"
    facts = [f"{label}: {value}" for label, value in message.facts]
    made.set_content("\n".join([*facts, *message.lines, *(["", message.link] if message.link else [])]) + "\n")
    made.add_alternative(_page(to), subtype="html")
    return made


def _page(to: Outgoing) -> str:
    message, color = to.message, _COLORS.get(to.message.severity or Severity.LOW, "")
    facts = "".join(f"<p><b>{escape(label)}:</b> {escape(value)}</p>" for label, value in message.facts)
    lines = "".join(f"<p>{escape(line)}</p>" for line in message.lines)
    link = f'<p><a href="{escape(message.link)}">Open in Tenantkeep</a></p>' if message.link else ""
    title = f'<h2 style="font-size:18px;border-left:4px solid {color};padding-left:8px">{escape(to.subject)}</h2>'
    return f'<div style="font-family:sans-serif;font-size:15px;line-height:1.4">{title}{facts}{lines}{link}</div>'


@contextmanager
def connected(server: MailServer) -> Iterator[smtplib.SMTP]:
    """Connect and sign in. Nothing is said in the clear, but on this machine. Raises OSError or SMTPException."""
    context = outbound.tls_context(with_system=True)
    client = smtplib.SMTP(timeout=STEP_SECONDS)
    if server.security == "tls":
        client = smtplib.SMTP_SSL(timeout=STEP_SECONDS, context=context)
    # Only a constructor that connects at once would set it; the certificate has to name it.
    client._host = server.host  # type: ignore[attr-defined]
    # Each answer may come byte by byte, and each byte begins a step's time anew.
    whole = Timer(TOTAL_SECONDS, _cut, (client,))
    whole.daemon = True
    whole.start()
    try:
        client.connect(server.host, server.port)
        if server.security == "starttls":
            client.starttls(context=context)
        if server.user:
            client.login(server.user, server.password)
        yield client
        with suppress(OSError, smtplib.SMTPException):  # what was taken, was taken
            client.quit()
    finally:
        whole.cancel()
        client.close()


def _cut(client: smtplib.SMTP) -> None:
    if client.sock:
        socket.socket.shutdown(client.sock, socket.SHUT_RDWR)


@contextmanager
def _translated(to: Outgoing) -> Iterator[None]:
    try:
        yield
    except smtplib.SMTPRecipientsRefused as e:
        replies = list(e.recipients.values())
        is_final = all(code >= 500 for code, _ in replies)
        words = ", ".join(dict.fromkeys(_reply(*reply) for reply in replies))
        raise Refusal(f"No address was taken: {_safe(words, to)}", is_final=is_final) from None
    except (smtplib.SMTPDataError, smtplib.SMTPSenderRefused) as e:
        words = _safe(_reply(e.smtp_code, e.smtp_error), to)
        raise Refusal(f"The mail server refused it: {words}", is_final=e.smtp_code >= 500) from None
    except (OSError, smtplib.SMTPException) as e:
        raise Refusal(_safe(trouble(e), to)) from None


def problem(server: MailServer) -> str | None:
    """Connect, sign in and say nothing more; return what is wrong, or None."""
    try:
        with connected(server):
            return None
    except (OSError, smtplib.SMTPException) as e:
        return redact(trouble(e))


def trouble(error: Exception) -> str:
    """Return in a sentence why the mail server could not be used."""
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The mail server refuses the user or password of TENANTKEEP_SMTP_URL ({error.smtp_code})."
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return "The mail server offers no STARTTLS, or no sign-in that we know. Check TENANTKEEP_SMTP_URL."
    if isinstance(error, ssl.SSLCertVerificationError):
        reason = error.verify_message.rstrip(".")
        return f"The mail server’s certificate is not to be trusted: {reason}. {outbound.INSPECTED}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The mail server refused: {_reply(error.smtp_code, error.smtp_error)}"
    if isinstance(error, smtplib.SMTPServerDisconnected | TimeoutError):
        return "The mail server does not answer, or not in time."
    return f"The mail server cannot be reached: {getattr(error, 'strerror', None) or type(error).__name__}."


def _reply(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {' '.join(words.split())[:200]}"


def _safe(text: str, to: Outgoing) -> str:
    return redact(addresses.masked(text, to.address))
