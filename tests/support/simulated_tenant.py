"""The simulator's side of a test or a benchmark: a tenant in it, and policies to put there."""

import json
from pathlib import Path

import requests

from graph.policy_types.permissions import TO_BACK_UP, TO_RESTORE
from graph.policy_types.table import POLICY_TYPES
from graph.write.write_rules import WRITE_RULES

# Exported policies of real tenants, where they are beside this checkout; too large, and not ours, to keep in it.
REAL = Path(__file__).parents[3] / "shared" / "realdata" / "policies"


class SimulatedTenant:
    """The simulator's side of a tenant: what is there, what may be read, what goes wrong, what was asked."""

    def __init__(self, url, tenant_id):
        self.url, self.id = f"{url}/_simulator", tenant_id

    @classmethod
    def add(cls, url, tenant, secret, permissions=None):
        """The simulator's side of our tenant, with every permission to read, or those given."""
        facts = {"name": tenant.name, "directory_id": tenant.directory_id, "client_id": tenant.client_id,
                 "client_secret": secret, "permissions": permissions or READ,
                 "flags": {"not_offered": NOT_OFFERED}}  # fmt: skip
        requests.post(f"{url}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
        return cls(url, tenant.directory_id)

    def put(self, collection, item, timeout=60):
        self._call("PUT", f"/tenants/{self.id}/objects/{collection}/{item['id']}", item, timeout)

    def delete(self, collection, object_id):
        self._call("DELETE", f"/tenants/{self.id}/objects/{collection}/{object_id}")

    def change(self, **values):
        self._call("PATCH", f"/tenants/{self.id}", values)

    def fault(self, **values):
        self._call("POST", "/faults", {"tenant": self.id, **values})

    def clear_faults(self):
        self._call("DELETE", "/faults")

    def objects(self):
        return self._call("GET", f"/tenants/{self.id}/objects").json()

    def requests(self):
        """{"graph", "http", "writes", "tokens", "throttled", "created"} of this tenant since the test began."""
        found = self._call("GET", "/requests").json()["tenants"]
        nothing = {"graph": 0, "http": 0, "writes": 0, "tokens": 0, "throttled": 0, "created": {}}
        return found.get(self.id, nothing)

    def approvals(self):
        """Return the writes that Multi Admin Approval was asked to allow, in their order."""
        return self._call("GET", f"/tenants/{self.id}/approvals").json()

    def decide(self, code, status="approved"):
        self._call("POST", f"/tenants/{self.id}/approvals/{code}", {"status": status})

    def _call(self, method, path, body=None, timeout=60):
        answer = requests.request(method, self.url + path, json=body, timeout=timeout)
        answer.raise_for_status()
        return answer


# What most tenants are without, and the tests' too.
NOT_OFFERED = ["deviceManagement/inventoryPolicies"]

# What docs/connecting.md says to grant, and no more: that it is enough for everything is part of what the tests show.
READ = sorted({row.permission for row in POLICY_TYPES.values()} | {one.access.ask for one in TO_BACK_UP})
WRITE = sorted(
    {
        *READ,
        *(one.access.ask for one in TO_RESTORE),
        *(one.permission for one in WRITE_RULES.values() if not one.cannot_restore),
    }
)


def catalog_policy(graph_id, name, count=2):
    """A settings catalog policy as the simulator keeps it."""
    kind = "#microsoft.graph.deviceManagementConfiguration"
    return {
        "id": graph_id,
        "name": name,
        "description": "",
        "platforms": "windows10",
        "technologies": "mdm",
        "roleScopeTagIds": ["0"],
        "lastModifiedDateTime": "2025-04-18T11:09:03.6844085Z",
        "settingCount": count,
        "settings": [
            {
                "id": str(number),
                "settingInstance": {
                    "@odata.type": f"{kind}SimpleSettingInstance",
                    "settingDefinitionId": f"device_vendor_msft_policy_config_test_{number}",
                    "simpleSettingValue": {"@odata.type": f"{kind}IntegerSettingValue", "value": number},
                },
            }
            for number in range(count)
        ],
        "assignments": [],
    }


CA = "identity/conditionalAccess"


def conditional_access(policies, locations, strengths):
    """Collection -> its objects: policies that refer to a location and a strength each, strengths with children."""

    def graph_id(kind, number):
        return f"{kind}{number:07d}-0000-4000-8000-000000000000"

    return {
        f"{CA}/namedLocations": [
            {"@odata.type": "#microsoft.graph.ipNamedLocation", "id": graph_id(1, n), "displayName": f"Location {n}",
             "isTrusted": False, "createdDateTime": TIME, "modifiedDateTime": TIME,
             "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": f"10.0.{n}.0/24"}]}
            for n in range(locations)
        ],
        f"{CA}/authenticationStrength/policies": [
            {"id": graph_id(2, n), "displayName": f"Strength {n}", "description": "", "policyType": "custom",
             "requirementsSatisfied": "mfa", "allowedCombinations": ["fido2"], "createdDateTime": TIME,
             "modifiedDateTime": TIME, "combinationConfigurations": [
                {"@odata.type": "#microsoft.graph.fido2CombinationConfiguration", "id": graph_id(4, n),
                 "allowedAAGUIDs": [graph_id(5, n)], "appliesToCombinations": ["fido2"]}]}
            for n in range(strengths)
        ],
        f"{CA}/policies": [
            {"id": graph_id(3, n), "displayName": f"CA{n:03d}", "state": "enabled", "createdDateTime": TIME,
             "modifiedDateTime": TIME, "sessionControls": None, "conditions": {
                "clientAppTypes": ["all"], "applications": {"includeApplications": ["All"]},
                "users": {"includeUsers": ["None"]},
                "locations": {"includeLocations": [graph_id(1, n % locations)], "excludeLocations": []}},
             "grantControls": {"operator": "OR", "builtInControls": [], "authenticationStrength": {
                "id": graph_id(2, n % strengths)}}}
            for n in range(policies)
        ],
    }  # fmt: skip


