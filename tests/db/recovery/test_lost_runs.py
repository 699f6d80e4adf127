"""Runs that lost their worker, or whose message was lost, are found and sent again."""

import pytest

from db.models import Run
from db.recovery import lost_runs
from db.runs import claims, completion, runs
from db.states import RunState
from tests.support.claimed_runs import age, claimed, taken_back

pytestmark = pytest.mark.usefixtures("lock_order")


def ids(found):
    return [run.id for run in found]


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


def test_run_is_never_enqueued_until_its_message_is_noted(start):
    run = start().run
    assert lost_runs.never_enqueued() == [], "its starter may be about to send it"
    age(run.id, lost_runs.UNSENT_SECONDS + 1, names=["created_at"])
    assert ids(lost_runs.never_enqueued()) == [run.id]
    assert lost_runs.never_enqueued(excluded_ids=[run.id]) == []
    runs.mark_enqueued([run.id])
    assert lost_runs.never_enqueued() == []


def test_run_is_due_to_resume_once_its_wait_is_over(start):
    claim = claimed(start())
    runs.mark_enqueued([claim.run.id])
    claims.wait(claim, "Graph asks us to wait.", 600)
    assert lost_runs.due_to_resume() == []
    age(claim.run.id, lost_runs.LOST_SECONDS + 1, names=["resume_at", "enqueued_at"])
    assert ids(lost_runs.due_to_resume()) == [claim.run.id]
    assert not lost_runs.has_waited_too_long(Run.get_by_id(claim.run.id))
    age(claim.run.id, lost_runs.PATIENCE_SECONDS + 1, names=["resume_at", "enqueued_at"])
    assert lost_runs.has_waited_too_long(Run.get_by_id(claim.run.id))


def test_stalled_run_waits_for_long_without_getting_on(start):
    claim = claimed(start())
    claims.wait(claim, "Later.", 1)
    assert lost_runs.stalled() == []
    age(claim.run.id, lost_runs.STALLED_SECONDS + 1, names=["started_at"])
    assert ids(lost_runs.stalled()) == [claim.run.id]
    Run.update(progressed_at=Run.created_at).where(Run.id == claim.run.id).execute()
    assert lost_runs.stalled() == [], "it has got on since"


def test_cancelled_run_that_nobody_holds_is_found(start):
    claim = claimed(start())
    Run.update(cancel_requested_at=Run.created_at).where(Run.id == claim.run.id).execute()
    assert lost_runs.cancelled_and_unclaimed() == [], "its worker sees it"
    claims.release(claim)
    assert ids(lost_runs.cancelled_and_unclaimed()) == [claim.run.id]
    assert completion.finish_if_cancelled(Run.get_by_id(claim.run.id))
    assert lost_runs.cancelled_and_unclaimed() == []
