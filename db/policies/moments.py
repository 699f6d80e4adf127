"""A tenant as it was at a moment: the policies that were in it, and the snapshot that says best how each was.

Worked out when asked, from what syncs and captures left behind; nothing here is stored.
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any

import peewee as pw

from db.models import Change, Policy, Snapshot, Tenant
from db.policies import snapshots
from db.policies.later_changes import unread_change
from db.sql.value_lists import batched
from db.states import ChangeKind, PolicyState

# What the record says of a policy that was added, the surer the higher.
_WAS_THERE, _MAY_HAVE_BEEN_THERE, _WAS_ABSENT = range(3)


@dataclass(frozen=True)
class CapturedThen:
    """A snapshot, as far as a moment needs it. The modification time is the tenant's own."""

    id: int
    content_id: int
    captured_at: datetime
    confirmed_at: datetime
    modified_at: datetime | None


@dataclass(frozen=True)
class PolicyThen:
    """A policy that was in the tenant at the moment `at`.

    `version` is how it was; None: it was never captured. `following` is the first snapshot after that one. `newest_id`
    and `newest_content_id` are of its newest snapshot, however new. `unread_at`: when it was changed in the tenant, as
    its list shows, where nobody has read it since.
    """

    at: datetime
    policy_id: int
    policy_type: str
    odata_type: str | None
    name: str
    is_present: bool
    gone_at: datetime | None
    last_seen_at: datetime
    version: CapturedThen | None
    following: CapturedThen | None
    newest_id: int | None
    newest_content_id: int | None
    unread_at: datetime | None

    @property
    def snapshot_id(self) -> int | None:
        return self.version.id if self.version else None

    @property
    def is_proven(self) -> bool:
        """It was read before that moment, and the same was read after it."""
        return bool(self.version and self.version.captured_at <= self.at <= self.version.confirmed_at)

    @property
    def is_captured_later(self) -> bool:
        """Nothing that was captured by then says how it was."""
        return bool(self.version and self.version.captured_at > self.at)

    @property
    def is_told_by_date(self) -> bool:
        """The version was captured later, and last changed before that moment, as the tenant's own date says."""
        version = self.version
        return bool(self.is_captured_later and version and version.modified_at and version.modified_at <= self.at)

    @property
    def changed_next_at(self) -> datetime | None:
        """When it was seen to be another, or when the tenant says that it was made so; None: never since."""
        following = self.following
        if following is None:
            return self.unread_at if self.unread_at and self.unread_at > self.at else None
        told = following.modified_at
        return told if told and self.at < told <= following.captured_at else following.captured_at

    @property
    def may_differ(self) -> bool:
        """It may have been otherwise: nothing that was read says for certain how it was."""
        if self.version is None or self.is_proven:
            return self.version is None
        if self.is_captured_later:
            return not self.is_told_by_date
        if self.following is None and self.unread_at:
            return self.unread_at <= self.at
        return self.following is not None and self.changed_next_at == self.following.captured_at

    @property
    def may_have_been_gone(self) -> bool:
        """It was in the tenant before, and was found gone later: nobody knows when it went."""
        return bool(self.gone_at and self.last_seen_at < self.at < self.gone_at)

    @property
    def is_same_now(self) -> bool:
        """It is in the tenant, nothing else of it was captured since, and its list shows no later change."""
        if not self.is_present or self.version is None:
            return False
        if self.unread_at:
            return self.unread_at <= self.at
        return self.version.content_id == self.newest_content_id


@dataclass(frozen=True)
class Moment:
    """A tenant at a moment, its policies by id. `new_since`: those that are in it now, and were not seen in it then.

    `known_since`: when anything was seen in it first; None: never.
    """

    tenant: Tenant
    at: datetime
    policies: list[PolicyThen]
    new_since: list[Policy]
    known_since: datetime | None

    @property
    def is_before_all(self) -> bool:
        return self.known_since is None or self.at < self.known_since

    @cached_property
    def snapshot_ids(self) -> list[int]:
        return sorted(policy.snapshot_id for policy in self.policies if policy.snapshot_id)


