"""JSON that stands in a text: read, and written back in the style that it had."""

import json
from collections.abc import Iterator
from typing import Any

from graph.answer import is_deep, parsed
from graph.errors import Malformed

# As deep as what services put into a text goes, and far from what the reader of a content can go down into.
_DEEPEST = 20
_INDENTS = (None, 2, 4, "\t")
# As Python, JavaScript and PowerShell write it.
_SEPARATORS = ((",", ":"), (", ", ": "), (",", ": "), (",", ":  "))


def read(text: str) -> Any:
    """The object or list that the text is; None for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found = parsed(text.encode())
    except (Malformed, UnicodeEncodeError):
        return None
    return None if is_deep(found, _DEEPEST) else found


def write(value: Any, was: str) -> str:
    """The value in the style of the text that it came from; without a space where that style cannot be told."""
    before, core = was[: len(was) - len(was.lstrip())], was.strip()
    after, original = was[len(was.rstrip()) :], read(was)
    written = dict(zip(_styles(original), _styles(value), strict=True))
    return before + written.get(core, next(_styles(value))) + after


def _styles(value: Any) -> Iterator[str]:
    """The same value in every style, always in the same order."""
    for indent in _INDENTS:
        for separators in _SEPARATORS:
            for is_ascii in (False, True):
                text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=is_ascii)
                yield text
                yield text.replace("\n", "\r\n")
