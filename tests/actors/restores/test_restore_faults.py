"""A live restore whose worker is killed again and again while answers are lost: nothing twice, and nothing untrue."""

import os
import random
import signal
import time
from datetime import timedelta

import pytest
import redis

import actors.plans.preview
import actors.restores.live_restore
import config
from actors import scheduler
from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.backups import manifests
from db.clock import utcnow
from db.models import AuditEvent, BackupSet, Policy, Restore, Run, RunItem, Write
from db.recovery import lost_runs
from db.restores import restore_items
from db.states import ACTIVE, RunState
from tests.support import servers
from tests.support.captures import capture_by_hand
from tests.support.environment import REDIS_PORT
from tests.support.restore_steps import executed, options, previewed
from tests.support.simulated_tenant import WRITE, catalog_policy

CATALOG = "deviceManagement/configurationPolicies"
KILLS, ITEMS = 10, 60


def graph_id(number):
    return f"{number:08d}-0000-4000-8000-000000000000"


def set_of_many(graph, tenant, *, gone):
    """A backup set of many policies; those whose number is in `gone` are no longer there, the others changed."""
    kept = []
    for number in range(ITEMS):
        item = catalog_policy(graph_id(number), f"Policy {number}", count=3)
        policy = Policy.create(
            tenant=tenant, policy_type="configurationPolicies", graph_id=item["id"], name=item["name"]
        )
        body = {name: value for name, value in item.items() if name != "assignments"}
        kept.append(capture_by_hand(policy, SYSTEM, {**body, "description": "as it was"})[1])
        if number not in gone:
            graph.put(CATALOG, item)
    return BackupSet.create(
        tenant=tenant,
        selection={},
        types={},
        problems=[],
        state="complete",
        manifest=manifests.save(tenant, [one.id for one in kept]),
    )


def killed(process, run_id):
    """As after a power cut: the worker is gone at once, and its last heartbeat grows old."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    Run.update(heartbeat_at=utcnow() - timedelta(minutes=1)).where(
        (Run.id == run_id) & Run.claimed_by.is_null(False)
    ).execute()
    with redis.Redis(port=REDIS_PORT, db=1) as client:  # the minutes that the documented limit would cost
        for key in client.keys("tenantkeep:budget:*"):
            client.delete(key)
    scheduler.sweep()


def is_claimed(run_id):
    run = Run.get_by_id(run_id)
    return run.claimed_by is not None or run.state not in ACTIVE


# On one engine: tests/faults kills the workers of live restores on both, once each.
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("seed", [20261124])
def test_ten_kills_and_lost_answers_leave_nothing_twice_and_nothing_untrue(
    app, graph, cast, start_worker, monkeypatch, seed
):
    monkeypatch.setenv("TENANTKEEP_SETTLE_SECONDS", "3")
    monkeypatch.setattr(lost_runs, "MAX_ATTEMPTS", 2 * KILLS)  # some die before they get anywhere
    config.settings.cache_clear()
    print(f"seed {seed}")
    dice = random.Random(seed)
    graph.change(permissions=WRITE)
    gone = set(range(0, ITEMS, 2))
    restore = drafts.from_backup_set(set_of_many(graph, cast.contoso, gone=gone), cast.contoso, options(), SYSTEM)
    worker = start_worker()
    preview = actors.plans.preview.start(restore, SYSTEM).run
    servers.wait_for(lambda: Run.get_by_id(preview.id).state not in ACTIVE, "The preview")
    # So slow that the run outlives its kills, also where this process has to wait for the processor.
    graph.change(flags={"lost_answers": 0.1, "lost_answers_seed": seed, "latency_ms": 600})
    run = actors.restores.live_restore.start(Restore.get_by_id(restore.id), SYSTEM, reason="ticket 4711").run
    kills = 0
    while kills < KILLS and Run.get_by_id(run.id).state in ACTIVE:
        servers.wait_for(lambda: is_claimed(run.id), "A worker that takes the run")
        time.sleep(dice.uniform(0.02, 1.0))
        killed(worker, run.id)
        kills += 1
        worker = start_worker()
    graph.change(flags={"latency_ms": 0})
    servers.wait_for(lambda: _swept(run.id), "The end", seconds=300)
    _nothing_twice_and_nothing_untrue(graph, restore, Run.get_by_id(run.id), gone)
    assert kills == KILLS, f"the run ended after {kills} kills"


def _swept(run_id):
    time.sleep(0.3)
    with redis.Redis(port=REDIS_PORT, db=1) as client:
        for key in client.keys("tenantkeep:budget:*"):
            client.delete(key)
    scheduler.sweep()
    return Run.get_by_id(run_id).state not in ACTIVE


def _nothing_twice_and_nothing_untrue(graph, restore, run, gone):
    there = graph.objects()[CATALOG]
    names = [one["name"] for one in there.values() if one["name"].startswith("Policy ")]
    assert len(names) == len(set(names)) == ITEMS, "nothing exists twice, and nothing is missing"
    assert graph.requests()["created"] == {CATALOG: len(gone)}, "nothing was ever made twice"
    assert run.state == RunState.SUCCEEDED, run.error_message
    for item in restore_items.items(restore):
        row = RunItem.get((RunItem.run == run) & (RunItem.restore_item_id == item.id))
        assert (row.state, row.outcome) == ("done", "recreated" if item.action == "recreate" else "updated")
        assert there[item.created_id or item.target_id]["description"] == "as it was"
    written = AuditEvent.select().where(AuditEvent.action == "policy:written")
    assert written.count() == ITEMS
    assert Write.select().count() >= graph.requests()["writes"], "each write that was sent is on record"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_conditional_access_gets_on_at_one_request_a_second(app, graph, cast, worker, ended):
    """Each message gets one request through: what was looked at or written is not asked for again."""
    graph.change(permissions=WRITE)
    locations = "identity/conditionalAccess/namedLocations"
    kept = []
    for number in range(2):
        body = {"@odata.type": "#microsoft.graph.countryNamedLocation", "id": graph_id(number),
                "displayName": f"Country {number}", "countriesAndRegions": ["AT"]}  # fmt: skip
        graph.put(locations, {**body, "countriesAndRegions": ["DE"]})
        policy = Policy.create(tenant=cast.contoso, policy_type="namedLocations", graph_id=body["id"], name="x")
        kept.append(capture_by_hand(policy, SYSTEM, body)[1])
    backup_set = BackupSet.create(tenant=cast.contoso, selection={}, types={}, problems=[], state="complete",
                                  manifest=manifests.save(cast.contoso, [one.id for one in kept]))  # fmt: skip
    restore = previewed(drafts.from_backup_set(backup_set, cast.contoso, options(), SYSTEM), ended)
    _, run = executed(restore, ended)
    assert run.state == RunState.SUCCEEDED
    assert {tuple(one["countriesAndRegions"]) for one in graph.objects()[locations].values()} == {("AT",)}
    assert graph.requests()["writes"] == 2
