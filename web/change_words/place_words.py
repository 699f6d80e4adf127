"""The places where changes differ, in Microsoft's words: looked up once for all changes that a page shows."""

from collections.abc import Iterable, Mapping
from typing import Any

from flask import g, has_request_context

from actors.facade import change_words
from actors.facade.wording import Wording
from db.models import Change
from web.translation.languages import current_language


def look_up(changes: Iterable[Change]) -> str:
    """Look up the words for these changes, for whoever asks `label_of` in this request. Return "", for templates."""
    shown = list(changes)
    wording = change_words.words_for_changes(shown, current_language())
    if has_request_context():
        _known().update({change.id: wording for change in shown})
    return ""


def label_of(change: Change, place: Mapping[str, Any]) -> str:
    """Return the label of one of the change's differences."""
    wording = _known().get(change.id) if has_request_context() else None
    if wording is None:
        wording = change_words.words_for_changes([change], current_language())
    return change_words.label_of(place, change_words.kind_of(change), wording)


def _known() -> dict[int, Wording]:
    """Return change id -> words, as far as this request has looked them up."""
    if "place_words" not in g:
        g.place_words = {}
    known: dict[int, Wording] = g.place_words
    return known
