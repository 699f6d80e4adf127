"""Placeholders: texts in an export that somebody has to fill in before it can be restored. They are never sent."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graph.content.odata import HOLDERS

# Of the source tenant's own directory (Micke-K/IntuneManagement; KelvinTegelaar/CIPP).
DIRECTORY = re.compile(r"%(?:OrganizationId|tenantid)%", re.IGNORECASE)
# A whole text that is nothing but a placeholder, an id of x, and words that say so.
_PLACEHOLDER = re.compile(
    r"%(?:tenantfilter|tenantname|initialdomainname|partnertenantid|samappid|deviceid)%"
    r"|\b([g-zG-Z])\1{7}-(?:\1{4}-){3}\1{12}\b"
    r"|REMOVE_?THIS_?LINE"
    r"|<(?!ID>)[A-Z][A-Z0-9]*(?:[_ -][A-Z0-9]+)*>",
)
_NAME = re.compile(r"<[A-Za-z][A-Za-z0-9_ -]{1,40}>")
_NAMES = frozenset({"displayName", "name", "description"})
# Markup and scripts have angle brackets of their own.
_LONGEST = 2000


def in_text(text: str) -> list[str]:
    """Return the placeholders in a text."""
    return [match[0] for match in _PLACEHOLDER.finditer(text)] if len(text) <= _LONGEST and "</" not in text else []


def is_placeholder(text: str) -> bool:
    """Tell whether an id's place holds a placeholder."""
    return bool(_PLACEHOLDER.search(text) or _NAME.fullmatch(text.strip()) or DIRECTORY.search(text))


def find(content: Mapping[str, Any]) -> tuple[str, ...]:
    """Return the placeholders in a content, each once."""
    return tuple(dict.fromkeys(_find(content, "")))


def _find(value: Any, key: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _find(inner, str(name))
    elif isinstance(value, list):
        for inner in value:
            yield from _find(inner, key)
    elif isinstance(value, str):
        yield from in_text(value)
        if key in _NAMES:
            yield from (match[0] for match in _NAME.finditer(value[:_LONGEST]))


def growth(value: Any, values: Mapping[str, str]) -> int:
    """Return how many characters filling in adds to the texts: a short placeholder may stand in them very often."""
    if isinstance(value, HOLDERS):
        return sum(growth(inner, values) for inner in (value.values() if isinstance(value, dict) else value))
    if not isinstance(value, str):
        return 0
    return sum(value.count(placeholder) * max(len(text) - len(placeholder), 0) for placeholder, text in values.items())


def fill(value: Any, values: Mapping[str, str]) -> Any:
    """Return a copy in whose texts each placeholder is replaced by what somebody filled in."""
    if isinstance(value, dict):
        return {key: fill(inner, values) for key, inner in value.items()}
    if isinstance(value, list):
        return [fill(inner, values) for inner in value]
    if isinstance(value, str):
        for placeholder, text in values.items():
            value = value.replace(placeholder, text)
    return value


def with_directory(value: Any, directory_id: str) -> Any:
    """Return a copy in which the directory's id stands where the tool put words for it."""
    if isinstance(value, dict):
        return {key: with_directory(inner, directory_id) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_directory(inner, directory_id) for inner in value]
    return DIRECTORY.sub(directory_id, value) if isinstance(value, str) and "%" in value else value
