"""One row, or one step, that fails: everything else goes on, it is told, tried again later, and forgotten."""

import dataclasses
from datetime import timedelta
from functools import partial

import peewee as pw
import pytest

from actors import scheduler
from actors.backups import back_up, due_schedules
from actors.queue.broker import broker
from actors.recovery import steps
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.housekeeping import leaps
from db.models import (
    AuditEvent,
    BackupSet,
    Change,
    Credential,
    Lease,
    Policy,
    Run,
    Schedule,
    Setback,
    StandardException,
    Tenant,
)
from db.recovery import setbacks
from db.runs import claims, completion, runs
from db.standards import exceptions
from db.states import ChangeState, CredentialKind, ExceptionKind, RunKind, Sweep
from db.tenants import credentials, schedules
from graph.errors import register_secrets
from tests.support.changes import record_change
from tests.support.following import standard_of
from web.commands import doctor
from web.metrics import figures

SECRET = "a secret that nobody may read"


@pytest.fixture
def broken(monkeypatch):
    """broken(step, ids): from now on the step fails for these rows; for none given, as a whole."""

    def act(name, *ids):
        def find(step, apart):
            if not ids:
                raise pw.IntegrityError(f"no {SECRET} here\nDETAIL: more")
            return step.find(apart)

        def handle(step, row):
            if row.id in ids:
                raise pw.IntegrityError(f"no {SECRET} here\nDETAIL: more")
            return step.handle(row)

        step = next(one for one in all_steps if one.name == name)
        broken = dataclasses.replace(step, find=partial(find, step), handle=partial(handle, step))
        monkeypatch.setattr(scheduler, "STEPS", [broken if one is step else one for one in all_steps])

    all_steps = scheduler.STEPS
    register_secrets([SECRET])
    return act


@pytest.fixture
def hourly(cast):
    """Schedules of both tenants, both due."""
    made = [schedules.add(tenant, "0 * * * *", "UTC", SYSTEM) for tenant in (cast.contoso, cast.fabrikam)]
    Schedule.update(next_at=utcnow() - timedelta(minutes=1)).execute()
    return [Schedule.get_by_id(one.id) for one in made]


def later():
    """As if every setback's next try had come."""
    Setback.update(again_at=utcnow()).execute()


def test_a_row_that_fails_is_set_aside_and_everything_else_goes_on(hourly, redis_url, broken):
    bad, good = hourly
    unsent = runs.start(tenant=bad.tenant, kind="policy.sync", dedupe_key="x", items=[], actor=SYSTEM).run
    Run.update(created_at=utcnow() - timedelta(minutes=1)).execute()
    broken(Sweep.SCHEDULES, bad.id)
    scheduler.sweep()
    assert [run.tenant for run in Run.select().where(Run.kind == "backup_set.capture")] == [good.tenant]
    assert Run.get_by_id(unsent.id).enqueued_at
    scheduler.sweep()
    assert Setback.get().times == 1, "not with every sweep"
    later()
    scheduler.sweep()
    found = Setback.get()
    assert (found.step, found.subject, found.times) == (Sweep.SCHEDULES, bad.id, 2)
    assert found.again_at - found.last_at == 2 * setbacks.FIRST_PAUSE


def test_a_run_that_fails_is_left_alone_until_its_time(cast, redis_url, broken):
    run = runs.start(tenant=cast.contoso, kind="policy.sync", dedupe_key="x", items=[], actor=SYSTEM).run
    Run.update(created_at=utcnow() - timedelta(minutes=1)).execute()
    broken(Sweep.SEND, run.id)
    scheduler.sweep()
    scheduler.sweep()
    assert Setback.get(Setback.subject == run.id).times == 1


@pytest.mark.parametrize("step", [Sweep.TAKE_BACK, Sweep.LOCKS, Sweep.PRUNE])
def test_a_step_that_fails_keeps_no_other_from_its_work(hourly, redis_url, broken, step):
    broken(step)
    scheduler.sweep()
    assert Run.select().count() == 2
    assert [(one.step, one.subject) for one in setbacks.all_setbacks()] == [(step, setbacks.WHOLE_STEP)]


