import pytest

from db.copies import turns
from db.copies.turns import Turn
from db.models import CopyStore

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_a_turn_that_is_taken_comes_after_the_one_before_it_and_is_on_record(database):
    store = CopyStore.create(name="Vault", address="file:///x", sealed=b"", recipients=[], copy_days=9)
    assert turns.own_turn(store) is None
    turn = turns.take(store, 9)
    assert turns.own_turn(CopyStore.get()) == turn
    assert Turn(9, "f" * 32) < turn < Turn(10, "g")
    store.delete_instance()
    assert turns.own_turn(store) is None
