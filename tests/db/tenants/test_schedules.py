"""When a schedule comes: over both changes of the clock, after a stopped scheduler, spread over many tenants."""

import subprocess
import sys
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.errors import Invalid
from db.models import Schedule, Tenant
from db.tenants import schedules
from tests.support import servers
from tests.support.strategies import texts

VIENNA = "Europe/Vienna"


def at(text):
    return datetime.fromisoformat(text)


def days(cron, begin, count):
    return [str(moment) for moment in islice(schedules.times(cron, VIENNA, at(begin)), count)]


def test_an_hour_that_the_clock_skips_is_made_up_right_after_it():
    assert days("30 2 * * *", "2026-03-28T00:00", 3) == [
        "2026-03-28 01:30:00",
        "2026-03-29 01:00:00",  # 03:00 in Vienna: there is no half past two
        "2026-03-30 00:30:00",
    ]


def test_an_hour_that_comes_twice_counts_once():
    assert days("30 2 * * *", "2026-10-24T00:00", 3) == [
        "2026-10-24 00:30:00",
        "2026-10-25 00:30:00",
        "2026-10-26 01:30:00",
    ]


@pytest.fixture
def nightly(cast):
    made = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    Schedule.update(next_at=at("2026-05-01T02:00")).execute()
    return Schedule.get_by_id(made.id)


def test_what_a_stopped_scheduler_missed_is_made_up_once(nightly):
    now = at("2026-05-04T09:00")  # three nights later
    assert schedules.due_schedules(now) == [nightly]
    assert schedules.claim_due(nightly, now)
    assert schedules.due_schedules(now) == []
    assert Schedule.get_by_id(nightly.id).next_at.date() == at("2026-05-05T00:00").date()


def test_of_two_schedulers_one_takes_it(nightly):
    now = at("2026-05-01T02:30")
    same = Schedule.get_by_id(nightly.id)
    assert [schedules.claim_due(nightly, now), schedules.claim_due(same, now)] == [True, False]


def test_two_hundred_tenants_due_at_two_start_over_a_quarter_of_an_hour(database):
    made = [Tenant(id=number, name=str(number)) for number in range(1, 201)]
    moments = [
        schedules.next_after(Schedule(tenant=one, cron="0 2 * * *", time_zone="UTC"), at("2026-05-01T00:00"))
        for one in made
    ]
    assert min(moments) >= at("2026-05-01T02:00")
    assert max(moments) <= at("2026-05-01T02:15")
    minutes = [moment.replace(second=0) for moment in moments]
    assert max(minutes.count(minute) for minute in minutes) < 30
    assert moments[6] == schedules.next_after(
        Schedule(tenant=made[6], cron="0 2 * * *", time_zone="UTC"), at("2026-05-01T00:00")
    )


def test_taken_early_in_its_spread_it_does_not_come_twice_in_a_night(cast):
    schedule = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    first = schedules.next_after(schedule, at("2026-05-01T00:00"))
    assert schedules.next_after(schedule, first) - first == timedelta(days=1)


def test_the_largest_tenants_start_first(database):
    moments = [schedules.jitter(7, policies) for policies in (0, 500, 1000, 10_000)]
    assert moments == sorted(moments, reverse=True)
    assert max(schedules.jitter(number, 10_000) for number in range(1000)) < timedelta(seconds=90)
    assert moments == [schedules.jitter(7, policies) for policies in (0, 500, 1000, 10_000)]


def test_a_tenant_that_has_shrunk_since_is_not_backed_up_twice_in_a_night(cast, monkeypatch):
    schedule = schedules.add(cast.contoso, "0 2 * * *", "UTC", SYSTEM)
    monkeypatch.setattr(schedules, "_count_policies", lambda tenant_id: 10_000)
    early = schedules.next_after(schedule, at("2026-05-01T00:00"))
    Schedule.update(next_at=early).execute()
    monkeypatch.setattr(schedules, "_count_policies", lambda tenant_id: 0)
    assert schedules.claim_due(Schedule.get_by_id(schedule.id), early + timedelta(seconds=3))
    assert Schedule.get_by_id(schedule.id).next_at.date() == early.date() + timedelta(days=1)


def test_one_that_still_goes_is_waited_for(nightly, cast):
    from db.runs import claims, completion, runs
    from db.states import RunKind

    run = runs.start(tenant=cast.contoso, kind=RunKind.BACK_UP, dedupe_key="x", items=[], actor=SYSTEM).run
    schedules.record_run(nightly, run)
    now = at("2026-05-01T02:30")
    assert schedules.due_schedules(now) == []
    completion.finish(claims.take_claim(run.id, run.kind))
    assert schedules.due_schedules(now) == [nightly]


def test_a_paused_one_is_never_due_and_a_resumed_one_makes_nothing_up(nightly):
    schedules.change(nightly, SYSTEM, cron=nightly.cron, time_zone="UTC", is_paused=True)
    assert schedules.due_schedules(utcnow() + timedelta(days=3)) == []
    schedules.change(nightly, SYSTEM, cron=nightly.cron, time_zone="UTC")
    assert Schedule.get_by_id(nightly.id).next_at > utcnow()


@pytest.mark.parametrize(
    ("cron", "zone", "sentence"),
    [
        ("every night", "UTC", "Not a valid schedule"),
        ("0 2 * * *", "Mars/Base", "time zone"),
        ("0 2 * * *", "Europe", "time zone"),
        ("0 2 * * *", "../UTC", "time zone"),
        ("*/5 * * * *", "UTC", "15 minutes"),
        ("0 0 30 2 *", "UTC", "never|Not a valid schedule"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(cast, cron, zone, sentence):
    with pytest.raises(Invalid, match=sentence):
        schedules.add(cast.contoso, cron, zone, SYSTEM)
    assert not Schedule.select().exists()


def test_zones_are_known_also_where_the_system_has_none():
    imports = "from db.clock import zone_of; from db.tenants import schedules"
    asked = f"{imports}; print(len(schedules.time_zones()), zone_of('US/Pacific'))"
    done = subprocess.run(
        [sys.executable, "-c", asked], cwd=servers.ROOT, env={"PYTHONTZPATH": ""}, capture_output=True, text=True
    )
    count, zone = done.stdout.split()
    assert (int(count) > 400, zone) == (True, "US/Pacific"), done.stderr


fields = st.sampled_from(
    ["*", "0", "59", "60", "*/0", "*/15", "1-5", "5-1", "L", "1#5", "MON", "8", "-1", "1,1", "31", "29", "2", "²", "W"]
)
crons = texts | st.lists(fields, min_size=4, max_size=6).map(" ".join)


@given(crons, st.sampled_from(["UTC", "Europe/Vienna"]) | texts)
def test_any_words_are_times_that_rise_or_refused(cron, zone):
    coming = []
    with suppress(Invalid):
        coming += islice(schedules.times(cron, zone, datetime(2026, 3, 29, 0, 30)), 3)
    assert coming == sorted(set(coming))
