"""Remembering what was worked out for a JSON value.

The same settings stand in the policies of many tenants, and in a policy before and after somebody changed another one.
"""

import marshal
from collections.abc import Callable
from functools import wraps
from typing import Any, TypeVar, TypeVarTuple

Beside = TypeVarTuple("Beside")
Result = TypeVar("Result")

# The values that are remembered for each function, and the most bytes of one: some 10 MB, 50 at the very most.
MOST_VALUES = 4096
LARGEST = 2048
# The last format that says nothing but the value: later ones also say which texts Python holds only once.
_FORMAT = 2
_UNSEEN: Any = object()


def remember(work: Callable[[Any, *Beside], Result]) -> Callable[[Any, *Beside], Result]:
    """Return the function so that it works once for small JSON values that are equal, types and order of names too.

    `work` must depend on its arguments alone, and return no list or object that is in the value. Nobody may change what
    is returned: others are given the same. Once too many are remembered, all are forgotten.
    """
    seen: dict[tuple[bytes, *Beside], Result] = {}

    @wraps(work)
    def remembered(value: Any, *beside: *Beside) -> Result:
        try:
            packed = marshal.dumps(value, _FORMAT)  # as `pack`, without its call
        except ValueError:  # no JSON
            return work(value, *beside)
        if len(packed) > LARGEST:
            return work(value, *beside)
        key = (packed, *beside)
        found = seen.get(key, _UNSEEN)
        if found is _UNSEEN:
            found = work(value, *beside)
            if len(seen) >= MOST_VALUES:
                seen.clear()
            seen[key] = found
        return found

    return remembered


def pack(value: Any) -> bytes:
    """Return bytes that only equal JSON values have, with the same types and order of names. Raises ValueError for what
    is no JSON.
    """
    return marshal.dumps(value, _FORMAT)