TIME = "2025-04-18T11:09:03Z"


# Graph names the type of an object only where its collection holds several.
POLYMORPHIC = {
    "deviceConfigurations", "deviceCompliancePolicies", "mobileApps", "mobileAppConfigurations", "namedLocations",
    "deviceEnrollmentConfigurations", "windowsAutopilotDeploymentProfiles", "roleDefinitions", "roleAssignments",
    "depOnboardingSettings",
}  # fmt: skip


def collection_of(policy_type):
    """Return the collection in which the simulator keeps policies of this type."""
    return policy_type.path.strip("/").replace("/{directory}", "")


def truth_of(collections, key, graph_id):
    """The simulator's own object, as a content: what a complete reading has to equal after normalisation."""
    path = collection_of(POLICY_TYPES[key])
    token, _, profile = graph_id.partition("/")
    item = collections[path][token]
    if profile:
        item = next(one for one in item["enrollmentProfiles"] if one["id"] == profile)
    item = json.loads(json.dumps(item))
    if key not in POLYMORPHIC:
        item.pop("@odata.type", None)
    if POLICY_TYPES[key].is_referred:
        item = {name: item[name] for name in POLICY_TYPES[key].select.split(",") if name in item}
    for name in ("tokenValue", "qrCodeContent", "qrCodeImage"):
        item.pop(name, None)  # never kept
    for rule in item.get("scheduledActionsForRule") or ():
        rule["ruleName"] = None  # the service never gives it back
    item |= _kept_elsewhere(collections, item)
    assignments = item.pop("assignments", None) if POLICY_TYPES[key].assignments != "none" else None
    return {"body": item, "assignments": assignments}


def _kept_elsewhere(collections, item):
    """Return what the service keeps for a policy in other objects: message templates, and a token's default profile."""
    found = {}
    if "notificationTemplates" in item:
        templates = collections["deviceManagement/notificationMessageTemplates"]
        named = [one.partition("_") for one in item["notificationTemplates"]]
        found["notificationMessages"] = [
            {"kind": kind.lower(), "id": one, "brandingOptions": templates[one]["brandingOptions"],
             "localizedNotificationMessages": templates[one]["localizedNotificationMessages"]}
            for kind, _, one in named
        ]  # fmt: skip
    groups = collections.get("enrollmentTimeDeviceMembershipTargets", {})
    if item["id"] in groups:
        found["enrollmentTimeDeviceMembershipTargets"] = groups[item["id"]]["targets"]
    token = str(item.get("creationSource") or "").removeprefix("DepTokenId_")
    tokens = collections.get("deviceManagement/depOnboardingSettings", {})
    if token in tokens:
        defaults = [one["id"] for name, one in tokens[token].items() if name.startswith("default") and one]
        found["isDefaultEnrollmentProfile"] = f"{token}_{item['id']}" in defaults
    return found


def assert_holds(read, expected, where):
    """Every field of the truth is in the reading. A reading may know a null more: navigations that lead nowhere."""
    if isinstance(expected, dict):
        assert isinstance(read, dict), where
        for name, value in expected.items():
            assert name in read or value in (None, [], {}), f"{where}: {name} was not read"
            if name in read:
                assert_holds(read[name], value, f"{where}.{name}")
        extra = {name for name in read if name not in expected and read[name] not in (None, [], {}, False)}
        assert not extra - {"@odata.type"}, f"{where}: {extra} came from nowhere"
    elif isinstance(expected, list):
        assert len(read) == len(expected), where
        for number, (one, other) in enumerate(zip(read, expected, strict=True)):
            assert_holds(one, other, f"{where}[{number}]")
    else:
        assert read == expected, where
