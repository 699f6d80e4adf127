"""A part of a run is the run's own affair: no message, person or sweep takes it for a run."""

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.models import Run, RunItem
from db.recovery import lost_runs
from db.runs import child_runs, claims, completion, run_items, runs
from db.states import ItemState, Outcome, RunKind, RunState
from tests.support.split_backup import handed_out, parts_of


@pytest.fixture
def whole(cast):
    return handed_out(cast.contoso)


def test_a_message_claims_a_run_of_its_own_kind_alone(whole):
    part = parts_of(whole)[0]
    assert claims.take_claim(part.id, RunKind.RESTORE) is None
    assert claims.take_claim(part.id, RunKind.BACK_UP_PART)


def test_a_part_is_found_by_no_number(whole):
    assert runs.find_run(whole.id) == whole
    assert [runs.find_run(part.id) for part in parts_of(whole)] == [None, None]


def test_cancelling_a_part_cancels_its_whole_and_ends_it(whole):
    assert completion.request_cancel(parts_of(whole)[0], SYSTEM)
    found = Run.get_by_id(whole.id)
    assert (found.state, found.skipped, parts_of(whole)) == (RunState.CANCELLED, 2, [])


def test_a_part_cannot_end_as_a_run(whole):
    part = parts_of(whole)[0]
    claim = claims.take_claim(part.id, part.kind)
    for end in (lambda: completion.finish(claim), lambda: completion.fail(claim, "x", "A sentence.")):
        with pytest.raises(ValueError, match="is a part"):
            end()
    assert RunItem.select().where(RunItem.state == ItemState.PENDING).count() == 2, "nothing of it stays"


def test_a_part_that_ended_as_a_run_keeps_its_whole_from_nothing(whole):
    """As an earlier version could leave it behind."""
    for part in parts_of(whole):
        claim = claims.take_claim(part.id, part.kind)
        run_items.finish_item(claim, run_items.unsettled_items(part)[0], ItemState.DONE, Outcome.CAPTURED)
    Run.update(state=RunState.CANCELLED, claimed_by=None, cancel_requested_at=utcnow()).where(
        Run.parent == whole
    ).execute()
    assert lost_runs.cancelled_and_unclaimed() == []
    assert lost_runs.parents_of_ended_children() == [whole]
    assert child_runs.finish_parent_if_done(whole.id)
    assert (Run.get_by_id(whole.id).state, parts_of(whole)) == (RunState.SUCCEEDED, [])


def test_an_end_that_fails_leaves_no_claim_behind(whole, monkeypatch):
    Run.delete().where(Run.parent == whole).execute()
    monkeypatch.setattr(completion.notifications, "mark_unread", lambda run_id, but_user_id=None: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        child_runs.finish_parent_if_done(whole.id)
    assert Run.get_by_id(whole.id).claimed_by is None
    assert lost_runs.parents_of_ended_children() == [whole]
