"""Enrollment configurations: their ids tell the type, and each type (and platform) has an order of its own."""

from graph.simulator.model.collections import DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import bad_request
from graph.simulator.store.known_properties import bare
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call

PATH = f"{DM}/deviceEnrollmentConfigurations"
_SUFFIXES = {
    "deviceEnrollmentLimitConfiguration": "Limit",
    "deviceEnrollmentPlatformRestrictionsConfiguration": "PlatformRestrictions",
    "deviceEnrollmentPlatformRestrictionConfiguration": "SinglePlatformRestriction",
    "deviceEnrollmentWindowsHelloForBusinessConfiguration": "WindowsHelloForBusiness",
    "deviceEnrollmentNotificationConfiguration": "EnrollmentNotificationsConfiguration",
}


def suffix(kind: str) -> str:
    return _SUFFIXES.get(kind, kind[:1].upper() + kind[1:])


def start_configuration(call: Call, item: Object) -> None:
    """New ones come last of their type."""
    item["priority"] = max((other["priority"] for other in _others(call.tenant, item)), default=0) + 1
    name = suffix(bare(item))
    item.setdefault("deviceEnrollmentConfigurationType", name[:1].lower() + name[1:])


def is_default(item: Object) -> bool:
    return item.get("priority") == 0


def _others(tenant: Tenant, item: Object) -> list[Object]:
    """Return the configurations of the same type and platform, in their order. The default has no place in it."""
    group = (item.get("@odata.type"), item.get("platformType"))
    others = [
        other
        for other in tenant.collections.get(PATH, {}).values()
        if other["id"] != item["id"]
        and other.get("priority")
        and (other.get("@odata.type"), other.get("platformType")) == group
    ]
    return sorted(others, key=lambda one: one["priority"])


def set_priority(call: Call) -> None:
    item = call.draft()
    priority = call.body.get("priority")
    if is_default(item):
        raise bad_request("The priority of a default enrollment configuration cannot be changed.")
    if not isinstance(priority, int) or priority < 1:
        raise bad_request("priority has to be a positive number.")
    close_gap(call.tenant, item)
    _make_room(call.tenant, item, priority)
    call.keep({**item, "priority": priority})


def close_gap(tenant: Tenant, item: Object) -> None:
    """Move up those behind a configuration that leaves."""
    for other in _others(tenant, item):
        if other["priority"] > item.get("priority", 0) > 0:
            tenant.put(PATH, {**other, "priority": other["priority"] - 1})


def _make_room(tenant: Tenant, item: Object, priority: int) -> None:
    place = priority
    for other in _others(tenant, item):
        if other["priority"] == place:
            place += 1
            tenant.put(PATH, {**other, "priority": place})
