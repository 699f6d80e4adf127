"""Changes of a simulated tenant's policies that Tenantkeep has no hand in, by persons and apps, at given times.

Each leaves in the object (its modification time, its version) and in the tenant's audit logs what such a change
leaves there. The simulator's own way of putting objects (`SimulatedTenant.put`) leaves no record: it is for what was
always there.
"""

from graph.policy_types.table import POLICY_TYPES
from tests.support.simulated_tenant import collection_of

ANNA = {"kind": "person", "name": "anna.berg@contoso.example", "address": "203.0.113.7"}
PIPELINE = {"kind": "app", "name": "Deployment pipeline", "app_id": "11111111-aaaa-4bbb-8ccc-000000000001"}
SERVICE = {"kind": "service"}
ALL_DEVICES = [{"target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}]


class Outside:
    """A simulated tenant, seen from its portal. `policy_type` is a key of POLICY_TYPES, `graph_id` as Tenantkeep has
    it ("token/profile" of an Apple enrollment profile).

    `by`: who; `at`: when, now unless given; `lag_s`: the audit records can be read so many seconds after that;
    `correlation`: their correlation id. Each returns {"id", "at", "correlation"}.
    """

    def __init__(self, simulated):
        self._simulated = simulated

    def change(self, policy_type, graph_id, *, by=ANNA, at=None, lag_s=None, correlation=None, **properties):
        """Set properties of the object: those given, or else one that any policy of the type has."""
        changed = properties or another_value(policy_type, self.held(policy_type, graph_id))
        return self._send(policy_type, graph_id, by, at, lag_s, correlation, {"set": changed})

    def rename(self, policy_type, graph_id, name, **how):
        return self.change(policy_type, graph_id, **{name_property(self.held(policy_type, graph_id)): name}, **how)

    def assign(self, policy_type, graph_id, assignments=ALL_DEVICES, *, by=ANNA, at=None, lag_s=None,
               correlation=None):  # fmt: skip
        """Replace all assignments."""
        return self._send(policy_type, graph_id, by, at, lag_s, correlation, {"assignments": assignments})

    def add(self, policy_type, item, graph_id=None, *, by=ANNA, at=None, lag_s=None, correlation=None):
        """Make an object: as `item`, under a new id unless it or `graph_id` says one."""
        return self._send(policy_type, graph_id, by, at, lag_s, correlation, {"item": item})

    def remove(self, policy_type, graph_id, *, by=ANNA, at=None, lag_s=None, correlation=None):
        return self._send(policy_type, graph_id, by, at, lag_s, correlation, {"remove": True})

    def held(self, policy_type, graph_id):
        token, _, profile = graph_id.partition("/")
        item = self._simulated.objects()[collection_of(POLICY_TYPES[policy_type])][token]
        return next(one for one in item["enrollmentProfiles"] if one["id"] == profile) if profile else item

    def _send(self, policy_type, graph_id, by, at, lag_s, correlation, what):
        asked = {"collection": collection_of(POLICY_TYPES[policy_type]), "id": graph_id, "by": by, "lag_s": lag_s,
                 "at": at and at.isoformat(), "correlation": correlation, **what}  # fmt: skip
        return self._simulated._call("POST", f"/tenants/{self._simulated.id}/changes", asked).json()


def name_property(item):
    return next(name for name in ("displayName", "name", "profileName", "fileName") if item.get(name))


def another_value(policy_type, item):
    """{property: value}: a change of an object that Tenantkeep keeps and compares."""
    if policy_type == "deviceManagementSettings":
        return {"deviceComplianceCheckinThresholdDays": item["deviceComplianceCheckinThresholdDays"] + 1}
    if policy_type == "organizationalBranding":
        return {"signInPageText": f"{item.get('signInPageText') or ''} Changed."}
    if policy_type == "groupPolicyUploadedDefinitionFiles":
        return {"revision": f"{item['revision']}.1"}
    if policy_type == "windowsUpdateDeployments":
        return {"deploymentSettings": {"expedite": {"isExpedited": True}}}
    if "description" in item:
        return {"description": f"{item['description'] or ''} Changed.".strip()}
    name = name_property(item)
    return {name: f"{item[name]} 2"}
