"""Notes in a plan on policies that would be more than a tenant may have."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from actors.reading.cached_listings import Listings
from db.models import RestoreItem
from db.states import Outcome
from graph.errors import GraphError
from graph.policy_types.quotas import QUOTAS, quota_warning
from graph.write.write_requests import PolicyContent


def add_quota_notes(
    planned: Sequence[tuple[RestoreItem, dict[str, Any]]],
    lists: Listings,
    contents: Mapping[RestoreItem, PolicyContent],
) -> None:
    """Add a note to the plan of each policy that is one too many."""
    planned_creates: Counter[str] = Counter()
    for item, plan in planned:
        listed, quota = lists[item.policy_type], QUOTAS.get(item.policy_type)
        is_made = plan["action"] in (Outcome.CREATE, Outcome.RECREATE, Outcome.UNDELETE)
        if quota is None or not is_made or isinstance(listed, GraphError):
            continue
        if quota.counts(contents[item]["body"]):
            planned_creates[item.policy_type] += 1
            present = sum(quota.counts({"@odata.type": policy.odata_type}) for policy in listed.policies)
            plan["notes"] += filter(None, [quota_warning(quota, present, planned_creates[item.policy_type])])
