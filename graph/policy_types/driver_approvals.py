"""The decisions on the drivers of an update profile: the whole worth of a profile with manual approval.

Decisions are kept in the profile's inventory, which fills as devices report what they have (learn.microsoft.com:
windowsDriverUpdateInventory, executeAction). An inventory's ids are the profile's own: the same
driver in two profiles is recognised by its name, version and manufacturer. With automatic approval the service itself
approves the drivers that it recommends. Nobody outside Microsoft knows whether it approves others too, so there an
approval counts as a decision only where the driver is not a recommended one.
"""

from collections.abc import Mapping
from typing import Any

from graph.policy_types.enrollment import get_list

INVENTORY = "driverInventories"
ACTIONS = {"approved": "approve", "declined": "decline", "suspended": "suspend"}

Object = dict[str, Any]
Driver = tuple[str, ...]


def driver_of(entry: Mapping[str, Any]) -> Driver:
    return tuple(str(entry.get(name) or "") for name in ("name", "version", "manufacturer"))


def driver_label(driver: Driver) -> str:
    return " ".join(part for part in driver[:2] if part)


def decided_drivers(body: Mapping[str, Any]) -> list[Object]:
    """Return the inventory entries that a person approved, declined or suspended."""
    is_automatic = body.get("approvalType") == "automatic"
    return [entry for entry in inventory_entries(body) if str(entry.get("approvalStatus")) in ACTIONS
            and not (is_automatic and _is_approved_by_service(entry))]  # fmt: skip


def _is_approved_by_service(entry: Mapping[str, Any]) -> bool:
    return entry.get("approvalStatus") == "approved" and entry.get("category") != "other"


def inventory_entries(body: Mapping[str, Any]) -> list[Object]:
    return [entry for entry in get_list(body, INVENTORY) if isinstance(entry, dict)]
