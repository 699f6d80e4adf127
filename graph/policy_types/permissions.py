"""The application permissions that everything needs. The check, the preview, refusals and the documents go by them.

Sources, newest first: Microsoft's message MC1066336 and field reports (scripts, since 2025-07-31); the permissions
tables of learn.microsoft.com, and microsoftgraph/microsoft-graph-devx-content (permissions.json, 2026-08), which they
are made from.
"""

from collections.abc import Collection
from dataclasses import dataclass


@dataclass(frozen=True)
class Access:
    """The permission `ask`: the narrowest that suffices, beside the others that we ask for anyway.

    `alternatives`: each suffices too. `disputed`: the sources disagree. A tenant that has granted one of these is not
    blocked for lack of `ask`, and nothing is promised either: Graph decides.

    `is_optional`: we ask for it since later than for the others, or for what few tenants have. A tenant that has not
    consented, or has no licence, is backed up without it: that is said, and is no failure.
    """

    ask: str
    alternatives: tuple[str, ...] = ()
    disputed: tuple[str, ...] = ()
    is_optional: bool = False

    def is_granted(self, granted: Collection[str]) -> bool:
        return any(permission in granted for permission in (self.ask, *self.alternatives))

    def may_be_granted(self, granted: Collection[str]) -> bool:
        return self.is_granted(granted) or any(permission in granted for permission in self.disputed)


_DIRECTORY = ("Directory.Read.All", "Directory.ReadWrite.All")
_CONFIGURATION = ("DeviceManagementConfiguration.Read.All", "DeviceManagementConfiguration.ReadWrite.All")


def _intune(area: str, *, alternatives: tuple[str, ...] = (), disputed: tuple[str, ...] = ()) -> Access:
    """Return the read permission of an Intune area; the one to write suffices as well."""
    return Access(
        f"DeviceManagement{area}.Read.All", (f"DeviceManagement{area}.ReadWrite.All", *alternatives), disputed
    )


# --- to read policies ------------------------------------------------------------------------------------------------

CONFIGURATION = _intune("Configuration")
APPS = _intune("Apps")
SERVICE_CONFIG = _intune("ServiceConfig")
RBAC = _intune("RBAC")
SCOPE_TAGS = _intune("RBAC", alternatives=_CONFIGURATION)
# PowerShell scripts are in no table any more; of the others the old rows are still there beside the new ones.
POWERSHELL = _intune("Scripts")
SCRIPTS = _intune("Scripts", disputed=_CONFIGURATION)
# Its own page names Policy.Read.All alone; the other's description says that it reads these policies.
CONDITIONAL_ACCESS = Access("Policy.Read.All", disputed=("Policy.Read.ConditionalAccess",))
STRENGTHS = Access(
    "Policy.Read.All",
    ("Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", "Policy.ReadWrite.ConditionalAccess"),
)
AUTHENTICATION_CONTEXTS = Access(
    "AuthenticationContext.Read.All",
    ("AuthenticationContext.ReadWrite.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"),
)


def _optional(area: str, *alternatives: str) -> Access:
    return Access(f"{area}.Read.All", (f"{area}.ReadWrite.All", *alternatives), is_optional=True)


# Absent from permissions.json: microsoft/Microsoft365DSC (IntuneDeviceCleanupRuleV2) asks for it.
CLEANUP = _optional("DeviceManagementManagedDevices")
# The pages say that applications are not supported; the roles are there, and others use them (Terraform provider).
AGREEMENTS = _optional("Agreement")
CLOUD_PC = _optional("CloudPC")
BRANDING = _optional("OrganizationalBranding", "Organization.Read.All", "Organization.ReadWrite.All")
SITE_LISTS = _optional("BrowserSiteLists")
WINDOWS_UPDATES = _optional("WindowsUpdates")
# What suffices for their names may leave out a group's rule: then nobody could tell it from one without.
GROUPS = _optional("Group", *_DIRECTORY)

# --- to write them ---------------------------------------------------------------------------------------------------

