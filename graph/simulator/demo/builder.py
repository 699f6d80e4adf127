"""Making objects of a demo tenant: stable ids, times, groups and assignments."""

import base64
import copy
import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid5

from graph.simulator.model import observed_facts
from graph.simulator.model.conformance import type_at
from graph.simulator.store.state import Tenant

NAMESPACE = UUID("6f9619ff-8b86-4d01-b42d-00cf4fc964ff")
ALL_USERS = "acacacac-9df4-4c7d-9d50-4ef0226f57a9"
ALL_DEVICES = "adadadad-808e-44e2-905a-0b7873a8a531"
TYPE = "#microsoft.graph."

DM = "deviceManagement"
DAM = "deviceAppManagement"
CA = "identity/conditionalAccess"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


class Builder:
    """Builds one demo tenant. Everything random comes from a generator seeded with its name."""

    def __init__(self, tenant: Tenant) -> None:
        self.tenant = tenant
        self.random = random.Random(tenant.name)
        self._made = 0

    def guid(self, *what: object) -> str:
        return str(uuid5(NAMESPACE, "/".join(map(str, (self.tenant.name, *what)))))

    def time(self) -> str:
        at = datetime(2024, 1, 8, 8) + timedelta(minutes=self.random.randrange(900_000))
        digits = self.random.choice(["", ".4745022", ".36", ".1"])
        return at.strftime("%Y-%m-%dT%H:%M:%S") + digits + "Z"

    def add(self, collection: str, name: str, *, name_key: str = "displayName", suffix: str = "", prefix: str = "",
            plain: bool = False, **properties: Any) -> dict[str, Any]:  # fmt: skip
        """Put one object with the properties nearly all have, if its type has them; `plain` ones have only their own."""
        self._made += 1
        known = observed_facts.properties(type_at(collection, properties))
        item: dict[str, Any] = {"id": f"{prefix}{self.guid(collection, name, self._made)}{suffix}", name_key: name}
        if not plain:
            created = self.time()
            usual = {
                "description": "",
                "createdDateTime": created,
                "lastModifiedDateTime": max(created, self.time()),
                "roleScopeTagIds": ["0"],
            }
            item |= {name: value for name, value in usual.items() if name in known}
        item |= copy.deepcopy(properties)
        for assignment in item.get("assignments", ()):
            target = assignment["target"]
            everyone = ALL_DEVICES if "allDevices" in target["@odata.type"] else ALL_USERS
            assignment.setdefault("id", f"{item['id']}_{target.get('groupId', everyone)}")
            if "source" in observed_facts.properties(known["assignments"].type or ""):
                assignment |= {"source": "direct", "sourceId": item["id"], **assignment}
        return self.tenant.put(collection, item)

    def group(self, name: str) -> str:
        """A group's id by its name."""
        return self.guid("group", name)

    def to_group(self, name: str, *, exclude: bool = False, filter_id: str | None = None,
                 filter_type: str = "none") -> dict[str, Any]:  # fmt: skip
        kind = "exclusionGroupAssignmentTarget" if exclude else "groupAssignmentTarget"
        return {"target": {"@odata.type": TYPE + kind, "groupId": self.group(name), **_filter(filter_id, filter_type)}}

    def to_all_users(self) -> dict[str, Any]:
        return {"target": {"@odata.type": TYPE + "allLicensedUsersAssignmentTarget", **_filter(None, "none")}}

    def to_all_devices(self, filter_id: str | None = None) -> dict[str, Any]:
        target = {"@odata.type": TYPE + "allDevicesAssignmentTarget", **_filter(filter_id, "include")}
        return {"target": target}

    def some_assignments(self) -> list[dict[str, Any]]:
        """None, everyone, or a pilot ring with someone left out, as admins do."""
        choice = self.random.randrange(6)
        if choice == 0:
            return []
        if choice == 1:
            return [self.to_all_devices(self.filter_id("Corporate Windows devices"))]
        if choice == 2:
            return [self.to_all_users()]
        chosen = self.random.sample([name for name, _ in GROUPS], 2)
        return [self.to_group(chosen[0]), self.to_group(chosen[1], exclude=choice == 5)]

    def filter_id(self, name: str) -> str:
        return self.guid("filter", name)


def _filter(filter_id: str | None, filter_type: str) -> dict[str, Any]:
    return {
        "deviceAndAppManagementAssignmentFilterId": filter_id,
        "deviceAndAppManagementAssignmentFilterType": filter_type if filter_id else "none",
    }


# Name and, for a dynamic group, its rule.
GROUPS: tuple[tuple[str, str | None], ...] = (
    ("SG-Intune-Windows-Pilot", None),
    ("SG-Intune-Windows-Production", '(device.deviceOSType -eq "Windows")'),
    ("SG-Intune-macOS", '(device.deviceOSType -eq "MacMDM")'),
    ("SG-Intune-iOS", '(device.deviceOSType -eq "IPhone")'),
    ("SG-Intune-Android", '(device.deviceOSType -eq "AndroidForWork")'),
    ("SG-Autopilot-Devices", '(device.devicePhysicalIDs -any (_ -startsWith "[ZTDid]"))'),
    ("SG-Kiosks", None),
    ("SG-IT-Department", '(user.department -eq "IT")'),
    ("SG-Finance", '(user.department -eq "Finance")'),
    ("SG-Executives", None),
    ("SG-Break-Glass-Accounts", None),
    ("SG-External-Consultants", '(user.userType -eq "Guest")'),
)
FILTERS = (
    ("Corporate Windows devices", "windows10AndLater", '(device.deviceOwnership -eq "Corporate")'),
    ("Personal iOS devices", "iOS", '(device.deviceOwnership -eq "Personal")'),
    ("Shared Android devices", "androidForWork", '(device.enrollmentProfileName -eq "Shared")'),
)
