"""Which drivers of an update profile somebody has decided on: the whole worth of a profile with manual approval.

Decisions are kept in the profile's inventory, which fills as devices report what they have (learn.microsoft.com:
windowsDriverUpdateInventory, executeAction). An inventory's ids are the profile's own: one driver in two profiles is
told by its name, version and manufacturer. With automatic approval the service itself approves what it recommends;
nobody outside Microsoft knows whether it does so for others too: only what is not so approved counts as a decision.
"""

from collections.abc import Mapping
from typing import Any

from graph.policy_types.enrollment import listed

INVENTORY = "driverInventories"
ACTIONS = {"approved": "approve", "declined": "decline", "suspended": "suspend"}

Object = dict[str, Any]
Driver = tuple[str, ...]


def driver_of(entry: Mapping[str, Any]) -> Driver:
    return tuple(str(entry.get(name) or "") for name in ("name", "version", "manufacturer"))


def called(driver: Driver) -> str:
    return " ".join(part for part in driver[:2] if part)


def decided(body: Mapping[str, Any]) -> list[Object]:
    is_automatic = body.get("approvalType") == "automatic"
    return [one for one in entries(body) if str(one.get("approvalStatus")) in ACTIONS
            and not (is_automatic and _is_approved_by_itself(one))]  # fmt: skip


def _is_approved_by_itself(entry: Mapping[str, Any]) -> bool:
    return entry.get("approvalStatus") == "approved" and entry.get("category") != "other"


def entries(body: Mapping[str, Any]) -> list[Object]:
    return [one for one in listed(body, INVENTORY) if isinstance(one, dict)]
