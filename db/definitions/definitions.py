"""Definitions of settings in Microsoft's words: wanted, known, or unknown to Graph. One catalogue for all tenants."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import Condition, database
from db.models import DefinitionCategory, DefinitionText
from db.sql import upserts
from db.sql.value_lists import batched, is_in
from db.states import DefinitionState

KEY = (DefinitionText.definition_id, DefinitionText.language)
# A definition that Graph did not know may be one that is new there.
ASK_UNKNOWN_AFTER = timedelta(days=14)
# Microsoft edits a few of its 17,000 every day: words a month old serve.
RENEW_AFTER = timedelta(days=30)
_WORDS = (
    DefinitionText.version,
    DefinitionText.title,
    DefinitionText.description,
    DefinitionText.category_id,
    DefinitionText.options,
    DefinitionText.unit,
    DefinitionText.minimum,
    DefinitionText.maximum,
    DefinitionText.is_secret,
)
_IS_KNOWN = DefinitionText.state == DefinitionState.KNOWN


def find_known(ids: Collection[str], languages: Sequence[str]) -> list[DefinitionText]:
    """Return the known definitions of these folded ids, each once: in the first of the languages that has it."""
    found: dict[str, DefinitionText] = {}
    for some in batched(sorted(ids)):
        is_one = DefinitionText.definition_id.in_(some) & DefinitionText.language.in_(list(languages))
        for row in DefinitionText.select().where(is_one & _IS_KNOWN):
            known = found.get(row.definition_id)
            if known is None or languages.index(row.language) < languages.index(known.language):
                found[row.definition_id] = row
    return list(found.values())


def want(met: Mapping[str, tuple[str, str]], languages: Iterable[str]) -> None:
    """Add what is not in the catalogue yet, to be asked for. `met`: folded id -> (as written, catalogue)."""
    rows = [
        {**_NEW, "definition_id": definition_id, "spelling": spelling, "language": language, "catalogue": catalogue}
        for language in languages
        for definition_id, (spelling, catalogue) in met.items()
    ]
    upserts.insert_missing(DefinitionText, KEY, rows)


_NEW: Mapping[str, Any] = {
    "state": DefinitionState.WANTED, "version": "", "title": "", "description": "", "category_id": "", "unit": "",
    "is_secret": False,
}  # fmt: skip


def want_in(language: str) -> None:
    """Add in this language what is known in any other: the language was asked for later than the policies were met."""
    other = DefinitionText.alias()
    missing = (
        DefinitionText.select(DefinitionText.definition_id, DefinitionText.spelling, DefinitionText.catalogue)
        .join(other, pw.JOIN.LEFT_OUTER, on=_is_same(other, language))
        .where((DefinitionText.language != language) & other.id.is_null())
    )
    met = {definition_id: (spelling, catalogue) for definition_id, spelling, catalogue in missing.tuples()}
    want(met, [language])


def _is_same(other: Any, language: str) -> Condition:
    return (other.definition_id == DefinitionText.definition_id) & (other.language == language)


def to_ask(language: str, limit: int, first: str = "") -> list[DefinitionText]:
    """Return what is to be asked for: the wanted first, then the unknown and the known whose time has come.

    `first`: the catalogue whose definitions come before the others of their state.
    """
    is_later = pw.Case(None, [(DefinitionText.catalogue == first, 0)], 1)
    now = utcnow()
    found: list[DefinitionText] = []
    for state, before in (
        (DefinitionState.WANTED, None),
        (DefinitionState.UNKNOWN, now - ASK_UNKNOWN_AFTER),
        (DefinitionState.KNOWN, now - RENEW_AFTER),
    ):
        query = DefinitionText.select().where(_is_due(language, state, before))
        ordered = query.order_by(is_later, DefinitionText.asked_at, DefinitionText.id)
        found += list(ordered.limit(limit - len(found)))
        if len(found) >= limit:
            break
    return found


def has_any(language: str) -> bool:
    return bool(DefinitionText.select().where(DefinitionText.language == language).exists())


def count_changed(language: str, since: datetime) -> int:
    """Return how many definitions have other words than they had then."""
    is_known = (DefinitionText.language == language) & _IS_KNOWN
    return int(DefinitionText.select().where(is_known & (DefinitionText.changed_at >= since)).count())


def _is_due(language: str, state: DefinitionState, before: datetime | None) -> Condition:
    is_of_state = (DefinitionText.language == language) & (DefinitionText.state == state)
    return is_of_state if before is None else is_of_state & (DefinitionText.asked_at < before)


def save_answers(language: str, known: Sequence[Mapping[str, Any]], unknown: Collection[str]) -> int:
    """Save what Graph answered. Return how many definitions are new or have other words than before.

    `known`: rows with definition_id, spelling, catalogue and the words. `unknown`: ids that Graph does not have; what
    was known of one is kept, since Microsoft lets definitions vanish that policies still name.
    """
    now = utcnow()
    with database.atomic():
        before = {row.definition_id: row for row in find_known([row["definition_id"] for row in known], [language])}
        changed = [row for row in known if _is_other(before.get(row["definition_id"]), row)]
        rows = [
            {**row, "language": language, "state": DefinitionState.KNOWN, "asked_at": now, "changed_at": now}
            for row in changed
        ]
        renewed = (DefinitionText.catalogue, DefinitionText.state, DefinitionText.asked_at,
                   DefinitionText.changed_at, *_WORDS)  # fmt: skip
        upserts.insert_or_update(DefinitionText, KEY, rows, renewed)
        asked = {row["definition_id"] for row in known} | set(unknown)
        _mark_asked(language, asked - {row["definition_id"] for row in changed}, now)
    return len(changed)


def changed_since(ids: Collection[str], at: datetime) -> set[str]:
    """Return which of these definitions are new, or have had other words, since that time."""
    is_new = _IS_KNOWN & (DefinitionText.changed_at >= at)
    query = DefinitionText.select(DefinitionText.definition_id).where(is_in(DefinitionText.definition_id, sorted(ids)))
    return {row[0] for row in query.where(is_new).tuples()}


def _is_other(before: DefinitionText | None, row: Mapping[str, Any]) -> bool:
    """Tell whether the words differ. A version alone does not: it changes with each release of the service."""
    return before is None or any(getattr(before, word.name) != row[word.name] for word in _WORDS)


def _mark_asked(language: str, ids: Collection[str], now: datetime) -> None:
    for some in batched(sorted(ids)):
        is_one = DefinitionText.definition_id.in_(some) & (DefinitionText.language == language)
        state = pw.Case(None, [(_IS_KNOWN, DefinitionState.KNOWN)], DefinitionState.UNKNOWN)
        DefinitionText.update(asked_at=now, state=state).where(is_one).execute()


def categories_without_path(language: str) -> list[tuple[str, str]]:
    """Return (category id, catalogue) of the categories that definitions are in, and whose titles nobody has asked."""
    is_same = (DefinitionCategory.category_id == DefinitionText.category_id) & (DefinitionCategory.language == language)
    query = DefinitionText.select(DefinitionText.category_id, DefinitionText.catalogue).distinct()
    query = query.join(DefinitionCategory, pw.JOIN.LEFT_OUTER, on=is_same)
    is_one = (DefinitionText.language == language) & _IS_KNOWN & (DefinitionText.category_id != "")
    return list(query.where(is_one & DefinitionCategory.id.is_null()).tuples())


def counts() -> list[tuple[str, str, int, datetime | None]]:
    """Return (language, state, how many, when the last of them was asked for)."""
    query = DefinitionText.select(
        DefinitionText.language,
        DefinitionText.state,
        pw.fn.COUNT(DefinitionText.id),
        pw.fn.MAX(DefinitionText.asked_at),
    )
    return list(query.group_by(DefinitionText.language, DefinitionText.state).order_by(pw.SQL("1, 2")).tuples())
