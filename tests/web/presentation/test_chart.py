"""Charts: each column is as high as its share of the highest one."""

from datetime import date

from db.runs.levels import OF_ENDED
from db.states import Level
from web.presentation.chart import Chart

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


def test_columns_are_as_high_as_their_share_of_the_highest():
    counts = {(FIRST, Level.GOOD): 6, (FIRST, Level.BAD): 2, (SECOND, Level.GOOD): 4}
    chart = Chart.draw([FIRST, SECOND], OF_ENDED, counts)
    assert [(segment.level, segment.top, segment.height) for segment in chart.days[0].segments] == [
        (Level.GOOD, 25.0, 75.0),
        (Level.BAD, 0.0, 25.0),
    ]
    assert [(segment.top, segment.height) for segment in chart.days[1].segments] == [(50.0, 50.0)]
    assert chart.most == 8


def test_days_without_runs_have_no_segments():
    chart = Chart.draw([FIRST], OF_ENDED, {})
    assert chart.most == 0
    assert chart.days[0].segments == []


def test_small_count_beside_a_large_one_can_be_seen():
    counts = {(FIRST, Level.GOOD): 10_000, (FIRST, Level.BAD): 1}
    smallest = min(Chart.draw([FIRST], OF_ENDED, counts).days[0].segments, key=lambda segment: segment.count)
    assert smallest.height == 1.5
    assert smallest.top == 0
