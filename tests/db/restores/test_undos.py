"""Whether a restore was undone: by which undos, in whole or in part."""

import pytest

from db.restores import undos
from db.states import Outcome
from tests.support import undone_restores
from tests.support.undone_restores import undo

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def restored(cast, captured):
    return undone_restores.restored(cast, captured)


@pytest.mark.parametrize(
    "outcomes", [(), (Outcome.UPDATED,), (Outcome.UPDATED, Outcome.BLOCKED), (Outcome.CONFLICT, Outcome.REMOVED)]
)
def test_what_was_undone_in_part_or_not_yet_is_not_undone(cast, restored, outcomes):
    made = undo(restored, cast, *outcomes)
    assert undos.of_restore(restored) == [made]
    assert undos.that_undid(restored) == []


def test_what_was_undone_is_until_that_is_undone_itself(cast, restored):
    made = undo(restored, cast, Outcome.UPDATED, Outcome.REMOVED)
    assert undos.that_undid(restored) == [made]
    again = undo(made, cast, Outcome.UPDATED)
    assert (undos.that_undid(made), undos.that_undid(restored)) == ([again], [])
    listed = undos.that_undid_each([restored, made, again])  # as a list has them, one beside the other
    assert listed == {restored.id: [], made.id: [again], again.id: []}


def test_two_undos_do_it_between_them(cast, restored):
    first = undo(restored, cast, Outcome.UPDATED, Outcome.BLOCKED)
    second = undo(restored, cast, Outcome.CONFLICT, Outcome.REMOVED)
    assert undos.that_undid(restored) == [first, second]


def test_of_many_it_is_told_in_as_many_statements_as_of_one(cast, captured, statements):
    several = [undone_restores.restored(cast, captured) for _ in range(4)]
    untouched, half, whole, back = several
    undo(half, cast, Outcome.UPDATED, Outcome.BLOCKED)
    by = undone_restores.undone(whole, cast)
    again = undo(undone_restores.undone(back, cast), cast, Outcome.UPDATED)
    expected = {untouched.id: [], half.id: [], whole.id: [by], back.id: []}
    assert undos.that_undid_each(several) == expected
    assert undos.that_undid_each([again]) == {again.id: []}
    one, many = (statements(lambda rows=rows: undos.that_undid_each(rows)) for rows in ([back], several))
    assert many == one
    assert statements(lambda: undos.that_undid_each([untouched])) == 1
