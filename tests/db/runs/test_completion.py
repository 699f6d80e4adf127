"""A run ends once, and its state follows from its items."""

import pytest

from db.accounts import users
from db.audit.audit import Actor
from db.models import AuditEvent, Run
from db.runs import claims, completion, notifications, run_items
from db.states import ItemState, Outcome, RunState
from tests.support.claimed_runs import claimed, settle_all

pytestmark = pytest.mark.usefixtures("lock_order")


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
    assert (run.error_message == "A sentence.") == (outcomes != ["captured", "captured"])
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
    users.set_subscribed(cast.rita, cast.contoso, True)
    claim = claimed(start())
    for person in (cast.ada, cast.rita):
        notifications.mark_read(person.id)
    settle_all(claim)
    completion.finish(claim)
    with pytest.raises(claims.ClaimLost):
        completion.finish(claim)
    assert notifications.unread_count(cast.rita.id) == 1
    assert AuditEvent.select().where(AuditEvent.action == "run:ended").count() == 1
