"""What graph/dangers.py tells, and what its tables are made of."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Danger:
    """`code`: of graph.dangers.TITLES; `said`: a sentence in plain words."""

    code: str
    said: str


@dataclass(frozen=True)
class Finding:
    """A danger that a content holds. Where what is there has the same evidence, it is none of the change."""

    code: str
    evidence: Any
    said: str


# change(the body now, the body wanted or None when it is removed) -> the dangers.
Change = Callable[[dict[str, Any], dict[str, Any] | None], Iterable[Danger]]
Find = Callable[[dict[str, Any]], Iterable[Finding]]
