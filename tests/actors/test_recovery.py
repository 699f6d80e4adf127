"""Real worker processes killed at work: the run goes on elsewhere, and ends once."""

import os
import signal
import sys
import time

import pytest

import actors.capture
from actors import scheduler
from db import overdue, runs
from db.audit import SYSTEM
from db.models import AuditEvent, Policy, Run, RunItem, Snapshot
from db.states import ItemState, RunState
from tests import servers

WORKER = [sys.executable, "-m", "dramatiq", "actors.app", "--processes", "1", "--threads", "2",
          "--worker-shutdown-timeout", "1000"]  # fmt: skip


def wait_until(holds, what, seconds=30):
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, what
        time.sleep(0.05)


@pytest.fixture
def start_worker():
    processes = []

    def start():
        import subprocess

        # A process group of its own, so that the kill takes the master and its children together.
        processes.append(subprocess.Popen(WORKER, cwd=servers.ROOT, start_new_session=True, stderr=subprocess.DEVNULL))
        return processes[-1]

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@pytest.mark.parametrize("database_url", ["sqlite", "postgresql"], indirect=True)
def test_a_worker_killed_in_mid_capture_is_replaced_and_the_run_ends_once(
    graph, cast, redis_url, start_worker, monkeypatch
):
    # Time is what a dead worker costs; the test waits a short one.
    monkeypatch.setattr(overdue, "STALE_SECONDS", 5)
    policy = Policy.get(Policy.tenant == cast.contoso)
    graph.fault(kind="delay", path=policy.graph_id, seconds=6)
    run = actors.capture.start(policy, SYSTEM).run
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
    run = actors.capture.start(policy, SYSTEM).run
    frozen = runs.claim(run.id)
    Run.update(heartbeat_at=frozen.run.heartbeat_at.replace(year=2020)).execute()
    overdue.take_back_abandoned()
    runs.fail(runs.claim(run.id), "x", "Ended by the one that took over.")
    with pytest.raises(runs.ClaimLost):
        runs.wait(frozen, "still here", 1)
    assert Run.get_by_id(run.id).error_code == "x"


def test_only_one_of_two_schedulers_leads(database):
    from db import installation

    assert installation.take_lease("scheduler", "one", 10)
    assert not installation.take_lease("scheduler", "two", 10)
    assert installation.take_lease("scheduler", "one", 10)
    installation.release_lease("scheduler", "one")
    assert installation.take_lease("scheduler", "two", 10)
