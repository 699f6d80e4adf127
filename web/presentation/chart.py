"""A chart with a column a day, as numbers that the template draws: no script, no style, no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum

HEIGHT = 100


@dataclass(frozen=True)
class DaySegment:
    state: StrEnum
    count: int
    # From the top, in hundredths of the chart's height.
    top: float
    height: float


@dataclass(frozen=True)
class ChartDay:
    day: date
    total: int
    segments: list[DaySegment]


@dataclass(frozen=True)
class Chart:
    days: list[ChartDay]
    states: list[StrEnum]
    most: int

    @classmethod
    def draw(cls, days: Sequence[date], states: Sequence[StrEnum], counts: Mapping[tuple[date, str], int]) -> "Chart":
        """Make the columns. `counts`: (day, state) -> how many. Each column is as high as its share of the highest
        one.
        """
        totals = {day: sum(counts.get((day, state), 0) for state in states) for day in days}
        most = max(totals.values(), default=0)
        columns = [
            ChartDay(
                day, totals[day], _stack_segments([(state, counts.get((day, state), 0)) for state in states], most)
            )
            for day in days
        ]
        return cls(columns, list(states), most)


def _stack_segments(counts: Sequence[tuple[StrEnum, int]], most: int) -> list[DaySegment]:
    """Stack the segments from the ground up. A count above 0 is always high enough to be seen."""
    parts, floor = [], float(HEIGHT)
    for state, count in counts:
        if count:
            height = max(count / most * HEIGHT, 1.5)
            floor -= height
            parts.append(DaySegment(state, count, round(max(floor, 0), 2), round(height, 2)))
    return parts