def snapshots_at(tenant: Tenant, at: datetime) -> dict[int, Snapshot]:
    """Return policy id -> the snapshot that says how it was, with its policy, for all that was in the tenant then."""
    rows = snapshots.load_with_policies(moment(tenant, at).snapshot_ids)
    return {snapshot.policy_id: snapshot for snapshot in rows}


def moment(tenant: Tenant, at: datetime) -> Moment:
    """Return the tenant as it was at this time, in some statements, however many policies it has."""
    rows = _that_were_there(tenant, at)
    following_ids = _following_ids(rows)
    names = ("base_id", "oldest_id", "newest_id")
    ids = {number for row in rows for name in names if (number := getattr(row, name))}
    captured = _load(ids | set(following_ids.values()))
    known_since = Policy.select(pw.fn.MIN(Policy.first_seen_at)).where(Policy.tenant == tenant).scalar()
    found = [_then(row, at, following_ids.get(row.base_id), captured) for row in rows]
    return Moment(tenant, at, found, _new_since(tenant, found), known_since)


def added_since(tenant: Tenant, at: datetime, types_with_a_bin: Collection[str]) -> dict[int, bool]:
    """Return the policies that were added, or came back, after this time: their list was read before that, and did not
    have them. One that is new to us alone is none, as with a policy type that was not read then.

    Policy id -> whether it may have been there by then after all: it came between two looks. Where the tenant's own
    date of its last change says so, it was none. Of `types_with_a_bin` no date says so: what is brought back has its
    old one.
    """
    first_modified_at = Snapshot.select(pw.fn.MIN(Snapshot.modified_at)).where(Snapshot.policy == Policy.id)
    modified_at = pw.fn.COALESCE(first_modified_at, Policy.modified_at)
    may_have_been_there = (Change.kind == ChangeKind.ADDED) & (Change.since_at <= at)
    was_there = may_have_been_there & (modified_at <= at) & Policy.policy_type.not_in(list(types_with_a_bin))
    is_added = Change.kind.in_((ChangeKind.ADDED, ChangeKind.CAME_BACK)) & (Change.seen_at > at)
    cases = pw.Case(None, [(was_there, _WAS_THERE), (may_have_been_there, _MAY_HAVE_BEEN_THERE)], _WAS_ABSENT)
    rows = Change.select(Change.policy, cases).join(Policy).where((Change.tenant == tenant) & is_added).tuples()
    surest: dict[int, int] = {}
    for policy_id, case in rows:
        surest[policy_id] = max(case, surest.get(policy_id, case))
    return {policy_id: case == _MAY_HAVE_BEEN_THERE for policy_id, case in surest.items() if case != _WAS_THERE}


def _that_were_there(tenant: Tenant, at: datetime) -> list[Any]:
    """Return the policies that were in the tenant, each with the ids of its newest snapshot of then, its oldest one
    and its newest one.
    """
    of_policy = Snapshot.policy == Policy.id
    # From the newest on: it stops at the first that was captured by then.
    base = Snapshot.select(Snapshot.id).where(of_policy & (Snapshot.captured_at <= at))
    columns = (
        Policy.id, Policy.policy_type, Policy.odata_type, Policy.name, Policy.state, Policy.gone_at,
        Policy.last_seen_at, Policy.modified_at, Policy.last_captured_at,
        base.order_by(Snapshot.id.desc()).limit(1).alias("base_id"),
        Snapshot.select(pw.fn.MIN(Snapshot.id)).where(of_policy).alias("oldest_id"),
        Snapshot.select(pw.fn.MAX(Snapshot.id)).where(of_policy).alias("newest_id"),
    )  # fmt: skip
    went_at = pw.fn.COALESCE(Policy.gone_at, Policy.last_seen_at)
    was_there = (Policy.first_seen_at <= at) & ((Policy.state == PolicyState.PRESENT) | (went_at > at))
    rows = Policy.select(*columns).where((Policy.tenant == tenant) & was_there).order_by(Policy.id)
    away = _away_at(tenant, at)
    return [row for row in rows if row.id not in away]


