"""A removal of a schedule that is undone."""

import re

import pytest

from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.models import AuditEvent, Schedule
from db.tenants import schedules
from tests.web.views.tenants.test_schedules import form
from web.signatures import signer
from web.views.tenants import removed_schedules

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]


def test_a_removed_one_comes_back_by_undo_and_once(app, sign_in, cast):
    client = sign_in(app.test_client(), cast.max)
    made = schedules.add(cast.contoso, "15 2 1 * *", "Europe/Vienna", Actor.person(cast.max, None), is_full=True)
    other = schedules.add(cast.fabrikam, "0 2 * * *", "UTC", SYSTEM)
    client.post(f"/schedules/{made.id}/remove", data=form(client, cast))
    page = client.get("/schedules/").get_data(as_text=True)
    removed = re.search(r'name="removed" value="([^"]+)"', page)[1]
    for _ in range(2):
        client.post("/schedules/removed/undo", data=form(client, cast, removed=removed))
    back = Schedule.get_by_id(made.id)
    assert (back.cron, back.time_zone, back.is_full, back.created_by) == (made.cron, made.time_zone, True, cast.max)
    assert back.next_at > utcnow()
    assert AuditEvent.select().where(AuditEvent.action == "schedule:put-back").count() == 1
    assert Schedule.select().count() == 2
    with app.test_request_context():
        foreign = signer(removed_schedules.PURPOSE).dumps(schedules.columns_to_put_back(other))
    schedules.remove(other, SYSTEM)
    assert client.post("/schedules/removed/undo", data=form(client, cast, removed=foreign)).status_code == 403
    assert client.post("/schedules/removed/undo", data=form(client, cast, removed=removed + "x")).status_code == 303
    assert Schedule.select().count() == 1
