from datetime import timedelta

import pytest

from db.accounts import users
from db.audit.audit import Actor
from db.clock import utcnow
from db.models import AuditEvent, Notification, Policy, Run, RunItem
from db.recovery import lost_runs
from db.runs import claims, completion, notifications, run_items, runs
from db.states import ItemState, Outcome, RunKind, RunState

pytestmark = pytest.mark.usefixtures("lock_order")


@pytest.fixture
def start(cast):
    """start(by, items=1): a run of Contoso, started like pages do."""

    def make(by=None, items=1):
        policy = Policy.get(Policy.tenant == cast.contoso)
        new = [
            run_items.NewRunItem("configurationPolicies", f"item {n}", policy.id, policy.graph_id) for n in range(items)
        ]
        return runs.start(
            tenant=cast.contoso,
            kind=RunKind.CAPTURE_SNAPSHOT,
            dedupe_key="policy.capture_snapshot:1:1",
            items=new,
            actor=Actor.person(by or cast.ada, "127.0.0.1"),
            policy=policy,
        )

    return make


def claimed(started):
    return claims.take_claim(started.run.id, started.run.kind)


def taken_back():
    """As the scheduler's sweep does it; the ids of the runs to be sent again."""
    return [run.id for abandoned in lost_runs.presumed_lost() for run in lost_runs.take_back(abandoned)]


def settle_all(claim, state=ItemState.DONE, outcome=Outcome.CAPTURED, **more):
    for item in run_items.unsettled_items(claim.run):
        run_items.finish_item(claim, item, state, outcome, **more)


def age(run_id, seconds, **columns):
    """Make a run's times older, as if the test had waited."""
    past = utcnow() - timedelta(seconds=seconds)
    Run.update({getattr(Run, name): past for name in columns.get("names", [])}).where(Run.id == run_id).execute()


def test_a_second_start_finds_the_first_and_tells_its_caller_too(start, cast):
    first, second = start(cast.ada), start(cast.max)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.run.id == second.run.id
    assert {row.user_id for row in Notification.select()} == {cast.ada.id, cast.max.id}


def test_an_ended_run_frees_its_key(start):
    claim = claimed(start())
    settle_all(claim)
    assert completion.finish(claim) == RunState.SUCCEEDED
    assert start().is_new


def test_only_one_message_can_claim(start):
    run = start().run
    assert claims.take_claim(run.id, run.kind)
    assert claims.take_claim(run.id, run.kind) is None


def test_a_worker_that_lost_its_claim_can_write_nothing(start):
    old = claimed(start())
    item = run_items.unsettled_items(old.run)[0]
    age(old.run.id, 60, names=["heartbeat_at"])
    assert taken_back() == [old.run.id]
    new = claims.take_claim(old.run.id, old.run.kind)
    with pytest.raises(claims.ClaimLost):
        run_items.finish_item(old, item, ItemState.FAILED, Outcome.ERROR)
    with pytest.raises(claims.ClaimLost):
        completion.finish(old)
    settle_all(new)
    assert completion.finish(new) == RunState.SUCCEEDED


def test_a_run_whose_worker_dies_again_and_again_is_given_up(start):
    run = start().run
    for _ in range(claims.MAX_ATTEMPTS):
        assert claims.take_claim(run.id, run.kind)
        age(run.id, 60, names=["heartbeat_at"])
        taken_back()
    found = Run.get_by_id(run.id)
    assert (found.state, found.error_code) == (RunState.FAILED, "worker_died")


def test_a_heartbeat_from_before_the_clock_was_set_back_keeps_no_claim(start):
    claim = claimed(start())
    age(claim.run.id, -1, names=["heartbeat_at"])
    assert taken_back() == [], "clocks always differ a little"
    age(claim.run.id, -3600, names=["heartbeat_at"])
    assert taken_back() == [claim.run.id]


def test_a_heartbeat_keeps_a_claim(start):
    claim = claimed(start())
    age(claim.run.id, 60, names=["heartbeat_at"])
    claims.record_heartbeat([claim.token])
    assert taken_back() == []