def _away_at(tenant: Tenant, at: datetime) -> set[int]:
    """Return the ids of policies that were gone then, and came back later."""
    came_back_later = (
        (Change.tenant == tenant)
        & (Change.seen_at > at)
        & (Change.kind == ChangeKind.CAME_BACK)
        & (Change.since_at <= at)
    )
    return {row[0] for row in Change.select(Change.policy).where(came_back_later).tuples()}


def _new_since(tenant: Tenant, then: Iterable[PolicyThen]) -> list[Policy]:
    columns = (Policy.id, Policy.policy_type, Policy.odata_type, Policy.name, Policy.first_seen_at)
    is_present = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT)
    were_there = {policy.policy_id for policy in then}
    rows = Policy.select(*columns).where(is_present).order_by(Policy.id)
    return [row for row in rows if row.id not in were_there]


def _following_ids(rows: Iterable[Any]) -> dict[int, int]:
    """Return snapshot id -> the id of the policy's next one, for those of then that are not the newest."""
    ids = [row.base_id for row in rows if row.base_id and row.base_id != row.newest_id]
    later = Snapshot.alias()
    following = later.select(pw.fn.MIN(later.id)).where((later.policy == Snapshot.policy) & (later.id > Snapshot.id))
    found: dict[int, int] = {}
    for some in batched(ids):
        found |= dict(Snapshot.select(Snapshot.id, following).where(Snapshot.id.in_(some)).tuples())
    return found


def _load(ids: Iterable[int]) -> dict[int, CapturedThen]:
    columns = (Snapshot.id, Snapshot.content, Snapshot.captured_at, Snapshot.confirmed_at, Snapshot.modified_at)
    found: dict[int, CapturedThen] = {}
    for some in batched(sorted(ids)):
        rows = Snapshot.select(*columns).where(Snapshot.id.in_(some)).tuples()
        found |= {row[0]: CapturedThen(*row) for row in rows}
    return found


def _then(row: Any, at: datetime, following_id: int | None, captured: dict[int, CapturedThen]) -> PolicyThen:
    """Choose the version: the newest that was captured by then, unless the tenant's own date says that the next one
    was in force already; without any, the first that was captured later.
    """
    version, following = captured.get(row.base_id), captured.get(following_id or 0)
    if version is None:
        version = captured.get(row.oldest_id)
    elif following and following.modified_at and version.confirmed_at < following.modified_at <= at:
        version, following = following, None
    newest = captured.get(row.newest_id)
    is_present = row.state == PolicyState.PRESENT
    return PolicyThen(
        at=at,
        policy_id=row.id,
        policy_type=row.policy_type,
        odata_type=row.odata_type,
        name=row.name,
        is_present=is_present,
        gone_at=None if is_present else row.gone_at or row.last_seen_at,
        last_seen_at=row.last_seen_at,
        version=version,
        following=following,
        newest_id=row.newest_id,
        newest_content_id=newest.content_id if newest else None,
        unread_at=unread_change(row, newest.modified_at if newest else None) if is_present else None,
    )


@dataclass(frozen=True)
class NearbyTimes:
    """The times just before and just after a moment at which something of the tenant was seen to change."""

    before: datetime | None
    after: datetime | None


def nearby_changes(tenant: Tenant, at: datetime) -> NearbyTimes:
    of_tenant = Change.select(Change.seen_at).where(Change.tenant == tenant)
    before = of_tenant.where(Change.seen_at < at).order_by(Change.seen_at.desc()).limit(1)
    after = of_tenant.where(Change.seen_at > at).order_by(Change.seen_at).limit(1)
    return NearbyTimes(before.scalar(), after.scalar())
