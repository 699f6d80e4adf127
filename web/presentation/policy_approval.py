"""What was approved of a policy, as its page says it."""

from dataclasses import dataclass

from db.changes import approved_lists
from db.changes.approved_states import WHOLE_TENANT
from db.models import ApprovedPolicy, Change, Policy
from web.security.access import can
from web.security.permissions import Permission


@dataclass(frozen=True)
class PolicyApproval:
    """`approved`: its own. `is_in_scope`: its type or tenant was approved whole. `change`: the one that stands."""

    policy: Policy
    approved: ApprovedPolicy | None
    change: Change | None
    is_in_scope: bool

    @property
    def is_anything(self) -> bool:
        return self.approved is not None or self.is_in_scope

    @property
    def can_approve(self) -> bool:
        return can(Permission.MANAGE, self.policy.tenant_id)

    @property
    def can_take_back(self) -> bool:
        return self.approved is not None and not self.is_in_scope and self.can_approve


def policy_approval(policy: Policy) -> PolicyApproval:
    approved, change = approved_lists.of_policy(policy)
    whole = approved_lists.scopes(policy.tenant)
    return PolicyApproval(policy, approved, change, WHOLE_TENANT in whole or policy.policy_type in whole)
