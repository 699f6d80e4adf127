"""What changed between two snapshots, by setting name."""

from db import snapshots
from db.models import Snapshot
from graph.compare import Difference, compare
from graph.policy_types import POLICY_TYPES


def differences(before: Snapshot, after: Snapshot) -> list[Difference]:
    """Raises SealError when a content cannot be opened."""
    policy_type = POLICY_TYPES[after.policy.policy_type]
    return compare(policy_type, snapshots.body(before), snapshots.body(after))
