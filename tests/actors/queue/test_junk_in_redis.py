"""Whatever somebody puts into our Redis keys: no sweep, start, message or sign-in ends by it, and no run waits."""

import json

import pytest

from actors import scheduler
from actors.backups import sync as syncing
from actors.queue import dedupe
from actors.queue.broker import broker, locks
from actors.queue.broker import dedupe as guard
from actors.queue.enqueue import enqueue
from actors.tenants import request_budget
from actors.tenants.request_budget import TenantBudget
from db.audit.audit import SYSTEM
from db.models import Run, Setback
from db.states import RunState
from graph.errors import Throttled
from graph.transport import rate_limits
from tests.support import servers
from tests.web.views.people.test_sign_in import attempt
from web.security import attempt_limits

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
WORDS = (b"x", b"", b"-1", b"1.5", b"9" * 40, b"\xff\xfe", b"7 7", b"7 a b c", b"\x00", b"1e5", b"nan", b"[]")
MAKES = {
    **{f"string {word!r}": lambda client, key, word=word: client.set(key, word) for word in WORDS},
    "list": lambda client, key: client.rpush(key, *WORDS),
    "hash": lambda client, key: client.hset(key, mapping={"a": "b"}),
    "set": lambda client, key: client.sadd(key, *WORDS),
    "sorted set": lambda client, key: client.zadd(key, {b"x": 1, b"\xff": float("inf"), b"9" * 30: 9e18, b"-1:a": 0}),
    "stream": lambda client, key: client.xadd(key, {"a": "b"}),
}
DELAYED = "bulk.DQ"


def kinds_of_junk():
    """One after the other: put(client, *keys)."""
    for make in MAKES.values():

        def put(client, *keys, make=make):
            for key in keys:
                client.delete(key)
                make(client, key)

        yield put


def test_a_lock_of_nobody_is_taken_and_the_sweep_goes_on(cast, redis_url):
    for junk in kinds_of_junk():
        run = syncing.start(cast.contoso, SYSTEM).run
        key = run.dedupe_key
        junk(
            locks, dedupe.PREFIX + key, dedupe.PLACE_PREFIX + key, dedupe.PREFIX + "a", dedupe.PREFIX.encode() + b"\xff"
        )
        assert guard.places({run.id: key}) == {}
        guard.renew(key, run.id)
        guard.release(key, run.id)
        scheduler.tick()
        assert enqueue(run), "nobody holds it"
        assert locks.get(dedupe.PREFIX + key) == str(run.id).encode()
        assert not Setback.select().exists()


def test_a_budget_of_junk_is_an_empty_one(redis_url, database_url):
    for number, junk in enumerate(kinds_of_junk()):
        tenant = TenantBudget(locks, f"tenant {number}")
        junk(locks, tenant._key("log", rate_limits.INTUNE), tenant._key("block", rate_limits.CONDITIONAL_ACCESS))
        tenant.take({rate_limits.INTUNE: 5, rate_limits.CONDITIONAL_ACCESS: 1})
        locks.set(tenant._key("block", rate_limits.CONDITIONAL_ACCESS), 1, px=10**15)
        with pytest.raises(Throttled) as refused:
            tenant.take({rate_limits.CONDITIONAL_ACCESS: 1})
        assert refused.value.retry_after <= request_budget.LONGEST_WAIT_MS / 1000


def test_people_sign_in_whatever_stands_where_tries_are_counted(app, cast, redis_url):
    for junk in kinds_of_junk():
        attempt_limits._process_limiter.cache_clear()
        attempt(app.test_client(), password="x" * 12)
        keys = locks.keys("*tries*")
        assert keys
        junk(locks, *keys)
        assert attempt(app.test_client(), password="x" * 12).status_code == 401
        assert attempt(app.test_client()).status_code == 303


def test_the_queue_of_junk_ends_neither_sweep_nor_start(cast, redis_url):
    for junk in kinds_of_junk():
        run = syncing.start(cast.contoso, SYSTEM).run
        place = f"{broker.namespace}:{guard.places({run.id: run.dedupe_key})[run.id].queue}"
        Run.update(enqueued_at=None).execute()
        junk(
            broker.client, place, f"{place}.msgs", f"{broker.namespace}:__heartbeats__", f"{broker.namespace}:{DELAYED}"
        )
        scheduler.tick()
        assert enqueue(run) in (True, False)
        assert Run.get_by_id(run.id).state == RunState.QUEUED


def test_a_worker_outlives_messages_of_junk_and_carries_out_the_next_run(cast, graph, redis_url, start_worker):
    fields = {"queue_name": "bulk", "actor_name": "none", "args": ["x"], "kwargs": {}, "options": {"dedupe_key": 7}}
    odd = [b"x", b"{}", b"\xff", json.dumps({**fields, "message_id": "d", "message_timestamp": 1}).encode()]
    for number, body in enumerate(odd):
        for queue in broker.get_declared_queues():
            broker.client.hset(f"{broker.namespace}:{queue}.msgs", f"junk{number}", body)
            broker.client.rpush(f"{broker.namespace}:{queue}", f"junk{number}")
    worker = start_worker()
    run = syncing.start(cast.contoso, SYSTEM).run

    def ended():
        scheduler.sweep()
        return Run.get_by_id(run.id).state == RunState.SUCCEEDED

    servers.wait_for(ended, "The run", process=worker)
