"""Words for the details of audit events, which keep codes and English texts: never for names that people gave."""

from collections.abc import Mapping
from datetime import datetime

from flask_babel import gettext

from db.states import NoticeEvent
from web.presentation.formatters import audit_detail, datetime_html
from web.translation.sentences import translated
from web.views.notices.rule_form import EVENTS

# Details with codes or texts of ours. All others may hold names.
_OURS = frozenset(
    {
        "access", "asked", "by", "changes", "code", "outcome", "place", "refusal", "role", "rules", "severity",
        "source", "state", "what", "where", "why",
    }
)  # fmt: skip
_TIMES = frozenset({"due_at", "expires_at", "made_at", "state_at", "until"})
_EVENTS_SHOWN = 2
# What a run counts, by the states of its items.
_COUNTS = {
    "done": "{count} done",
    "skipped": "{count} skipped",
    "failed": "{count} failed",
    "uncertain": "{count} uncertain",
}


def detail(name: str, value: object) -> object:
    """Return a detail as a sentence says it, in the reader's language."""
    if name == "events" and isinstance(value, list):
        return _events(value)
    if name in _TIMES:
        return _time(value)
    if name not in _OURS:
        return audit_detail(value)
    if isinstance(value, list):
        return ", ".join(translated(str(text)) for text in value)
    return translated(audit_detail(value))


def counts(found: Mapping[str, object]) -> str:
    return ", ".join(
        translated(_COUNTS.get(name, f"{{count}} {name}").format(count=count)) for name, count in found.items()
    ) or translated("none")


def _events(codes: list[object]) -> str:
    """Say the first of the events that a rule tells of: there may be a dozen, and the facts have all."""
    said = [translated(EVENTS[NoticeEvent(str(code))]) if code in set(EVENTS) else str(code) for code in codes]
    more = len(said) - _EVENTS_SHOWN
    first = "; ".join(said[:_EVENTS_SHOWN])
    return gettext("%(first)s; and %(number)s more", first=first, number=more) if more > 0 else first


def _time(value: object) -> object:
    """Show a kept time. One without a time of day, or that is none, stays as it is."""
    try:
        at = datetime.fromisoformat(str(value).removesuffix("Z"))
    except ValueError:
        return str(value)
    return datetime_html(at.replace(tzinfo=None)) if "T" in str(value) else str(value)
