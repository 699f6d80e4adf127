"""A tenant's last 90 days: each thing on its day in the reader's zone."""

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from db.clock import utcnow
from db.models import BackupSet, Run, Schedule
from db.states import RunKind
from tests.support.changes import record_change
from web.views.tenants.day_calendar import DAYS, day_calendar, month_calendar


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


def test_a_month_has_each_day_as_a_link_and_what_is_to_come(cast, client, sign_in):
    zone = ZoneInfo("Europe/Berlin")
    Schedule.create(tenant=cast.contoso, cron="0 2 * * *", time_zone="UTC", next_at=utcnow())
    Schedule.create(tenant=cast.contoso, cron="0 3 * * *", time_zone="UTC", is_paused=True)
    with client.application.test_request_context():
        today = datetime.now(zone).date()
        past = month_calendar(cast.contoso, zone, (today.replace(day=1) - timedelta(days=1)).strftime("%Y-%m"))
        assert (sum(past.coming.values()), past.after != "") == (0, True)
        coming = month_calendar(cast.contoso, zone, (today + timedelta(days=32)).strftime("%Y-%m"))
        assert coming.coming[coming.days[3].day] == 1, "one a day; the paused one comes not"
        assert f"/tenants/{cast.contoso.id}/backups" in coming.address_of(coming.days[-1])
        assert {len(week) for week in coming.rows} == {7}
        for nonsense in ("", "x", "1066-10", "9999-12"):
            assert month_calendar(cast.contoso, zone, nonsense).first == today.replace(day=1)
    page = sign_in(client, cast.rita).get(f"/tenants/{cast.contoso.id}/activity?zone=Europe/Berlin")
    text = page.get_data(as_text=True).partition('id="month"')[2].partition("</section>")[0]
    month = month_calendar(cast.contoso, zone, "")
    assert len(re.findall(r"<td[^>]*>\s*<a href=", text)) == len(month.days)
    assert ('aria-current="date"' in text, "1 backup to come" in text or today == month.days[-1].day) == (True, True)
