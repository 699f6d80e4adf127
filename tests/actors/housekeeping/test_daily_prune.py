"""The daily run of each tenant that lets go of what is kept no longer."""

from datetime import timedelta

import pytest

import actors.housekeeping.daily_prune
import config
from actors import scheduler
from db.accounts import users
from db.audit.audit import SYSTEM, Actor
from db.backups import retention
from db.backups.retention import RetentionRules
from db.clock import utcnow
from db.housekeeping import daily_prune, deletion_notices, leaps, old_rows
from db.models import (
    IS_ACTIVE,
    AuditEvent,
    BackupSet,
    Change,
    DirectoryName,
    Lease,
    Notification,
    Policy,
    Restore,
    RestoreItem,
    Run,
    RunItem,
    Schedule,
    Snapshot,
    Tenant,
    TenantEvent,
    Write,
)
from db.runs import claims, completion
from db.states import ChangeState, RestoreState, RunKind, RunState
from tests.db.backups.test_retention import history, made, nights  # noqa: F401 - a fixture
from tests.db.events import made_events
from tests.support.captures import capture_by_hand
from tests.support.changes import record_change

pytestmark = pytest.mark.usefixtures("lock_order")

LONG_AGO = utcnow() - timedelta(days=1000)


def due(*tenants):
    Tenant.update(pruned_at=None).where(Tenant.id.in_([one.id for one in tenants])).execute()


def active():
    return list(Run.select().where(IS_ACTIVE & (Run.kind == RunKind.PRUNE)).order_by(Run.id))


def carry_out():
    for run in active():
        actors.housekeeping.daily_prune.prune.fn(run.id)


def test_a_run_of_each_tenant_is_begun_once_a_day_whatever_becomes_of_another(cast, redis_url, monkeypatch):
    due(cast.contoso, cast.fabrikam)
    begin = actors.housekeeping.daily_prune._start_daily_run

    def broken(tenant):
        if tenant.id == cast.contoso.id:
            raise RuntimeError("a poison row")
        begin(tenant)

    monkeypatch.setattr(actors.housekeeping.daily_prune, "_start_daily_run", broken)
    scheduler.sweep()
    scheduler.sweep()
    assert [one.tenant_id for one in active()] == [cast.fabrikam.id]
    assert not daily_prune.due_tenants(5), "the one that failed waits for an hour"
    Tenant.update(pruned_at=utcnow() - timedelta(days=1, seconds=1)).execute()
    monkeypatch.undo()
    actors.housekeeping.daily_prune.start_due_runs()
    assert [one.tenant_id for one in active()] == [cast.fabrikam.id, cast.contoso.id]


def test_one_that_was_pruned_by_a_clock_that_was_set_back_since_is_due(cast, redis_url):
    due(cast.contoso)
    Tenant.update(pruned_at=utcnow() + timedelta(days=365)).where(Tenant.id == cast.contoso.id).execute()
    actors.housekeeping.daily_prune.start_due_runs()
    assert [run.tenant_id for run in active()] == [cast.contoso.id]


def test_a_run_that_a_leap_of_the_clock_overtakes_or_a_person_starts_meanwhile_lets_nothing_go(cast, redis_url):
    nights(cast.contoso, 3)
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    started = actors.housekeeping.daily_prune.start(Tenant.get_by_id(cast.contoso.id), SYSTEM)
    sets = BackupSet.select().count()
    Lease.create(name=leaps.NAME, holder=leaps.NAME, expires_at=utcnow() - timedelta(days=365))
    carry_out()
    run = Run.get_by_id(started.run.id)
    assert (run.state, BackupSet.select().count()) == (RunState.SUCCEEDED, sets)
    assert not BackupSet.select().where(BackupSet.deletion_due_at.is_null(False)).exists()
    assert {item.message for item in RunItem.select().where(RunItem.run == run)} == {leaps.WAITS}


def test_of_a_tenant_that_is_switched_off_nothing_is_let_go(cast):
    due(cast.contoso)
    Tenant.update(is_active=False).where(Tenant.id == cast.contoso.id).execute()
    assert not daily_prune.due_tenants(5)


def test_a_night_on_which_nothing_goes_leaves_nothing_to_read(cast, redis_url):
    users.set_subscribed(cast.max, cast.contoso, True)
    due(cast.contoso)
    events = AuditEvent.select().count()
    actors.housekeeping.daily_prune.start_due_runs()
    carry_out()
    assert not Run.select().exists()
    assert not Notification.select().exists()
    assert AuditEvent.select().count() == events


