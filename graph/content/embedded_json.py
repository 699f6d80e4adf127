"""JSON that stands in a text, also as base64: read, and written back in the style that it had."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from graph.content.normalise import from_base64
from graph.errors import Malformed
from graph.transport.strict_json import is_deep, parse

# As deep as what services put into a text goes, and far from what the reader of a content can go down into.
_DEEPEST = 20
# "{" and "[" in base64.
_ENCODED = ("e", "W")
_INDENTS = (None, 2, 4, "\t")
# As Python, JavaScript and PowerShell write it.
_SEPARATORS = ((",", ":"), (", ", ": "), (",", ": "), (",", ":  "))


def opened(text: str) -> str:
    """The text itself, or what it is the base64 of where that begins as JSON does."""
    return str(from_base64(text)) if text.startswith(_ENCODED) else text


def closed(text: str, was: str) -> str:
    return text if opened(was) == was else base64.b64encode(text.encode()).decode()


def read(text: str) -> Any:
    """The object or list that the text is; None for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        found = parse(text.encode())
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
