"""Columns of a chart, one a day, as numbers that the template draws: no script, no style, no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

HEIGHT = 100


@dataclass(frozen=True)
class Part:
    state: StrEnum
    count: int
    # From the top, in hundredths of the chart's height.
    top: float
    height: float


@dataclass(frozen=True)
class Day:
    day: date
    total: int
    parts: list[Part]


@dataclass(frozen=True)
class Chart:
    days: list[Day]
    states: list[StrEnum]
    most: int

    @classmethod
    def of(cls, days: Sequence[date], states: Sequence[StrEnum], counts: Mapping[tuple[date, str], int]) -> "Chart":
        """`counts`: (day, state) -> how many. Each column is as high as its share of the highest one."""
        totals = {day: sum(counts.get((day, state), 0) for state in states) for day in days}
        most = max(totals.values(), default=0)
        columns = [
            Day(day, totals[day], _stacked([(state, counts.get((day, state), 0)) for state in states], most))
            for day in days
        ]
        return cls(columns, list(states), most)


def _stacked(counts: Sequence[tuple[StrEnum, int]], most: int) -> list[Part]:
    """From the ground up; what is there at all can be seen."""
    parts, floor = [], float(HEIGHT)
    for state, count in counts:
        if count:
            height = max(count / most * HEIGHT, 1.5)
            floor -= height
            parts.append(Part(state, count, round(max(floor, 0), 2), round(height, 2)))
    return parts
