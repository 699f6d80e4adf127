"""The bytes of an answer as JSON, read strictly: what is no clear JSON of a bearable size is no answer.

Python's own reader takes more than JSON is (NaN, a key twice, a number beyond all bounds), and what it takes would be
kept as a policy. Bounded before it is read: a small text can become large objects.
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

NOT_JSON = (
    "What answered is not Microsoft Graph: the answer is no JSON. Often a proxy or firewall answers in its place; "
    "check those."
)
MALFORMED = "Microsoft Graph's answer is damaged: it is not the JSON it should be. Nothing of it was used."


def read(chunks: Iterable[bytes], largest: int = LARGEST_ANSWER) -> bytes:
    """All of it; counted as it is unpacked, whatever a header says of its length. Raises Malformed."""
    kept, size = [], 0
    for chunk in chunks:
        size += len(chunk)
        if size > largest:
            raise Malformed("too_large", f"The answer is larger than {largest // 1024**2} MB. Nothing of it was used.")
        kept.append(chunk)
    return b"".join(kept)


def parsed(text: bytes) -> Any:
    """Raises Malformed: `not_json` for what does not even begin as an object does, else `malformed`."""
    if sum(map(text.count, (b",", b"[", b"{"))) > MOST_VALUES:
        raise Malformed("too_large", f"The answer holds more than {MOST_VALUES:,} values. Nothing of it was used.")
    try:
        found = json.loads(
            text.decode("utf-8-sig"),
            object_pairs_hook=_without_doubles,
            parse_constant=_refuse,
            parse_float=_finite,
        )
    except (ValueError, RecursionError) as e:
        begins = text.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"{"
        raise Malformed("malformed", MALFORMED) if begins else Malformed("not_json", NOT_JSON) from e
    if is_deep(found):
        raise Malformed("malformed", MALFORMED)
    return found


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        raise ValueError("a key twice: nobody can say which is meant")
    return made


def _refuse(name: str) -> Any:
    raise ValueError(f"{name} is no JSON")


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError("a number beyond all bounds")
    return number


def is_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Without recursion: that is what it protects from."""
    level, depth = [value], 0
    while level and depth <= deepest:
        holders = [one for one in level if isinstance(one, dict | list)]
        level = [inner for one in holders for inner in (one.values() if isinstance(one, dict) else one)]
        depth += 1
    return bool(level)
