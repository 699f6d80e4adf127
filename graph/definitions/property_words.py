"""The portal's wording for properties of built-in types: property_words.tsv, which names the source of each group."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

from graph.definitions.wording import SettingDefinition, fold, property_key

_TABLE = "property_words.tsv"
NOT_CONFIGURED = "Not configured"
# Deeper objects name no types of ours.
_DEEPEST = 12


@dataclass(frozen=True)
class PropertyWords:
    """`by_type`: folded type -> its properties, by their keys. `categories`: category id -> title."""

    by_type: Mapping[str, Mapping[str, SettingDefinition]]
    categories: Mapping[str, str]


@cache
def table() -> PropertyWords:
    by_type: dict[str, dict[str, SettingDefinition]] = {}
    categories: dict[str, str] = {}
    of_type, odata_type = {}, ""
    for line in (resources.files("graph.definitions") / _TABLE).read_text(encoding="utf-8").splitlines():
        if line.startswith("@"):
            odata_type = line[1:].split("\t")[0]
            of_type = by_type.setdefault(fold(odata_type), {})
        elif line and not line.startswith("#"):
            name, title, category, options = (*line.split("\t"), "", "")[:4]
            category_id = fold(f"{odata_type}/{category}") if category else ""
            key = property_key(odata_type, name)
            of_type[key] = SettingDefinition(key, title, category_id=category_id, options=dict(_options(options)))
            if category:
                categories[category_id] = category
    return PropertyWords(by_type, categories)


def _options(text: str) -> Iterator[tuple[str, str]]:
    if text and "=" not in text:
        yield from (("true", text), ("false", NOT_CONFIGURED))
        return
    for option in text.split("|") if text else ():
        value, _, title = option.partition("=")
        yield fold(value), title


def find(keys: Iterable[str]) -> dict[str, SettingDefinition]:
    """Return {key: words} of these properties, each TYPE/PROPERTY, as far as the table has them."""
    by_type = table().by_type
    return {key: words for key in keys if (words := by_type.get(key.partition("/")[0], {}).get(key))}


def of_body(body: Any) -> dict[str, SettingDefinition]:
    """Return {key: words} of all properties of the types that a body and the objects in it are of."""
    by_type = table().by_type
    types = {fold(each.removeprefix("#microsoft.graph.")) for each in _types(body, 0)}
    return {key: words for each in types if each in by_type for key, words in by_type[each].items()}


def _types(value: Any, depth: int) -> Iterator[str]:
    if depth > _DEEPEST:
        return
    if isinstance(value, Mapping):
        if isinstance(kind := value.get("@odata.type"), str):
            yield kind
        for inner in value.values():
            if isinstance(inner, Mapping | list):
                yield from _types(inner, depth + 1)
    elif isinstance(value, list):
        for element in value:
            yield from _types(element, depth + 1)
