"""JSON inside a text, also in base64: parse it, and write it back in the style that it had."""

import base64
import json
from collections.abc import Iterator
from typing import Any

from graph.content.normalise import decode_base64
from graph.errors import Malformed
from graph.transport import strict_json

# Deeper than any JSON that services put into a text, and far less than the walk over a content can go down.
_DEEPEST = 20
# "{" and "[" in base64.
_ENCODED = ("e", "W")
_INDENTS = (None, 2, 4, "\t")
# As Python, JavaScript and PowerShell write it.
_SEPARATORS = ((",", ":"), (", ", ": "), (",", ": "), (",", ":  "))


def decode(text: str) -> str:
    """Return the text, decoded from base64 where that looks like JSON in base64."""
    return str(decode_base64(text)) if text.startswith(_ENCODED) else text


def encode_like(text: str, was: str) -> str:
    """Return the text in base64 if the one that it replaces was."""
    return text if decode(was) == was else base64.b64encode(text.encode()).decode()


def parse(text: str) -> Any:
    """Return the object or list that the text holds; None for any other text."""
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        value = strict_json.parse(text.encode())
    except (Malformed, UnicodeEncodeError):
        return None
    return None if strict_json.is_deep(value, _DEEPEST) else value


def write_like(value: Any, was: str) -> str:
    """Return the value as JSON in the style of the text that it replaces; without spaces if that has no known style."""
    before, core = was[: len(was) - len(was.lstrip())], was.strip()
    after, original = was[len(was.rstrip()) :], parse(was)
    written = dict(zip(_styles(original), _styles(value), strict=True))
    return before + written.get(core, next(_styles(value))) + after


def _styles(value: Any) -> Iterator[str]:
    """Yield the value as JSON in every style, always in the same order."""
    for indent in _INDENTS:
        for separators in _SEPARATORS:
            for is_ascii in (False, True):
                text = json.dumps(value, indent=indent, separators=separators, ensure_ascii=is_ascii)
                yield text
                yield text.replace("\n", "\r\n")
