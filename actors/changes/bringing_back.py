"""Bringing a tenant back to a moment: everything that was deleted, changed or added since, by whom, the urgent first.

Worked out from what looks and backups left behind; Graph is not asked. A look first makes it fresh.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actors.changes import added_since, damage_waves, put_back_since
from actors.changes.added_since import AddedProof
from actors.plans import drafts
from db.audit.audit import Actor
from db.changes import change_lists
from db.errors import Invalid
from db.events import attribution
from db.models import Change, Policy, Restore, Tenant, TenantEvent
from db.policies import moments
from db.policies.moments import PolicyThen
from db.states import LaterChangeKind, Severity
from graph.references.reference_kinds import GROUPS
from graph.write.emergency_order import REST, WAVES

# Changes of a tenant since then; who made one before the newest of these is not told.
MOST_CHANGES = 20_000
WAVE_TITLES = tuple(WAVES.values())
GROUP_STAYS = "A restore leaves a group that is there as it is: put its members and its rule back in Entra."
NEVER_CAPTURED = "Never captured by then: nobody knows how it was."
_GRAVEST_FIRST = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True)
class PolicyDamage:
    """The harm to a policy since the moment. `by`: all who changed it since, as far as the tenant's logs say.

    `snapshot_id`: how it was then; None where that is not known, and of what was added since. `is_unsure`: nothing that
    was read proves that it was there then, and so: a legitimate change or deletion before that may have made it such.
    Of what was added: it may have been there then.
    """

    policy_id: int
    policy_type: str
    name: str
    kind: LaterChangeKind
    at: datetime | None
    severity: str | None
    by: tuple[str, ...]
    by_restore: int | None
    snapshot_id: int | None
    wave: int
    is_unsure: bool = False

    @property
    def is_possible(self) -> bool:
        return not self.why_not

    @property
    def why_not(self) -> str:
        """Return why no restore brings it back, as a sentence; "": one can, or removes it."""
        if self.policy_type == GROUPS and self.kind == LaterChangeKind.CHANGED:
            return GROUP_STAYS
        return NEVER_CAPTURED if self.snapshot_id is None and self.kind != LaterChangeKind.NEW else ""

    def is_by(self, name: str) -> bool:
        return name in self.by


@dataclass(frozen=True)
class Culprit:
    """Somebody who changed the tenant since: how many policies, and when first and last."""

    name: str
    policies: int
    first: datetime | None
    last: datetime | None


@dataclass(frozen=True)
class Damage:
    """All deeds since the moment, the urgent first; and by whom, who did most first.

    `known_since`: when anything was seen in the tenant first; None: never.
    """

    tenant: Tenant
    at: datetime
    deeds: Sequence[PolicyDamage]
    known_since: datetime | None

    def deeds_of(self, by: str) -> list[PolicyDamage]:
        """Return what this person or app did; "": what anybody did."""
        return [deed for deed in self.deeds if not by or deed.is_by(by)]

    @property
    def culprits(self) -> list[Culprit]:
        names = {name for deed in self.deeds for name in deed.by}
        return sorted((self._culprit(name) for name in names), key=lambda one: (-one.policies, one.name))

    def _culprit(self, name: str) -> Culprit:
        times = sorted(deed.at for deed in self.deeds if deed.is_by(name) and deed.at)
        count = sum(deed.is_by(name) for deed in self.deeds)
        return Culprit(name, count, times[0] if times else None, times[-1] if times else None)


def find(tenant: Tenant, at: datetime) -> Damage:
    then = moments.moment(tenant, at)
    again = put_back_since.made_again(tenant, then)
    otherwise = [row for row in then.policies if not row.is_same_now]
    as_they_were = put_back_since.as_they_were(tenant, otherwise, again)
    stories, added = _stories(tenant, at), added_since.find(then)
    deeds = [
        _deed_of_then(stories, row, again.now.get(row.policy_id))
        for row in otherwise
        if row.policy_id not in as_they_were
    ]
    deeds += [
        _deed_of_new(stories, row, added[row.id])
        for row in then.new_since
        if row.id in added and row.id not in again.made
    ]
    return Damage(tenant, at, sorted(_in_waves(deeds), key=_urgency), then.known_since)


def _in_waves(deeds: Sequence[PolicyDamage]) -> list[PolicyDamage]:
    waves = damage_waves.find({deed.policy_id: deed.policy_type for deed in deeds})
    return [replace(deed, wave=waves[deed.policy_id]) for deed in deeds]


@dataclass(frozen=True)
class _Story:
    """The record of a policy since the moment: its newest change, the gravest of all, and who made them."""

    newest: Change
    severity: str | None
    by: tuple[str, ...]


def _stories(tenant: Tenant, at: datetime) -> dict[int, _Story]:
    """Return policy id -> its story: who changed it last may not be who did the harm."""
    by_policy: dict[int, list[Change]] = {}
    changes = change_lists.listed(tenant, at, is_open=False, limit=MOST_CHANGES)
    for change in changes:
        by_policy.setdefault(change.policy_id, []).append(change)
    events = attribution.events_of_changes(changes)
    return {policy_id: _story(newest_first, events, at) for policy_id, newest_first in by_policy.items()}


def _story(newest_first: Sequence[Change], events: Mapping[int, Sequence[TenantEvent]], at: datetime) -> _Story:
    """Make the story. A change that was seen after the moment may hold what was done before it: who did that is named
    only where the logs tell of nobody since.
    """
    theirs = [list(events.get(change.id, ())) for change in newest_first if not change.restore_id]
    since = [[event for event in of_change if event.at >= at] for of_change in theirs]
    names = _names(since) or _names(theirs)
    gravest = min(newest_first, key=lambda change: _gravity(change.severity))
    return _Story(newest_first[0], gravest.severity, names)


def _names(by_change: Sequence[Sequence[TenantEvent]]) -> tuple[str, ...]:
    """Return who made these changes, each once."""
    doers = [doer for events in by_change for doer in attribution.doers_of(events)]
    return tuple(filter(None, dict.fromkeys(doer.name or doer.app_name or "" for doer in doers)))


def _deed_of_then(stories: Mapping[int, _Story], then: PolicyThen, now: Policy | None) -> PolicyDamage:
    """Return the deed to a policy that was there. `now`: what a restore made it again as, and somebody changed."""
    kind = LaterChangeKind.CHANGED if then.is_present or now else LaterChangeKind.DELETED
    policy_id = now.id if now else then.policy_id
    deed = _deed(stories, policy_id, then.policy_type, then.name, kind, then.gone_at, then.snapshot_id)
    return replace(deed, is_unsure=then.may_differ or then.may_have_been_gone)


def _deed_of_new(stories: Mapping[int, _Story], policy: Policy, proof: AddedProof) -> PolicyDamage:
    """Return the deed to a policy that was not seen by then. One that was there all the same was changed since: nobody
    read how it was, and it is not removed.
    """
    kind = LaterChangeKind.CHANGED if proof == AddedProof.BEFORE else LaterChangeKind.NEW
    deed = _deed(stories, policy.id, policy.policy_type, policy.name, kind, policy.first_seen_at, None)
    return replace(deed, is_unsure=proof != AddedProof.SURE)


def _deed(
    stories: Mapping[int, _Story],
    policy_id: int,
    policy_type: str,
    name: str,
    kind: LaterChangeKind,
    at: datetime | None,
    snapshot_id: int | None,
) -> PolicyDamage:
    story = stories.get(policy_id)
    return PolicyDamage(
        policy_id,
        policy_type,
        name,
        kind,
        story.newest.seen_at if story else at,
        story.severity if story else None,
        story.by if story else (),
        story.newest.restore_id if story else None,
        snapshot_id,
        REST,
    )


def _urgency(deed: PolicyDamage) -> tuple[int, int, str]:
    return deed.wave, _gravity(deed.severity), deed.name.casefold()


def _gravity(severity: str | None) -> int:
    known = [str(known) for known in _GRAVEST_FIRST]
    return known.index(severity) if severity in known else len(known)


def draft(damage: Damage, actor: Actor, *, by: str = "", removes_added: bool = False) -> Restore:
    """Draft one restore of everything that was done since, or of what one person did.

    `removes_added`: what was added since is removed, too. Raises Invalid where there is nothing to bring back, or where
    nobody knows how the tenant was.
    """
    if damage.known_since is None:
        raise Invalid(f"Nothing is known of {damage.tenant.name} yet. Back it up first.")
    if damage.at < damage.known_since:
        first = format(damage.known_since, "%Y-%m-%d %H:%M")
        raise Invalid(f"Nothing is known of {damage.tenant.name} before {first} UTC. Choose a later time.")
    deeds = damage.deeds_of(by)
    snapshot_ids = [deed.snapshot_id for deed in deeds if deed.snapshot_id is not None and deed.is_possible]
    added: Collection[int] = [deed.policy_id for deed in deeds if deed.kind == LaterChangeKind.NEW]
    if not snapshot_ids and not (added and removes_added):
        if any(deed.why_not == GROUP_STAYS for deed in deeds):
            raise Invalid(f"Nothing is to be brought back but groups. {GROUP_STAYS}")
        raise Invalid("Nothing is to be brought back: look at the tenant first, or choose an earlier time.")
    return drafts.bring_back(damage.tenant, damage.at, snapshot_ids, added if removes_added else (), actor)
