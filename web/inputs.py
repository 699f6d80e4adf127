"""Texts, page numbers and ticked values of a request, cut to what its page takes."""

from datetime import UTC, datetime, tzinfo

from flask import abort, request
from werkzeug.datastructures import MultiDict

from db.clock import past
from db.errors import Invalid

# No text of ours that fits on a line is longer.
MAX_TEXT_LENGTH = 255


def without_nul(text: str) -> str:
    """Return `text` without the one character that PostgreSQL stores in no text."""
    return text.replace("\x00", "")


def form_text(name: str, max_length: int = MAX_TEXT_LENGTH) -> str:
    """Return the text of a field of the form that was sent: "" where there is none."""
    return without_nul(request.form.get(name, "")).strip()[:max_length]


def is_same_name(typed: str, name: str) -> bool:
    """Return whether a name was typed that confirms an act, whatever its case and the spaces around and inside it.

    A phone's keyboard begins with a capital letter, and ends with a space.
    """
    return " ".join(typed.split()).casefold() == " ".join(name.split()).casefold()


def page_number(last: int) -> int:
    """Return the page number that the address asks for: 0 is the first, `last` the furthest."""
    return min(max(request.args.get("page", 0, type=int), 0), last)


def ticked_values(form: MultiDict[str, str], name: str, max_count: int) -> list[str]:
    """Return the values of a field that may be repeated, each once, in their order.

    Answers 400 for more than the page had to tick: no page sent that.
    """
    values = list(dict.fromkeys(form.getlist(name)))
    if len(values) > max_count:
        abort(400)
    return values


def read_time(text: str, zone: tzinfo = UTC) -> datetime:
    """Return the time in UTC; one without a zone is in `zone`. Raises ValueError."""
    try:
        at = datetime.fromisoformat(without_nul(text).strip())
        return (at if at.tzinfo else at.replace(tzinfo=zone)).astimezone(UTC).replace(tzinfo=None)
    except OverflowError as e:  # an hour before the first year, or after the last
        raise ValueError(text) from e


def parse_past_time(text: str, zone: tzinfo) -> datetime:
    """Return the time in UTC; one without a zone is in `zone`. Raises Invalid, also for a time yet to come."""
    try:
        found = read_time(text, zone)
    except ValueError:
        raise Invalid(f"“{text[:40]}” is no time. Write it like 2026-03-01T12:00.") from None
    return past(found)
