"""A worker told to stop, as a supervisor tells it: the run in progress is handed back, and nothing stays behind."""

import os
import signal
import subprocess
from pathlib import Path

import pytest

import actors.backups.back_up
from actors.process import orderly_stop
from db.audit.audit import SYSTEM
from db.models import Run, RunItem
from db.states import ItemState, RunState
from tests.support import servers
from tests.support.demo import descendants
from tests.support.simulated_tenant import catalog_policy

on_one_engine = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def working(graph, cast, redis_url):
    """working(*options): a worker in a process group of its own, in the middle of a backup; the process, the run."""
    started = []

    def start(*options):
        for number in range(200):
            graph.put("deviceManagement/configurationPolicies", catalog_policy(f"p{number}", f"Policy {number}"))
        # Ten batches: seconds in which to be told to stop, also where this process has to wait for the processor.
        graph.change(flags={"latency_ms": 1000})
        run = actors.backups.back_up.start(cast.contoso, SYSTEM, policy_types=["configurationPolicies"]).run
        line = [servers.TENANTKEEP, "worker", "--processes", "1", "--threads", "1", *options]
        started.append(subprocess.Popen(line, start_new_session=True, stderr=subprocess.DEVNULL))
        done = (RunItem.run == run) & (RunItem.state == ItemState.DONE)
        servers.wait_for(lambda: RunItem.select().where(done).exists(), "The first policies", process=started[0])
        return started[0], run

    yield start
    graph.change(flags={"latency_ms": 0})
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()


@on_one_engine
@pytest.mark.parametrize("options", [(), ("--keep-up",)], ids=["become", "keep-up"])
def test_a_signal_to_the_whole_group_hands_the_run_back(working, options):
    """systemd and honcho signal every process, and Dramatiq's master its children once more."""
    process, run = working(*options)
    os.killpg(process.pid, signal.SIGTERM)
    assert process.wait(60) == 0
    # Else its claim would stand until somebody takes the run back, and five of those are the end of it.
    assert not Run.select().where(Run.claimed_by.is_null(False)).exists()
    assert Run.get_by_id(run.id).state == RunState.RUNNING
    assert RunItem.select().where((RunItem.run == run) & (RunItem.state == ItemState.PENDING)).exists()


@on_one_engine
def test_no_parent_waits_for_the_workers(working):
    process, _ = working()
    assert "dramatiq\0actors.app" in Path(f"/proc/{process.pid}/cmdline").read_text()
    assert len(descendants(process.pid)) == 1


def test_an_order_given_again_later_still_means_at_once(monkeypatch):
    taken = []
    before = signal.signal(signal.SIGUSR1, lambda *order: taken.append(order))
    order = orderly_stop.MergedSignal(signal.SIGUSR1)
    signal.signal(signal.SIGUSR1, before)
    for at in (100, 100.5, 104, 106, 106.1):
        monkeypatch.setattr(orderly_stop.time, "monotonic", lambda at=at: at)
        order(signal.SIGUSR1, None)
    assert len(taken) == 2
