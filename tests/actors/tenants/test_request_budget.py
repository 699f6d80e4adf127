"""Graph's limits, shared through Redis by every worker."""

import random
import threading
import time

import pytest

from actors.backups import back_up
from actors.queue.broker import locks
from actors.tenants import graph_clients, request_budget
from actors.tenants.request_budget import TenantBudget
from db.audit.audit import SYSTEM
from db.models import BackupSet, Run
from db.states import RunState, SetState
from graph.errors import Throttled
from graph.transport import rate_limits
from tests.support.simulated_tenant import SimulatedTenant, catalog_policy

PATH = "deviceManagement/configurationPolicies"


@pytest.fixture
def shared(redis_url, monkeypatch):
    """Two budgets of one tenant, as two processes have them; ten requests in three seconds."""
    monkeypatch.setitem(rate_limits.LIMITS, rate_limits.INTUNE, (10, 3.0))
    return [TenantBudget(locks, "tenant") for _ in range(2)]


def test_what_one_sends_the_other_may_not(shared):
    shared[0].take({rate_limits.INTUNE: 6})
    with pytest.raises(Throttled) as refused:
        shared[1].take({rate_limits.INTUNE: 6})
    assert 1 < refused.value.retry_after <= 3.01
    shared[1].take({rate_limits.INTUNE: 4})
    time.sleep(refused.value.retry_after)
    shared[1].take({rate_limits.INTUNE: 6})


def test_no_window_at_graph_holds_more_however_many_send_and_however_long_a_request_is_on_its_way(shared, monkeypatch):
    """Half a second at Graph, two whole ones by our own reckoning; on its way for up to 0.1 s each way, on a busy
    machine for longer. What was answered counts for half a second more: so most of what Graph takes is used, and no
    request comes too soon.
    """
    monkeypatch.setitem(rate_limits.LIMITS, rate_limits.INTUNE, (10, 2.0))
    monkeypatch.setattr(request_budget, "AFTER_AN_ANSWER", {rate_limits.INTUNE: 0.52})
    counts, arrived, chance, stop = {rate_limits.INTUNE: 1}, [], random.Random(21), time.monotonic() + 2.4

    def send():
        while time.monotonic() < stop:
            try:
                taken = shared[0].take(counts)
            except Throttled:
                time.sleep(0.01)
                continue
            time.sleep(chance.uniform(0, 0.1))
            arrived.append(time.monotonic())
            time.sleep(chance.uniform(0, 0.1))
            shared[1].answered(taken, counts)

    threads = [threading.Thread(target=send) for _ in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    arrived.sort()
    assert all(later - earlier >= 0.5 for earlier, later in zip(arrived, arrived[10:], strict=False))
    assert len(arrived) > 20, "more than two seconds for each ten let through"


def test_a_429_all_the_same_stops_everyone_for_its_wait(shared):
    shared[0].refused(rate_limits.INTUNE, 2)
    with pytest.raises(Throttled) as refused:
        shared[1].take({rate_limits.INTUNE: 1})
    shared[1].take({rate_limits.DIRECTORY: 1})
    assert refused.value.retry_after <= 2
    time.sleep(2.01)
    shared[1].take({rate_limits.INTUNE: 1})


def test_one_tenants_budget_is_not_anothers(shared):
    shared[0].take({rate_limits.INTUNE: 10})
    TenantBudget(locks, "another").take({rate_limits.INTUNE: 10})


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_two_worker_processes_never_make_graph_say_429(graph, database, redis_url, ended, cast, start_worker):
    """The simulator keeps to the documented limits: 1,000 requests in 20 s, and one a second of Conditional Access."""
    for number in range(500):
        graph.put(PATH, catalog_policy(f"p{number}", f"Policy {number}"))
    graph.change(flags={"throttle": True})
    graph_clients.clear_cache()
    start_worker()
    start_worker()
    first = ended(back_up.start(cast.contoso, SYSTEM).run.id)
    second = ended(back_up.start(cast.contoso, SYSTEM, is_full=True).run.id)
    graph.change(flags={"throttle": False})
    assert {first.state, second.state} == {RunState.SUCCEEDED}
    assert {made.state for made in BackupSet.select()} == {SetState.COMPLETE}
    assert (second.ended_at - first.created_at).total_seconds() > 20, "the second had to wait for the window"
    assert graph.requests()["throttled"] == 0


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_slow_tenant_does_not_keep_others_from_their_backups(simulator, graph, worker, ended, cast, monkeypatch):
    """Four threads; a tenant whose every call takes two seconds, with sixty parts, and one that is quick."""
    for service in rate_limits.NEVER_IN_A_BATCH:
        monkeypatch.setitem(rate_limits.LIMITS, service, (1000, 1.0))
    for number in range(200):
        graph.put(PATH, catalog_policy(f"p{number}", f"Policy {number}"))
    quick = cast.fabrikam
    SimulatedTenant.add(simulator, quick, "fabrikam client secret").put(PATH, catalog_policy("q", "Quick"))
    graph.change(flags={"latency_ms": 2000})
    slow = back_up.start(cast.contoso, SYSTEM).run
    assert ended(back_up.start(quick, SYSTEM).run.id).state == RunState.SUCCEEDED
    assert Run.get_by_id(slow.id).state == RunState.RUNNING
    graph.change(flags={"latency_ms": 0})
    ended(slow.id)
