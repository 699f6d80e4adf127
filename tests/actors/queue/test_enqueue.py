"""One active run per key, whatever happens to the queue."""

import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
import redis

import actors.backups.capture
from actors import scheduler
from actors.queue import broker as brokers
from actors.queue import enqueue, run_actor
from actors.queue.dedupe import PREFIX
from db.audit.audit import SYSTEM, Actor
from db.clock import utcnow
from db.database import database as handle
from db.models import Policy, Run, RunItem
from db.recovery import lost_runs
from db.runs import claims, completion, run_items, runs
from db.states import ItemState, Outcome, RunKind
from tests.support import servers
from tests.support.environment import REDIS_PORT

pytestmark = pytest.mark.usefixtures("lock_order")

STARTS = """
import sys, config
from actors import app
from actors.backups import capture
from db.audit.audit import SYSTEM
from db.database import database
from db.models import Policy
with database.connection_context():
    policy = Policy.get_by_id(int(sys.argv[1]))
    for _ in range(25):
        start = capture.start(policy, SYSTEM)
        print(start.run.id, start.is_new)
"""


@pytest.fixture
def policy(cast, redis_url):
    return Policy.get(Policy.tenant == cast.contoso)


@pytest.fixture
def locks():
    with redis.Redis(port=REDIS_PORT, db=1) as client:
        yield client


def queued():
    return brokers.broker.do_qsize("interactive")


def test_two_hundred_threads_start_one_run_even_with_redis_flushed_in_between(policy, locks):
    barrier = threading.Barrier(12, timeout=30)

    def press(number):
        with handle.connection_context():
            if number < 12:
                barrier.wait(60)
            if number == 100:
                locks.flushall()
            return actors.backups.capture.start(policy, SYSTEM)

    with ThreadPoolExecutor(12) as pool:
        starts = list(pool.map(press, range(200)))
    assert len({start.run.id for start in starts}) == 1
    assert sum(start.is_new for start in starts) == 1
    assert Run.select().count() == RunItem.select().count() == 1


def test_processes_start_one_run_between_them(policy):
    command = [sys.executable, "-c", STARTS, str(policy.id)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=servers.ROOT) for _ in range(4)]
    lines = [line.split() for process in processes for line in process.communicate(timeout=300)[0].splitlines()]
    assert len(lines) == 100
    assert len({run_id for run_id, _ in lines}) == 1
    assert sum(is_new == "True" for _, is_new in lines) == 1


def test_the_message_carries_the_run_id_and_nothing_else(policy, locks):
    start = actors.backups.capture.start(policy, SYSTEM)
    assert queued() == 1
    with redis.Redis(port=REDIS_PORT, db=0) as client:
        [message] = client.hgetall("dramatiq:interactive.msgs").values()
    assert f'"args":[{start.run.id}]' in message.decode()
    assert locks.get(f"{PREFIX}{start.run.dedupe_key}") == str(start.run.id).encode()


def test_what_is_held_back_is_sent_after_the_body_and_not_after_an_error(policy, cast):
    other = Policy.get((Policy.tenant == cast.contoso) & (Policy.id != policy.id))
    with enqueue.held_back():
        run = actors.backups.capture.start(policy, SYSTEM).run
        assert queued() == 0
    assert (queued(), Run.get_by_id(run.id).enqueued_at is None) == (1, False)
    with pytest.raises(ZeroDivisionError), enqueue.held_back(), handle.atomic():
        actors.backups.capture.start(other, SYSTEM)
        raise ZeroDivisionError
    assert (queued(), Run.select().count()) == (1, 1)
    assert actors.backups.capture.start(other, SYSTEM).is_sent, "nothing is held back any longer"
    assert queued() == 2


def test_an_enqueue_for_a_key_that_another_active_run_holds_is_vetoed(policy, locks, cast):
    other = Policy.get((Policy.tenant == cast.contoso) & (Policy.id != policy.id))
    holder = actors.backups.capture.start(other, SYSTEM).run
    locks.set(f"{PREFIX}policy.capture_snapshot:{policy.tenant_id}:{policy.id}", holder.id)
    start = actors.backups.capture.start(policy, SYSTEM)
    assert (start.is_new, start.is_sent) == (True, False)
    assert queued() == 1


def test_a_lock_left_by_an_ended_run_is_taken_over(policy, locks):
    locks.set(f"{PREFIX}policy.capture_snapshot:{policy.tenant_id}:{policy.id}", 999_999)
    assert actors.backups.capture.start(policy, SYSTEM).is_sent


def test_the_lock_goes_with_the_run(policy, locks, graph, worker, ended):
    run = ended(actors.backups.capture.start(policy, SYSTEM).run.id)
    servers.wait_for(lambda: not locks.get(f"{PREFIX}{run.dedupe_key}"), "The lock's end")


def test_with_redis_gone_the_start_is_recorded_and_sent_when_it_is_back(policy, monkeypatch):
    away = redis.Redis(port=servers.free_port(), socket_connect_timeout=0.2, retry=None)
    there = brokers.broker.client
    monkeypatch.setattr(brokers.broker, "client", away)
    monkeypatch.setattr(brokers.broker, "scripts", {
        name: away.register_script(script.script) for name, script in brokers.broker.scripts.items()
    })  # fmt: skip
    start = actors.backups.capture.start(policy, SYSTEM)
    assert (start.is_new, start.is_sent) == (True, False)
    assert not enqueue.enqueue(start.run)
    monkeypatch.undo()
    assert brokers.broker.client is there
    Run.update(created_at=Run.get_by_id(start.run.id).created_at.replace(year=2020)).execute()
    scheduler.sweep()
    assert queued() == 1
    away.close()


