"""Bringing a tenant back to a moment: everything that was deleted, changed or added since, by whom, the urgent first.

Worked out from what looks and backups left behind; Graph is not asked. A look first makes it fresh.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actors.changes import added_since, put_back_since
from actors.changes.added_since import AddedProof
from actors.plans import drafts
from db.audit.audit import Actor
from db.changes import change_lists
from db.errors import Invalid
from db.events import attribution
from db.models import Change, Policy, Restore, Tenant
from db.policies import moments
from db.policies.moments import PolicyThen
from db.states import LaterChangeKind, Severity
from graph.write.emergency_order import WAVES, emergency_wave

# Changes of a tenant since then; who made one before the newest of these is not told.
MOST_CHANGES = 20_000
WAVE_TITLES = tuple(WAVES.values())
_GRAVEST_FIRST = (Severity.HIGH, Severity.MEDIUM, Severity.LOW)


@dataclass(frozen=True)
class PolicyDamage:
    """The harm to a policy since the moment. `by`: who did it, as far as the tenant's logs say.

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
        return self.snapshot_id is not None or self.kind == LaterChangeKind.NEW

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
    newest, added = _newest_changes(tenant, at), added_since.find(then)
    by = _doers(list(newest.values()))
    deeds = [
        _deed_of_then(newest, by, row, again.now.get(row.policy_id))
        for row in otherwise
        if row.policy_id not in as_they_were
    ]
    deeds += [
        _deed_of_new(newest, by, row, added[row.id])
        for row in then.new_since
        if row.id in added and row.id not in again.made
    ]
    return Damage(tenant, at, sorted(deeds, key=_urgency), then.known_since)


def _newest_changes(tenant: Tenant, at: datetime) -> dict[int, Change]:
    changes = change_lists.listed(tenant, at, is_open=False, limit=MOST_CHANGES)
    return {change.policy_id: change for change in reversed(changes)}


def _doers(changes: Sequence[Change]) -> dict[int, tuple[str, ...]]:
    events = attribution.events_of_changes(changes)
    return {
        change.id: tuple(doer.name or doer.app_name or "" for doer in attribution.doers_of(events.get(change.id, ())))
        for change in changes
    }


def _deed_of_then(
    newest: dict[int, Change], by: dict[int, tuple[str, ...]], then: PolicyThen, now: Policy | None
) -> PolicyDamage:
    """Return the deed to a policy that was there. `now`: what a restore made it again as, and somebody changed."""
    kind = LaterChangeKind.CHANGED if then.is_present or now else LaterChangeKind.DELETED
    policy_id = now.id if now else then.policy_id
    deed = _deed(newest, by, policy_id, then.policy_type, then.name, kind, then.gone_at, then.snapshot_id)
    return replace(deed, is_unsure=then.may_differ or then.may_have_been_gone)


def _deed_of_new(
    newest: dict[int, Change], by: dict[int, tuple[str, ...]], policy: Policy, proof: AddedProof
) -> PolicyDamage:
    """Return the deed to a policy that was not seen by then. One that was there all the same was changed since: nobody
    read how it was, and it is not removed.
    """
    kind = LaterChangeKind.CHANGED if proof == AddedProof.BEFORE else LaterChangeKind.NEW
    deed = _deed(newest, by, policy.id, policy.policy_type, policy.name, kind, policy.first_seen_at, None)
    return replace(deed, is_unsure=proof != AddedProof.SURE)


def _deed(
    newest: dict[int, Change],
    by: dict[int, tuple[str, ...]],
    policy_id: int,
    policy_type: str,
    name: str,
    kind: LaterChangeKind,
    at: datetime | None,
    snapshot_id: int | None,
) -> PolicyDamage:
    change = newest.get(policy_id)
    return PolicyDamage(
        policy_id,
        policy_type,
        name,
        kind,
        change.seen_at if change else at,
        change.severity if change else None,
        tuple(filter(None, by.get(change.id, ()))) if change and not change.restore_id else (),
        change.restore_id if change else None,
        snapshot_id,
        emergency_wave(policy_type, {}),
    )


def _urgency(deed: PolicyDamage) -> tuple[int, int, str]:
    known = [str(severity) for severity in _GRAVEST_FIRST]
    gravity = known.index(deed.severity) if deed.severity in known else len(known)
    return deed.wave, gravity, deed.name.casefold()


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
    deeds = [deed for deed in damage.deeds if not by or deed.is_by(by)]
    snapshot_ids = [deed.snapshot_id for deed in deeds if deed.snapshot_id is not None]
    added: Collection[int] = [deed.policy_id for deed in deeds if deed.kind == LaterChangeKind.NEW]
    if not snapshot_ids and not (added and removes_added):
        raise Invalid("Nothing is to be brought back: look at the tenant first, or choose an earlier time.")
    return drafts.bring_back(damage.tenant, damage.at, snapshot_ids, added if removes_added else (), actor)
