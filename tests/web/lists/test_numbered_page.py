"""The first page has none before it, the last none after it."""

from dataclasses import dataclass

import pytest

from web.lists.numbered_page import NumberedPage


@dataclass(frozen=True)
class Shelf(NumberedPage):
    number: int
    has_more: bool

    def address_of(self, number):
        return f"/shelf?page={number}"


@pytest.mark.parametrize(
    ("page", "before", "more"),
    [
        (Shelf(0, False), "", ""),
        (Shelf(0, True), "", "/shelf?page=1"),
        (Shelf(2, True), "/shelf?page=1", "/shelf?page=3"),
        (Shelf(2, False), "/shelf?page=1", ""),
    ],
)
def test_the_neighbours_of_a_page(page, before, more):
    assert (page.before, page.more) == (before, more)
