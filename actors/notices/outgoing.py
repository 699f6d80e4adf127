"""A message that is to leave: its words, its id, and the opened address of its channel."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from actors.notices import guarded_http
from actors.notices.http_answers import require_taken
from actors.notices.words import Message
from db.models import Delivery
from db.notices import channels

MAX_SUBJECT = 150


@dataclass(frozen=True)
class Outgoing:
    # The same at each try.
    message_id: str
    delivery: Delivery
    message: Message
    address: str = field(repr=False)
    secret: str = field(repr=False)
    allows_private: bool = False

    @property
    def subject(self) -> str:
        """The subject on one line."""
        line = " ".join(self.message.subject.split())
        return line if len(line) <= MAX_SUBJECT else line[: MAX_SUBJECT - 1] + "…"


def outgoing(delivery: Delivery, message: Message) -> Outgoing:
    """Open the delivery's channel for its sender. Raises SealError when the key is missing."""
    values = channels.open_values(delivery.channel)
    private = bool(delivery.channel.allows_private)
    return Outgoing(delivery.message_id, delivery, message, values["address"], values["secret"], private)


def post_json(to: Outgoing, document: Mapping[str, Any], headers: Mapping[str, str] | None = None) -> str:
    """Send the document to the channel's address, and return what was answered. Raises Refusal."""
    return post_body(to, json.dumps(document, ensure_ascii=False).encode(), headers)


def post_body(to: Outgoing, body: bytes, headers: Mapping[str, str] | None = None) -> str:
    all_headers = {"Content-Type": "application/json", **(headers or {})}
    answer = guarded_http.post(to.address, body, all_headers, allows_private=to.allows_private)
    return require_taken(answer, to.address, to.secret)


def shortened(lines: tuple[str, ...], most: int, longest: int = 500) -> list[str]:
    """Return as many lines as a channel takes, none too long; what is left out is counted."""
    short = [line if len(line) <= longest else line[: longest - 1] + "…" for line in lines[:most]]
    return [*short, f"… and {len(lines) - most} more"] if len(lines) > most else short
