"""The dashboard's second line: whether everyone could be restored."""

from datetime import timedelta

import pytest

from db.clock import utcnow
from db.models import ReadinessReport, Tenant
from db.readiness import reports
from db.states import Level
from web.verdicts.readiness import fleet_readiness, level_now

ALL, SOME = {"by_itself": 4, "by_hand": 0, "not": 0}, {"by_itself": 2, "by_hand": 1, "not": 1}
NONE = {"by_itself": 0, "by_hand": 0, "not": 0}


@pytest.mark.parametrize(
    ("counts", "look", "said"),
    [
        ((None, None), "muted", "Whether they could be restored is not known yet."),
        ((NONE, NONE), "muted", "Whether they could be restored is not known yet."),
        ((ALL, ALL), "good", "All 8 policies would come back by themselves."),
        ((ALL, SOME), "warn", "6 of 8 policies would come back by themselves."),
        ((ALL, None), "warn",
         "All 4 policies would come back by themselves. 1 of 2 tenants are not assessed yet."),
    ],
)  # fmt: skip
def test_one_line_answers_whether_everyone_could_be_restored(counts, look, said):
    tenants = [Tenant(id=number) for number in range(len(counts))]
    found = {number: ReadinessReport(counts=count, share=1) for number, count in enumerate(counts) if count}
    verdict = fleet_readiness(tenants, found)
    assert (verdict.look, " ".join([verdict.sentence, *verdict.unsure])) == (look, said)


@pytest.mark.parametrize("days", [9, -1])
def test_an_old_report_is_no_good_news(days):
    """Where workers stood still the line stayed green. One of tomorrow was made by a clock that was set back."""
    old = ReadinessReport(counts=ALL, share=1, made_at=utcnow() - timedelta(days=days))
    fresh = ReadinessReport(counts=ALL, share=1, made_at=utcnow() - timedelta(days=7, hours=12))
    verdict = fleet_readiness([Tenant(id=0), Tenant(id=1)], {0: old, 1: fresh})
    assert verdict.look == "warn"
    assert verdict.unsure == ["1 of 2 tenants were last assessed more than a week ago."]
    assert [level_now(report) for report in (old, fresh)] == [Level.ATTENTION, Level.GOOD]


def test_all_is_only_said_of_all():
    assert [reports.share_text(share) for share in (1, 0.9999, 0.5, 0)] == ["100 %", "99 %", "50 %", "0 %"]
