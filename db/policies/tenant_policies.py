"""The policies of one tenant as its page lists them: by policy type, searched by name, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import IS_CHANGED, Policy, Tenant


@dataclass(frozen=True)
class TenantFilter:
    """A choice of a tenant's policies. `is_due`: those that no backup has as they are. `words`: of the name."""

    is_due: bool = False
    policy_type: str = ""
    words: Sequence[str] = ()


def count_by_type(tenant: Tenant, wanted: TenantFilter) -> dict[str, int]:
    """Return policy type -> how many of the tenant's policies are meant."""
    rows = Policy.select(Policy.policy_type, pw.fn.COUNT(Policy.id)).where(_is_wanted(tenant, wanted))
    return dict(rows.group_by(Policy.policy_type).tuples())


def page(tenant: Tenant, wanted: TenantFilter, limit: int, offset: int) -> list[Policy]:
    """Return some of the policies by type and name; those that were deleted come last in their type."""
    order = (Policy.policy_type, Policy.gone_at.is_null(False), Policy.name, Policy.id)
    return list(Policy.select().where(_is_wanted(tenant, wanted)).order_by(*order).limit(limit).offset(offset))


def _is_wanted(tenant: Tenant, wanted: TenantFilter) -> Condition:
    condition: Any = Policy.tenant == tenant
    if wanted.is_due:
        condition &= IS_CHANGED
    if wanted.policy_type:
        condition &= Policy.policy_type == wanted.policy_type
    for word in wanted.words:
        condition &= Policy.name.contains(word)
    return condition