def test_what_fails_is_told_without_secrets_until_it_goes_well_again(hourly, redis_url, broken, monkeypatch):
    bad = hourly[0]
    broken(Sweep.SCHEDULES, bad.id)
    scheduler.sweep()
    [(is_well, what, sentence)] = doctor._scheduler()
    assert (is_well, what) == (False, "scheduler")
    assert f"“start schedules” fails for schedule {bad.id} since " in sentence
    assert "1 ×. Last: IntegrityError: no" in sentence
    assert SECRET not in sentence
    assert 'tenantkeep_scheduler_failures{step="start schedules"} 1' in figures.metrics_text(
        with_tenants=False, is_openmetrics=False
    )
    broken(Sweep.SCHEDULES, "nothing")
    later()
    scheduler.sweep()
    assert not Setback.select().exists()
    assert Run.select().where(Run.tenant == bad.tenant).exists()
    assert 'tenantkeep_scheduler_failures{step="start schedules"} 0' in figures.metrics_text(
        with_tenants=False, is_openmetrics=False
    )


def test_what_was_set_aside_before_the_clock_was_set_back_is_tried_again_at_once(
    hourly, redis_url, broken, monkeypatch
):
    bad, now = hourly[0], utcnow()
    broken(Sweep.SCHEDULES, bad.id)
    with monkeypatch.context() as ahead:
        ahead.setattr(setbacks, "utcnow", lambda: now + timedelta(days=1))
        scheduler.sweep()
    scheduler.sweep()
    assert Setback.get().times == 2


def test_what_failed_and_is_gone_meanwhile_is_forgotten(hourly, redis_url, broken):
    broken(Sweep.SCHEDULES, hourly[0].id)
    scheduler.sweep()
    schedules.remove(hourly[0], SYSTEM)
    later()
    scheduler.sweep()
    assert not Setback.select().exists()


def test_with_the_database_away_the_whole_tick_tries_again(database, redis_url, monkeypatch):
    monkeypatch.setattr(steps, "is_unreachable", lambda error: True)
    away = steps.Step(Sweep.PRUNE, steps.once(lambda: 1 / 0))
    monkeypatch.setattr(scheduler, "STEPS", [away])
    with pytest.raises(ZeroDivisionError):
        scheduler.sweep()
    assert not Setback.select().exists()


@pytest.mark.parametrize("has_leapt", [True, False])
def test_nothing_ends_or_goes_for_good_while_a_clock_may_be_ahead(cast, redis_url, has_leapt):
    """Each kind that waits a week or longer for a person, and is over by a clock that leapt."""
    over = utcnow() - timedelta(days=30)
    Tenant.update(pruned_at=None).where(Tenant.id == cast.contoso.id).execute()
    Tenant.update(removal_due_at=over).where(Tenant.id == cast.fabrikam.id).execute()
    credentials.add_next(cast.contoso, CredentialKind.SECRET, {"secret": "s"}, SYSTEM)
    Credential.update(since=over).execute()
    policy = Policy.create(tenant=cast.contoso, policy_type="groups", graph_id="g", name="G")
    accepted = record_change(policy, state=ChangeState.ACCEPTED, until=over)
    standard = standard_of({"a": ("configurationPolicies", {"name": "A"}, {})})[0]
    asked = exceptions.ask(standard, "a", ExceptionKind.LEAVE_OUT, "CAB 12", SYSTEM, tenant=cast.contoso)
    StandardException.update(until=over).execute()
    Lease.create(name=leaps.NAME, holder="", expires_at=utcnow() - timedelta(days=365) if has_leapt else utcnow())
    scheduler.tick()
    fabrikam = Tenant.get_or_none(Tenant.id == cast.fabrikam.id)
    ended = [
        fabrikam is None or fabrikam.removing_since is not None,
        not Credential.select().exists(),
        Change.get_by_id(accepted.id).state == ChangeState.OPEN,
        StandardException.get_by_id(asked.id).ended_at is not None,
        Run.select().where(Run.kind == RunKind.PRUNE).exists(),
    ]
    assert ended == [not has_leapt] * 5


