"""What pages show of contents, of which they know nothing: what one holds, and what changed between two."""

from collections.abc import Callable
from typing import Any

from db import snapshots
from db.models import Snapshot
from graph.compare import Difference, compare
from graph.outline import Line, not_set, outline
from graph.policy_types import POLICY_TYPES


def differences(before: Snapshot, after: Snapshot, hide: Callable[[Any], Any] | None = None) -> list[Difference]:
    """`hide` masks what the reader may not see, before anything is compared. Raises SealError."""
    old, new = snapshots.body(before), snapshots.body(after)
    if hide:
        old, new = hide(old), hide(new)
    return compare(POLICY_TYPES[after.policy.policy_type], old, new)


def lines(body: dict[str, Any]) -> tuple[list[Line], list[str]]:
    """A body for reading, and the names of what is not set."""
    return outline(body), not_set(body)
