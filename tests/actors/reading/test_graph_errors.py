"""Which items are read next, and which errors end an item, cost it a try, or only make it wait."""

from types import SimpleNamespace

import pytest

from actors.queue.run_actor import Wait
from actors.reading import graph_errors
from db.runs import run_items
from db.runs.claims import MAX_ATTEMPTS
from graph.errors import NotFound, Throttled, Unavailable


def item(item_id, tries=0):
    return SimpleNamespace(id=item_id, tries=tries)


def throttled(seconds):
    error = Throttled("throttled", "Wait.")
    error.retry_after = seconds
    return error


def test_items_that_were_tried_come_after_all_others():
    fresh, tried = item(1), item(2, tries=1)
    assert graph_errors.next_to_read([tried, fresh]) == [fresh]
    assert graph_errors.next_to_read([tried]) == [tried]


@pytest.mark.parametrize(
    ("tries", "result", "is_final"),
    [
        (0, object(), True),
        (0, NotFound("not_found", "It is gone."), True),
        (0, Unavailable("unavailable", "It does not answer."), False),
        (MAX_ATTEMPTS - 1, Unavailable("unavailable", "It does not answer."), True),
        (MAX_ATTEMPTS - 1, Throttled("throttled", "Wait."), False),
    ],
)
def test_an_error_is_final_when_another_try_cannot_help(tries, result, is_final):
    assert graph_errors.is_final(item(1, tries), result) is is_final


def test_postponing_nothing_raises_nothing():
    assert graph_errors.postpone(None, {}) is None


def test_postponing_raises_the_shortest_wait_that_graph_asked_for(monkeypatch):
    counted = []
    monkeypatch.setattr(run_items, "count_try", lambda claim, ids: counted.extend(ids))
    waits = {"a": throttled(9), "b": throttled(3)}
    with pytest.raises(Throttled) as raised:
        graph_errors.postpone(None, waits)
    assert raised.value.retry_after == 3
    assert not counted, "a wait costs no try"


def test_postponing_a_failure_counts_a_try_and_waits(monkeypatch):
    counted = []
    monkeypatch.setattr(run_items, "count_try", lambda claim, ids: counted.extend(ids))

    class Item:
        id, tries = 7, 2

    with pytest.raises(Wait) as raised:
        graph_errors.postpone(None, {Item(): Unavailable("unavailable", "It does not answer.")})
    assert counted == [7]
    assert 3 <= raised.value.seconds <= 5
    assert raised.value.reason.startswith("It does not answer. Trying again in ")