def sent_ago(**since):
    """As if every run had been sent, or its message seen, so long ago."""
    Run.update(enqueued_at=utcnow() - timedelta(**since)).execute()


def messages():
    """Those that are in Redis, whoever has fetched them."""
    with redis.Redis(port=REDIS_PORT) as client:
        return sum(client.hlen(f"dramatiq:{queue}.msgs") for queue in brokers.broker.get_declared_queues())


def test_a_message_lost_with_redis_is_sent_again(policy, locks):
    actors.backups.capture.start(policy, SYSTEM)
    sent_ago(minutes=1)
    scheduler.sweep()
    assert messages() == 1, "it is still there"
    locks.flushall()
    scheduler.sweep()
    assert messages() == 0, "it was there a moment ago"
    sent_ago(minutes=1)
    scheduler.sweep()
    assert messages() == 1


def test_a_lost_message_is_sent_again_while_another_run_waits_for_days(policy, locks, cast):
    other = Policy.get((Policy.tenant == cast.contoso) & (Policy.id != policy.id))
    run = actors.backups.capture.start(policy, SYSTEM).run
    Run.update(enqueued_at=run.created_at - timedelta(minutes=1)).execute()
    with redis.Redis(port=REDIS_PORT) as client:
        client.flushall()
    enqueue.enqueue(actors.backups.capture.start(other, SYSTEM).run, delay_seconds=3600)
    before = queued()
    scheduler.sweep()
    assert queued() == before + 1


def test_however_long_it_waits_in_a_queue_a_run_is_sent_once(policy, locks):
    actors.backups.capture.start(policy, SYSTEM)
    for _ in range(5):
        sent_ago(hours=1)
        scheduler.sweep()
    assert messages() == 1


def test_a_message_that_its_worker_keeps_is_sent_again_after_ten_minutes(policy, locks):
    actors.backups.capture.start(policy, SYSTEM)
    assert next(brokers.broker.consume("interactive", timeout=1))
    sent_ago(minutes=9)
    scheduler.sweep()
    assert messages() == 1, "Dramatiq hands on what a dead worker has"
    sent_ago(minutes=11)
    scheduler.sweep()
    scheduler.sweep()
    assert messages() == 2, "once more, and not with every sweep"


@pytest.fixture
def waiting(cast, redis_url, monkeypatch):
    """Twelve runs whose wait is over; five are handled at a tick."""
    monkeypatch.setattr(lost_runs, "RUNS_PER_TICK", 5)
    for number in range(12):
        key = f"policy.capture_snapshot:{number}"
        one = runs.start(tenant=cast.contoso, kind=RunKind.CAPTURE_SNAPSHOT, dedupe_key=key, items=[], actor=SYSTEM)
        claim = claims.take_claim(one.run.id, one.run.kind)
        claims.wait(claim, "Waiting 0 s.", -10)
        enqueue.enqueue(claim.run, delay_seconds=0)
    with redis.Redis(port=REDIS_PORT) as client:
        client.delete("dramatiq:interactive.DQ", "dramatiq:interactive.DQ.msgs")
    sent_ago(seconds=20)


def test_of_many_that_are_due_each_has_its_turn_and_one_message(waiting):
    """The delayed messages of all of them were lost; nobody works, and the queue grows long."""
    for tick in range(1, 4):
        scheduler.sweep()
        assert messages() == min(5 * tick, 12)
    for _ in range(20):
        sent_ago(minutes=1)
        scheduler.sweep()
    assert messages() == 12


def test_the_scheduler_releases_the_locks_of_runs_that_ended_elsewhere(policy, locks, cast):
    other = Policy.get((Policy.tenant == cast.contoso) & (Policy.id != policy.id))
    ended, active = (actors.backups.capture.start(one, SYSTEM).run for one in (policy, other))
    completion.request_cancel(ended, SYSTEM)
    scheduler.sweep()
    assert not locks.exists(f"{PREFIX}{ended.dedupe_key}")
    assert locks.exists(f"{PREFIX}{active.dedupe_key}")


def test_a_redelivered_message_of_an_ended_run_does_nothing(policy, graph, worker, ended, cast):
    run = ended(actors.backups.capture.start(policy, Actor.person(cast.ada, None)).run.id)
    asked = graph.requests()["graph"]
    brokers.broker.get_actor(run.kind).send_with_options(args=(run.id,), dedupe_key=run.dedupe_key)
    worker.join()
    brokers.broker.join("interactive")
    assert graph.requests()["graph"] == asked
    assert claims.take_claim(run.id, run.kind) is None


def test_a_run_whose_item_was_settled_before_goes_on_at_once(policy):
    def settle_twice(claim):
        for item in run_items.unsettled_items(claim.run) * 2:
            run_items.finish_item(claim, item, ItemState.DONE, Outcome.CAPTURED)

    run = actors.backups.capture.start(policy, SYSTEM).run
    with pytest.raises(run_items.AlreadySettled):
        run_actor.run_claimed(run.id, run.kind, settle_twice)
    found = Run.get_by_id(run.id)
    assert (found.claimed_by, found.attempts) == (None, 1), "nobody waits for the claim to grow old"
    assert found.resume_at - utcnow() < timedelta(seconds=5)
