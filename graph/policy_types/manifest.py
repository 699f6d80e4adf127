"""The app roles that an app registration is given, with their ids: what its manifest, scripts and the documents say.

microsoftgraph/microsoft-graph-devx-content, provisioningInfo.json: the ids are the same in every tenant of the public
cloud. In a national cloud they are looked up by name, in the roles of Microsoft Graph's service principal there.
"""

from dataclasses import dataclass
from typing import Any

# Microsoft Graph's own application id, the same in every directory.
GRAPH_APP_ID = "00000003-0000-0000-c000-000000000000"


@dataclass(frozen=True)
class AppRole:
    name: str
    id: str


TO_READ = (
    AppRole("DeviceManagementConfiguration.Read.All", "dc377aa6-52d8-4e23-b271-2a7ae04cedf3"),
    AppRole("DeviceManagementApps.Read.All", "7a6ee1e7-141e-4cec-ae74-d9db155731ff"),
    AppRole("DeviceManagementServiceConfig.Read.All", "06a5fe6d-c49d-46a7-b082-56b1b14103c7"),
    AppRole("DeviceManagementRBAC.Read.All", "58ca0d9a-1575-47e1-a3cb-007ef2e4583b"),
    AppRole("DeviceManagementScripts.Read.All", "c7a5be92-2b3d-4540-8a67-c96dcaae8b43"),
    AppRole("Policy.Read.All", "246dd0d5-5bd0-4def-940b-0421030a5b68"),
    AppRole("AuthenticationContext.Read.All", "381f742f-e1f8-4309-b4ab-e3d91ae4c5c1"),
    AppRole("GroupMember.Read.All", "98830695-27a2-44f7-8c18-0c3ebc9698f6"),
    AppRole("AuditLog.Read.All", "b0afded3-3588-46d8-8b3d-9842eff778da"),
    AppRole("Group.Read.All", "5b567255-7703-4780-807c-7be8301ae99b"),
    AppRole("DeviceManagementManagedDevices.Read.All", "2f51be20-0bb4-4fed-bf7b-db946066c75e"),
    AppRole("Agreement.Read.All", "2f3e6f8c-093b-4c57-a58b-ba5ce494a169"),
    AppRole("OrganizationalBranding.Read.All", "eb76ac34-0d62-4454-b97c-185e4250dc20"),
    AppRole("CloudPC.Read.All", "a9e09520-8ed4-4cde-838e-4fdea192c227"),
    AppRole("BrowserSiteLists.Read.All", "c5ee1f21-fc7f-4937-9af0-c91648ff9597"),
    AppRole("WindowsUpdates.Read.All", "fa099153-0225-489c-980e-384dc674ab81"),
)
# Beside those to read. `ReadWrite.All` takes the place of the same `Read.All`.
TO_WRITE = (
    AppRole("DeviceManagementConfiguration.ReadWrite.All", "9241abd9-d0e6-425a-bd4f-47ba86e767a4"),
    AppRole("DeviceManagementApps.ReadWrite.All", "78145de6-330d-4800-a6ce-494ff2d33d07"),
    AppRole("DeviceManagementServiceConfig.ReadWrite.All", "5ac13192-7ace-4fcf-b828-1a26f28068ee"),
    AppRole("DeviceManagementRBAC.ReadWrite.All", "e330c4f0-4170-414e-a55a-2f022ec2b57b"),
    AppRole("DeviceManagementScripts.ReadWrite.All", "9255e99d-faf5-445e-bbf7-cb71482737c4"),
    AppRole("Policy.ReadWrite.ConditionalAccess", "01c0a623-fc9b-48e9-b794-0756f8e8f067"),
    AppRole("AuthenticationContext.ReadWrite.All", "a88eef72-fed0-4bf7-a2a9-f19df33f8b83"),
    AppRole("Application.Read.All", "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30"),
    AppRole("User.ReadBasic.All", "97235f07-e226-4f63-ace3-39588e11d3a1"),
    AppRole("Group.Create", "bf7b1a76-6e77-406b-b258-bf5c7720e98f"),
    AppRole("GroupMember.ReadWrite.All", "dbaae8cf-10b5-4b86-a4a1-f871c94c6695"),
    AppRole("DeviceManagementManagedDevices.ReadWrite.All", "243333ab-4d21-40cb-a475-36241daa0842"),
    AppRole("Agreement.ReadWrite.All", "c9090d00-6101-42f0-a729-c41074260d47"),
    AppRole("OrganizationalBranding.ReadWrite.All", "d2ebfbc1-a5f8-424b-83a6-56ab5927a73c"),
    AppRole("CloudPC.ReadWrite.All", "3b4349e1-8cf5-45a3-95b7-69d1751d3e6a"),
    AppRole("BrowserSiteLists.ReadWrite.All", "8349ca94-3061-44d5-9bfb-33774ea5e4f9"),
)


def roles(writes: bool) -> tuple[AppRole, ...]:
    """Return the roles that an app needs to back up, or with `writes` to back up and to restore."""
    if not writes:
        return TO_READ
    written = {role.name for role in TO_WRITE}
    kept = (role for role in TO_READ if role.name.replace(".Read.", ".ReadWrite.") not in written)
    return (*kept, *TO_WRITE)


def required_resource_access(writes: bool) -> list[dict[str, Any]]:
    """Return the app registration's `requiredResourceAccess` (learn.microsoft.com: requiredResourceAccess resource)."""
    access = [{"id": role.id, "type": "Role"} for role in roles(writes)]
    return [{"resourceAppId": GRAPH_APP_ID, "resourceAccess": access}]
