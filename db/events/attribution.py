"""Attribute changes of policies to who made them: by the events between the looks that saw a policy before and after.

An event proves that somebody touched the policy, not which line of the difference they made: all are shown, the oldest
first. One that failed is shown too, and made nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.events import tenant_events
from db.models import Change, Policy, Tenant, TenantEvent, TenantEventPolicy
from db.sql.value_lists import batched
from db.states import DoerKind

# Microsoft's clocks and ours; and what was done while a look read the policy.
TOLERANCE = timedelta(minutes=2)
# Of a policy that nobody had looked at before.
LONGEST = timedelta(days=30)
# learn.microsoft.com, Use audit logs to track and monitor events in Microsoft Intune: the admin center is this app.
PORTAL_APP = "5926fc8e-304e-4f59-8bed-58ca97cc39a4"


@dataclass(frozen=True)
class Doer:
    """Somebody who did something, as pages, exports and notices name them.

    `name`: None where the log does not say who.
    """

    kind: DoerKind
    name: str | None
    address: str | None
    is_in_portal: bool
    # Of a person: the app that they used, unless it is the portal.
    app_name: str | None
    # The restore of ours that it was.
    restore_id: int | None


def doer_of(event: TenantEvent) -> Doer:
    is_in_portal = event.app_id == PORTAL_APP
    name = event.doer_name or event.doer_id
    app_name = None if is_in_portal else event.app_name
    return Doer(DoerKind(event.doer_kind), name, event.address, is_in_portal, app_name, event.restore_id)


def doers_of(events: Iterable[TenantEvent]) -> list[Doer]:
    """Return who made a change, each once, the first first. Who only tried is none of them."""
    doers: dict[Any, Doer] = {}
    for event in events:
        if event.is_success:
            doer = doer_of(event)
            doers.setdefault((doer.kind, doer.name, doer.restore_id), doer)
    return list(doers.values())


def events_of_changes(changes: Sequence[Change]) -> dict[int, list[TenantEvent]]:
    """Return change id -> its events, oldest first; failed ones among them.

    An event between two looks belongs to the first change that was seen after it. Of one that no change's time
    contains, the clocks may differ: then a little before or after counts.
    """
    found: dict[int, list[TenantEvent]] = {change.id: [] for change in changes}
    policies = sorted({change.policy_id for change in changes})
    if not policies:
        return found
    since = min(_begins(change.since_at, change.seen_at) for change in changes) - TOLERANCE
    until = max(change.seen_at for change in changes) + TOLERANCE
    windows = _windows(policies, since)
    for policy_id, event in _events(policies, since, until):
        owner = _owner(windows.get(policy_id, ()), event.at)
        if owner in found:
            found[owner].append(event)
    return found


def _begins(since_at: datetime | None, seen_at: datetime) -> datetime:
    return since_at if since_at is not None else seen_at - LONGEST


# (change, since, seen)
_Window = tuple[int, datetime, datetime]


def _windows(policies: Sequence[int], since: datetime) -> Mapping[int, list[_Window]]:
    """Return policy id -> its changes that were seen since then, the first seen first."""
    windows: dict[int, list[_Window]] = {}
    fields = (Change.policy, Change.id, Change.since_at, Change.seen_at)
    for batch in batched(policies):
        seen = Change.select(*fields).where(Change.policy.in_(batch) & (Change.seen_at >= since))
        for policy_id, change_id, since_at, seen_at in seen.order_by(Change.seen_at, Change.id).tuples():
            windows.setdefault(policy_id, []).append((change_id, _begins(since_at, seen_at), seen_at))
    return windows


def _owner(windows: Sequence[_Window], at: datetime) -> int | None:
    inside = next((change for change, since, seen in windows if since <= at <= seen), None)
    if inside is not None:
        return inside
    return next((change for change, since, seen in windows if since - TOLERANCE <= at <= seen + TOLERANCE), None)


def _events(policies: Sequence[int], since: datetime, until: datetime) -> Iterable[tuple[int, TenantEvent]]:
    for batch in batched(policies):
        about = TenantEventPolicy.select(TenantEventPolicy.policy, TenantEvent).join(TenantEvent)
        is_theirs = TenantEventPolicy.policy.in_(batch) & TenantEventPolicy.at.between(since, until)
        for row in about.where(is_theirs).order_by(TenantEventPolicy.at, TenantEventPolicy.event):
            yield row.policy_id, row.event


def events_of_policy(policy: Policy, since: datetime | None = None, until: datetime | None = None) -> list[TenantEvent]:
    """Return the events about a policy, oldest first."""
    about = TenantEvent.select().join(TenantEventPolicy).where(TenantEventPolicy.policy == policy)
    if since is not None:
        about = about.where(TenantEventPolicy.at >= since)
    if until is not None:
        about = about.where(TenantEventPolicy.at <= until)
    return list(about.order_by(TenantEventPolicy.at, TenantEventPolicy.event))


def events_of_tenant(tenant: Tenant) -> pw.ModelSelect:
    """Return the query of a tenant's events, the newest first, for a list."""
    return tenant_events.newest_first(tenant)