WRITE_CONFIGURATION = Access("DeviceManagementConfiguration.ReadWrite.All")
WRITE_APPS = Access("DeviceManagementApps.ReadWrite.All")
WRITE_SERVICE_CONFIG = Access("DeviceManagementServiceConfig.ReadWrite.All")
WRITE_RBAC = Access("DeviceManagementRBAC.ReadWrite.All")
WRITE_SCOPE_TAGS = Access("DeviceManagementRBAC.ReadWrite.All", ("DeviceManagementConfiguration.ReadWrite.All",))
WRITE_POWERSHELL = Access("DeviceManagementScripts.ReadWrite.All")
WRITE_SCRIPTS = Access(
    "DeviceManagementScripts.ReadWrite.All", disputed=("DeviceManagementConfiguration.ReadWrite.All",)
)
# Together with Policy.Read.All, which reading needs anyway.
WRITE_CONDITIONAL_ACCESS = Access("Policy.ReadWrite.ConditionalAccess")
WRITE_STRENGTHS = Access("Policy.ReadWrite.ConditionalAccess", ("Policy.ReadWrite.AuthenticationMethod",))
WRITE_AUTHENTICATION_CONTEXTS = Access("AuthenticationContext.ReadWrite.All", ("Policy.ReadWrite.ConditionalAccess",))
WRITE_CLEANUP = Access("DeviceManagementManagedDevices.ReadWrite.All")
WRITE_AGREEMENTS = Access("Agreement.ReadWrite.All")
WRITE_CLOUD_PC = Access("CloudPC.ReadWrite.All")
WRITE_BRANDING = Access("OrganizationalBranding.ReadWrite.All", ("Organization.ReadWrite.All",))
WRITE_SITE_LISTS = Access("BrowserSiteLists.ReadWrite.All")
# The narrowest that makes a group, and changes none.
WRITE_GROUPS = Access("Group.Create", ("Group.ReadWrite.All", "Directory.ReadWrite.All"))
WRITE_WINDOWS_UPDATES = Access("WindowsUpdates.ReadWrite.All")

# --- to look up what they refer to -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class LookUp:
    access: Access
    what: str


GROUP_NAMES = Access(
    "GroupMember.Read.All",
    ("GroupMember.ReadWrite.All", "Group.ReadBasic.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY),
)
# The permissions table of List group transitive members.
LIST_MEMBERS = Access(
    "GroupMember.Read.All", ("GroupMember.ReadWrite.All", "Group.Read.All", "Group.ReadWrite.All", *_DIRECTORY)
)
# The page of one user names User.Read.All as the least; permissions.json, and the role's own text, this one.
FIND_PEOPLE = Access("User.ReadBasic.All", ("User.Read.All", "User.ReadWrite.All", *_DIRECTORY))
ORGANIZATION = Access(
    "DeviceManagementServiceConfig.Read.All",
    ("DeviceManagementServiceConfig.ReadWrite.All", *_CONFIGURATION, "Organization.Read.All",
     "Organization.ReadWrite.All", *_DIRECTORY),
)  # fmt: skip
# learn.microsoft.com, List directoryAudits; permissions.json has the other two as well.
DIRECTORY_AUDITS = Access("AuditLog.Read.All", _DIRECTORY, is_optional=True)
TO_BACK_UP = (
    LookUp(ORGANIZATION, "the check that the right tenant answers"),
    LookUp(GROUP_NAMES, "the names of the groups that policies are assigned to"),
    # learn.microsoft.com, List auditEvents. DeviceManagementConfiguration does not do (the msec PowerShell module).
    LookUp(APPS, "who changed policies of Intune"),
    LookUp(DIRECTORY_AUDITS, "who changed Conditional Access"),
)
TO_RESTORE = (
    # learn.microsoft.com: Add members.
    LookUp(
        Access("GroupMember.ReadWrite.All", ("Group.ReadWrite.All", "Directory.ReadWrite.All")),
        "members of groups that are made again, where that is chosen",
    ),
    LookUp(
        Access("Application.Read.All", ("Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", *_DIRECTORY)),
        "whether the apps that a Conditional Access policy names are there",
    ),
    LookUp(FIND_PEOPLE, "whether the people that it names are there"),
)
