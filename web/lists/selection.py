"""Rows that are ticked in a long list, wherever they are: on this page, on another one, or in a type that is folded.

The form carries the ticks that its page does not show in one hidden field, as ranges of numbers: nothing is kept on
the server, and nothing needs a script (templates/components/folded_list.html draws the field and the count).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from functools import cached_property

from flask import abort
from werkzeug.datastructures import MultiDict

from web.inputs import ticked_values
from web.security.access import parse_row_id

KEPT = "kept"
# A page has no more rows to tick than policies that anybody has in a tenant.
MOST_TICKED = 20_000


@dataclass(frozen=True)
class Selection:
    """`chosen`: the ids of all that is ticked; `shown`: the ids of the rows on this page."""

    chosen: frozenset[int]
    shown: frozenset[int] = frozenset()

    @cached_property
    def elsewhere(self) -> frozenset[int]:
        return self.chosen - self.shown

    @property
    def kept(self) -> str:
        """The ticks that this page does not show, as its hidden field has them."""
        return pack(self.elsewhere)

    def __contains__(self, row_id: int) -> bool:
        return row_id in self.chosen


def read(form: MultiDict[str, str], name: str, known: Collection[int] | None = None) -> frozenset[int]:
    """Return the ids that a form chose: ticked in it, or kept by it. `known`: leave out all others.

    Answers 400 for what no page of ours sends.
    """
    ticked = map(parse_row_id, ticked_values(form, name, MOST_TICKED))
    chosen = {number for number in ticked if number} | unpack(form.get(KEPT, ""))
    return frozenset(chosen if known is None else chosen.intersection(known))


def pack(numbers: Iterable[int]) -> str:
    """Return numbers as rising ranges: "3,5-9"."""
    ranges: list[list[int]] = []
    for number in sorted(numbers):
        if ranges and ranges[-1][1] == number - 1:
            ranges[-1][1] = number
        else:
            ranges.append([number, number])
    return ",".join(str(first) if first == last else f"{first}-{last}" for first, last in ranges)


def unpack(packed: str) -> set[int]:
    """Return the numbers of such ranges. Answers 400 for what is none, and for more than can be ticked."""
    numbers: set[int] = set()
    for part in filter(None, packed.split(",")):
        first, _, last = part.partition("-")
        begin, end = parse_row_id(first), parse_row_id(last or first)
        if not begin or not end or end < begin or end - begin >= MOST_TICKED:
            abort(400)
        numbers.update(range(begin, end + 1))
        if len(numbers) > MOST_TICKED:
            abort(400)
    return numbers
