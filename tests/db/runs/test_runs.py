import pytest

from db.models import Notification, Run, RunItem
from db.runs import completion, runs
from db.states import RunState
from tests.support.claimed_runs import claimed, settle_all

pytestmark = pytest.mark.usefixtures("lock_order")


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


def test_a_start_that_fails_half_way_leaves_nothing(cast, start, monkeypatch):
    monkeypatch.setattr(runs.audit, "record", lambda *a, **k: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        start()
    assert not Run.select().exists()
    assert not RunItem.select().exists()
    assert not Notification.select().exists()