def test_one_that_somebody_asked_for_meanwhile_is_there_to_be_read(cast, redis_url):
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    [run] = active()
    assert actors.housekeeping.daily_prune.start(cast.contoso, Actor.person(cast.max, None)).run == run
    carry_out()
    assert (Run.get_by_id(run.id).state, Notification.get().user) == (RunState.SUCCEEDED, cast.max)


def test_what_went_can_be_read_and_rings_no_bell(cast, history, redis_url):  # noqa: F811
    users.set_subscribed(cast.max, cast.contoso, True)
    Notification.delete().execute()
    retention.set_rules(cast.contoso, RetentionRules(last=2), SYSTEM)
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    [run] = active()
    carry_out()
    assert Run.get_by_id(run.id).state == RunState.SUCCEEDED
    rows = RunItem.select().where(RunItem.run == run).order_by(RunItem.id)
    assert [(one.policy_type, one.outcome, one.message) for one in rows][1:3] == [
        ("backup sets", "freed", "2 went."),
        ("snapshots", "freed", "3 went."),
    ]
    assert not Notification.select().exists()


@pytest.mark.parametrize("its_workers_die", [False, True])
def test_one_that_cannot_go_on_is_told_to_the_subscribers(cast, redis_url, monkeypatch, its_workers_die):
    users.set_subscribed(cast.max, cast.contoso, True)
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    [run] = active()
    Run.update(attempts=claims.MAX_ATTEMPTS).execute()
    if its_workers_die:
        claims.take_claim(run.id, run.kind)
        Run.update(heartbeat_at=LONG_AGO).execute()
        scheduler.sweep()
    else:
        monkeypatch.setattr(actors.housekeeping.daily_prune, "_free_rows", lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            carry_out()
    assert Run.get_by_id(run.id).state == RunState.FAILED
    assert Notification.get().user == cast.max


def test_one_whose_worker_died_goes_on_where_it_was_and_counts_what_went_before(cast, history, redis_url, monkeypatch):  # noqa: F811
    """Killed after a chunk of a step; and cancelled, the next one stops before it lets another chunk go."""
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    monkeypatch.setitem(daily_prune.STEPS, "backup sets", _by_ones("backup sets"))
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    [run] = active()
    let_go, told = daily_prune.delete_rows, []

    def until_killed(*given):
        if len(told) == 1:
            raise KeyboardInterrupt
        told.append(let_go(*given))

    monkeypatch.setattr(daily_prune, "delete_rows", until_killed)
    with pytest.raises(KeyboardInterrupt):
        actors.housekeeping.daily_prune.prune.fn(run.id)
    assert BackupSet.select().count() == 3
    monkeypatch.setattr(daily_prune, "delete_rows", let_go)
    Run.update(heartbeat_at=LONG_AGO).where(Run.id == run.id).execute()
    scheduler.sweep()
    actors.housekeeping.daily_prune.prune.fn(run.id)
    assert RunItem.get((RunItem.run == run) & (RunItem.policy_type == "backup sets")).freed == 3
    assert Run.get_by_id(run.id).state == RunState.SUCCEEDED


def _by_ones(key):
    step = daily_prune.STEPS[key]
    return daily_prune.PruneStep(key, step.title, step.find, step.delete, rows_at_once=1)


def test_a_cancelled_one_stops_between_two_chunks(cast, history, redis_url, monkeypatch):  # noqa: F811
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)
    monkeypatch.setitem(daily_prune.STEPS, "backup sets", _by_ones("backup sets"))
    run = actors.housekeeping.daily_prune.start(cast.contoso, Actor.person(cast.max, None)).run
    let_go = daily_prune.delete_rows

    def cancel_meanwhile(*given):
        let_go(*given)
        completion.request_cancel(run, SYSTEM)

    monkeypatch.setattr(daily_prune, "delete_rows", cancel_meanwhile)
    actors.housekeeping.daily_prune.prune.fn(run.id)
    assert (Run.get_by_id(run.id).state, BackupSet.select().count()) == (RunState.CANCELLED, 3)


# --- by their age ----------------------------------------------------------------------------------------------------


def ended_long_ago(run):
    Run.update(created_at=LONG_AGO, ended_at=LONG_AGO).where(Run.id == run.id).execute()


def test_items_and_notifications_go_by_age_and_totals_stay(cast, captured, redis_url):
    old, late, new = (run for _, run, _ in captured[:3])
    ended_long_ago(old)
    Run.update(created_at=LONG_AGO).where(Run.id == late.id).execute()
    for one in (old, late):
        Notification.update(created_at=LONG_AGO).where(Notification.run == one.id).execute()
    Notification.update(changed_at=LONG_AGO).where(Notification.run == old.id).execute()
    actors.housekeeping.daily_prune.start_due_runs()
    for table in (RunItem, Notification):
        kept = {one.run_id for one in table.select()}
        assert old.id not in kept, table
        assert {late.id, new.id} <= kept, "what ended lately stays, whenever it began"
    assert Run.get_by_id(old.id).done == 1


