"""The properties that hold the id of another object, and of which kind; and those that only look as if they did.

Drawn from Microsoft's model: every writable text or guid, single or list, in every type that a policy type reaches,
whose name ends as an id's does or whose description says that it is one (msgraph-beta-sdk 1.66.0, the comments of its
models). tests/graph/references/test_reference_kinds.py walks the model, and fails for a property that stands in
neither table.
Where a row says more than the description does, it names its source.

A kind is the key of a policy type, or one of those below for what is no policy.
"""

from collections.abc import Mapping
from types import MappingProxyType

from graph.policy_types.table import POLICY_TYPES
from graph.references.navigations import all_links

GROUPS = "groups"
USERS = "users"
APPLICATIONS = "servicePrincipals"  # by appId
PRINCIPALS = "servicePrincipalObjects"  # by object id
AGENTS = "agentIdentities"  # by object id
AGREEMENTS = "agreements"
DEFINITIONS = "groupPolicyDefinitions"
PRESENTATIONS = "groupPolicyPresentations"
PROTECTIONS = "managedAppProtections"  # of whichever platform
NETWORK_PROFILES = "networkProfiles"  # VPN, DNS, relay, content filter: a template's or a settings catalog's
TOKENS = "depOnboardingTokens"  # that Apple's enrollment profiles live below
VPP_TOKENS = "vppTokens"
TUNNEL_SITES = "microsoftTunnelSites"
CONNECTIONS = "cloudPcOnPremisesConnections"
IMAGES = "cloudPcImages"
COLLECTIONS = "configManagerCollections"
CONTEXTS = "authenticationContextClassReferences"
# The number of an authentication context itself, which who makes it chooses.
CONTEXT_NUMBERS = "authenticationContextNumbers"
# What a tenant is known by, in the values of its own policies.
DIRECTORIES, DOMAINS = "directories", "domains"
# What Graph does not list, or only to permissions of other products: kept in its tenant, told in another.
CUSTOM_CONTROLS = "customControls"
FILTERING_PROFILES = "filteringProfiles"
PRIVATE_LINKS = "privateLinkPolicies"
WORKSPACES = "logAnalyticsWorkspaces"
CONDITION_STATEMENTS = "managementConditionStatements"
AUTOPATCH_GROUPS = "autopatchGroups"
# The same in every tenant: none of them is a reference, but for a name that an import has in place of the id.
ROLES, EXTERNAL_DIRECTORIES = "directoryRoleTemplates", "externalDirectories"
TOLD_ONLY = frozenset(
    {CUSTOM_CONTROLS, FILTERING_PROFILES, PRIVATE_LINKS, WORKSPACES, CONDITION_STATEMENTS, AUTOPATCH_GROUPS}
)

_FAMILIES: Mapping[str, tuple[str, ...]] = {
    PROTECTIONS: ("iosManagedAppProtections", "androidManagedAppProtections", "windowsManagedAppProtections"),
    NETWORK_PROFILES: ("deviceConfigurations", "configurationPolicies"),
}


def policy_types_of(kind: str) -> tuple[str, ...]:
    """Return the policy types of a kind's objects; () for what is no policy, and for groups: there are too many."""
    if kind == GROUPS:
        return ()
    return _FAMILIES.get(kind, (kind,) if kind in POLICY_TYPES else ())


# --- properties that hold ids ----------------------------------------------------------------------------------------

