"""The demo tenants, and how large each is."""

from graph.simulator.demo import catalog, devices, entra, people_and_devices, policy_parts, tenant_wide
from graph.simulator.demo.builder import FILTERS, GROUPS, Builder
from graph.simulator.features.enrollment_notifications import NAME
from graph.simulator.features.enrollment_policies import DEVICE_GROUPS
from graph.simulator.features.references import TEMPLATES
from graph.simulator.model.collections import CLOUD_PCS, CONNECTORS, SINGLES
from graph.simulator.store.state import Tenant

_AREAS = ("Configuration", "Apps", "ServiceConfig", "RBAC", "Scripts")
READ_WRITE = {f"DeviceManagement{area}.ReadWrite.All" for area in _AREAS} | {
    "Policy.Read.All", "Policy.ReadWrite.ConditionalAccess", "Policy.ReadWrite.AuthenticationMethod",
    "AuthenticationContext.Read.All", "AuthenticationContext.ReadWrite.All", "Application.Read.All",
    "User.ReadBasic.All", "Agreement.ReadWrite.All", "OrganizationalBranding.ReadWrite.All", "CloudPC.ReadWrite.All",
    "DeviceManagementManagedDevices.ReadWrite.All", "BrowserSiteLists.ReadWrite.All", "WindowsUpdates.ReadWrite.All",
    "AuditLog.Read.All", "Group.Read.All", "Group.Create", "Group.ReadWrite.All",
    "Organization.Read.All", "Device.Read.All",
}  # fmt: skip

# Name, directory id, client id, secret, purpose; ids in the shape of real ones, secrets in the shape of Entra's.
_FABRIKAM = (
    "Fabrikam Logistics",
    "2c1f9a60-5e0b-4a55-9a3c-0d4a5f1b7e11",
    "8b6f3c1d-47a2-4c59-8f60-6a1e2b9d4c21",
    "fAb8Q~demo.only-logistics.0123456789abcd",
    "an ordinary small customer",
)
_CONTOSO = (
    "Contoso Health",
    "7e5d2b84-91c3-4f0e-8d27-3b6c8a9f0e12",
    "1d9e7f52-63b8-4e7a-b1c4-5f2a3d8e6b22",
    "cOn8Q~demo.only-health....0123456789abcd",
    "its app registration lacks DeviceManagementScripts, read and write",
)
_NORTHWIND = (
    "Northwind Retail",
    "b03f6e1c-2d7a-4b98-a5e6-9c8d7f4a1b13",
    "4a7c2e90-85d1-4f36-9e2b-7c6d5a8f3e23",
    "nOr8Q~demo.only-retail....0123456789abcd",
    "large: 900 policies",
)
LARGE = 900
# Of all that we know, the one that most tenants are without: it is in no published model of Graph.
NOT_OFFERED = ["deviceManagement/inventoryPolicies"]


def demo_tenants() -> list[Tenant]:
    fabrikam, contoso, northwind = (_tenant(*facts) for facts in (_FABRIKAM, _CONTOSO, _NORTHWIND))
    contoso.permissions.discard("DeviceManagementScripts.ReadWrite.All")
    for small in (fabrikam, contoso):
        small.flags["not_offered"] = NOT_OFFERED
    _fill(fabrikam, catalog_policies=12, sizes=(4, 8, 3))
    _fill(contoso, catalog_policies=70, sizes=(6, 12, 30, 8))
    _fill(northwind, catalog_policies=0, sizes=())
    northwind_builder = Builder(northwind)
    catalog.add_catalog(northwind_builder, LARGE - policy_count(northwind), (10, 18, 24, 40, 12))
    return [fabrikam, contoso, northwind]


def _tenant(name: str, directory_id: str, client_id: str, secret: str, purpose: str) -> Tenant:
    return Tenant(name, directory_id, client_id, secret, purpose, permissions=set(READ_WRITE))


# Collections that hold no policies of ours.
_NOT_POLICIES = {"groups", "organization", "servicePrincipals", "users", "devices", "deviceManagement/templates",
                 "deviceManagement/groupPolicyDefinitions", "deviceManagement/derivedCredentials", DEVICE_GROUPS,
                 f"{CLOUD_PCS}/onPremisesConnections", *SINGLES, "deviceAppManagement/vppTokens",
                 *(f"deviceManagement/{name}" for name in CONNECTORS)}  # fmt: skip


def policy_count(tenant: Tenant) -> int:
    """Apple's enrollment profiles count, the token they hang on does not; nor do hidden message templates."""
    hidden = sum(template["displayName"] == NAME for template in tenant.collections[TEMPLATES].values())
    plain = sum(len(items) for path, items in tenant.collections.items() if path not in _NOT_POLICIES) - hidden
    tokens = tenant.collections.get("deviceManagement/depOnboardingSettings", {}).values()
    return plain + sum(len(token["enrollmentProfiles"]) - 1 for token in tokens)


def _fill(tenant: Tenant, catalog_policies: int, sizes: tuple[int, ...]) -> None:
    build = Builder(tenant)
    for name, rule in GROUPS:
        tenant.put("groups", _group(build, name, rule))
    for name, platform, rule in FILTERS:
        assignment_filter = build.add("deviceManagement/assignmentFilters", name, platform=platform, rule=rule, payloads=[],
                         assignmentFilterManagementType="devices", roleScopeTags=["0"])  # fmt: skip
        del tenant.collections["deviceManagement/assignmentFilters"][assignment_filter["id"]]
        tenant.put("deviceManagement/assignmentFilters", {**assignment_filter, "id": build.filter_id(name)})
    name = tenant.name.split()[0].lower()
    domains = [
        {"name": f"{name}.onmicrosoft.example", "isInitial": True},
        {"name": f"{name}.example", "isDefault": True},
    ]
    tenant.put("organization", {"id": tenant.directory_id, "displayName": tenant.name,
                                "verifiedDomains": domains})  # fmt: skip
    catalog.add_catalog(build, catalog_policies, sizes)
    catalog.add_awkward(build)
    devices.add_all(build)
    entra.add_all(build)
    tenant_wide.add_all(build)
    policy_parts.add_all(build)
    people_and_devices.add_all(build)


def _group(build: Builder, name: str, rule: str | None) -> dict[str, object]:
    return {
        "id": build.group(name),
        "displayName": name,
        "description": None,
        "groupTypes": ["DynamicMembership"] if rule else [],
        "mailEnabled": False,
        "mailNickname": name.lower(),
        "securityEnabled": True,
        "membershipRule": rule,
        "membershipRuleProcessingState": "On" if rule else None,
        "isAssignableToRole": None,
        "isManagementRestricted": None,
        "onPremisesSyncEnabled": None,
        "assignedLicenses": [],
        "visibility": None,
        "createdDateTime": build.time(),
        "members": [] if rule else [{"id": build.guid("member", name, number)} for number in range(2)],
    }
