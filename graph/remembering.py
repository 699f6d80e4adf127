"""Remembering what was worked out for a JSON value.

The same settings stand in the policies of many tenants, and in a policy before and after somebody changed another one.
"""

import marshal
from collections.abc import Callable
from functools import lru_cache, wraps
from typing import Any, TypeVar, TypeVarTuple

Beside = TypeVarTuple("Beside")
Result = TypeVar("Result")

# The values that are remembered for each function, and the most bytes of one: some 10 MB, 30 at the very most.
MOST_VALUES = 4096
LARGEST = 1024
# The last format that says nothing but the value: later ones also say which texts Python holds only once.
_FORMAT = 2


def remember(work: Callable[[Any, *Beside], Result]) -> Callable[[Any, *Beside], Result]:
    """Return the function so that it works once for small JSON values that are equal, types and order of names too.

    `work` must depend on its arguments alone. Nobody may change what is returned: others are given the same.
    """

    @lru_cache(MOST_VALUES)
    def of_packed(packed: bytes, *beside: *Beside) -> Result:
        return work(marshal.loads(packed), *beside)  # noqa: S302 - we packed it ourselves, just now

    @wraps(work)
    def remembered(value: Any, *beside: *Beside) -> Result:
        try:
            packed = pack(value)
        except ValueError:  # no JSON
            return work(value, *beside)
        return of_packed(packed, *beside) if len(packed) <= LARGEST else work(value, *beside)

    return remembered


def pack(value: Any) -> bytes:
    """Return bytes that only equal JSON values have, with the same types and order of names. Raises ValueError for what
    is no JSON.
    """
    return marshal.dumps(value, _FORMAT)
