"""A roll-out as a program reads it, the same from the API and from a command."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from db.models import RollOut, RollOutTenant
from db.rollouts import rollout_tenants
from db.states import RollOutTenantState


def summary(rollout: RollOut, *, is_whole: bool) -> dict[str, Any]:
    """Return what a list shows. `is_whole`: for somebody who may know of all of its tenants."""
    return {
        "id": rollout.id,
        "standard": {"id": rollout.standard_id, "name": rollout.standard.name},
        "version": rollout.version.number,
        "ring": str(rollout.ring),
        "kind": str(rollout.kind),
        "state": str(rollout.state),
        # It may count tenants of others.
        "message": rollout.message if is_whole else "",
        "reason": rollout.reason,
        "at_once": rollout.at_once,
        "stop_percent": rollout.stop_percent,
        "asked_at": _time(rollout.asked_at),
        "confirmed_at": _time(rollout.confirmed_at),
        "ended_at": _time(rollout.ended_at),
    }


def details(rollout: RollOut, parts: Sequence[RollOutTenant], *, is_whole: bool) -> dict[str, Any]:
    """Return the roll-out with these of its tenants, which are those that whoever asks may see."""
    return {
        **summary(rollout, is_whole=is_whole),
        "fingerprint": rollout_tenants.plans_fingerprint(rollout_tenants.planned(rollout)) if is_whole else None,
        "planned": sum(row.state == RollOutTenantState.PREVIEWED for row in parts),
        "counts": rollout_tenants.total_counts(parts),
        "tenants": [part(row) for row in parts],
    }


def part(row: RollOutTenant) -> dict[str, Any]:
    """Return a tenant's part in a roll-out."""
    return {
        "tenant": {"id": row.tenant_id, "name": row.tenant.name},
        "state": str(row.state),
        "restore": row.restore_id,
        "undo": row.undo_id,
        "counts": row.counts,
        "conflicts": len(row.conflicts),
        "message": row.message,
        "objection": row.objection,
        "overridden_reason": row.overridden_reason,
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds") + "Z"
