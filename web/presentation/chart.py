"""A chart with a column a day, as numbers that the template draws: no script, no style, no library."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from db.states import Level
from web.verdicts.verdicts import LOOKS

HEIGHT = 100
# What the columns of a chart of runs say of them.
RUN_WORDS = {
    Level.GOOD: "nothing missing",
    Level.ATTENTION: "something missing",
    Level.BAD: "failed",
    Level.NEUTRAL: "cancelled",
}


@dataclass(frozen=True)
class DaySegment:
    level: Level
    count: int
    # From the top, in hundredths of the chart's height.
    top: float
    height: float

    @property
    def look(self) -> str:
        return LOOKS[self.level][0]

    @property
    def word(self) -> str:
        return RUN_WORDS[self.level]


@dataclass(frozen=True)
class ChartDay:
    day: date
    total: int
    segments: list[DaySegment]

    def count(self, level: Level) -> int:
        return sum(segment.count for segment in self.segments if segment.level == level)


@dataclass(frozen=True)
class Chart:
    days: list[ChartDay]
    levels: list[Level]
    most: int

    @classmethod
    def draw(cls, days: Sequence[date], levels: Sequence[Level], counts: Mapping[tuple[date, str], int]) -> "Chart":
        """Make the columns. `counts`: (day, level) -> how many. Each column is as high as its share of the highest
        one.
        """
        totals = {day: sum(counts.get((day, level), 0) for level in levels) for day in days}
        most = max(totals.values(), default=0)
        columns = [
            ChartDay(
                day, totals[day], _stack_segments([(level, counts.get((day, level), 0)) for level in levels], most)
            )
            for day in days
        ]
        return cls(columns, list(levels), most)

    @property
    def caption(self) -> str:
        return "Days in UTC. Tallest bar: 1 run" if self.most == 1 else f"Days in UTC. Tallest bar: {self.most} runs"

    @property
    def legend(self) -> list[tuple[Level, str, str]]:
        """The levels, each with its look and its words."""
        return [(level, LOOKS[level][0], RUN_WORDS[level]) for level in self.levels]


def _stack_segments(counts: Sequence[tuple[Level, int]], most: int) -> list[DaySegment]:
    """Stack the segments from the ground up. A count above 0 is always high enough to be seen."""
    parts, floor = [], float(HEIGHT)
    for level, count in counts:
        if count:
            height = max(count / most * HEIGHT, 1.5)
            floor -= height
            parts.append(DaySegment(level, count, round(max(floor, 0), 2), round(height, 2)))
    return parts
