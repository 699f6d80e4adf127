"""Policies that reach a target: they include it, and do not exclude it."""

from db.assignments.target_lists import TargetKey
from db.models import PolicyTarget, Tenant

# Where a policy assigns itself; in a role's scope, or mentioned, nobody gets anything.
ASSIGNING = ("assignment", "condition", "member")


def policies_reaching(tenant: Tenant | int, target: TargetKey) -> set[int]:
    """Return the ids of the tenant's policies that include the target, (kind, object id), and do not exclude it.

    Of this one target alone: whoever is in a group may be in others too, and a filter may narrow it further.
    """
    kind, object_id = target
    is_target = (
        (PolicyTarget.tenant == tenant)
        & (PolicyTarget.kind == kind)
        & (PolicyTarget.object_id == object_id)
        & (PolicyTarget.place << ASSIGNING)
    )
    rows = PolicyTarget.select(PolicyTarget.policy, PolicyTarget.is_excluded).where(is_target)
    found = list(rows.tuples())
    return {policy_id for policy_id, _ in found} - {policy_id for policy_id, is_excluded in found if is_excluded}
