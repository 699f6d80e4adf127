"""The policies of one tenant as its page lists them: by policy type, searched by name, a page at a time."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import Condition
from db.models import IS_CHANGED, Policy, Tenant
from db.states import PolicyState

# A snapshot says little of what is there by now where no backup read its policy for longer.
OLD_AFTER = timedelta(days=7)


@dataclass(frozen=True)
class TenantFilter:
    """A choice of a tenant's policies. `is_due`: those that no backup has as they are. `words`: of the name."""

    is_due: bool = False
    policy_type: str = ""
    words: Sequence[str] = ()


@dataclass(frozen=True)
class OldSnapshots:
    """Policies whose newest snapshot was last found to be as they are long ago. `oldest` None: there are none."""

    count: int
    oldest: datetime | None


def count_by_type(tenant: Tenant, wanted: TenantFilter) -> dict[str, int]:
    """Return policy type -> how many of the tenant's policies are meant."""
    rows = Policy.select(Policy.policy_type, pw.fn.COUNT(Policy.id)).where(_is_wanted(tenant, wanted))
    return dict(rows.group_by(Policy.policy_type).tuples())


def page(tenant: Tenant, wanted: TenantFilter, limit: int, offset: int) -> list[Policy]:
    """Return some of the policies by type and name; those that were deleted come last in their type."""
    order = (Policy.policy_type, Policy.gone_at.is_null(False), Policy.name, Policy.id)
    return list(Policy.select().where(_is_wanted(tenant, wanted)).order_by(*order).limit(limit).offset(offset))


def changed_since_snapshot(tenant: Tenant) -> dict[int, datetime]:
    """Return policy id -> when its newest snapshot was as it was, of those that the tenant has otherwise by now."""
    is_changed = (Policy.tenant == tenant) & Policy.last_captured_at.is_null(False) & IS_CHANGED
    return dict(Policy.select(Policy.id, Policy.last_captured_at).where(is_changed).tuples())


def old_snapshots(tenant: Tenant) -> OldSnapshots:
    """Count the policies that the tenant has and that no backup has read for longer than OLD_AFTER."""
    is_present = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT)
    is_old = is_present & (Policy.last_captured_at < utcnow() - OLD_AFTER)
    row = Policy.select(pw.fn.COUNT(Policy.id), pw.fn.MIN(Policy.last_captured_at)).where(is_old).tuples()[0]
    return OldSnapshots(*row)


def _is_wanted(tenant: Tenant, wanted: TenantFilter) -> Condition:
    condition: Any = Policy.tenant == tenant
    if wanted.is_due:
        condition &= IS_CHANGED
    if wanted.policy_type:
        condition &= Policy.policy_type == wanted.policy_type
    for word in wanted.words:
        condition &= Policy.name.contains(word)
    return condition
