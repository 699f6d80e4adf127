"""Weekly and monthly reports: of the last whole period, once for each tenant, and only where somebody wants them."""

from datetime import datetime

import pytest

from db.audit.audit import SYSTEM
from db.models import Occurrence, Policy, Tenant
from db.notices import channels, reports, rules
from db.notices.reports import ReportPeriod
from db.notices.rules import RuleChoice
from db.states import ChangeState, ChannelKind, NoticeEvent, Severity
from tests.support.changes import record_change
from tests.support.standard_rows import follow, new_standard

NOW = datetime(2026, 11, 27, 7, 30)


@pytest.mark.parametrize(
    ("event", "now", "begin", "end"),
    [
        (NoticeEvent.WEEKLY_REPORT, NOW, datetime(2026, 11, 16), datetime(2026, 11, 23)),
        (NoticeEvent.WEEKLY_REPORT, datetime(2026, 11, 23), datetime(2026, 11, 16), datetime(2026, 11, 23)),
        (NoticeEvent.MONTHLY_REPORT, NOW, datetime(2026, 10, 1), datetime(2026, 11, 1)),
        (NoticeEvent.MONTHLY_REPORT, datetime(2027, 1, 1), datetime(2026, 12, 1), datetime(2027, 1, 1)),
    ],
)
def test_a_report_is_of_the_last_whole_period(event, now, begin, end):
    assert reports.last_period(event, now) == ReportPeriod(begin, end)


def test_each_tenant_is_reported_once_and_only_where_a_rule_asks(cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    for day, columns in ((3, {}), (30, {"severity": Severity.LOW, "state": ChangeState.APPROVED}), (1, {})):
        month = 9 if day == 1 else 10
        record_change(policy, seen_at=datetime(2026, month, day, 5), **columns)
    Tenant.update(last_backup_at=datetime(2026, 11, 26, 2)).where(Tenant.id == cast.contoso.id).execute()
    assert reports.begin_due(NoticeEvent.MONTHLY_REPORT, NOW) == 0
    follow(new_standard(), cast.contoso, counts={"aligned": 3, "stale": 1})
    channel = channels.add("Lead", ChannelKind.EMAIL, "lead@contoso.example", SYSTEM)
    rules.add(channel, RuleChoice(events=(NoticeEvent.MONTHLY_REPORT,)), SYSTEM)
    assert reports.begin_due(NoticeEvent.WEEKLY_REPORT, NOW) == 0
    assert [reports.begin_due(NoticeEvent.MONTHLY_REPORT, NOW) for _ in range(2)] == [2, 0]
    found = {row.tenant_id: row.facts for row in Occurrence.select()}
    assert found[cast.contoso.id] == {
        "begin": "2026-10-01T00:00:00", "end": "2026-11-01T00:00:00", "changes": 2, "high": 1, "open": 2,
        "standards": [{"name": "Base", "states": {"aligned": 3, "stale": 1}}], "backed_up_at": "2026-11-26T02:00:00",
    }  # fmt: skip
    assert (found[cast.fabrikam.id]["changes"], found[cast.fabrikam.id]["backed_up_at"]) == (0, None)
    assert reports.begin_due(NoticeEvent.MONTHLY_REPORT, datetime(2026, 12, 1)) == 2