# Whichever type has it.
BY_NAME: Mapping[str, str] = MappingProxyType(
    {
        "roleScopeTagIds": "roleScopeTags",
        "roleScopeTags": "roleScopeTags",
        "scopeIds": "roleScopeTags",
        "groupId": GROUPS,
        "notificationMessageCCList": GROUPS,
        "approverGroupIds": GROUPS,
        "enrollmentTimeAzureAdGroupIds": GROUPS,
        "includeGroups": GROUPS,
        "excludeGroups": GROUPS,
        "userId": USERS,
        "includeUsers": USERS,
        "excludeUsers": USERS,
        "includeApplications": APPLICATIONS,
        "excludeApplications": APPLICATIONS,
        "includeServicePrincipals": PRINCIPALS,
        "excludeServicePrincipals": PRINCIPALS,
        "includeAgentIdServicePrincipals": AGENTS,
        "excludeAgentIdServicePrincipals": AGENTS,
        # Users that agents have: objects like other users (learn.microsoft.com: agentUser).
        "includeAgentUsers": USERS,
        "excludeAgentUsers": USERS,
        "includeLocations": "namedLocations",
        "excludeLocations": "namedLocations",
        "includeAuthenticationContextClassReferences": CONTEXTS,
        "termsOfUse": AGREEMENTS,
        "customAuthenticationFactors": CUSTOM_CONTROLS,
        "privateLinkResourcePolicyIds": PRIVATE_LINKS,
        "deviceAndAppManagementAssignmentFilterId": "assignmentFilters",
        "notificationTemplateId": "notificationMessageTemplates",
        "deviceComplianceScriptId": "deviceComplianceScripts",
        "conditionStatementId": CONDITION_STATEMENTS,
        "targetedMobileApps": "mobileApps",
        "selectedMobileAppIds": "mobileApps",
        "kioskModeManagedAppId": "mobileApps",
        "vpnConfigurationId": NETWORK_PROFILES,
        "perAppVPNProfileId": NETWORK_PROFILES,
        "relayConfigurationId": NETWORK_PROFILES,
        "dnsProxyConfigurationId": NETWORK_PROFILES,
        "contentFilterConfigurationId": NETWORK_PROFILES,
        "ddmAppConfigId": NETWORK_PROFILES,
        "microsoftTunnelSiteId": TUNNEL_SITES,
        "vppTokenId": VPP_TOKENS,
        "companyPortalVppTokenId": VPP_TOKENS,
        "collectionId": COLLECTIONS,
        "onPremisesConnectionId": CONNECTIONS,
        "devicePreparationProfileId": "configurationPolicies",
        "autopatchGroupId": AUTOPATCH_GROUPS,
        "enterpriseCloudPrintOAuthClientIdentifier": APPLICATIONS,
        "azureOperationalInsightsWorkspaceId": WORKSPACES,
    }
)
# Microsoft does not say which collection these are of, or they need not be in the tenant at all: told, never blocking.
UNSURE = frozenset(
    {
        "relayConfigurationId", "dnsProxyConfigurationId", "contentFilterConfigurationId", "ddmAppConfigId",
        "enterpriseCloudPrintOAuthClientIdentifier",
    }
)  # fmt: skip
# Names that mean one thing in one type, and another, or nothing, elsewhere: (the type that declares it, name).
BY_TYPE: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("windowsKioskUWPApp", "appId"): "mobileApps",
        ("deviceAndAppManagementRoleAssignment", "members"): GROUPS,
        ("roleAssignment", "resourceScopes"): GROUPS,
        ("roleAssignment", "scopeMembers"): GROUPS,
        # Marked read-only, and what updateRelationships takes (learn.microsoft.com: mobileApp: updateRelationships).
        ("mobileAppRelationship", "targetId"): "mobileApps",
        ("globalSecureAccessFilteringProfileSessionControl", "profileId"): FILTERING_PROFILES,
        # Of a custom image; a gallery's is "publisher_offer_sku", the same for all (learn.microsoft.com).
        ("cloudPcProvisioningPolicy", "imageId"): IMAGES,
    }
)
# Policy set items say what they hold by their type (learn.microsoft.com: policySetItem).
PAYLOADS: Mapping[str, str] = MappingProxyType(
    {
        "mobileAppPolicySetItem": "mobileApps",
        "deviceConfigurationPolicySetItem": "deviceConfigurations",
        "deviceCompliancePolicyPolicySetItem": "deviceCompliancePolicies",
        "deviceManagementConfigurationPolicyPolicySetItem": "configurationPolicies",
        "deviceManagementScriptPolicySetItem": "deviceManagementScripts",
        "enrollmentRestrictionsConfigurationPolicySetItem": "deviceEnrollmentConfigurations",
        "windows10EnrollmentCompletionPageConfigurationPolicySetItem": "deviceEnrollmentConfigurations",
        "windowsAutopilotDeploymentProfilePolicySetItem": "windowsAutopilotDeploymentProfiles",
        "targetedManagedAppConfigurationPolicySetItem": "targetedManagedAppConfigurations",
        "managedDeviceMobileAppConfigurationPolicySetItem": "mobileAppConfigurations",
        "managedAppProtectionPolicySetItem": PROTECTIONS,
        "mdmWindowsInformationProtectionPolicyPolicySetItem": "mdmWindowsInformationProtectionPolicies",
        # No policy type of ours.
        "iosLobAppProvisioningConfigurationPolicySetItem": "iosLobAppProvisioningConfigurations",
    }
)
# Objects that are named by an object with their id: (policy type, the property that holds it).
OBJECTS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        **{
            (key, name): link.kind
            for key in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles")
            for name, link in all_links(key).items()
        },
        ("groupPolicyConfigurations", "definition"): DEFINITIONS,
        ("groupPolicyConfigurations", "presentation"): PRESENTATIONS,
        ("roleAssignments", "roleDefinition"): "roleDefinitions",
        ("roleAssignments", "roleScopeTags"): "roleScopeTags",
        ("conditionalAccessPolicies", "authenticationStrength"): "authenticationStrengths",
        ("mobileApps", "categories"): "mobileAppCategories",
        (CONTEXTS, ""): CONTEXT_NUMBERS,
    }
)
# The policy types that have any of these.
HAVE_OBJECTS = frozenset(policy_type for policy_type, _ in OBJECTS)
# Ids that are no references, where a stand-in for one is all the same: it blocks until a mapping says whose id it is.
# (the type that declares it, name).
ONLY_AS_STAND_INS: Mapping[tuple[str, str], str] = MappingProxyType(
    {
        ("conditionalAccessUsers", "includeRoles"): ROLES,
        ("conditionalAccessUsers", "excludeRoles"): ROLES,
        ("conditionalAccessExternalTenants", "members"): EXTERNAL_DIRECTORIES,
        ("conditionalAccessEnumeratedExternalTenants", "members"): EXTERNAL_DIRECTORIES,
    }
)
# Settings of the catalog whose plain values are ids (deploymenttheory/terraform-provider-microsoft365, captured
# requests of windows_autopilot_device_preparation_policy).
BY_SETTING: Mapping[str, str] = MappingProxyType(
    {
        "enrollment_autopilot_dpp_allowedappids": "mobileApps",
        "enrollment_autopilot_dpp_allowedscriptids": "deviceManagementScripts",
        "enrollment_autopilot_dpp_devicesecuritygroupids": GROUPS,
    }
)

