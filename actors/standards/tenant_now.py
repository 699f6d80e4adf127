"""A tenant as it was read last: its policies with their newest snapshots, and which types could not be read."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from db.clock import utcnow
from db.models import Coverage, Policy, Snapshot, Tenant
from db.standards import tenant_reading
from db.states import CellState, Offer, PolicyState
from db.tenants.backup_health import OLD_AFTER

NO_SNAPSHOT = "No snapshot of it yet: back the tenant up."
SNAPSHOT_OLD = "Its newest snapshot is older than a week: back the tenant up."
CHANGED_SINCE = "It was changed since its newest snapshot: back the tenant up."
NOT_PERMITTED = "Tenantkeep may not read policies of this type in this tenant."
NEVER_LISTED = "Policies of this type were never listed in this tenant."
LISTED_LATELY_NOT = "Policies of this type were last listed more than a week ago: back the tenant up."
COULD_NOT_LIST = "Policies of this type could not be listed the last time."
NOT_OFFERED = "The tenant does not offer policies of this type: it has no licence for them, or Microsoft retired them."
NOT_THERE = "The tenant does not have it."
DELETED = "It was deleted in the tenant."


@dataclass(frozen=True)
class Doubt:
    """A reason why a cell cannot be aligned."""

    state: CellState
    why: str


@dataclass(frozen=True)
class PolicyNow:
    """A policy with its newest snapshot, if it was ever captured, and its newest change."""

    policy: Policy
    newest: Snapshot | None
    change_id: int | None

    @property
    def id(self) -> int:
        return int(self.policy.id)

    @property
    def is_there(self) -> bool:
        return bool(self.policy.state == PolicyState.PRESENT)

    @property
    def snapshot(self) -> Snapshot:
        if self.newest is None:
            raise ValueError("it was never captured")
        return self.newest

    @property
    def snapshot_id(self) -> int | None:
        return self.newest.id if self.newest else None

    @property
    def content_id(self) -> int:
        return int(self.snapshot.content_id)

    @property
    def mark(self) -> str:
        return str(self.snapshot.content.fingerprint)


class TenantNow:
    """The policies of a tenant that items of a standard are. `targets`: item key -> (policy type, Graph id or None)."""

    def __init__(self, tenant: Tenant, targets: Mapping[str, tuple[str, str | None]]) -> None:
        self._now = utcnow()
        linked = {key: (kind, graph_id) for key, (kind, graph_id) in targets.items() if graph_id is not None}
        found = tenant_reading.policies_by_key(tenant, list(linked.values()))
        newest = tenant_reading.newest_snapshots([policy.id for policy in found.values()])
        changes = tenant_reading.newest_changes([policy.id for policy in found.values()])
        self._by_item = {
            key: PolicyNow(policy, newest.get(policy.id), changes.get(policy.id))
            for key, wanted in linked.items()
            if (policy := found.get(wanted)) is not None
        }
        self._coverage: dict[str, Coverage] = tenant_reading.coverage_by_type(tenant)

    def policy_of(self, item_key: str) -> PolicyNow | None:
        return self._by_item.get(item_key)

    def why_unread(self, policy: PolicyNow) -> Doubt | None:
        """Return why nothing can be said of a policy that is there; None: it was read."""
        if policy.newest is None:
            return Doubt(CellState.NOT_READABLE, NO_SNAPSHOT)
        known = self._coverage.get(policy.policy.policy_type)
        if known is not None and known.offer == Offer.NOT_PERMITTED:
            return Doubt(CellState.NOT_READABLE, NOT_PERMITTED)
        return None

    def why_stale(self, policy: PolicyNow) -> Doubt | None:
        """Return why the newest snapshot is not to be believed any longer; None: it is."""
        row = policy.policy
        captured_at = row.last_captured_at or policy.snapshot.confirmed_at
        if row.modified_at is not None and row.modified_at > captured_at:
            return Doubt(CellState.STALE, CHANGED_SINCE)
        return Doubt(CellState.STALE, SNAPSHOT_OLD) if self._is_old(captured_at) else None

    def absence(self, policy_type: str) -> Doubt:
        """Return how an item stands that the tenant has no policy for, as far as its type was listed."""
        known = self._coverage.get(policy_type)
        if known is None:
            return Doubt(CellState.NOT_READABLE, NEVER_LISTED)
        if known.offer == Offer.NOT_OFFERED:
            return Doubt(CellState.MISSING, NOT_OFFERED)
        if known.offer == Offer.NOT_PERMITTED:
            return Doubt(CellState.NOT_READABLE, NOT_PERMITTED)
        if known.offer != Offer.OFFERED:
            return Doubt(CellState.NOT_READABLE, COULD_NOT_LIST)
        listed_at = known.listed_at or known.good_at
        if listed_at is None:
            return Doubt(CellState.NOT_READABLE, NEVER_LISTED)
        return (
            Doubt(CellState.STALE, LISTED_LATELY_NOT)
            if self._is_old(listed_at)
            else Doubt(CellState.MISSING, NOT_THERE)
        )

    def _is_old(self, at: datetime) -> bool:
        return at < self._now - OLD_AFTER
