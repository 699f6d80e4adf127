"""Undoes what PowerShell does to policies: keys in PascalCase, dates as numbers, and deep parts cut to texts."""

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

_DATE = re.compile(r"/Date\((-?\d{1,15})(?:[+-]\d{4})?\)/")
# Objects that ConvertTo-Json cut off at its depth: their types' names, or a text that shows some of them.
_SCARS = re.compile(
    r"System\.(?:Collections\.[\w.]+|Object)(?:\[\])?|Microsoft\.Graph\.[\w.]*Models\.[\w.]+(?:\[\])?|@\{\w+=.*\}",
    re.DOTALL,
)
ADDITIONAL = "AdditionalProperties"


def is_pascal(value: Any) -> bool:
    """Tell whether an object's keys are those of the Graph PowerShell SDK."""
    if not isinstance(value, dict) or not ("DisplayName" in value or ADDITIONAL in value) or "displayName" in value:
        return False
    return sum(key[:1].isupper() for key in value) > len(value) // 2


def to_graph(value: Any) -> Any:
    """Return the object as Graph has it: names begin small, `AdditionalProperties` are the object's own, dates are
    texts, and an object of nulls alone, which the service would take for something configured, is null.
    """
    if isinstance(value, list):
        return [to_graph(inner) for inner in value]
    if isinstance(value, str):
        return _to_date(value)
    if not isinstance(value, dict):
        return value
    converted = {_small(key): to_graph(inner) for key, inner in value.items() if key != ADDITIONAL}
    more = value.get(ADDITIONAL)
    if isinstance(more, dict):
        converted |= {key: to_graph(inner) for key, inner in more.items() if inner is not None}
    is_nothing = bool(converted) and all(inner is None for inner in converted.values())
    return None if is_nothing else converted


def _small(key: str) -> str:
    return key if "@" in key else key[:1].lower() + key[1:]


def _to_date(text: str) -> str:
    match = _DATE.fullmatch(text)
    if not match:
        return text
    try:
        return datetime.fromtimestamp(int(match[1]) / 1000, UTC).isoformat(timespec="milliseconds")[:23] + "Z"
    except (ValueError, OverflowError, OSError):
        return text


def find_scar(value: Any) -> str:
    """Return the path to a part that was cut to a text; "" where there is none."""
    return next(_scars(value, ()), "")


def _scars(value: Any, path: tuple[str, ...]) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _scars(inner, (*path, str(key)))
    elif isinstance(value, list):
        for inner in value:
            yield from _scars(inner, path)
    elif isinstance(value, str) and len(value) < 10_000 and _SCARS.fullmatch(value.strip()):
        yield ".".join(path) or "the whole"
