"""Long lists of values in statements. SQLite takes 32,766 values in one."""

import json
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any, TypeVar

import peewee as pw

from db.database import Condition, database, is_sqlite

T = TypeVar("T")

# A write of so many rows is short: nobody waits long behind it.
ROWS_PER_STATEMENT = 500
# More of them travel to SQLite as one value. Fewer it plans better when it sees them.
MAX_BOUND_VALUES = 1000


def batched(values: Iterable[T], size: int = ROWS_PER_STATEMENT) -> Iterator[list[T]]:
    """Yield the values, `size` at a time."""
    left = iter(values)
    while batch := list(islice(left, size)):
        yield batch


def is_in(column: Any, values: Iterable[Any]) -> Condition:
    """Return the condition that the column has one of these numbers or words. An empty list matches nothing."""
    listed: Sequence[Any] = values if isinstance(values, list | tuple) else list(values)
    if not listed:
        return column.in_([])
    if len(listed) <= MAX_BOUND_VALUES or not is_sqlite():
        # Written here: the query builder takes longer for many values than the database does.
        return column << pw.SQL(f"({', '.join([database.param] * len(listed))})", listed)
    return column << pw.SQL("(SELECT value FROM json_each(?))", [json.dumps(listed)])


def is_in_if_given(column: Any, ids: Sequence[int] | None) -> Condition:
    """Return the condition that the column's value is one of these; None stands for no condition at all."""
    return pw.SQL("1 = 1") if ids is None else is_in(column, ids)


def equals_if_given(column: Any, row: pw.Model | None) -> Condition:
    """Return the condition that the column refers to this row; None stands for no condition at all."""
    return pw.SQL("1 = 1") if row is None else column == row
