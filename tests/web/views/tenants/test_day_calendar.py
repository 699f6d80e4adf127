"""A tenant's last 90 days: each thing on its day in the reader's zone."""

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from db.clock import utcnow
from db.models import BackupSet, Run
from db.states import RunKind
from tests.support.changes import record_change
from web.views.tenants.day_calendar import DAYS, day_calendar


def test_what_happened_stands_on_its_day_in_the_readers_zone(cast, captured):
    zone = ZoneInfo("Pacific/Auckland")
    yesterday = datetime.now(zone).date() - timedelta(days=1)
    late = datetime.combine(yesterday, time(0, 30), zone).astimezone(UTC).replace(tzinfo=None)
    assert late.date() < yesterday, "in UTC it is the day before"
    policy, run, _ = captured[0]
    record_change(policy, seen_at=late)
    record_change(captured[2][0], seen_at=late)
    record_change(policy, seen_at=utcnow() - timedelta(days=200))
    for state in ("incomplete", "complete"):
        BackupSet.create(tenant=cast.contoso, run=run, state=state, selection={}, types={}, problems=[],
                         created_at=late)  # fmt: skip
    Run.update(kind=RunKind.RESTORE, created_at=late).where(Run.id == captured[1][1].id).execute()
    calendar = day_calendar(cast.contoso, zone)
    assert len(calendar.days) == DAYS
    [day] = calendar.busy_days
    assert (day.day, day.backups, day.level, day.changes, day.restores) == (yesterday, 2, "good", 1, 1)
    assert len({calendar.place(one) for one in calendar.days}) == DAYS
    assert calendar.total == {"backups": 2, "changes": 1, "restores": 1}
