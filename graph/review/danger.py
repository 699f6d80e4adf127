"""What graph/review/dangers.py tells, and what its tables are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Danger:
    """`code`: of graph.review.dangers.TITLES; `said`: a sentence in plain words."""

    code: str
    said: str


@dataclass(frozen=True)
class Finding:
    """A danger that a content holds. Where what is there has the same evidence, it is none of the change."""

    code: str
    evidence: Any
    said: str


# change(the body now, the body wanted or None when it is removed) -> the dangers.
FindLosses = Callable[[dict[str, Any], dict[str, Any] | None], Iterable[Danger]]
FindFindings = Callable[[dict[str, Any]], Iterable[Finding]]


def object_at(holder: Any, *names: str) -> dict[str, Any]:
    """The object at the end of these names; {} where there is none."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder if isinstance(holder, dict) else {}


def list_at(holder: Any, name: str) -> list[Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def objects_at(holder: Any, name: str) -> list[dict[str, Any]]:
    return [element for element in list_at(holder, name) if isinstance(element, dict)]
