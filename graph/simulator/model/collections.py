"""The service's treatment of each collection. It is not the product's table: this one says what Graph does, not what
we ask.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from graph.microsoft import model
from graph.simulator.model import observed_facts

DM = "deviceManagement"
DAM = "deviceAppManagement"
CA = "identity/conditionalAccess"
AGREEMENTS = "identityGovernance/termsOfUse/agreements"
# Without the tenant's own id, which stands in its address.
BRANDING = "organization/branding/localizations"
BRANDING_FILES = (
    "backgroundImage", "bannerLogo", "customCSS", "favicon", "headerLogo", "squareLogo", "squareLogoDark",
)  # fmt: skip
CLOUD_PCS = f"{DM}/virtualEndpoint"
SITE_LISTS = "admin/edge/internetExplorerMode/siteLists"
UPDATES = "admin/windows/updates"
# Of which a tenant has one, or none.
SINGLES = (f"{DM}/applePushNotificationCertificate", f"{DM}/androidManagedStoreAccountEnterpriseSettings")
CONNECTORS = (
    "mobileThreatDefenseConnectors", "complianceManagementPartners", "deviceManagementPartners",
    "remoteAssistancePartners", "ndesConnectors", "certificateConnectorDetails",
)  # fmt: skip
# What settings are called, and in which categories: the same in all tenants.
DEFINITION_LISTS = (
    f"{DM}/configurationSettings", f"{DM}/complianceSettings", f"{DM}/reusableSettings", f"{DM}/inventorySettings",
    f"{DM}/settingDefinitions",
)  # fmt: skip
CATEGORY_LISTS = (
    f"{DM}/configurationCategories", f"{DM}/complianceCategories", f"{DM}/reusableCategories",
    f"{DM}/inventoryCategories",
)  # fmt: skip

CONFIGURATION = ("DeviceManagementConfiguration",)
SCRIPTS = ("DeviceManagementScripts",)
APPS = ("DeviceManagementApps",)
SERVICE = ("DeviceManagementServiceConfig",)
RBAC = ("DeviceManagementRBAC",)
CLOUD_PC = ("CloudPC",)


@dataclass(frozen=True)
class Collection:
    path: str
    # Stems: X.Read.All or X.ReadWrite.All lets one read.
    permissions: tuple[str, ...]
    # Full names that let one read, too.
    also: tuple[str, ...] = ()
    polymorphic: bool = False
    # Children that a plain read leaves out, and how they can be had.
    expands: frozenset[str] = frozenset({"assignments"})
    routes: frozenset[str] = frozenset({"assignments"})
    # Answered as null in lists (script bodies), or left out everywhere unless selected.
    null_in_list: tuple[str, ...] = ()
    empty_in_list: tuple[str, ...] = ()
    only_selected: tuple[str, ...] = ()
    is_directory: bool = False
    # Children that a plain read gives all the same.
    shows: tuple[str, ...] = ()

    # Graph answers 400 to $expand=assignments on these lists.
    expands_in_list: bool = True

    @property
    def children(self) -> frozenset[str]:
        return (self.expands | self.routes) - {*self.shows}


def _row(path: str, permissions: tuple[str, ...], *, expands: Iterable[str] = ("assignments",),
         routes: Iterable[str] = ("assignments",), **rest: object) -> Collection:  # fmt: skip
    return Collection(path, permissions, expands=frozenset(expands), routes=frozenset(routes), **rest)


_SCRIPT_BODIES = {"null_in_list": ("scriptContent",)}
_PROTECTION = {
    "expands": ("assignments", "apps"),
    "routes": ("assignments", "apps"),
    "expands_in_list": False,
}
_WIP = {
    "expands": ("assignments", "protectedAppLockerFiles", "exemptAppLockerFiles"),
    "routes": ("assignments", "protectedAppLockerFiles", "exemptAppLockerFiles"),
}
_READ_ACCESS, _WRITE_ACCESS = ("Policy.Read.ConditionalAccess",), ("Policy.ReadWrite.ConditionalAccess",)
_TOKEN_DEFAULTS = tuple(f"default{platform}EnrollmentProfile" for platform in ("Ios", "MacOs", "TvOS", "VisionOS"))
_BARE = {"expands": (), "routes": ()}
_ENTRA = {**_BARE, "is_directory": True}

_ROWS = (
    _row(
        f"{DM}/configurationPolicies",
        CONFIGURATION,
        expands=("assignments", "settings"),
        routes=("assignments", "settings"),
    ),
    _row(
        f"{DM}/compliancePolicies",
        CONFIGURATION,
        expands=("assignments", "settings"),
        routes=("assignments", "settings", "scheduledActionsForRule"),
    ),
    _row(f"{DM}/deviceConfigurations", CONFIGURATION, polymorphic=True),
    _row(f"{DM}/groupPolicyConfigurations", CONFIGURATION, routes=("assignments", "definitionValues")),
    _row(f"{DM}/groupPolicyUploadedDefinitionFiles", CONFIGURATION, **_BARE),
    _row(
        f"{DM}/deviceCompliancePolicies",
        CONFIGURATION,
        polymorphic=True,
        expands=("assignments", "scheduledActionsForRule"),
        routes=("assignments", "scheduledActionsForRule"),
    ),
    _row(
        f"{DM}/deviceComplianceScripts",
        SCRIPTS,
        null_in_list=("detectionScriptContent",),
    ),
    _row(f"{DM}/deviceManagementScripts", SCRIPTS, **_SCRIPT_BODIES),
    _row(f"{DM}/deviceShellScripts", SCRIPTS, routes=(), **_SCRIPT_BODIES),
    _row(f"{DM}/deviceCustomAttributeShellScripts", SCRIPTS, routes=(), **_SCRIPT_BODIES),
    _row(
        f"{DM}/deviceHealthScripts",
        SCRIPTS,
        null_in_list=("detectionScriptContent", "remediationScriptContent"),
    ),
    _row(f"{DM}/intents", CONFIGURATION, expands=(), routes=("assignments", "settings")),
    _row(f"{DM}/templates", CONFIGURATION, expands=(), routes=("categories",)),
    *(_row(path, CONFIGURATION, polymorphic=True, **_BARE) for path in DEFINITION_LISTS),
    *(_row(path, CONFIGURATION, **_BARE) for path in CATEGORY_LISTS),
    _row(f"{DAM}/iosManagedAppProtections", APPS, **_PROTECTION),
    _row(f"{DAM}/androidManagedAppProtections", APPS, **_PROTECTION),
    _row(f"{DAM}/windowsManagedAppProtections", APPS, **_PROTECTION),
    _row(
        f"{DAM}/targetedManagedAppConfigurations",
        APPS,
        expands=("assignments", "apps"),
        routes=("assignments", "apps", "settings"),
    ),
    _row(f"{DAM}/mdmWindowsInformationProtectionPolicies", APPS, **_WIP),
    _row(f"{DAM}/windowsInformationProtectionPolicies", APPS, **_WIP),
    _row(f"{DAM}/mobileAppConfigurations", APPS, polymorphic=True),
    _row(
        f"{DAM}/mobileApps",
        APPS,
        polymorphic=True,
        expands=("assignments", "categories"),
        routes=("assignments", "categories", "relationships"),
        null_in_list=("largeIcon",),
        empty_in_list=("roleScopeTagIds",),
    ),
    _row(f"{DM}/windowsAutopilotDeploymentProfiles", SERVICE, polymorphic=True, expands=()),
    _row(f"{DM}/deviceEnrollmentConfigurations", SERVICE, polymorphic=True),
    _row(f"{DM}/windowsFeatureUpdateProfiles", CONFIGURATION),
    _row(f"{DM}/windowsQualityUpdateProfiles", CONFIGURATION),
    _row(f"{DM}/windowsQualityUpdatePolicies", CONFIGURATION),
    _row(f"{DM}/windowsDriverUpdateProfiles", CONFIGURATION, routes=("assignments", "driverInventories")),
    _row(f"{DM}/termsAndConditions", SERVICE, expands=()),
    _row(f"{DM}/roleScopeTags", (*RBAC, *CONFIGURATION), expands=()),
    _row(f"{DM}/roleDefinitions", RBAC, polymorphic=True, expands=("roleAssignments",), routes=("roleAssignments",)),
    _row(
        f"{DM}/roleAssignments",
        RBAC,
        polymorphic=True,
        expands=("roleDefinition", "roleScopeTags"),
        routes=("roleScopeTags",),
    ),
    _row(f"{DM}/assignmentFilters", CONFIGURATION, **_BARE),
    _row(
        f"{DM}/notificationMessageTemplates",
        SERVICE,
        expands=("localizedNotificationMessages",),
        routes=("localizedNotificationMessages",),
    ),
    _row(f"{DM}/deviceCategories", CONFIGURATION, **_BARE),
    _row(
        f"{DAM}/policySets",
        CONFIGURATION,
        expands=("assignments", "items"),
        routes=("assignments", "items"),
        expands_in_list=False,
    ),
    _row(f"{DM}/reusablePolicySettings", CONFIGURATION, only_selected=("settingInstance",), **_BARE),
    _row(
        f"{DM}/intuneBrandingProfiles",
        APPS,
        routes=("assignments", "themeColorLogo", "lightBackgroundLogo", "landingPageCustomizedImage"),
    ),
    _row(f"{CA}/policies", ("Policy",), also=_READ_ACCESS, **_ENTRA),
    _row(f"{CA}/namedLocations", ("Policy",), also=_READ_ACCESS, polymorphic=True, **_ENTRA),
    _row(f"{CA}/deletedItems/policies", ("Policy",), also=_READ_ACCESS, **_ENTRA),
    _row(f"{CA}/deletedItems/namedLocations", ("Policy",), also=_READ_ACCESS, polymorphic=True, **_ENTRA),
    _row(
        f"{CA}/authenticationStrength/policies",
        ("Policy",),
        also=("Policy.Read.AuthenticationMethod", "Policy.ReadWrite.AuthenticationMethod", *_WRITE_ACCESS),
        expands=("combinationConfigurations",),
        routes=("combinationConfigurations",),
        is_directory=True,
    ),
    _row(
        f"{CA}/authenticationContextClassReferences",
        ("AuthenticationContext",),
        also=(*_READ_ACCESS, *_WRITE_ACCESS),
        **_ENTRA,
    ),
    _row(f"{DM}/hardwareConfigurations", CONFIGURATION),
    _row(
        f"{DM}/inventoryPolicies",
        CONFIGURATION,
        expands=("assignments", "settings"),
        routes=("assignments", "settings"),
    ),
    _row(f"{DM}/appleUserInitiatedEnrollmentProfiles", SERVICE),
    _row(f"{DM}/depOnboardingSettings", SERVICE, expands=_TOKEN_DEFAULTS, routes=("enrollmentProfiles",)),
    _row(f"{DM}/derivedCredentials", CONFIGURATION, **_BARE),
    _row("groups", ("Group", "GroupMember", "Directory"), expands=(), routes=("members",), is_directory=True),
    _row("directory/deletedItems", ("Group", "Directory"), **_ENTRA),
    _row("organization", ("Organization", *SERVICE, *CONFIGURATION, "Directory"), **_ENTRA),
    _row("servicePrincipals", ("Application", "Directory"), **_ENTRA),
    _row("applications", ("Application", "Directory"), **_ENTRA),
    _row("users", ("User", "Directory"), **_ENTRA),
    _row(AGREEMENTS, ("Agreement",), expands=("files",), routes=("file",), is_directory=True),
    _row(BRANDING, ("OrganizationalBranding", "Organization"), expands=(), routes=BRANDING_FILES, is_directory=True),
    _row(f"{DAM}/mobileAppCategories", APPS, **_BARE),
    _row(f"{DM}/androidDeviceOwnerEnrollmentProfiles", CONFIGURATION, **_BARE),
    _row(f"{DM}/managedDeviceCleanupRules", ("DeviceManagementManagedDevices",), **_BARE),
    _row(f"{DM}/operationApprovalPolicies", RBAC, empty_in_list=("approverGroupIds",), **_BARE),
    _row(f"{DM}/settings", CONFIGURATION, **_BARE),
    _row(f"{CLOUD_PCS}/provisioningPolicies", CLOUD_PC, expands_in_list=False),
    _row(f"{CLOUD_PCS}/userSettings", CLOUD_PC, expands_in_list=False),
    _row(f"{CLOUD_PCS}/onPremisesConnections", CLOUD_PC, **_BARE),
    _row(f"{CLOUD_PCS}/deviceImages", CLOUD_PC, **_BARE),
    _row(
        SITE_LISTS,
        ("BrowserSiteLists",),
        expands=("sites", "sharedCookies"),
        routes=("sites", "sharedCookies"),
        is_directory=True,
    ),
    *(_row(f"{DM}/{name}", (*SERVICE, *CONFIGURATION), **_BARE) for name in CONNECTORS),
    _row(f"{DAM}/vppTokens", (*SERVICE, *CONFIGURATION, *APPS), **_BARE),
    _row(f"{DM}/cloudCertificationAuthority", ("DeviceManagementCloudCA",), **_BARE),
    *(_row(path, CONFIGURATION, **_BARE) for path in SINGLES),
    _row(
        f"{UPDATES}/policies",
        ("WindowsUpdates",),
        polymorphic=True,
        expands=(),
        routes=("rings", "approvals"),
        is_directory=True,
    ),
    _row(
        f"{UPDATES}/updatePolicies",
        ("WindowsUpdates",),
        expands=("audience",),
        routes=("complianceChanges",),
        is_directory=True,
    ),
    _row(f"{DM}/auditEvents", APPS, **_BARE),
    _row("auditLogs/directoryAudits", (), also=("AuditLog.Read.All", "Directory.Read.All"), **_ENTRA),
    _row(f"{DM}/operationApprovalRequests", (*CONFIGURATION, *RBAC), **_BARE),
    _row(f"{DM}/groupPolicyCategories", CONFIGURATION, **_BARE),
    _row(f"{DM}/groupPolicyDefinitions", CONFIGURATION, expands=("presentations",), routes=("presentations",)),
)

COLLECTIONS = {row.path.lower(): row for row in _ROWS}


@cache
def by_the_model(path: str) -> Collection:
    """Return the collection for a path without a row: any permission of Intune's lets one read it, and nothing is
    special about it.
    """
    declared = observed_facts.type_of_collection(path) or ""
    everyone = (*CONFIGURATION, *SCRIPTS, *APPS, *SERVICE, *RBAC)
    return _row(path, everyone, polymorphic=len(model.subtypes(declared)) > 1, **_BARE)


# The polymorphic view over the typed sets of app protection and configuration.
MANAGED_APP_POLICIES = tuple(
    f"{DAM}/{name}"
    for name in (
        "iosManagedAppProtections",
        "androidManagedAppProtections",
        "targetedManagedAppConfigurations",
        "mdmWindowsInformationProtectionPolicies",
        "windowsInformationProtectionPolicies",
    )
)


def scopes(collection: Collection) -> list[str]:
    """Return the permissions that the service names in its refusal."""
    stems = [f"{stem}.{verb}.All" for stem in collection.permissions for verb in ("Read", "ReadWrite")]
    return [*stems, *collection.also]


def allows(collection: Collection, granted: set[str]) -> bool:
    # Group.ReadBasic.All is the one read permission of another shape.
    return bool(granted & {*scopes(collection), *(f"{stem}.ReadBasic.All" for stem in collection.permissions)})


# From a policy to device configurations and derived credentials, as Microsoft's model has it of whichever type.
_TO = ("deviceConfiguration", "deviceManagementDerivedCredentialSettings")
_LINKS = {
    name: declared
    for of in ("deviceConfiguration", "windowsAutopilotDeploymentProfile")
    for kind in model.subtypes(of)
    for name, declared in model.properties(kind).items()
    if declared.is_navigation and any(model.is_a(str(declared.type), to) for to in _TO)
}
TO_CONFIGURATIONS = frozenset(_LINKS)
# Where it may be to more than one.
SEVERAL = frozenset(name for name, link in _LINKS.items() if link.is_many)
# Reached by navigation only; a plain read shows none of them.
NAVIGATION = TO_CONFIGURATIONS | {
    "privacyAccessControls", "scheduledActionsForRule", "definitionValues", "driverInventories",
}  # fmt: skip
