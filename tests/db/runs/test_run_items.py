"""An item is finished once."""

import pytest

from db.models import Run
from db.runs import claims, run_items
from db.states import ItemState, Outcome
from tests.support.claimed_runs import claimed

pytestmark = pytest.mark.usefixtures("lock_order")


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
