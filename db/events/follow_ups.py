"""Things that events leave a look to do: policies to read again, and policy types in which something is new.

An event is open until there is nothing more to look for. Whoever read its policy long enough after it has done so,
be it a look, a backup or a capture by hand: so a look that dies in the middle loses nothing, and none reads twice what
another has read.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.models import Policy, Snapshot, Tenant, TenantEvent, TenantEventPolicy
from db.sql.value_lists import batched, is_in
from db.states import PolicyState

# A policy that reads as before may show the change later: it is read again for so long.
LONGEST_DELAY = timedelta(minutes=15)
# An event may come so long after it happened, or be kept back while the policy can be read already.
LATE_EVENTS = timedelta(hours=1)
DELETE = "delete"


@dataclass(frozen=True)
class OpenEvent:
    """An event to follow. `policy_types`: where something is new, if it is about a policy that is not known yet."""

    id: int
    at: datetime
    operation: str
    is_ours: bool
    policy_ids: tuple[int, ...] = ()
    policy_types: tuple[str, ...] = ()


@dataclass(frozen=True)
class FollowUps:
    """The work that is left. `unseen_since`: the oldest event whose change was not looked for late enough, if any."""

    policies: list[Policy]
    policy_types: set[str]
    settled: list[int]
    unseen_since: datetime | None


@dataclass(frozen=True)
class LookedAt:
    """The look's own work so far: lists that were begun since, and policies that Graph does not have."""

    since: datetime
    policy_types: Collection[str] = ()
    gone: Collection[int] = ()


def find(
    tenant: Tenant,
    since: datetime,
    settle: timedelta,
    listable: Collection[str],
    looked: LookedAt | None = None,
) -> FollowUps:
    """Return what the events since then leave to do.

    `settle`: a reading so soon after an event may miss its change, and is made again. `listable`: the policy types
    whose list shows what is new.
    """
    events = [*_of_policies(tenant, since), *_awaiting(tenant, since, listable)]
    policies = {
        row.id: row for row in Policy.select().where(is_in(Policy.id, {i for e in events for i in e.policy_ids}))
    }
    state = _State(policies, _newest_captures(list(policies)), _deletions(events), settle, looked)
    to_read: dict[int, Policy] = {}
    to_list: set[str] = set()
    settled, unseen = [], []
    for event in events:
        left = [policies[each] for each in event.policy_ids if not state.is_settled(event, policies[each])]
        unlisted = {key for key in event.policy_types if not state.is_listed(event, key)}
        to_read |= {policy.id: policy for policy in left}
        to_list |= unlisted
        if not left and not unlisted:
            settled.append(event.id)
        if unlisted or not all(state.is_seen(event, policy) for policy in left):
            unseen.append(event.at)
    return FollowUps(list(to_read.values()), to_list, settled, min(unseen, default=None))


def mark_followed(event_ids: Sequence[int]) -> None:
    for some in batched(sorted(event_ids)):
        TenantEvent.update(followed_at=utcnow()).where(TenantEvent.id.in_(some)).execute()


def _is_open(tenant: Tenant, since: datetime) -> Any:
    is_of_tenant = (TenantEvent.tenant == tenant) & (TenantEvent.at >= since)
    return is_of_tenant & TenantEvent.is_success & TenantEvent.followed_at.is_null()


def _of_policies(tenant: Tenant, since: datetime) -> list[OpenEvent]:
    fields = (TenantEvent.id, TenantEvent.at, TenantEvent.operation, TenantEvent.restore_id, TenantEventPolicy.policy)
    rows = TenantEvent.select(*fields).join(TenantEventPolicy).where(_is_open(tenant, since)).tuples()
    policy_ids: dict[tuple[int, datetime, str, bool], list[int]] = defaultdict(list)
    for event_id, at, operation, restore_id, policy_id in rows:
        policy_ids[event_id, at, operation, restore_id is not None].append(policy_id)
    return [OpenEvent(*facts, policy_ids=tuple(ids)) for facts, ids in policy_ids.items()]


def _awaiting(tenant: Tenant, since: datetime, listable: Collection[str]) -> list[OpenEvent]:
    """Return the events of policies that are not known. One that was deleted before anybody knew it is in no list."""
    fields = (TenantEvent.id, TenantEvent.at, TenantEvent.operation, TenantEvent.restore_id, TenantEvent.policy_types)
    rows = TenantEvent.select(*fields).where(_is_open(tenant, since) & pw.SQL("awaits_policy"))
    return [
        OpenEvent(
            row.id,
            row.at,
            row.operation,
            row.restore_id is not None,
            policy_types=() if row.operation == DELETE else tuple(key for key in row.policy_types if key in listable),
        )
        for row in rows
    ]


def _newest_captures(policy_ids: Sequence[int]) -> dict[int, datetime]:
    """Return policy id -> when what it is now was read for the first time."""
    found: dict[int, datetime] = {}
    for some in batched(policy_ids):
        newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(some)).group_by(Snapshot.policy)
        rows = Snapshot.select(Snapshot.policy, Snapshot.captured_at).where(Snapshot.id.in_(newest))
        found |= dict(rows.tuples())
    return found


def _deletions(events: Iterable[OpenEvent]) -> dict[int, datetime]:
    """Return policy id -> the newest event that deleted it."""
    deletions: dict[int, datetime] = {}
    for event in events:
        if event.operation == DELETE:
            deletions |= {each: max(event.at, deletions.get(each, event.at)) for each in event.policy_ids}
    return deletions


@dataclass(frozen=True)
class _State:
    policies: Mapping[int, Policy]
    captured: Mapping[int, datetime]
    deleted: Mapping[int, datetime]
    settle: timedelta
    looked: LookedAt | None = field(default=None)

    def is_settled(self, event: OpenEvent, policy: Policy) -> bool:
        """Tell whether there is nothing more to look for in the policy because of this event."""
        if policy.state == PolicyState.GONE:
            return self._is_known_gone(event, policy)
        if not self.is_seen(event, policy):
            return False
        captured = self.captured.get(policy.id)
        is_other_since = captured is not None and captured >= event.at
        return bool(event.is_ours or is_other_since or policy.last_captured_at >= event.at + LONGEST_DELAY)

    def is_seen(self, event: OpenEvent, policy: Policy) -> bool:
        """Tell whether the policy was read so long after the event that its change was in it, as a rule."""
        if policy.state == PolicyState.GONE:
            return self._is_known_gone(event, policy)
        read = policy.last_captured_at
        if read is None:
            return False
        # A restore reads what it wrote, after it wrote it: only the clocks may differ.
        return bool(read >= (event.at - self.settle if event.is_ours else event.at + self.settle))

    def _is_known_gone(self, event: OpenEvent, policy: Policy) -> bool:
        """Tell whether the policy is known to be gone after the event: it may have come back with it."""
        is_asked = self.looked is not None and policy.id in self.looked.gone
        is_deleted_later = policy.id in self.deleted and self.deleted[policy.id] >= event.at
        return is_asked or is_deleted_later or bool(policy.gone_at and policy.gone_at >= event.at + self.settle)

    def is_listed(self, event: OpenEvent, policy_type: str) -> bool:
        looked = self.looked
        return looked is not None and policy_type in looked.policy_types and looked.since >= event.at + self.settle
