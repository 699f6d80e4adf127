"""What changed between two snapshots, by setting name."""

from collections.abc import Callable
from typing import Any

from db import snapshots
from db.models import Snapshot
from graph.compare import Difference, compare
from graph.policy_types import POLICY_TYPES


def differences(before: Snapshot, after: Snapshot, hide: Callable[[Any], Any] | None = None) -> list[Difference]:
    """`hide` masks what the reader may not see, before anything is compared. Raises SealError."""
    old, new = snapshots.body(before), snapshots.body(after)
    if hide:
        old, new = hide(old), hide(new)
    return compare(POLICY_TYPES[after.policy.policy_type], old, new)
