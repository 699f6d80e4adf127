"""Microsoft's words for pages: what the catalogue holds for the settings of some contents."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from db.definitions import categories, definitions
from db.models import DefinitionText
from graph.definitions import property_words
from graph.definitions.met_ids import met_in
from graph.definitions.wording import NO_WORDS as NO_WORDS
from graph.definitions.wording import SettingDefinition, twins
from graph.definitions.wording import Wording as Wording

ENGLISH = "en"


def wording_of(policy_contents: Iterable[tuple[str, Mapping[str, Any]]], language: str = ENGLISH) -> Wording:
    """Return the words for all that these contents set, with one look into the catalogue.

    `policy_contents`: (policy type, content). What is not known in the language is in English.
    """
    ids: set[str] = set()
    properties: dict[str, SettingDefinition] = {}
    for policy_type, content in policy_contents:
        ids |= met_in(policy_type, content).keys()
        properties |= property_words.of_body(content.get("body"))
    return _wording(ids, properties, language)


def words_for(ids: Iterable[str], language: str = ENGLISH) -> Wording:
    """Return the words for these folded ids, of settings and of properties of built-in types."""
    wanted = set(ids)
    return _wording(wanted, property_words.find(wanted), language)


def _wording(ids: set[str], properties: Mapping[str, SettingDefinition], language: str) -> Wording:
    languages = _languages(language)
    wanted = ids - properties.keys()
    rows = definitions.find_known(wanted, languages) if wanted else []
    without = {twin for missing in wanted - {row.definition_id for row in rows} for twin in twins(missing)}
    rows += definitions.find_known(without, languages) if without else []
    found = {**{row.definition_id: _definition(row) for row in rows}, **properties}
    if not found:
        return NO_WORDS
    titles = property_words.table().categories
    paths = categories.find_paths({row.category_id for row in rows if row.category_id}, languages)
    paths |= {words.category_id: (titles[words.category_id],) for words in properties.values() if words.category_id}
    return Wording(found, paths, _order(paths))


def _languages(language: str) -> Sequence[str]:
    return [language] if language == ENGLISH else [language, ENGLISH]


def _definition(row: DefinitionText) -> SettingDefinition:
    return SettingDefinition(
        row.definition_id,
        row.title,
        row.description,
        row.category_id,
        row.options or {},
        row.unit,
        row.minimum,
        row.maximum,
        row.is_secret,
        row.version,
    )


def _order(paths: Mapping[str, Sequence[str]]) -> dict[str, int]:
    """Return each category's place: by its titles, as the portal lists them."""
    by_titles = sorted(paths, key=lambda category_id: [title.casefold() for title in paths[category_id]])
    return {category_id: place for place, category_id in enumerate(by_titles)}
