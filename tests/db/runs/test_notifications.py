"""Subscribers are notified."""

import pytest

from db.accounts import users
from db.runs import completion, notifications, run_items
from db.states import ItemState, Outcome, RunState
from tests.support.claimed_runs import claimed, settle_all

pytestmark = pytest.mark.usefixtures("lock_order")


def test_subscribers_hear_of_every_run_of_the_tenant(start, cast):
    users.set_subscribed(cast.rita, cast.contoso, True)
    start(cast.ada)
    assert notifications.unread_count(cast.rita.id) == 1


@pytest.mark.parametrize(
    ("state", "outcome", "news"),
    [
        (ItemState.SKIPPED, Outcome.FORBIDDEN, 1),
        (ItemState.DONE, Outcome.GONE, 1),
        (ItemState.SKIPPED, Outcome.EXISTS, 0),
    ],
)
def test_a_success_of_ones_own_that_lacks_something_is_news(start, cast, state, outcome, news):
    claim = claimed(start(cast.ada, items=2))
    short, whole = run_items.unsettled_items(claim.run)
    run_items.finish_item(claim, short, state, outcome, message="It is as it is.")
    run_items.finish_item(claim, whole, ItemState.DONE, Outcome.CAPTURED)
    assert completion.finish(claim) == RunState.SUCCEEDED
    assert notifications.unread_count(cast.ada.id) == news


@pytest.mark.parametrize(("state", "news"), [(ItemState.DONE, (0, 1)), (ItemState.FAILED, (1, 1))])
def test_a_success_of_ones_own_is_no_news_and_a_failure_is(start, cast, state, news):
    """Who asked for it has it in their list, read; who hears of every run has it unread."""
    users.set_subscribed(cast.rita, cast.contoso, True)
    claim = claimed(start(cast.ada))
    assert notifications.unread_count(cast.ada.id) == 0, "that it began is none"
    settle_all(claim, state, reason=None if state == ItemState.DONE else "failed")
    completion.finish(claim)
    assert tuple(notifications.unread_count(person.id) for person in (cast.ada, cast.rita)) == news
    assert len(notifications.latest(cast.ada.id)) == 1
