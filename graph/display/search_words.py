"""Words by which a policy is found beside its name: of its description, and of the names of its settings.

Names alone, never a value: they are kept unsealed, as names of policies are.
"""

import re
from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from graph.definitions.wording import NO_WORDS, Wording
from graph.display.labels import PLUMBING
from graph.display.setting_titles import category_of, property_title, title_of

# As many as a search needs: the longest policies say the same words over and over.
LONGEST = 8000
# The same few thousand names come again and again: so many are remembered, none of them longer.
_NAMES_KEPT, _LONGEST_KEPT_NAME = 16_384, 300
# Their texts are written by people, or name what is set.
_TEXTS = frozenset({"description", "displayName", "omaUri", "settingDefinitionId", "definitionId"})
_TEXTS_AND_PLUMBING = _TEXTS | PLUMBING
_IDS = frozenset({"settingDefinitionId", "definitionId"})
# In nearly every setting's id, or no name of anything.
_EVERYWHERE = frozenset(
    {
        "device", "user", "vendor", "msft", "policy", "config", "com", "apple", "odata", "microsoft", "graph", "type",
        "id",
    }
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words_of(body: Mapping[str, Any], *, wording: Wording = NO_WORDS) -> str:
    """Return the words of a body in small letters, each once, cut to what is kept.

    `wording`: a setting is found by Microsoft's words for it, too.
    """
    found: dict[str, None] = {}
    # A name stands in a policy again and again: it is looked at once.
    for text in dict.fromkeys(_texts(body, wording)):
        words = _words_of_name(text) if len(text) <= _LONGEST_KEPT_NAME else _words_in(text)
        found |= dict.fromkeys(words)
    return " ".join(word for word in found if word not in _EVERYWHERE)[:LONGEST]


@lru_cache(_NAMES_KEPT)
def _words_of_name(name: str) -> tuple[str, ...]:
    return _words_in(name)


def _words_in(text: str) -> tuple[str, ...]:
    """Return the words of a text in small letters, and the parts that their capitals show."""
    found: dict[str, None] = {}
    for word in _WORD.findall(text):
        parts = {word, *_HUMP.split(word)}
        found |= {part.lower(): None for part in sorted(parts) if len(part) > 1}
    return tuple(found)


def _texts(value: Any, wording: Wording) -> Iterator[str]:
    """Yield the names of what is set to something, and the texts that say what it is."""
    if isinstance(value, list):
        for element in value:
            yield from _texts(element, wording)
    elif isinstance(value, Mapping):
        kind = str(value.get("@odata.type") or "")
        for name, inner in value.items():
            if inner in (None, False, "", [], {}):
                continue
            if name not in _TEXTS_AND_PLUMBING and not name.startswith(("@", "#")):
                yield name
                yield property_title(kind, name, wording)
            if name in _TEXTS and isinstance(inner, str):
                yield inner
                yield from _titles(name, inner, wording)
            else:
                yield from _texts(inner, wording)


def _titles(name: str, setting_id: str, wording: Wording) -> Iterator[str]:
    if wording and name in _IDS:
        yield title_of(setting_id, wording)
        yield from category_of(setting_id, wording)
