"""Search of the audit log by words: a ticket's number, a name, an address, anywhere in an event.

No index has the words, so that nothing is kept twice of a log that only grows: events are looked through, so many at
once, and who searches is told which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from db.audit import audit_rows
from db.models import AuditEvent, User
from db.sql.value_lists import is_in

# A tenth of a second on either engine (docs/benchmarks.md).
EVENTS_AT_ONCE = 50_000
MAX_WORDS = 5
_MAX_PEOPLE = 500


@dataclass(frozen=True)
class LookedThrough:
    """The numbers of the oldest and the newest event that were looked through. `oldest` 1: there are no older ones."""

    oldest: int
    newest: int


def narrow_to_words(events: Any, words: Sequence[str]) -> tuple[Any, LookedThrough]:
    """Narrow a query of `audit.search` to events that hold every word, of the newest that it finds."""
    newest = next(iter(audit_rows.first_ids(events, 1)), 0)
    oldest = max(newest - EVENTS_AT_ONCE + 1, 1)
    narrowed = events.where(AuditEvent.id.between(oldest, newest))
    for word in words[:MAX_WORDS]:
        narrowed = narrowed.where(_holds(word))
    return narrowed, LookedThrough(oldest, newest)


def _holds(word: str) -> Any:
    named = User.select(User.email).where(User.name.contains(word)).limit(_MAX_PEOPLE)
    condition = is_in(AuditEvent.actor, [email for (email,) in named.tuples()])
    # As text: the column itself would write the word as JSON.
    texts = (AuditEvent.subject, AuditEvent.details.cast("TEXT"), AuditEvent.actor, AuditEvent.tenant_name)
    for text in (*texts, AuditEvent.address):
        condition |= text.contains(word)
    return condition
