"""One message at a time may write a run."""

import pytest

from db.models import Run
from db.recovery import lost_runs
from db.runs import claims, completion, run_items
from db.states import ItemState, Outcome, RunState
from tests.support.claimed_runs import age, claimed, settle_all, taken_back

pytestmark = pytest.mark.usefixtures("lock_order")


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
