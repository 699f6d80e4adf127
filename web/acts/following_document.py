"""Documents of how tenants follow a standard, as a program reads it, the same from the API and from a command."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from actors.standards import linking, parameter_values
from db.models import StandardAdoption, StandardException
from db.standards import exceptions, following_items, links
from db.standards.following_items import FollowedItem


def summary(adoption: StandardAdoption) -> dict[str, Any]:
    """Return what a list of followers shows."""
    return {
        "standard": {"id": adoption.standard_id, "name": adoption.standard.name},
        "tenant": {"id": adoption.tenant_id, "name": adoption.tenant.name},
        "ring": str(adoption.ring),
        "version": adoption.version.number if adoption.version else None,
        "tag": adoption.folded_tag,
        "adopted_at": _time(adoption.adopted_at),
        "looked_at": _time(adoption.checked_at),
        "counts": adoption.counts or {},
    }


def details(adoption: StandardAdoption, *, sees_tenant: bool) -> dict[str, Any]:
    """Return it with items, parameters and open exceptions. `sees_tenant`: also what its policies are called."""
    found = following_items.items_of(adoption, linking.versions_of(adoption))
    waiting = links.candidates_of(adoption)
    return {
        **summary(adoption),
        "put_backs_a_day": adoption.put_backs_a_day,
        "items": [_item(row, waiting.get(row.key, []), sees_tenant=sees_tenant) for row in found],
        "parameters": _parameters(adoption) if sees_tenant else [],
        "exceptions": exception_list(exceptions.open_for(adoption)),
    }


def _item(row: FollowedItem, candidates: Sequence[Sequence[str]], *, sees_tenant: bool) -> dict[str, Any]:
    known = candidates if sees_tenant else ()
    return {
        "key": row.key,
        "policy_type": row.policy_type,
        "name": row.name,
        "state": row.state or None,
        "policy": row.policy_id if sees_tenant else None,
        "is_declined": row.is_declined,
        "keep": str(row.cell.keep) if row.cell and sees_tenant else None,
        "candidates": [{"graph_id": graph_id, "name": name} for graph_id, name in known],
    }


def _parameters(adoption: StandardAdoption) -> list[dict[str, Any]]:
    return [
        {
            "name": row.name,
            "kind": str(row.kind),
            "label": row.label,
            "default": row.default,
            "value": row.value,
            "is_own": row.is_own,
        }
        for row in parameter_values.here(adoption)
    ]


def exception_list(rows: Sequence[StandardException]) -> list[dict[str, Any]]:
    return [exception(row) for row in rows]


def exception(row: StandardException) -> dict[str, Any]:
    return {
        "id": row.id,
        "tenant": {"id": row.tenant_id, "name": row.tenant.name} if row.tenant_id else None,
        "tag": row.folded_tag,
        "item": row.item_key,
        "kind": str(row.kind),
        "paths": row.paths,
        "reason": row.reason,
        "until": _time(row.until),
        "asked_at": _time(row.asked_at),
        "approved_at": _time(row.approved_at),
        "ended_at": _time(row.ended_at),
    }


def _time(at: datetime | None) -> str | None:
    return None if at is None else at.isoformat(timespec="seconds") + "Z"
