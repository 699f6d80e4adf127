"""What one web host signs is taken by another whose clock is a little behind, and lives no longer for it."""

import re
import time
from datetime import datetime, timedelta

import itsdangerous.timed
import pytest

from db import clock
from db.accounts import sessions
from db.audit.audit import SYSTEM
from db.models import Schedule
from db.tenants import schedules
from tests.support.forms import csrf_token
from tests.web.views.tenants.test_schedules import form
from web.views.tenants import removed_schedules

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
SKEW = int(clock.MAX_SKEW.total_seconds())


@pytest.fixture
def set_clock(monkeypatch):
    """set_clock(seconds): how far the host is ahead that answers from now on."""

    def act(seconds):
        class Wrong(datetime):
            @classmethod
            def now(cls, tz=None):
                return datetime.now(tz) + timedelta(seconds=seconds)

        class WrongTime:
            @staticmethod
            def time():
                return time.time() + seconds

        monkeypatch.setattr(clock, "datetime", Wrong)
        monkeypatch.setattr(itsdangerous.timed, "time", WrongTime)

    return act


@pytest.mark.parametrize(
    ("behind", "is_taken"),
    [(SKEW - 1, True), (SKEW + 1, False), (3 - int(sessions.MAX_IDLE.total_seconds()), True)],
    ids=["a little", "too far", "it is hours later"],
)
def test_a_session_that_a_host_ahead_of_this_one_began_is_one(app, sign_in, cast, set_clock, behind, is_taken):
    client = app.test_client()
    set_clock(behind)
    sign_in(client, cast.max)
    set_clock(0)
    assert (client.get("/schedules/").status_code == 200) is is_taken


def test_a_form_that_a_host_ahead_of_this_one_drew_is_taken(app, sign_in, cast, set_clock):
    client = sign_in(app.test_client(), cast.max)
    set_clock(SKEW - 1)
    token = csrf_token(client, "/schedules/")
    set_clock(0)
    assert client.post("/sign-out", data={"csrf_token": token}).status_code == 303
    assert sessions.of_user(cast.max.id) == []


@pytest.mark.parametrize(
    ("later", "is_put_back"),
    [(1 - SKEW, True), (removed_schedules.UNDO_SECONDS - 1, True), (removed_schedules.UNDO_SECONDS + 2, False)],
)
def test_an_undo_is_taken_by_a_host_behind_and_for_no_longer_than_it_says(
    app, sign_in, cast, set_clock, later, is_put_back
):
    client = sign_in(app.test_client(), cast.max)
    made = schedules.add(cast.contoso, "15 2 1 * *", "Europe/Vienna", SYSTEM)
    client.post(f"/schedules/{made.id}/remove", data=form(client, cast))
    removed = re.search(r'name="removed" value="([^"]+)"', client.get("/schedules/").get_data(as_text=True))[1]
    fields = form(client, cast, removed=removed)
    set_clock(later)
    client.post("/schedules/removed/undo", data=fields)
    assert Schedule.select().exists() is is_put_back
