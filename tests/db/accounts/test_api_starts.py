"""Starts with a key: once, whatever happens between the commit and the answer, and however many ask at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from db.accounts import api_starts, api_tokens
from db.accounts.api_starts import KeyReused, StartAnswer
from db.audit.audit import SYSTEM
from db.clock import utcnow
from db.database import database as handle
from db.models import ApiStart, Preference
from db.states import Scope

pytestmark = pytest.mark.usefixtures("lock_order")


@pytest.fixture
def token_id(cast):
    return api_tokens.make(cast.ada, "program", [Scope.START], None, None, 1, SYSTEM)[0].id


@pytest.fixture
def acts():
    """acts(): an act that counts how often it is done, in the database and beside it."""

    class Acts:
        count = 0

        def __call__(self):
            self.count += 1
            Preference.create(user=1, name=f"act {self.count}", value=1)
            return StartAnswer(202, {"number": self.count}, f"/runs/{self.count}")

    return Acts()


def test_twenty_at_once_do_it_once_and_are_all_answered_the_same(token_id, acts):
    barrier = threading.Barrier(12)

    def ask(number):
        with handle.connection_context():
            if number < 12:
                barrier.wait(60)
            return api_starts.answer_once(token_id, "key", "mark", acts)

    with ThreadPoolExecutor(12) as pool:
        answers = list(pool.map(ask, range(20)))
    assert answers == [StartAnswer(202, {"number": 1}, "/runs/1")] * 20
    assert (acts.count, ApiStart.select().count(), Preference.select().count()) == (1, 1, 1)


def test_a_key_stands_for_one_request_of_one_token_for_a_day(token_id, acts, cast):
    other_id = api_tokens.make(cast.ada, "another", [Scope.START], None, None, 1, SYSTEM)[0].id
    api_starts.answer_once(token_id, "key", "mark", acts)
    with pytest.raises(KeyReused):
        api_starts.answer_once(token_id, "key", "another mark", acts)
    assert api_starts.answer_once(other_id, "key", "another mark", acts).body == {"number": 2}
    ApiStart.update(made_at=utcnow() - timedelta(hours=24, minutes=1)).execute()
    assert api_starts.answer_once(token_id, "key", "another mark", acts).body == {"number": 3}
    assert api_starts.answer_once(token_id, "key", "another mark", acts).body == {"number": 3}


def test_an_error_leaves_nothing_of_the_act_nor_of_its_key(token_id, acts):
    def fails():
        acts()
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        api_starts.answer_once(token_id, "key", "mark", fails)
    assert not ApiStart.select().exists()
    assert not Preference.select().exists()
    assert api_starts.answer_once(token_id, "key", "mark", acts).body == {"number": 2}
