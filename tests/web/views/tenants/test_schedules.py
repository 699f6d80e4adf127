"""`/schedules/` and the scheduler that starts what is due."""

import pytest

from actors import scheduler
from actors.backups import back_up
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import AuditEvent, BackupSet, Run, Schedule
from db.tenants import schedules
from tests.support.forms import csrf_token

pytestmark = [
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
    pytest.mark.usefixtures("lock_order"),
]


def form(client, cast, **more):
    return {"csrf_token": csrf_token(client, "/schedules/"), "tenant": cast.contoso.id, "cron": "0 2 * * *",
            "time_zone": "Europe/Vienna", **more}  # fmt: skip


def test_a_manager_adds_pauses_runs_and_removes(client, sign_in, cast, redis_url):
    sign_in(client, cast.max)
    assert client.post("/schedules/", data=form(client, cast)).status_code == 303
    schedule = Schedule.get()
    path = f"/schedules/{schedule.id}"
    shown = client.get("/schedules/").get_data(as_text=True)
    assert "Schedule added: Contoso, every night at 02:00 (next: " in shown
    assert "Every night at 02:00 (Vienna)" in shown
    assert "Every night at 02:00 (Vienna)" in client.get(f"/tenants/{cast.contoso.id}/backups").get_data(as_text=True)
    client.post(f"{path}/pause", data=form(client, cast))
    assert "paused" in client.get("/schedules/").get_data(as_text=True)
    client.post(f"{path}/run-now", data=form(client, cast))
    assert Run.get().kind == "backup_set.capture"
    client.post(f"{path}/remove", data=form(client, cast))
    assert not Schedule.select().exists()
    acts = [event.action for event in AuditEvent.select() if event.action.startswith("schedule:")]
    assert acts == ["schedule:set", "schedule:set", "schedule:removed"]


def test_a_wrong_one_is_refused_on_the_page_and_keeps_what_was_typed(client, sign_in, cast):
    sign_in(client, cast.max)
    answer = client.post("/schedules/", data=form(client, cast, cron="at night"))
    page = answer.get_data(as_text=True)
    assert (answer.status_code, "at night" in page, "Not a valid schedule" in page) == (400, True, True)


def test_others_may_not_and_see_none_of_it(app, sign_in, cast):
    made = schedules.add(cast.fabrikam, "0 2 * * *", "UTC", SYSTEM)
    manager, operator = sign_in(app.test_client(), cast.max), sign_in(app.test_client(), cast.ada)
    assert "Fabrikam" not in manager.get("/schedules/").get_data(as_text=True)
    assert manager.post("/schedules/", data=form(manager, cast, tenant=cast.fabrikam.id)).status_code == 403
    assert operator.post("/schedules/", data=form(operator, cast)).status_code == 403
    for act in ("", "/pause", "/remove", "/run-now"):
        assert manager.post(f"/schedules/{made.id}{act}", data=form(manager, cast)).status_code == 403


def test_a_full_backup_that_meets_one_that_reads_less_says_so(client, sign_in, cast, redis_url):
    sign_in(client, cast.max)
    back_up.start(cast.contoso, SYSTEM)
    made = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM, is_full=True)
    client.post(f"/schedules/{made.id}/run-now", data=form(client, cast))
    assert "reads only what changed" in client.get("/schedules/").get_data(as_text=True)


def test_one_that_had_to_be_paused_says_why(client, sign_in, cast):
    sign_in(client, cast.max)
    made = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    changed = Schedule(id=made.id, tenant=cast.contoso, cron="0 3 * * *", time_zone="UTC")
    schedules.pause(changed, "of another time", SYSTEM)
    assert not Schedule.get().is_paused, "somebody has changed it since"
    schedules.pause(made, "There is no time zone “Mars”.", SYSTEM)
    assert "There is no time zone “Mars”." in client.get("/schedules/").get_data(as_text=True)


def test_what_is_due_is_started_once_in_the_name_of_the_schedule(app, cast, redis_url):
    made = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM, is_full=True)
    Schedule.update(next_at=utcnow()).execute()
    scheduler.sweep()
    scheduler.sweep()
    run = Run.get()
    assert (run.origin, BackupSet.get().is_full) == ("schedule", True)
    assert Schedule.get_by_id(made.id).last_run == run
