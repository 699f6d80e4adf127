"""A strict reader of JSON: an answer that is no unambiguous JSON of a bearable size is refused.

Python's own reader accepts more than JSON (NaN, a key twice, a number beyond all bounds), and what it accepts would be
kept as a policy. The size is checked before it reads: a small text can become large objects.
"""

import json
from collections.abc import Iterable
from typing import Any

from graph.errors import Malformed

# Twenty large policies in one $batch, or a page of a thousand with their assignments, are far below both.
LARGEST_ANSWER = 32 * 1024 * 1024
MOST_VALUES = 1_000_000
# The deepest real policy has 22 levels. Far below what Python can go down into.
DEEPEST = 100

# What a value can be nested in.
_HOLDERS = (dict, list)

NOT_JSON = (
    "What answered is not Microsoft Graph: the answer is no JSON. Often a proxy or firewall answers in its place; "
    "check those."
)
MALFORMED = "Microsoft Graph's answer is damaged: it is not the JSON it should be. Nothing of it was used."


class DuplicateKey(ValueError):
    """A key stands twice in one object: two readers would take two different values."""


def read_bounded(chunks: Iterable[bytes], largest: int = LARGEST_ANSWER) -> bytes:
    """Return the chunks as one. Raises Malformed above `largest` bytes: counted as they are unpacked."""
    parts, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise Malformed("too_large", f"The answer is larger than {largest // 1024**2} MB. Nothing of it was used.")
        parts.append(chunk)
    return b"".join(parts)


def parse(text: bytes) -> Any:
    """Return the JSON value.

    Raises Malformed: `not_json` if it does not even begin like an object, else `malformed`.
    """
    if sum(map(text.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Malformed("too_large", f"The answer holds more than {MOST_VALUES:,} values. Nothing of it was used.")
    try:
        document = loads(text.decode("utf-8-sig"))
    except (ValueError, RecursionError) as e:
        begins = text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
        raise Malformed("malformed", MALFORMED) if begins else Malformed("not_json", NOT_JSON) from e
    if is_deep(document):
        raise Malformed("malformed", MALFORMED)
    return document


def loads(text: str) -> Any:
    """Return the JSON value, as strictly as `parse`. Raises DuplicateKey, another ValueError, or RecursionError."""
    return json.loads(
        text, object_pairs_hook=_refuse_duplicate_keys, parse_constant=_refuse_constant, parse_float=_finite_float
    )


def _refuse_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise DuplicateKey
    return members


def _refuse_constant(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite_float(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number beyond all bounds")
    return number


def is_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Tell whether a value is nested deeper than `deepest`; without recursion, which is what it protects from."""
    level = [value] if isinstance(value, _HOLDERS) else []
    for _ in range(deepest):
        if not level:
            return False
        level = [
            inner
            for holder in level
            for inner in (holder.values() if isinstance(holder, dict) else holder)
            if isinstance(inner, _HOLDERS)
        ]
    # One that is not empty holds a value that is deeper still.
    return any(level)
