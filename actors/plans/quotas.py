"""What a preview says of how many policies a tenant may have: at those that would be more."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from actors.reading.cached_listings import Lists
from db.models import RestoreItem
from db.states import Outcome
from graph.errors import GraphError
from graph.policy_types.quotas import QUOTAS, quota_warning
from graph.write.write_requests import PolicyContent


def warn_of_quotas(
    planned: Sequence[tuple[RestoreItem, dict[str, Any]]], lists: Lists, contents: Mapping[RestoreItem, PolicyContent]
) -> None:
    """Adds a note to the plan of each policy that is one too many."""
    made: Counter[str] = Counter()
    for item, plan in planned:
        listed, quota = lists[item.policy_type], QUOTAS.get(item.policy_type)
        is_made = plan["action"] in (Outcome.CREATE, Outcome.RECREATE)
        if quota is None or not is_made or isinstance(listed, GraphError):
            continue
        if quota.counts(contents[item]["body"]):
            made[item.policy_type] += 1
            there = sum(quota.counts({"@odata.type": one.odata_type}) for one in listed.policies)
            plan["notes"] += filter(None, [quota_warning(quota, there, made[item.policy_type])])
