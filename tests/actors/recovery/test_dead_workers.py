"""Real worker processes killed at work: the run goes on elsewhere, and ends once."""

import os
import random
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import peewee as pw
import pytest

import actors.backups.back_up
import actors.backups.capture
from actors import scheduler
from actors.queue import broker
from actors.queue.broker import locks
from actors.queue.middleware import Heartbeats
from actors.recovery import heartbeat
from db.audit.audit import SYSTEM
from db.backups import backup_sets
from db.clock import utcnow
from db.models import AuditEvent, BackupSet, Policy, Run, RunItem, Snapshot
from db.recovery import lost_runs
from db.runs import claims, completion
from db.states import ACTIVE, ItemState, RunState
from graph.transport import rate_limits
from tests.support.simulated_tenant import catalog_policy


def wait_until(holds, what, seconds=300):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_worker_killed_in_mid_capture_is_replaced_and_the_run_ends_once(
    graph, cast, redis_url, start_worker, monkeypatch
):
    # Time is what a dead worker costs; the test waits a short one.
    monkeypatch.setattr(lost_runs, "STALE_SECONDS", 5)
    policy = Policy.get(Policy.tenant == cast.contoso)
    graph.fault(kind="delay", path=policy.graph_id, seconds=6)
    run = actors.backups.capture.start(policy, SYSTEM).run
    first = start_worker()
    wait_until(lambda: graph.requests()["graph"] >= 1, "the worker never asked Graph")
    os.killpg(first.pid, signal.SIGKILL)
    first.wait()
    assert Run.get_by_id(run.id).state == RunState.RUNNING
    start_worker()

    def ended():
        scheduler.sweep()
        return Run.get_by_id(run.id).state == RunState.SUCCEEDED

    wait_until(ended, "nobody took the run over")
    assert Run.get_by_id(run.id).attempts == 1
    assert [item.state for item in RunItem.select().where(RunItem.run == run)] == [ItemState.DONE]
    assert Snapshot.select().count() == 1
    assert AuditEvent.select().where(AuditEvent.action == "run:ended").count() == 1


def test_a_worker_that_was_only_frozen_comes_back_and_changes_nothing(cast):
    policy = Policy.get(Policy.tenant == cast.contoso)
    run = actors.backups.capture.start(policy, SYSTEM).run
    frozen = claims.take_claim(run.id, run.kind)
    Run.update(heartbeat_at=frozen.run.heartbeat_at.replace(year=2020)).execute()
    lost_runs.take_back(lost_runs.presumed_lost()[0])
    completion.fail(claims.take_claim(run.id, run.kind), "x", "Ended by the one that took over.")
    with pytest.raises(claims.ClaimLost):
        claims.wait(frozen, "still here", 1)
    assert Run.get_by_id(run.id).error_code == "x"


def test_only_one_of_two_schedulers_leads(database):
    from db.installation import installation

    assert installation.take_lease("scheduler", "one", 10)
    assert not installation.take_lease("scheduler", "two", 10)
    assert installation.take_lease("scheduler", "one", 10)
    installation.release_lease("scheduler", "one")
    assert installation.take_lease("scheduler", "two", 10)


def test_a_lease_given_before_the_clock_was_set_back_is_free(database, monkeypatch):
    from db.installation import installation

    now = installation.utcnow()
    monkeypatch.setattr(installation, "utcnow", lambda: now + timedelta(hours=3))
    assert installation.take_lease("scheduler", "one", 10)
    monkeypatch.setattr(installation, "utcnow", lambda: now)
    assert installation.take_lease("scheduler", "two", 10)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_no_beat_is_the_last_when_every_connection_is_taken(database, redis_url, monkeypatch, caplog):
    """Which is no error of the database's: a beat's thread that ended of it would lose every claim of its process."""
    monkeypatch.setattr(database, "_max_connections", 1)
    monkeypatch.setattr(database, "_wait_timeout", 0.1)
    with ThreadPoolExecutor(1) as beside:
        beside.submit(heartbeat.beat, "web").result()
        beside.submit(Heartbeats(broker.dedupe)._beat, broker.broker).result()
    assert caplog.text.count("heartbeat failed") == 2


# On one engine: tests/faults kills the workers of backups on both, once each.
@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_backup_whose_workers_are_killed_again_and_again_loses_and_repeats_nothing(
    graph, cast, redis_url, start_worker, monkeypatch
):
    """Three kills at random moments of one backup of 1,500 policies, with Redis flushed in the middle."""
    monkeypatch.setattr(lost_runs, "LOST_SECONDS", 1)
    monkeypatch.setattr(lost_runs, "MAX_ATTEMPTS", 100)
    for service in rate_limits.NEVER_IN_A_BATCH:
        monkeypatch.setitem(rate_limits.LIMITS, service, (1000, 1.0))
    for number in range(1500):
        graph.put("deviceManagement/configurationPolicies", catalog_policy(f"p{number}", f"Policy {number}"))
    graph.change(flags={"latency_ms": 500})
    run = actors.backups.back_up.start(cast.contoso, SYSTEM, policy_types=["configurationPolicies"]).run
    for number in range(3):
        worker = start_worker()
        begin = done(run)
        # Until it has begun to work, and then for a moment more that differs from kill to kill.
        wait_until(lambda begin=begin: sweep() or done(run) > begin, "the worker does nothing")
        time.sleep(random.uniform(0, 0.3))
        assert not is_ended(run)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        Run.update(heartbeat_at=utcnow() - timedelta(minutes=1)).where(Run.claimed_by.is_null(False)).execute()
        if number == 1:
            locks.flushall()
    graph.change(flags={"latency_ms": 0})
    start_worker()
    wait_until(lambda: sweep() or is_ended(run), "the run never ends")
    ended = Run.get_by_id(run.id)
    assert (ended.state, ended.done) == (RunState.SUCCEEDED, 1502), ended.error_message
    assert Snapshot.select().count() == 1502
    assert AuditEvent.select().where(AuditEvent.action == "run:ended").count() == 1
    assert not Run.select().where(Run.parent.is_null(False)).exists()
    assert len(backup_sets.snapshot_ids(BackupSet.get())) == 1502


def sweep():
    """As the scheduler's loop does it: what the database refuses now is tried again at the next tick."""
    try:
        scheduler.sweep()
    except pw.OperationalError:
        time.sleep(0.1)


def done(run):
    return RunItem.select().where((RunItem.run == run) & (RunItem.state == ItemState.DONE)).count()


def is_ended(run):
    return Run.get_by_id(run.id).state not in ACTIVE
