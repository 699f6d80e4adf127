"""The demo's mail server: it takes every mail, and keeps it as a line of `mailbox.jsonl` beside the demo's data.

Nothing leaves this machine. It listens on loopback, in the demo's own process.
"""

import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from typing import Any

FILE = "mailbox.jsonl"
MISSING = "The demo's mailbox needs aiosmtpd, which is not installed. Install tenantkeep[local]."
MAX_MAIL_BYTES = 1024 * 1024
# On a slow machine that starts everything else at once.
READY_SECONDS = 60.0


class NoMailbox(Exception):
    """The mail server cannot be started here; the sentence says why."""


def start(data: Path) -> str:
    """Start the mail server, and return the value of TENANTKEEP_SMTP_URL that leads to it. Raises NoMailbox.

    It ends with this process.
    """
    try:
        from aiosmtpd.controller import Controller
    except ImportError as e:
        raise NoMailbox(MISSING) from e
    controller = Controller(
        _Mailbox(data / FILE),
        hostname="127.0.0.1",
        port=_free_port(),
        data_size_limit=MAX_MAIL_BYTES,
        ready_timeout=READY_SECONDS,
    )
    controller.start()
    return f"smtp://127.0.0.1:{controller.port}"


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class _Mailbox:
    """Takes what the server gives it, under the names that aiosmtpd calls."""

    def __init__(self, file: Path) -> None:
        self._file = file

    async def handle_DATA(self, _server: Any, _session: Any, envelope: Any) -> str:  # noqa: N802
        line = json.dumps(_as_kept(envelope.rcpt_tos, envelope.content), ensure_ascii=False)
        with self._file.open("a", encoding="utf-8") as file:
            file.write(line + "\n")
        return "250 kept"


def _as_kept(recipients: list[str], content: bytes) -> dict[str, Any]:
    mail: Any = message_from_bytes(content.replace(b"\r\n", b"\n"), policy=policy.default)
    plain, page = mail.get_body(["plain"]), mail.get_body(["html"])
    return {
        "id": str(mail["Message-ID"] or ""),
        "at": f"{datetime.now(UTC).isoformat(timespec='seconds').removesuffix('+00:00')}Z",
        "from": str(mail["From"] or ""),
        "to": recipients,
        "subject": str(mail["Subject"] or ""),
        "text": plain.get_content() if plain else "",
        "html": page.get_content() if page else "",
    }


def mails(file: Path) -> Iterator[dict[str, Any]]:
    """Yield the mails that were kept, newest first; of one that came twice, the first."""
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return
    by_id: dict[str, dict[str, Any]] = {}
    for line in lines:
        mail = json.loads(line)
        by_id.setdefault(mail["id"], mail)
    yield from reversed(by_id.values())
