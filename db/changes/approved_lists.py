"""The approved state of a tenant, per policy type, and what stands against it, as its page lists them."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import peewee as pw

from db.changes.approved_states import STANDING, WHOLE_TENANT
from db.models import ApprovedPolicy, ApprovedScope, Change, Policy, Tenant, User
from db.states import ChangeState, PolicyState, Severity

# The gravest first; what is not assessed yet, last.
_BY_SEVERITY = pw.Case(Change.severity, [(severity, number) for number, severity in enumerate(reversed(Severity))], 9)


@dataclass
class ApprovedType:
    """A policy type of a tenant. `by`, `at`: of its newest approval. `open`: open changes, by severity."""

    key: str
    present: int = 0
    approved: int = 0
    by: str = ""
    at: datetime | None = None
    accepted: int = 0
    open: dict[str, int] = field(default_factory=dict)
    is_whole: bool = False

    @property
    def open_count(self) -> int:
        return sum(self.open.values())

    @property
    def gravest(self) -> str | None:
        return next((str(severity) for severity in reversed(Severity) if severity in self.open), None)


def scopes(tenant: Tenant) -> dict[str, ApprovedScope]:
    """Return what was approved whole: policy type, or WHOLE_TENANT -> its row, with who did so."""
    query = ApprovedScope.select(ApprovedScope, User).join(User, pw.JOIN.LEFT_OUTER, on=ApprovedScope.approved_by)
    return {row.policy_type: row for row in query.where(ApprovedScope.tenant == tenant)}


def by_type(tenant: Tenant) -> list[ApprovedType]:
    """Return every policy type of which the tenant has policies, or something approved, in three statements."""
    whole = scopes(tenant)
    types: dict[str, ApprovedType] = {}

    def row_of(key: str) -> ApprovedType:
        return types.setdefault(key, ApprovedType(key, is_whole=key in whole or WHOLE_TENANT in whole))

    for key, count in _count(Policy.select(), Policy.state == PolicyState.PRESENT, tenant):
        row_of(key).present = count
    for key, name, at, count in _approvals(tenant):
        row = row_of(key)
        row.approved += count
        if row.at is None or at > row.at:
            row.at, row.by = at, name or ""
    for key, state, severity, count in _standing(tenant):
        row = row_of(key)
        if state == ChangeState.ACCEPTED:
            row.accepted += count
        else:
            row.open[severity or ""] = row.open.get(severity or "", 0) + count
    return list(types.values())


def _count(query: Any, condition: Any, tenant: Tenant) -> Any:
    counted = query.select(Policy.policy_type, pw.fn.COUNT(Policy.id))
    return counted.where((Policy.tenant == tenant) & condition).group_by(Policy.policy_type).tuples()


def _approvals(tenant: Tenant) -> Any:
    columns = (Policy.policy_type, User.name, pw.fn.MAX(ApprovedPolicy.approved_at), pw.fn.COUNT(ApprovedPolicy.id))
    joined = ApprovedPolicy.select(*columns).join(Policy, on=ApprovedPolicy.policy).switch(ApprovedPolicy)
    joined = joined.join(User, pw.JOIN.LEFT_OUTER, on=ApprovedPolicy.approved_by)
    is_there = (ApprovedPolicy.tenant == tenant) & ApprovedPolicy.mark.is_null(False)
    return joined.where(is_there).group_by(Policy.policy_type, User.name).tuples()


def _standing(tenant: Tenant) -> Any:
    columns = (Policy.policy_type, Change.state, Change.severity, pw.fn.COUNT(Change.id))
    joined = Change.select(*columns).join(Policy, on=Change.policy)
    stands = (Change.tenant == tenant) & Change.state.in_(STANDING)
    return joined.where(stands).group_by(Policy.policy_type, Change.state, Change.severity).tuples()


def standing(tenant: Tenant, limit: int) -> list[Change]:
    """Return the changes that stand, open ones before accepted ones, the gravest and then the newest first."""
    query = Change.select(Change, Policy, Tenant, User).join(Policy).switch(Change).join(Tenant).switch(Change)
    query = query.join(User, pw.JOIN.LEFT_OUTER, on=Change.decided_by)
    is_accepted = pw.Case(None, [(Change.state == ChangeState.ACCEPTED, 1)], 0)
    stands = (Change.tenant == tenant) & Change.state.in_(STANDING)
    return list(query.where(stands).order_by(is_accepted, _BY_SEVERITY, Change.id.desc()).limit(limit))


@dataclass(frozen=True)
class PolicyApproval:
    """The approval of a policy. `is_in_scope`: its type or tenant was approved whole. `change`: stands against it."""

    approved: ApprovedPolicy | None
    change: Change | None
    is_in_scope: bool

    @property
    def is_anything(self) -> bool:
        return self.approved is not None or self.is_in_scope


def of_policy(policy: Policy) -> PolicyApproval:
    """Return what is approved of a policy, with who did so, and the change that stands against it."""
    query = ApprovedPolicy.select(ApprovedPolicy, User).join(User, pw.JOIN.LEFT_OUTER, on=ApprovedPolicy.approved_by)
    stands = (Change.policy == policy) & Change.state.in_(STANDING)
    change: Change | None = Change.select().where(stands).order_by(Change.id.desc()).first()
    whole = scopes(policy.tenant)
    is_in_scope = WHOLE_TENANT in whole or policy.policy_type in whole
    return PolicyApproval(query.where(ApprovedPolicy.policy == policy).first(), change, is_in_scope)
