"""The places where a change differs, in Microsoft's words: made when they are shown. What is kept is the raw path."""

from collections.abc import Iterable, Mapping
from typing import Any

from actors.facade.wording import ENGLISH, NO_WORDS, Wording, words_for
from db.models import Change
from graph.changes.differences import label_in_words
from graph.changes.ignored_paths import path_of
from graph.definitions.met_ids import LONGEST_ID
from graph.definitions.wording import fold, property_key
from graph.display.labels import PLUMBING

# {"path", "label", "how"}, as Change.differences has them.
Place = Mapping[str, Any]


def words_for_places(kinds_and_places: Iterable[tuple[str, Iterable[Place]]], language: str = ENGLISH) -> Wording:
    """Return the words for all settings in these places, with one look into the catalogue.

    `kinds_and_places`: (OData type of the policy, its places).
    """
    ids = {setting for kind, places in kinds_and_places for place in places for setting in _ids(kind, place)}
    return words_for(ids, language) if ids else NO_WORDS


def words_for_changes(changes: Iterable[Change], language: str = ENGLISH) -> Wording:
    """Return the words for what differs in these changes; each has its policy."""
    return words_for_places(((kind_of(change), change.differences or ()) for change in changes), language)


def _ids(kind: str, place: Place) -> Iterable[str]:
    parts = path_of(str(place.get("path") or ""))
    if parts[:1] != ("body",):
        return
    yield from (fold(part) for part in parts[1:] if part not in PLUMBING and len(part) <= LONGEST_ID)
    if kind and len(parts) > 1:
        yield property_key(kind, parts[1])


def kind_of(change: Change) -> str:
    """Return the OData type of the policy that changed; "" where nobody knows."""
    return str(change.policy.odata_type or "") if change.policy_id else ""


def label_of(place: Place, kind: str, wording: Wording) -> str:
    """Return a place's label in Microsoft's words, and where they say nothing as it was kept."""
    path, kept = str(place.get("path") or ""), str(place.get("label") or place.get("path") or "")
    return label_in_words(path, kept, wording, kind) if wording and path else kept
