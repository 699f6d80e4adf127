"""A service that lets one request a second through, in pages of five: no more requests than without a limit.

A second is a moment here (bench/conditional_access.py has all of it); the simulator counts what it was asked.
"""

import os
import signal
import time
from contextlib import contextmanager
from datetime import timedelta

import pytest

import actors.backups.back_up
import actors.backups.sync
import actors.plans.preview
import actors.restores.live_restore
from actors import scheduler
from actors.plans import drafts
from actors.reading.answer_memory import RunMemory
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import BackupSet, Restore, Run, RunAnswer, RunItem
from db.recovery import lost_runs
from db.restores import restore_items, restore_rules
from db.runs import answer_cache, claims, run_items, runs
from db.states import ItemState, RunState, SetState
from graph.transport import rate_limits
from graph.transport.client import Answer
from tests.support.restore_steps import options
from tests.support.simulated_tenant import CA, WRITE, conditional_access

POLICIES, LOCATIONS, STRENGTHS = 16, 6, 6
# The time in which our own budget lets one request through.
MOMENT = 0.02
MORE = 10
BREAK_GLASS = "8" * 8 + "-0000-4000-8000-" + "8" * 12


@contextmanager
def limit_of(monkeypatch, requests, seconds):
    with monkeypatch.context() as patched:
        for service in rate_limits.NEVER_IN_A_BATCH:
            patched.setitem(rate_limits.LIMITS, service, (requests, seconds))
        yield


@pytest.fixture
def slow(graph, cast):
    """Contoso with Conditional Access alone, every permission, and a group for emergencies, as the guard wants."""
    graph.change(permissions=WRITE)
    graph.put("groups", {"id": BREAK_GLASS, "displayName": "SG", "members": [{"id": "ada"}]})
    restore_rules.change(cast.contoso, False, f"group {BREAK_GLASS} SG", SYSTEM)
    for collection, items in conditional_access(POLICIES, LOCATIONS, STRENGTHS).items():
        for item in items:
            if collection == f"{CA}/policies":
                item["conditions"]["users"] = {"includeUsers": ["All"], "excludeGroups": [BREAK_GLASS]}
            graph.put(collection, item)
    return graph


class Steps:
    """sync, backup, preview and live restore of what somebody changed; each says how many requests it took."""

    def __init__(self, graph, tenant, ended):
        self.graph, self.tenant, self.ended = graph, tenant, ended

    def _asked(self, start):
        before = self.graph.requests()
        run = self.ended(start().run.id, 120)
        assert run.state == RunState.SUCCEEDED, run.error_message
        after = self.graph.requests()
        assert after["throttled"] == before["throttled"] == 0
        return sum(after[name] - before[name] for name in ("graph", "writes"))

    def all(self):
        """Step -> requests. Half of the policies were changed since, the others deleted."""
        yield "sync", self._asked(lambda: actors.backups.sync.start(self.tenant, SYSTEM))
        yield "backup", self._asked(lambda: actors.backups.back_up.start(self.tenant, SYSTEM, is_full=True))
        made = BackupSet.select().order_by(BackupSet.id.desc()).get()
        assert made.state == SetState.COMPLETE, made.problems
        there = sorted(self.graph.objects()[f"{CA}/policies"].values(), key=lambda item: item["displayName"])
        for number, item in enumerate(there):
            if number % 2:
                changed = {**item, "state": "disabled", "modifiedDateTime": "2026-01-01T00:00:00Z"}
                self.graph.put(f"{CA}/policies", changed)
            else:
                self.graph.delete(f"{CA}/policies", item["id"])
        restore = drafts.from_backup_set(made, self.tenant, options(), SYSTEM)
        yield "preview", self._asked(lambda: actors.plans.preview.start(restore, SYSTEM))
        plans = {one.action for one in restore_items.items(restore)}
        assert plans == {"recreate", "update", "matches"}
        again = Restore.get_by_id(restore.id)
        yield "live", self._asked(lambda: actors.restores.live_restore.start(again, SYSTEM, reason="ticket"))
        left = {item["state"] for item in self.graph.objects()[f"{CA}/policies"].values()}
        assert left == {"enabled"}


@pytest.mark.usefixtures("app", "worker", "quick")
def test_every_step_needs_no_more_requests_than_without_a_limit(slow, cast, ended, monkeypatch):
    steps = Steps(slow, cast.contoso, ended)
    free = dict(steps.all())
    with limit_of(monkeypatch, 1, MOMENT):
        limited = dict(steps.all())
    assert {name: asked - free[name] for name, asked in limited.items() if asked > free[name] + MORE} == {}
    assert free["sync"] >= 45 - 3 + POLICIES // 5 + LOCATIONS // 5 + STRENGTHS // 5, "in pages of five"
    assert not RunAnswer.select().exists(), "nothing is kept beyond its run"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_killed_worker_costs_what_was_under_way_and_no_page_before(
    slow, cast, ended, start_worker, monkeypatch, redis_url
):
    """Each worker is let through for a few requests, then killed; the next one goes on from what is in the database."""
    monkeypatch.setenv("dramatiq_worker_timeout", "20")
    start_worker()
    free = Steps(slow, cast.contoso, ended)._asked(lambda: actors.backups.sync.start(cast.contoso, SYSTEM))
    slow.change(flags={"latency_ms": 40})
    before = slow.requests()["graph"]
    run = actors.backups.sync.start(cast.contoso, SYSTEM).run
    for _ in range(3):
        worker = start_worker()
        seen = RunAnswer.select().count()
        until = time.monotonic() + 300
        while RunAnswer.select().count() <= seen and Run.get_by_id(run.id).state != RunState.SUCCEEDED:
            assert time.monotonic() < until, Run.get_by_id(run.id).waiting
            scheduler.sweep()
            time.sleep(0.02)
        os.killpg(worker.pid, signal.SIGKILL)
        worker.wait()
        Run.update(heartbeat_at=utcnow() - timedelta(minutes=1)).where(
            (Run.id == run.id) & Run.claimed_by.is_null(False)
        ).execute()
    start_worker()
    assert ended(run.id).state == RunState.SUCCEEDED
    slow.change(flags={"latency_ms": 0})
    assert slow.requests()["graph"] - before <= free + 3 * 20, "a call that was under way is lost, and only that"


