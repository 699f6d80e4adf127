"""Rules of assignment filters, as their newest snapshots have them."""

from collections.abc import Collection

from db.encryption import SealError
from db.models import Policy
from db.policies import snapshots
from db.sql.value_lists import is_in

LONGEST_SHOWN = 400


def rules_of(tenant_id: int, filter_ids: Collection[str]) -> dict[str, str]:
    """Return the filter's id -> its rule, of those that were captured and whose content opens."""
    is_one = (
        (Policy.tenant == tenant_id) & (Policy.policy_type == "assignmentFilters") & is_in(Policy.graph_id, filter_ids)
    )
    rules: dict[str, str] = {}
    for policy in Policy.select().where(is_one) if filter_ids else ():
        newest = snapshots.latest(policy)
        try:
            rule = snapshots.read_snapshot(newest)["body"].get("rule") if newest else None
        except SealError:
            rule = None
        if isinstance(rule, str):
            rules[policy.graph_id] = rule[:LONGEST_SHOWN]
    return rules
