"""Who looks after a store: one at a time, whatever is asked for meanwhile, and another where the first died."""

from datetime import timedelta

import pytest

from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.copies import looks, stores
from db.copies.looks import LookLost
from db.models import CopyStore
from tests.db.copies.test_standing import COLUMNS

HOUR = timedelta(hours=1)


def begun():
    [row] = looks.due(utcnow())
    assert looks.claim(row)
    return looks.begin(row.id, row.claimed_by)


def test_what_is_asked_for_during_a_look_waits_for_its_end_and_is_done_after_it(database):
    CopyStore.create(**COLUMNS, tend_at=utcnow())
    [one], [other] = looks.due(utcnow()), looks.due(utcnow())
    assert [looks.claim(one), looks.claim(other)] == [True, False]
    store = looks.begin(one.id, one.claimed_by)
    stores.ask(store, SYSTEM, "push")
    stores.ask(store, SYSTEM, "verify")
    assert looks.due(utcnow()) == []
    looks.keep(store)
    looks.fulfil(store, state_at=utcnow(), is_verify_asked=False)
    looks.end(store, HOUR)
    store = begun()
    assert (store.state_at, store.is_verify_asked) == (None, True)
    looks.fulfil(store, state_at=utcnow(), is_verify_asked=False)
    looks.end(store, HOUR)
    store = CopyStore.get()
    assert (store.state_at is None, store.is_verify_asked, looks.due(utcnow())) == (False, False, [])
    assert looks.begin(store.id, one.claimed_by) is None, "a message that comes again after its look"


def test_what_a_dead_worker_had_is_found_and_it_stops_where_it_only_seemed_dead(database):
    CopyStore.create(**COLUMNS, tend_at=utcnow())
    first = begun()
    assert looks.begin(first.id, first.claimed_by), "its message is given to another worker"
    for wrong in (-HOUR, 9 * HOUR):
        # Long over, or by a clock that was set back since.
        CopyStore.update(claimed_until=utcnow() + wrong).execute()
        second = begun()
    with pytest.raises(LookLost):
        looks.keep(first)
    looks.end(first, HOUR)
    assert CopyStore.get().claimed_by == second.claimed_by
