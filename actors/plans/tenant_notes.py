"""A plan's notes on the tenant that it is for: policies that would be one too many, and what a person has to do.

Readiness says the latter in the same words.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from actors.plans.plan_items import MADE, MADE_ANEW
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import Listings
from db.models import RestoreItem, Tenant
from db.policies import policies, snapshots
from db.states import WRITTEN_OUTCOMES
from graph.errors import GraphError, is_given_up
from graph.policy_types.approval_policies import APPROVAL_POLICIES, may_be_protected, protecting_policy
from graph.policy_types.policy_type import Body
from graph.policy_types.quotas import QUOTAS, quota_warning
from graph.policy_types.table import POLICY_TYPES
from graph.read.paging import all_pages
from graph.references.reference_kinds import GROUPS
from graph.restore import verdicts
from graph.transport.batch_driver import drive_one
from graph.transport.client import GraphClient
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
        is_made = plan["action"] in MADE
        if quota is None or not is_made or isinstance(listed, GraphError):
            continue
        if quota.counts(contents[item]["body"]):
            planned_creates[item.policy_type] += 1
            present = sum(quota.counts({"@odata.type": policy.odata_type}) for policy in listed.policies)
            plan["notes"] += filter(None, [quota_warning(quota, present, planned_creates[item.policy_type])])


def add_hand_work(
    planned: Sequence[tuple[RestoreItem, dict[str, Any]]],
    contents: Mapping[RestoreItem, PolicyContent],
    approvals: Callable[[], Sequence[Body]],
) -> None:
    """Add to the plan of each policy that is written what a person has to do for it.

    `approvals`: returns the tenant's approval policies; it is called only where one could hold something up.
    """
    for item, plan in planned:
        if plan["action"] not in WRITTEN_OUTCOMES:
            continue
        if may_be_protected(item.policy_type) and (approval := protecting_policy(item.policy_type, approvals())):
            _add(plan, verdicts.SECOND_ADMIN, verdicts.of_protected(approval).why)
        if item.policy_type == GROUPS and plan["action"] in MADE_ANEW:
            _add(plan, verdicts.MEMBERSHIP, verdicts.of_group(contents[item]["body"]).why)


def read_approval_policies(
    tenant: Tenant, graph: GraphClient, memory: RunMemory, *, is_last_try: bool
) -> Sequence[Body]:
    """Return the tenant's approval policies as they are now; as its backups have them, where that is not told.

    To read them takes a permission of its own. Raises what another try may mend.
    """
    try:
        return drive_one(graph, all_pages(POLICY_TYPES[APPROVAL_POLICIES].path), memory, is_asked_anew=True)
    except GraphError as e:
        if is_given_up(e, is_last_try=is_last_try):
            return _backed_up_approval_policies(tenant)
        raise


def _backed_up_approval_policies(tenant: Tenant) -> list[Body]:
    bodies = []
    for policy in policies.present_of_type(tenant, APPROVAL_POLICIES):
        with suppress(*snapshots.NOT_OPENED):  # a plan is made without one that does not open
            if newest := snapshots.latest(policy):
                bodies.append(snapshots.read_snapshot(newest)["body"])
    return bodies


def _add(plan: dict[str, Any], code: str, said: str) -> None:
    if said:
        plan["dangers"] = [{"code": code, "said": said}, *plan["dangers"]]
