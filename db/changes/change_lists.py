"""Changes as the dashboard, a tenant's and a policy's page, the navigation and the command line list and count them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import ApprovedPolicy, Change, Policy, Tenant, User
from db.sql.value_lists import equals_if_given, is_in, is_in_if_given
from db.states import ChangeState, Severity

# Counting goes on no further than this.
MOST_COUNTED = 1000
IS_OPEN = Change.state == ChangeState.OPEN


def count_open(tenant_ids: Sequence[int] | None, at_most: int) -> int:
    """Count what is open and waits for somebody's decision, and go on no further than one more than asked."""
    return _count(IS_OPEN & is_in_if_given(Change.tenant, tenant_ids), at_most + 1)


def count_open_by_severity(tenant_ids: Sequence[int] | None) -> dict[Severity, int]:
    """Return how many are open, the gravest first; what is not assessed yet, and what there is none of, is left out."""
    is_of_them = IS_OPEN & is_in_if_given(Change.tenant, tenant_ids)
    counts = {grade: _count(is_of_them & (Change.severity == grade), MOST_COUNTED) for grade in reversed(Severity)}
    return {severity: count for severity, count in counts.items() if count}


def count_seen_since(at: datetime, tenant_ids: Sequence[int] | None) -> int:
    return _count((Change.seen_at >= at) & is_in_if_given(Change.tenant, tenant_ids), MOST_COUNTED)


def _count(condition: Condition, at_most: int) -> int:
    return int(Change.select(Change.id).where(condition).limit(at_most).count())


def is_anything_approved(tenant_ids: Sequence[int] | None) -> bool:
    """Tell whether somebody said of any policy what is right: without that, nothing is ever open."""
    return bool(ApprovedPolicy.select().where(is_in_if_given(ApprovedPolicy.tenant, tenant_ids)).exists())


def newest_open(tenant_ids: Sequence[int] | None, limit: int) -> list[Change]:
    return _newest(IS_OPEN & is_in_if_given(Change.tenant, tenant_ids), limit)


def newest_of_tenant(tenant: Tenant, limit: int) -> list[Change]:
    return _newest(Change.tenant == tenant, limit)


def newest_of_policies(policies: Sequence[Policy], limit: int, offset: int = 0) -> list[Change]:
    """Return the newest changes of these policies, which may be one policy in all its lives."""
    return _newest(is_in(Change.policy, [policy.id for policy in policies]), limit, offset)


def by_outcome(snapshot_ids: Sequence[int]) -> dict[int, Change]:
    """Return snapshot id -> the newest change that it is the outcome of."""
    query = with_rows(Change.select(*JOINED)).where(is_in(Change.after, list(snapshot_ids)))
    return {change.after_id: change for change in query.order_by(Change.id)}


def listed(tenant: Tenant, since: datetime | None, *, is_open: bool, limit: int) -> list[Change]:
    condition = Change.tenant == tenant
    if since is not None:
        condition &= Change.seen_at >= since
    if is_open:
        condition &= IS_OPEN
    return _newest(condition, limit)


def _newest(condition: Condition, limit: int, offset: int = 0) -> list[Change]:
    return list(
        with_rows(Change.select(*JOINED)).where(condition).order_by(Change.id.desc()).limit(limit).offset(offset)
    )


JOINED: tuple[Any, ...] = (Change, Policy, Tenant, User)


def with_rows(query: Any) -> Any:
    """Join what a line about a change names: its policy, its tenant, and who decided about it."""
    query = query.join(Policy).switch(Change).join(Tenant).switch(Change)
    return query.join(User, pw.JOIN.LEFT_OUTER, on=Change.decided_by)


def moments(tenant: Tenant | None, since: datetime, at_most: int) -> list[datetime]:
    """Return when each of the tenant's changes since then was seen, the newest first."""
    query = Change.select(Change.seen_at).where(equals_if_given(Change.tenant, tenant) & (Change.seen_at >= since))
    return [row[0] for row in query.order_by(Change.seen_at.desc()).limit(at_most).tuples()]
