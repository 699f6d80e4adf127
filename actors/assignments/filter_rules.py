"""Rules of assignment filters, as their newest snapshots have them."""

from collections.abc import Collection

from db.assignments import target_lists
from db.encryption import SealError
from db.policies import snapshots

LONGEST_SHOWN = 400


def rules_of(tenant_id: int, filter_ids: Collection[str]) -> dict[str, str]:
    """Return the filter's id -> its rule, of those that were captured and whose content opens."""
    rules: dict[str, str] = {}
    for policy in target_lists.filters(tenant_id, filter_ids) if filter_ids else ():
        newest = snapshots.latest(policy)
        try:
            rule = snapshots.read_snapshot(newest)["body"].get("rule") if newest else None
        except SealError:
            rule = None
        if isinstance(rule, str):
            rules[policy.graph_id] = rule[:LONGEST_SHOWN]
    return rules