def test_waiting_holds_no_claim_and_says_why(start):
    claim = claimed(start())
    claims.wait(claim, "Microsoft Graph asks us to wait 12 s.", 12)
    waiting = Run.get_by_id(claim.run.id)
    assert (waiting.state, waiting.waiting) == (RunState.RUNNING, "Microsoft Graph asks us to wait 12 s.")
    assert lost_runs.due_to_resume() == []
    age(claim.run.id, 60, names=["resume_at"])
    assert [run.id for run in lost_runs.due_to_resume()] == [claim.run.id]
    assert claims.take_claim(claim.run.id, claim.run.kind).run.waiting is None


@pytest.mark.parametrize(
    ("outcomes", "state"),
    [
        (["captured", "captured"], RunState.SUCCEEDED),
        (["captured", "error"], RunState.PARTIAL),
        (["error", "error"], RunState.FAILED),
        (["captured", "forbidden"], RunState.SUCCEEDED),
        (["forbidden", "forbidden"], RunState.FAILED),
    ],
)
def test_the_state_of_a_run_follows_from_its_items(start, outcomes, state):
    claim = claimed(start(items=2))
    states = {"captured": ItemState.DONE, "error": ItemState.FAILED, "forbidden": ItemState.SKIPPED}
    for item, outcome in zip(run_items.unsettled_items(claim.run), outcomes, strict=True):
        reason = None if outcome == "captured" else outcome
        run_items.finish_item(
            claim, item, states[outcome], Outcome(outcome), reason=reason, message=reason and "A sentence."
        )
    assert completion.finish(claim) == state
    run = Run.get_by_id(claim.run.id)
    assert (run.error_message == "A sentence.") == (state in {RunState.FAILED, RunState.PARTIAL})
    assert run.total == 2


def test_cancel_ends_an_unclaimed_run_at_once_and_keeps_what_was_done(start, cast):
    run = start(items=2).run
    claim = claims.take_claim(run.id, run.kind)
    run_items.finish_item(claim, run_items.unsettled_items(run)[0], ItemState.DONE, Outcome.CAPTURED)
    claims.wait(claim, "waits", 60)
    assert completion.request_cancel(run, Actor.person(cast.ada, None))
    found = Run.get_by_id(run.id)
    assert (found.state, found.done, found.skipped) == (RunState.CANCELLED, 1, 1)
    assert not completion.request_cancel(run, Actor.person(cast.ada, None))


def test_cancel_is_seen_by_the_worker_that_holds_the_run(start, cast):
    claim = claimed(start())
    completion.request_cancel(claim.run, Actor.person(cast.ada, None))
    assert Run.get_by_id(claim.run.id).state == RunState.RUNNING
    assert claims.is_cancel_requested(claim)
    assert completion.finish(claim) == RunState.CANCELLED


def test_the_end_of_a_run_is_told_and_audited_once(start, cast):
    claim = claimed(start())
    notifications.mark_read(cast.ada.id)
    assert notifications.unread_count(cast.ada.id) == 0
    settle_all(claim)
    completion.finish(claim)
    with pytest.raises(claims.ClaimLost):
        completion.finish(claim)
    assert notifications.unread_count(cast.ada.id) == 1
    assert AuditEvent.select().where(AuditEvent.action == "run:ended").count() == 1


def test_subscribers_hear_of_every_run_of_the_tenant(start, cast):
    users.set_subscribed(cast.rita, cast.contoso, True)
    start(cast.ada)
    assert notifications.unread_count(cast.rita.id) == 1


def test_a_start_that_fails_half_way_leaves_nothing(cast, start, monkeypatch):
    monkeypatch.setattr(runs.audit, "record", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        start()
    assert not Run.select().exists()
    assert not RunItem.select().exists()
    assert not Notification.select().exists()


def test_an_item_that_was_settled_before_is_told_apart_from_a_lost_claim(start):
    claim = claimed(start())
    item = run_items.unsettled_items(claim.run)[0]
    run_items.finish_item(claim, item, ItemState.DONE, Outcome.CAPTURED)
    for again in (
        lambda: run_items.finish_item(claim, item, ItemState.DONE, Outcome.CAPTURED),
        lambda: run_items.finish_captured_items(claim, Outcome.CAPTURED, {item.id: 1}),
    ):
        with pytest.raises(run_items.AlreadySettled):
            again()
    Run.update(claimed_by="another").execute()
    with pytest.raises(claims.ClaimLost):
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.CAPTURED)