# --- properties that only look like it -------------------------------------------------------------------------------

# Reason -> names, whichever type has them.
NONE_BY_NAME: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "A bundle, a package or a program: its maker's own name for it.": (
            "packageId", "packageIdentifier", "packageIdentityName", "targetedPackageIds", "bundleId", "bundleID",
            "primaryBundleId", "targetApplicationBundleIdentifier", "extensionIdentifier", "appIdentifier",
            "applicationIdentifier", "teamIdentifier", "kernelExtensionAllowedTeamIdentifiers",
            "systemExtensionsAllowedTeamIdentifiers", "bundleIdAccessControlList", "allowedBundleIdentifiers",
            "credentialBundleIdAccessControlList", "vpnAlwaysOnPackageIdentifier", "customBrowserPackageId",
            "customDialerAppPackageId", "messagingRedirectAppPackageId", "appUserModelId", "kioskAppUserModelId",
            "assessmentAppUserModelId", "kioskModeBuiltInAppId", "containedAppId", "desktopApplicationId",
            "windowsAppId", "identityResourceIdentifier", "phoneProductIdentifier", "phonePublisherId",
            "productIdentifier", "productId", "productIds",
        ),
        "Microsoft's catalogues: the same in every tenant.": (
            "templateId", "settingDefinitionId", "settingInstanceTemplateId", "settingValueTemplateId",
            "implementationId", "definitionId", "qualityUpdateCatalogItemId", "mobileAppCatalogPackageId",
            "mobileAppCatalogPackageBranchId", "catalogEntryId", "groupPolicyCategoryId", "servicePlanId",
        ),
        "Role template ids: the same in every tenant (learn.microsoft.com: conditionalAccessUsers).": (
            "includeRoles", "excludeRoles",
        ),
        "A track of the app at Google, whoever assigns it.": ("androidManagedStoreAppTrackIds", "trackId"),
        "A name that who wrote the policy gave to a part of it.": (
            "folderIdentifier", "groupIdCustom", "objectIdentifier", "remoteIdentifier", "identifier", "ssids",
            "ssid", "wifiSsid", "kioskModeWifiAllowedSsids",
        ),
        "What an authenticator or a certificate is, not an object of a tenant.": (
            "allowedAAGUIDs", "allowedIssuerSkis", "allowedPolicyOIDs",
        ),
        "A carrier's network name or an app category (msgraph-beta-sdk: its description).": (
            "cellularSliceConfigurationId",
        ),
        "An address, which says itself what it is.": (
            "enterpriseCloudPrintMopriaDiscoveryResourceIdentifier", "enterpriseCloudPrintResourceIdentifier",
        ),
        "A security identifier, which is converted wherever a text holds one.": ("securityIdentifier",),
        "A rule or a name in which an id may stand; what of it is known is told.": (
            "rule", "defenderSecurityCenterHelpPhone", "localSecurityOptionsAdministratorAccountName",
            "localSecurityOptionsGuestAccountName",
        ),
        "The service fills it in; never written.": (
            "sourceId", "organizationId", "secretReferenceValueId", "accountId", "createdByAppId", "vppTokenAppleId",
            "managementServiceAppId",
        ),
        "Texts of an enrollment notification, which the service makes by itself.": ("notificationMessageTemplateId",),
        "Windows Information Protection is never written: Microsoft retired it.": (
            "rightsManagementServicesTemplateId",
        ),
        "What devices are, not what policies say.": (
            "managedDeviceId", "deviceId", "azureActiveDirectoryDeviceId", "azureAdDeviceId", "purchaseOrderIdentifier",
        ),
    }
)  # fmt: skip
# Reason -> (the type that declares it, name).
NONE_BY_TYPE: Mapping[str, tuple[tuple[str, str], ...]] = MappingProxyType(
    {
        "The directories of other organisations: the same seen from every tenant.": (
            ("conditionalAccessEnumeratedExternalTenants", "members"),
        ),
        "A bundle, a package or a program: its maker's own name for it.": (
            ("appListItem", "appId"), ("vpnTrafficRule", "appId"),
        ),
        "A key of the policy's own.": (("windowsKioskProfile", "profileId"),),
        "Of whoever did something, in the directory's log: filled in by the service, never written.": (
            ("auditUserIdentity", "homeTenantId"),
        ),
        "Which policies use a filter: it follows from their assignments, and is never written.": (
            ("payloadByFilter", "payloadId"), ("payloadByFilter", "groupId"),
        ),
        "A script of an app's installer, which Graph never gives back.": (("mobileAppScriptReference", "targetId"),),
        "Licences of people and devices, no policy's.": (
            ("iosVppAppAssignedLicense", "userId"), ("macOsVppAppAssignedLicense", "userId"),
            ("iosVppAppRevokeLicensesActionResult", "userId"), ("macOsVppAppRevokeLicensesActionResult", "userId"),
        ),
    }
)  # fmt: skip
IS_NONE_BY_NAME = frozenset(name for names in NONE_BY_NAME.values() for name in names)
IS_NONE_BY_TYPE = frozenset(pair for rows in NONE_BY_TYPE.values() for pair in rows)
