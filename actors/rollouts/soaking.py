"""The ring that a version may go to next: after the one before was looked at for days, and nothing is open there.

Worked out from rows; Graph is not asked.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from actors.standards.comparing import REPORT_ONLY_YET
from db.clock import utcnow
from db.errors import Invalid
from db.models import Standard, StandardVersion
from db.rollouts import rollout_tenants, rollouts
from db.standards import adoptions
from db.states import Ring, RollOutKind, RollOutState

EARLY = "To do it all the same, say why it comes early."


@dataclass(frozen=True)
class RingOffer:
    """A version that may go to a ring, or why it may not yet. `since`: from when on only time is missing."""

    version: StandardVersion
    ring: Ring
    kind: RollOutKind
    why_not: str = ""
    ready_at: datetime | None = None


def offers(standard: Standard, version: StandardVersion) -> list[RingOffer]:
    """Return what comes next of this version for each ring that tenants are in, in the order of the rings.

    A ring that has it is offered the second step, which switches on what arrived report-only.
    """
    rings = [ring for ring in Ring if _tenant_ids(standard, ring)]
    return [offer_of(standard, version, ring, _next_kind(version, ring)) for ring in rings]


def _next_kind(version: StandardVersion, ring: Ring) -> RollOutKind:
    newest = rollouts.newest_of_ring(version, ring, RollOutKind.ROLL_OUT)
    is_there = newest is not None and newest.state == RollOutState.FINISHED
    return RollOutKind.SWITCH_ON if is_there else RollOutKind.ROLL_OUT


def offer_of(standard: Standard, version: StandardVersion, ring: Ring, kind: RollOutKind) -> RingOffer:
    if kind == RollOutKind.SWITCH_ON:
        earlier_ring, days = ring, standard.look_days
    else:
        earlier = [other for other in list(Ring)[: list(Ring).index(ring)] if _tenant_ids(standard, other)]
        if not earlier:
            return RingOffer(version, ring, kind)
        earlier_ring, days = earlier[-1], standard.soak_days
    why_not, ready_at = _why_not(standard, version, earlier_ring, timedelta(days=days))
    return RingOffer(version, ring, kind, why_not, ready_at)


def _why_not(
    standard: Standard, version: StandardVersion, earlier_ring: Ring, soak: timedelta
) -> tuple[str, datetime | None]:
    newest = rollouts.newest_of_ring(version, earlier_ring, RollOutKind.ROLL_OUT)
    if newest is None or newest.state != RollOutState.FINISHED:
        return f"Version {version.number} was not rolled out to the ring “{earlier_ring}” yet.", None
    tenant_ids = _tenant_ids(standard, earlier_ring)
    unseen = rollout_tenants.not_compared_since(standard.id, tenant_ids, newest.ended_at)
    if unseen:
        tenants = "1 tenant" if unseen == 1 else f"{unseen} tenants"
        return f"Not compared yet in the ring “{earlier_ring}”: {tenants}. That takes some minutes.", None
    open_policies = rollout_tenants.not_as_wanted(standard.id, tenant_ids, but_for=REPORT_ONLY_YET)
    if open_policies:
        policies = "1 policy" if open_policies == 1 else f"{open_policies} policies"
        return f"Not as the standard wants in the ring “{earlier_ring}”: {policies}. Look at the matrix.", None
    ready_at = newest.ended_at + soak
    if ready_at > utcnow():
        return f"The ring “{earlier_ring}” is looked at until {ready_at:%Y-%m-%d %H:%M} UTC.", ready_at
    return "", ready_at


def require_offered(offer: RingOffer) -> None:
    """Raises Invalid where the ring's turn has not come."""
    if offer.why_not:
        raise Invalid(f"{offer.why_not} {EARLY}")


def _tenant_ids(standard: Standard, ring: Ring) -> list[int]:
    return [adoption.tenant_id for adoption in adoptions.followers(standard, ring)]