def test_answers_are_sealed_belong_to_the_whole_run_and_end_with_it(cast):
    run = runs.start(tenant=cast.contoso, kind="backup_set.capture", dedupe_key="k", items=[], actor=SYSTEM).run
    claim = claims.take_claim(run.id, run.kind)
    answer_cache.save(claim, [("item:1", "a" * 64, {"body": {"password": "hush-hush-hush"}})])
    part = Run.create(tenant=cast.contoso, kind="backup_set.part", dedupe_key="p", parent=run, part=1)
    assert answer_cache.load(part, ["item:1"]) == {"item:1": {"a" * 64: {"body": {"password": "hush-hush-hush"}}}}
    assert b"hush" not in bytes(RunAnswer.get().sealed)
    claims.release(claim)
    with pytest.raises(claims.ClaimLost):
        answer_cache.save(claim, [("item:1", "b" * 64, {"body": {}})])
    Run.delete().where(Run.id == run.id).execute()
    assert not RunAnswer.select().exists()


def waits(run, **columns):
    claim = claims.take_claim(run.id, run.kind)
    claims.wait(claim, "Waiting 1 s.", 0)
    Run.update(**columns).where(Run.id == run.id).execute()


def test_a_run_that_waits_without_getting_on_is_noticed_and_one_that_gets_on_is_not(cast):
    item = run_items.NewRunItem("configurationPolicies", "One")
    run = runs.start(tenant=cast.contoso, kind="policy.sync", dedupe_key="k", items=[item], actor=SYSTEM).run
    long_ago = utcnow() - timedelta(seconds=lost_runs.STALLED_SECONDS + 1)
    waits(run, started_at=utcnow())
    assert lost_runs.stalled() == []
    waits(run, started_at=long_ago)
    assert lost_runs.stalled() == [run]
    claim = claims.take_claim(run.id, run.kind)
    [row] = RunItem.select().where(RunItem.run == run)
    run_items.finish_item(claim, row, ItemState.DONE, "listed")
    claims.wait(claim, "Waiting 1 s.", 0)
    assert lost_runs.stalled() == [], "something was settled before it had to wait again"
    Run.update(progressed_at=long_ago).where(Run.id == run.id).execute()
    assert lost_runs.stalled() == [run]


def test_a_reading_that_began_too_early_begins_anew_as_a_whole(cast):
    """Old answers must not come back beside a new one: a look before a write is of one moment."""
    run = runs.start(tenant=cast.contoso, kind="restore.live", dedupe_key="k", items=[], actor=SYSTEM).run
    claim = claims.take_claim(run.id, run.kind)
    RunMemory(claim, "item").keep([(1, "a" * 64, Answer(body={"n": 1})), (2, "a" * 64, Answer(body={"n": 2}))])
    RunAnswer.update(kept_at=utcnow() - timedelta(minutes=30)).where(RunAnswer.reading == "item:1").execute()
    fresh = RunMemory(claim, "item", dict.fromkeys((1, 2), utcnow() - timedelta(seconds=20)))
    assert set(fresh.recall([1, 2])) == {2}
    fresh.keep([(1, "b" * 64, Answer(body={"n": 3}))])
    assert {mark[0] for mark in fresh.recall([1, 2])[1]} == {"b"}


@pytest.mark.usefixtures("app", "worker", "quick")
@pytest.mark.parametrize("fault", [{"status": 403, "body": {"error": {"code": "Forbidden", "message": "no"}}},
                                   {"status": 503}], ids=["refused", "not to be had"])  # fmt: skip
def test_a_list_that_cannot_be_had_does_not_keep_a_preview_from_ending(slow, cast, ended, monkeypatch, fault):
    """It takes the one request that is let through; it must not take it again with each message."""
    monkeypatch.setattr("actors.queue.run_actor.LONGEST_BACKOFF", 0.05)
    steps = Steps(slow, cast.contoso, ended)
    steps._asked(lambda: actors.backups.back_up.start(cast.contoso, SYSTEM))
    made = BackupSet.select().order_by(BackupSet.id.desc()).get()
    slow.fault(kind="status", path="authenticationContextClassReferences|namedLocations", times=1000, **fault)
    with limit_of(monkeypatch, 1, MOMENT):
        restore = drafts.from_backup_set(made, cast.contoso, options(), SYSTEM)
        before = slow.requests()["graph"]
        run = ended(actors.plans.preview.start(restore, SYSTEM).run.id)
    slow.clear_faults()
    assert run.state in (RunState.SUCCEEDED, RunState.PARTIAL)
    assert {one.action for one in restore_items.items(restore) if one.policy_type == "authenticationStrengths"} == {
        "matches"
    }
    assert slow.requests()["graph"] - before < 2 * (POLICIES + LOCATIONS + STRENGTHS) + 2 * 5 * MORE
