"""Charts: each column is as high as its share of the highest one."""

from datetime import date

from db.states import ENDED
from web.presentation.chart import Chart

FIRST, SECOND = date(2026, 1, 1), date(2026, 1, 2)


def test_columns_are_as_high_as_their_share_of_the_highest():
    counts = {(FIRST, "succeeded"): 6, (FIRST, "failed"): 2, (SECOND, "succeeded"): 4}
    chart = Chart.draw([FIRST, SECOND], list(ENDED), counts)
    assert [(segment.state, segment.top, segment.height) for segment in chart.days[0].segments] == [
        ("succeeded", 25.0, 75.0),
        ("failed", 0.0, 25.0),
    ]
    assert [(segment.top, segment.height) for segment in chart.days[1].segments] == [(50.0, 50.0)]
    assert chart.most == 8


def test_days_without_runs_have_no_segments():
    chart = Chart.draw([FIRST], list(ENDED), {})
    assert chart.most == 0
    assert chart.days[0].segments == []


def test_small_count_beside_a_large_one_can_be_seen():
    counts = {(FIRST, "succeeded"): 10_000, (FIRST, "failed"): 1}
    smallest = min(Chart.draw([FIRST], list(ENDED), counts).days[0].segments, key=lambda segment: segment.count)
    assert smallest.height == 1.5
    assert smallest.top == 0
