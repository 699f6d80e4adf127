"""Many tenants at once: one after the other is backed up, and none waits for the end of all."""

import dramatiq
import pytest

from actors.backups import back_up
from actors.queue import enqueue
from actors.queue.broker import broker
from actors.queue.queue_names import BULK, INTERACTIVE, UNDER_WAY
from actors.tenants import graph_clients
from actors.worker import Options, _command
from db.audit.audit import SYSTEM
from db.states import RunState
from db.tenants import tenants
from tests.support.simulated_tenant import SimulatedTenant, catalog_policy

TENANTS, POLICIES = 6, 45


@pytest.fixture
def one_thread(database, redis_url):
    """A worker that does one thing at a time, in the order in which it takes them."""
    graph_clients.clear_cache()
    running = dramatiq.Worker(broker, worker_timeout=50, worker_threads=1)
    yield running.start
    running.stop()


def test_a_tenant_that_has_begun_ends_before_the_next_ones_begin(simulator, graph, one_thread, ended, quick):
    ids = []
    for number in range(TENANTS):
        guid = f"{number + 3}" * 8 + "-1111-4111-8111-" + f"{number + 3}" * 12
        made = tenants.add(f"Tenant {number}", guid, guid, SYSTEM)
        tenants.set_credential(made, "secret", {"secret": f"secret {number}"}, SYSTEM)
        simulated = SimulatedTenant.add(simulator, made, f"secret {number}")
        for policy in range(POLICIES):
            simulated.put("deviceManagement/configurationPolicies", catalog_policy(f"p{policy}", f"Policy {policy}"))
        ids.append(back_up.start(made, SYSTEM).run.id)
    one_thread()
    found = [ended(run_id) for run_id in ids]
    assert {run.state for run in found} == {RunState.SUCCEEDED}
    first_end = min(run.ended_at for run in found)
    assert len([run for run in found if run.started_at < first_end]) <= TENANTS / 2
    assert [run.id for run in sorted(found, key=lambda run: run.ended_at)] == ids


def test_what_goes_on_after_a_wait_does_not_queue_behind_what_has_not_begun():
    assert enqueue.queue_for(BULK, RunState.QUEUED) == BULK
    assert enqueue.queue_for(BULK, RunState.RUNNING) == UNDER_WAY
    assert enqueue.queue_for(INTERACTIVE, RunState.RUNNING) == INTERACTIVE


def test_a_worker_for_bulk_work_takes_its_parts_as_well():
    command = _command(Options(queues=(BULK,)))
    assert command[command.index("--queues") + 1 :][:2] == [UNDER_WAY, BULK]
