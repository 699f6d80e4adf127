"""A long list folded by policy type: every type with its count, one of them open, and a page of rows.

How a page uses it (web/views/backups/backup_set_page.py is one to copy):

1. `asked(request.args, SHOWS)` reads what the address asks for: a `ListWish`.
2. The database says how many rows of each policy type the wish leaves, its own type aside: `counts`.
3. `FoldedList(wish, counts, place)` says which rows to look up: `offset` and `ROWS_SHOWN`, where `lists_rows`.
4. The template draws the rows once, for wherever they stand:
   `{% call folded_list(page.list, "policies") %} … {% endcall %}` (templates/components/folded_list.html).

What needs a person is no fold: a page lists it before, or gives the type a `Mark`, and marked types come first.
Everything works without scripts, by addresses; in a form (`is_in_form`) by its buttons, so that what is ticked and
typed there is sent along: web/lists/selection.py keeps it.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

from web.inputs import without_nul
from web.presentation.formatters import policy_type_title

ROWS_SHOWN = 20
LAST_PAGE = 9999
LONGEST_SEARCH, MOST_WORDS = 200, 5
# The buttons of a form that only look at another part of its list, or tick what was found there.
STEP, TICK = "go", "tick"
_URGENT = {"bad": 0, "warn": 1}


@dataclass(frozen=True)
class ListWish:
    """A request of an address or a form for part of a folded list.

    `show`: the kind of rows, as the page names it. `policy_type`: the one that is unfolded. `search`: words of names.
    `number`: the page, from 0.
    """

    show: str = ""
    policy_type: str = ""
    search: str = ""
    number: int = 0

    @property
    def words(self) -> list[str]:
        return self.search.split()[:MOST_WORDS]

    @property
    def is_narrow(self) -> bool:
        return bool(self.policy_type or self.search)

    def values(self, show_field: str, type_field: str) -> dict[str, str]:
        """Return what an address has to say to ask for this."""
        said = {show_field: self.show, type_field: self.policy_type, "search": self.search, "page": self.number}
        return {name: str(value) for name, value in said.items() if value}


def asked(
    given: Mapping[str, str], shows: Collection[str] = (), show_field: str = "show", type_field: str = "type"
) -> ListWish:
    """Read a wish out of an address or a form: in a form the button that was pressed has the last word."""
    values = {**given, **dict(parse_qsl(given.get(STEP, "")[:1000], keep_blank_values=True))}
    show, number = values.get(show_field, ""), values.get("page", "")
    return ListWish(
        show=show if show in shows else "",
        policy_type=without_nul(values.get(type_field, ""))[:LONGEST_SEARCH],
        search=without_nul(values.get("search", "")).strip()[:LONGEST_SEARCH],
        number=min(int(number), LAST_PAGE) if number.isascii() and number.isdecimal() and len(number) < 9 else 0,
    )


def is_look(form: Mapping[str, str]) -> bool:
    """Return whether a form was sent to see another part of its list, and for nothing else."""
    return STEP in form or TICK in form


class ListSort(NamedTuple):
    """A sort of rows to choose: its words, and what asks for it."""

    label: str
    show: str
    is_shown: bool


class Mark(NamedTuple):
    """Something to be said of a policy type in a list, as a badge: how it looks, and its words."""

    look: str
    words: str


class Fold(NamedTuple):
    """A policy type of the list, with the number of its rows."""

    key: str
    title: str
    rows: int
    marks: Sequence[Mark]
    is_open: bool

    @property
    def urgency(self) -> int:
        """Return 0 for a type in which something is bad; of the others, those with a mark come first."""
        return min((_URGENT.get(mark.look, 2) for mark in self.marks), default=3)


@dataclass(frozen=True)
class FoldedList:
    """`counts`: policy type -> rows, the wish's own type aside. `place`: the address of what values ask for.

    `flat_count`: so many rows, of what needs a person or is asked for, are listed before all types; None: rows are
    listed without a type only where all fit on a page, or are searched. `show_field`, `type_field`: what an address
    calls these. `ticked_types`: in a form, the types that are chosen as a whole; None where nothing is chosen so.
    """

    wish: ListWish
    counts: Mapping[str, int]
    place: Callable[..., str]
    marks: Mapping[str, Sequence[Mark]] = field(default_factory=dict)
    flat_count: int | None = None
    is_in_form: bool = False
    show_field: str = "show"
    type_field: str = "type"
    ticked_types: Collection[str] | None = None
    rows_shown: int = ROWS_SHOWN

    @cached_property
    def total(self) -> int:
        """The rows of all types."""
        return sum(self.counts.values())

    @property
    def count(self) -> int:
        """The rows that are paged through: of the type that is open, or of those listed before all types."""
        if self.wish.policy_type:
            return self.counts.get(self.wish.policy_type, 0)
        return self.total if self.flat_count is None else self.flat_count

    @property
    def is_flat(self) -> bool:
        """Are rows of all types listed together? A list that fits on a page, or has one type, always is."""
        is_asked = bool(self.wish.search) or self.flat_count is not None
        return not self.wish.policy_type and (is_asked or self._is_small)

    @property
    def _is_small(self) -> bool:
        return self.total <= self.rows_shown or len(self.counts) == 1

    @property
    def lists_rows(self) -> bool:
        return bool(self.count) and (self.is_flat or bool(self.wish.policy_type))

    @cached_property
    def folds(self) -> list[Fold]:
        """The types, those with something to be said of them first; none where they are no way to other rows."""
        if self.is_flat and self._is_small and self.count == self.total and self.ticked_types is None:
            return []
        keys = {**dict.fromkeys(self.marks, 0), **self.counts}
        folds = [self._fold(key) for key in keys]
        return sorted(folds, key=lambda fold: (fold.urgency, fold.title.lower()))

    def _fold(self, key: str) -> Fold:
        title = policy_type_title(key)
        return Fold(key, title, self.counts.get(key, 0), self.marks.get(key, ()), key == self.wish.policy_type)

    @property
    def ticked_elsewhere(self) -> list[str]:
        """The types that are chosen, and that have nothing of what is searched for."""
        return sorted(set(self.ticked_types or ()) - {fold.key for fold in self.folds})

    # --- pages ----------------------------------------------------------------------------------------------------

    @property
    def number(self) -> int:
        return min(self.wish.number, max(self.count - 1, 0) // self.rows_shown)

    @property
    def offset(self) -> int:
        return self.number * self.rows_shown

    @property
    def first(self) -> int:
        return self.offset + 1

    @property
    def last(self) -> int:
        return min(self.offset + self.rows_shown, self.count)

    @property
    def has_more(self) -> bool:
        return self.last < self.count

    # --- ways to another part of it ------------------------------------------------------------------------------

    def address(self, **changes: str | int) -> str:
        """Return where this list is with some of its wish changed: `show`, `policy_type`, `search`, `number`."""
        return self.place(**self._changed(changes).values(self.show_field, self.type_field))

    def step(self, **changes: str | int) -> str:
        """Return what a button of a form sends to change the same: all of the wish, but for the words beside it."""
        wish = self._changed(changes)
        said = {self.show_field: wish.show, self.type_field: wish.policy_type, "page": wish.number}
        return urlencode({**said, **({"search": wish.search} if "search" in changes else {})})

    def _changed(self, changes: Mapping[str, str | int]) -> ListWish:
        # Another part of the list begins on its first page.
        return replace(self.wish, **{"number": 0, **changes})  # type: ignore[arg-type]
