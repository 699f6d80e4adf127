"""Words by which a policy is found beside its name: of its description, and of the names of its settings.

Names alone, never a value: they are kept unsealed, as names of policies are.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from graph.display.labels import PLUMBING

# As many as a search needs: the longest policies say the same words over and over.
LONGEST = 4000
# Their texts are written by people, or name what is set.
_TEXTS = frozenset({"description", "displayName", "omaUri", "settingDefinitionId", "definitionId"})
# In nearly every setting's id, or no name of anything.
_EVERYWHERE = frozenset(
    {
        "device", "user", "vendor", "msft", "policy", "config", "com", "apple", "odata", "microsoft", "graph", "type",
        "id",
    }
)  # fmt: skip
_WORD = re.compile(r"[^\W_]+")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


def words_of(body: Mapping[str, Any]) -> str:
    """Return the words of a body in small letters, each once, cut to what is kept."""
    found: dict[str, None] = {}
    for text in _texts(body):
        for word in _WORD.findall(text):
            parts = {word, *_HUMP.split(word)}
            found |= {part.lower(): None for part in sorted(parts) if len(part) > 1}
    return " ".join(word for word in found if word not in _EVERYWHERE)[:LONGEST]


def _texts(value: Any) -> Iterator[str]:
    """Yield the names of what is set to something, and the texts that say what it is."""
    if isinstance(value, list):
        for element in value:
            yield from _texts(element)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if inner in (None, False, "", [], {}):
                continue
            if name not in _TEXTS | PLUMBING and not name.startswith(("@", "#")):
                yield name
            if name in _TEXTS and isinstance(inner, str):
                yield inner
            else:
                yield from _texts(inner)