def test_more_than_a_moment_of_old_rows_is_gone_on_with_by_the_next_sweep(cast, captured, redis_url, monkeypatch):
    monkeypatch.setattr(old_rows, "ROWS_AT_ONCE", 1)
    monkeypatch.setattr(actors.housekeeping.daily_prune, "DELETING_SECONDS", 0)
    for _, run, _ in captured:
        ended_long_ago(run)
    left = [RunItem.select().count()]
    for _ in range(6):
        actors.housekeeping.daily_prune.start_due_runs()
        left.append(RunItem.select().count())
    assert left == [4, 3, 2, 1, 0, 0, 0]


def test_runs_go_but_for_those_that_something_still_refers_to(cast, captured, redis_url):
    policy, old, _ = captured[0]
    by_set, by_schedule, with_items, _young = (capture_by_hand(policy, SYSTEM)[0] for _ in range(4))
    for one in (old, by_set, by_schedule, with_items):
        ended_long_ago(one)
    Notification.delete().execute()
    RunItem.delete().where(RunItem.run.not_in([with_items.id])).execute()
    made(cast.contoso, 0, run=by_set)
    Schedule.create(tenant=cast.contoso, cron="0 2 * * *", last_run=by_schedule)
    kept = {one.id for one in Run.select().where(Run.tenant == cast.contoso)} - {old.id}
    actors.housekeeping.daily_prune.start(cast.contoso, SYSTEM)  # without the sweep that forgets items
    carry_out()
    assert {one.id for one in Run.select().where((Run.tenant == cast.contoso) & (Run.kind != RunKind.PRUNE))} == kept


def test_a_restore_goes_with_all_that_is_of_it_unless_it_is_being_undone(cast, captured, redis_url):
    policy, _, snapshot = captured[0]

    def restore(state=RestoreState.FINISHED, **more):
        at = {"created_at": LONG_AGO, "ended_at": LONG_AGO if state == RestoreState.FINISHED else None}
        return Restore.create(tenant=cast.contoso, source_directory_id="x", source_name="x", options={}, state=state,
                              **{**at, **more})  # fmt: skip

    old, tried, undone, running = restore(), restore(), restore(), restore(RestoreState.RUNNING)
    undo = restore(RestoreState.DRAFT, undo_of=undone, created_at=utcnow())
    item = RestoreItem.create(restore=old, policy_type="x", graph_id="x", name="x", references={},
                              content=snapshot.content_id)  # fmt: skip
    live, again = (capture_by_hand(policy, SYSTEM)[0] for _ in range(2))
    Write.create(run=live, item=item, method="PATCH", path="/", request_mark="x")
    Run.update(restore_id=old.id).where(Run.id == live.id).execute()
    ended_long_ago(live)
    Run.update(restore_id=tried.id).where(Run.id == again.id).execute()
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    carry_out()
    assert {one.id for one in Restore.select()} == {tried.id, undone.id, running.id, undo.id}
    assert not Run.select().where(Run.id == live.id).exists()
    assert not RestoreItem.select().exists()


def test_names_that_no_backup_has_seen_for_long_go(cast, redis_url):
    for number, at in enumerate((LONG_AGO, utcnow())):
        DirectoryName.create(tenant=cast.contoso, kind="groups", object_id=str(number), name="A group", seen_at=at)
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    carry_out()
    assert [one.object_id for one in DirectoryName.select()] == ["1"]


def test_events_of_the_tenants_logs_go_with_the_oldest_snapshot_and_not_before_400_days(cast, redis_url):
    now = utcnow()
    for days in (500, 450, 401, 399):
        made_events.save(cast.contoso, made_events.made("x", at=now - timedelta(days=days)))

    def left():
        due(cast.contoso)
        actors.housekeeping.daily_prune.start_due_runs()
        carry_out()
        return sorted((now - event.at).days for event in TenantEvent.select())

    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    snapshot = capture_by_hand(policy, SYSTEM)[1]
    Snapshot.update(captured_at=now - timedelta(days=460)).where(Snapshot.id == snapshot.id).execute()
    assert left() == [399, 401, 450]
    Snapshot.update(captured_at=now).where(Snapshot.id == snapshot.id).execute()
    assert left() == [399]


