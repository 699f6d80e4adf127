"""The meaning of a receiver’s answer: it has the message, asks us to come again, or will never take it."""

from datetime import timedelta

from actors.notices.guarded_http import HttpAnswer
from db.notices import addresses
from db.notices.deliveries import Refusal
from graph.errors import redact, retry_after

MAX_TEXT = 200
# Besides 5xx: too slow, too early, too many (RFC 9110, RFC 8470, RFC 6585).
_COME_AGAIN = frozenset({408, 425, 429})
REDIRECTED = "It answered with a redirect ({status}), and notices follow none. Give the address that it leads to."


def require_taken(answer: HttpAnswer, address: str, secret: str = "") -> str:
    """Return in a few words that the receiver took the message. Raises Refusal."""
    words = answer_words(answer, address, secret)
    if 200 <= answer.status < 300:
        return words
    if 300 <= answer.status < 400:
        raise Refusal(REDIRECTED.format(status=answer.status), is_final=True)
    if answer.status in _COME_AGAIN or answer.status >= 500:
        seconds = retry_after(answer.retry_after)
        raise Refusal(f"It answered {words}", retry_after=timedelta(seconds=seconds) if seconds else None)
    raise Refusal(f"It refused: {words}", is_final=True)


def answer_words(answer: HttpAnswer, address: str, secret: str) -> str:
    """Return status and beginning of an answer, on one line, without what it may repeat of the address."""
    line = " ".join("".join(sign if sign.isprintable() else " " for sign in answer.text).split())
    text = redact(addresses.masked(line, address, secret))[:MAX_TEXT]
    return f"{answer.status} {text}".rstrip()