def test_slow_steps_leave_the_rest_to_the_next_sweep(hourly, redis_url, monkeypatch):
    monkeypatch.setattr(scheduler, "STEPS", [dataclasses.replace(one, seconds=0) for one in scheduler.STEPS])
    for expected in (1, 2):
        scheduler.sweep()
        assert Run.select().count() == expected


def test_a_schedule_whose_time_zone_is_gone_is_paused_and_says_so(hourly, redis_url):
    lost, kept = hourly
    Schedule.update(time_zone="US/Nowhere").where(Schedule.id == lost.id).execute()
    scheduler.sweep()
    assert [run.tenant for run in Run.select()] == [kept.tenant]
    found = Schedule.get_by_id(lost.id)
    assert (found.is_paused, found.next_at) == (True, None)
    assert "There is no time zone “US/Nowhere”" in found.paused_because
    event = AuditEvent.get(AuditEvent.action == "schedule:paused")
    assert (event.actor, event.details["why"]) == ("schedule", found.paused_because)
    [(is_well, what, sentence)] = doctor._scheduler()
    assert (is_well, what) == (False, "schedules")
    assert "US/Nowhere" in sentence
    schedules.change(found, SYSTEM, cron=found.cron, time_zone="UTC")
    assert not setbacks.all_setbacks()
    assert list(doctor._scheduler()) == []


@pytest.mark.parametrize("dies_in", ["begin", "record_run"])
def test_a_scheduled_backup_whose_start_dies_half_way_is_still_due(hourly, redis_url, monkeypatch, dies_in):
    schedule = hourly[0]
    with monkeypatch.context() as patch:
        patch.setattr(schedules if dies_in == "record_run" else back_up.backup_sets, dies_in, lambda *a, **k: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            due_schedules.start(schedule)
    assert not Run.select().exists()
    assert Schedule.get_by_id(schedule.id) in schedules.due_schedules(utcnow())
    assert broker.do_qsize("bulk") == 0
    due_schedules.start(schedule)
    assert Schedule.get_by_id(schedule.id).last_run == Run.get()


def test_a_full_backup_that_meets_one_that_reads_less_says_so_and_comes_after_it(hourly, cast, redis_url):
    schedule = hourly[0]
    Schedule.update(is_full=True).where(Schedule.id == schedule.id).execute()
    less = back_up.start(cast.contoso, SYSTEM)
    asked = back_up.start(cast.contoso, SYSTEM, is_full=True)
    assert (less.does_less, asked.run, asked.is_new, asked.does_less) == (False, less.run, False, True)
    scheduler.sweep()
    found = Schedule.get_by_id(schedule.id)
    assert (found.last_run, found.next_at, found.last_at) == (less.run, schedule.next_at, None)
    assert schedule not in schedules.due_schedules(utcnow())
    completion.fail(claims.take_claim(less.run.id, less.run.kind), "x", "It ended.")
    scheduler.sweep()
    found = Schedule.get_by_id(schedule.id)
    assert BackupSet.get(BackupSet.run == found.last_run).is_full
    assert found.next_at > utcnow()


def test_a_step_that_only_a_later_version_knows_is_shown_as_any_other(database):
    """Web is restarted after the scheduler, or before it."""
    now = utcnow()
    Setback.create(step="later", subject=7, since=now, last_at=now, again_at=now, times=1, sentence="It failed.")
    assert setbacks.count_by_step() == {"later": 1} | dict.fromkeys(Sweep, 0)
    assert "“later” fails for run 7" in setbacks.describe(setbacks.all_setbacks()[0])