def test_changes_go_after_400_days_once_they_are_decided_and_no_side_of_them_is_kept(cast, redis_url):
    policy = Policy.select().where(Policy.tenant == cast.contoso).first()
    snapshot = capture_by_hand(policy, SYSTEM)[1]
    Change.delete().execute()
    old = {"seen_at": utcnow() - timedelta(days=401)}
    goes = record_change(policy, state=ChangeState.RECORDED, **old)
    stays = [
        record_change(policy, state=ChangeState.RECORDED, seen_at=utcnow() - timedelta(days=399)),
        record_change(policy, state=ChangeState.OPEN, **old),
        record_change(policy, state=ChangeState.ACCEPTED, **old),
        record_change(policy, state=ChangeState.RECORDED, assessed_at=None, **old),
        record_change(policy, state=ChangeState.UNDONE, before=snapshot, **old),
        record_change(policy, state=ChangeState.PUT_BACK, after=snapshot, **old),
    ]
    assert daily_prune.STEPS["changes"].find(cast.contoso, daily_prune.Ages(1, 1, 1)) == [goes.id]
    due(cast.contoso)
    actors.housekeeping.daily_prune.start_due_runs()
    carry_out()
    assert list(Change.select().order_by(Change.id)) == stays


def test_nobody_makes_backups_vanish_unseen_at_once(cast, redis_url, monkeypatch):
    """Somebody with every right: other rules, a protection ended, a run by hand. All is told, and all is there."""
    monkeypatch.setenv("TENANTKEEP_DELETION_DAYS", "7")
    config.settings.cache_clear()
    sets = nights(cast.contoso, 12)
    retention.pin(sets[11], "good", None, SYSTEM)
    retention.unpin(sets[11], Actor.person(cast.max, "127.0.0.1"))
    retention.set_rules(cast.contoso, RetentionRules(last=1), Actor.person(cast.max, "127.0.0.1"))
    run = actors.housekeeping.daily_prune.start(cast.contoso, Actor.person(cast.max, "127.0.0.1")).run
    actors.housekeeping.daily_prune.prune.fn(run.id)
    assert BackupSet.select().where(BackupSet.deletion_due_at.is_null()).count() == 1
    assert BackupSet.select().count() == 12
    told = AuditEvent.get(AuditEvent.action == "backup-sets:deletion-announced")
    assert (told.details["count"], told.actor_id) == (11, cast.max.id)
    assert Notification.select().where((Notification.run == run) & (Notification.user == cast.max)).exists()
    soon = utcnow() - timedelta(seconds=1)
    BackupSet.update(deletion_due_at=soon).where(BackupSet.id.in_([sets[5].id, sets[6].id])).execute()
    run = actors.housekeeping.daily_prune.start(cast.contoso, SYSTEM).run
    actors.housekeeping.daily_prune.prune.fn(run.id)
    assert BackupSet.select().count() == 10, "only those go whose day has come"
    config.settings.cache_clear()


def test_sets_that_wait_are_all_told_whatever_frees_them_and_wherever_a_worker_dies(cast, redis_url, monkeypatch):
    monkeypatch.setenv("TENANTKEEP_DELETION_DAYS", "7")
    config.settings.cache_clear()
    sets = nights(cast.contoso, 6)
    Restore.create(tenant=cast.contoso, source_directory_id="x", source_name="x", options={},
                   state=RestoreState.FINISHED, safety_set=sets[5], ended_at=LONG_AGO, created_at=LONG_AGO)  # fmt: skip
    retention.set_rules(cast.contoso, RetentionRules(last=1), SYSTEM)

    def waiting():
        return {row.id for row in BackupSet.select().where(BackupSet.deletion_due_at.is_null(False))}

    def told():
        events = AuditEvent.select().where(AuditEvent.action == "backup-sets:deletion-announced")
        return {number for event in events for number in event.details["sets"]}

    def die(*_):
        raise claims.ClaimLost

    run = actors.housekeeping.daily_prune.start(cast.contoso, SYSTEM).run
    with monkeypatch.context() as dying:
        dying.setattr(deletion_notices, "announce_sets", die)
        actors.housekeeping.daily_prune.prune.fn(run.id)
    assert waiting() == told() == set()
    Run.update(claimed_by=None, state=RunState.QUEUED).where(Run.id == run.id).execute()
    for count in (4, 5):
        actors.housekeeping.daily_prune.prune.fn(run.id)
        assert not Restore.select().exists(), "it was what kept the oldest set"
        assert waiting() == told()
        assert len(told()) == count
        run = actors.housekeeping.daily_prune.start(cast.contoso, SYSTEM).run
    config.settings.cache_clear()
