"""Dangers and findings, and the functions that the tables of graph/review/dangers.py hold."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Danger:
    """A danger that a person is warned of. `code`: of graph.review.dangers.TITLES; `sentence`: in plain words.

    `after`: the sentence once it is done, for what makes something weaker.
    """

    code: str
    sentence: str
    after: str = ""


@dataclass(frozen=True)
class Finding:
    """A danger that a content holds. If the live policy has the same evidence, it is no danger of the change."""

    code: str
    evidence: Any
    sentence: str


# find(the live body, the wanted body or None when it is removed) -> what the change takes away.
FindLosses = Callable[[dict[str, Any], dict[str, Any] | None], Iterable[Danger]]
FindFindings = Callable[[dict[str, Any]], Iterable[Finding]]


def object_at(holder: Any, *names: str) -> dict[str, Any]:
    """Return the object at the end of these names; {} where there is none."""
    for name in names:
        holder = holder.get(name) if isinstance(holder, dict) else None
    return holder if isinstance(holder, dict) else {}


def list_at(holder: Any, name: str) -> list[Any]:
    value = holder.get(name) if isinstance(holder, dict) else None
    return value if isinstance(value, list) else []


def objects_at(holder: Any, name: str) -> list[dict[str, Any]]:
    return [element for element in list_at(holder, name) if isinstance(element, dict)]
