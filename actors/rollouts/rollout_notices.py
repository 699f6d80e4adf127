"""Notices of a roll-out: that it waits to be confirmed, that it stopped by itself, that it ended.

Call each in the transaction that makes it so. The installation hears of the ring, each tenant of its own part alone.
"""

from typing import Any

from db.models import RollOut
from db.notices import occurrences
from db.rollouts import rollout_tenants
from db.states import NoticeEvent, RollOutTenantState


def asked(rollout: RollOut) -> None:
    """Tell that all is planned: somebody confirms it, and a tenant's manager may object."""
    _tell(rollout, "asked")
    for part in rollout_tenants.of_states(rollout, [RollOutTenantState.PREVIEWED]):
        key = f"rollout_planned:{rollout.id}:{part.tenant_id}:{rollout.acted_at.timestamp():.0f}"
        facts = _facts(rollout) | {"counts": part.counts}
        occurrences.begin(NoticeEvent.ROLLOUT_PLANNED, key, part.tenant_id, restore_id=part.restore_id, facts=facts)


def stopped(rollout: RollOut, why: str) -> None:
    _tell(rollout, "stopped", why=why)


def ended(rollout: RollOut) -> None:
    _tell(rollout, str(rollout.state), tenants=rollout_tenants.count_by_state(rollout))


def _tell(rollout: RollOut, what: str, **more: Any) -> None:
    key = f"rollout:{rollout.id}:{what}:{rollout.acted_at.timestamp():.0f}"
    occurrences.begin(NoticeEvent.ROLLOUT, key, facts={**_facts(rollout), "what": what, **more})


def _facts(rollout: RollOut) -> dict[str, Any]:
    version = rollout.version
    return {
        "rollout": rollout.id,
        "standard": version.standard.name,
        "version": version.number,
        "ring": str(rollout.ring),
    }
