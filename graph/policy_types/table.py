"""The table of policy types: one row per Graph collection (docs/decisions/0021-policy-types-are-rows.md).

What a row does not say is the same for all: listed page by page, read by id, annotations removed
(graph/read/readings.py).
A list is trusted to show a change where its modification time follows the whole body. Not where children are written by
calls of their own (compliance actions, definition values, app lists, localized messages, combinations), where there is
no such time, or where the list cannot carry the assignments.
Paths, expands and permissions: learn.microsoft.com, Microsoft Graph beta reference of each collection and the
permissions reference; where those are silent or wrong, what open-source exporters were seen to do against the service.
"""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from graph.policy_types.permissions import (
    APPS,
    AUTHENTICATION_CONTEXTS,
    CONDITIONAL_ACCESS,
    CONFIGURATION,
    POWERSHELL,
    RBAC,
    SCOPE_TAGS,
    SCRIPTS,
    SERVICE_CONFIG,
    STRENGTHS,
)
from graph.policy_types.policy_type import EXPANDED, ROUTE, Child, PolicyType, any_of, has_value, is_true
from graph.policy_types.tenant_wide_types import TENANT_TYPES

DM = "/deviceManagement"
DAM = "/deviceAppManagement"
CA = "/identity/conditionalAccess"

_UPDATE_RING_CLOCKS = frozenset(
    {
        "qualityUpdatesPauseStartDate",
        "qualityUpdatesPauseExpiryDateTime",
        "qualityUpdatesRollbackStartDateTime",
        "qualityUpdatesWillBeRolledBack",
        "featureUpdatesPauseStartDate",
        "featureUpdatesPauseExpiryDateTime",
        "featureUpdatesRollbackStartDateTime",
        "featureUpdatesWillBeRolledBack",
    }
)
_APP_STATE = frozenset(
    {
        "publishingState", "uploadState", "dependentAppCount", "supersedingAppCount", "supersededAppCount",
        "committedContentVersion", "size", "usedLicenseCount", "lastSyncDateTime",
    }
)  # fmt: skip
_UPDATE_CATALOGUE = frozenset({"endOfSupportDate", "deployableContentDisplayName", "releaseDateDisplayName"})
_PROTECTION: dict[str, Any] = {
    "access": APPS,
    "assignments": EXPANDED,
    "expand": ("apps",),
    "volatile": frozenset({"deployedAppCount"}),
    "match_on": ("targetedAppManagementLevels",),
}
_INFORMATION_PROTECTION: dict[str, Any] = {
    "is_retired": True,
    "access": APPS,
    "assignments": EXPANDED,
    "expand": ("protectedAppLockerFiles", "exemptAppLockerFiles"),
}
_UPDATES: dict[str, Any] = {
    "access": CONFIGURATION,
    "assignments": EXPANDED,
    "volatile": _UPDATE_CATALOGUE,
    "trusts_list": True,
}
_SCRIPT: dict[str, Any] = {"access": SCRIPTS, "assignments": EXPANDED, "trusts_list": True}

_ROWS = (
    PolicyType(
        "configurationPolicies",
        "Settings catalog",
        f"{DM}/configurationPolicies",
        CONFIGURATION,
        EXPANDED,
        name_property="name",
        expand=("settings",),
        volatile=frozenset({"templateDisplayName", "templateDisplayVersion", "settingDefinitions"}),
        never_returned="Secret values: Graph answers an opaque token instead",
        trusts_list=True,
        match_on=("platforms", "technologies", "templateReference.templateId"),
    ),
    PolicyType(
        "compliancePolicies",
        "Compliance policy (Linux)",
        f"{DM}/compliancePolicies",
        CONFIGURATION,
        EXPANDED,
        name_property="name",
        expand=("settings",),
        children=(Child("scheduledActionsForRule", "$expand=scheduledActionConfigurations"),),
        match_on=("platforms",),
    ),
    PolicyType(
        "deviceConfigurations",
        "Device configuration",
        f"{DM}/deviceConfigurations",
        CONFIGURATION,
        EXPANDED,
        titles={
            "windowsUpdateForBusinessConfiguration": "Update ring",
            "iosUpdateConfiguration": "iOS update policy",
            "macOSSoftwareUpdateConfiguration": "macOS update policy",
            "windows10CustomConfiguration": "Custom configuration (OMA-URI)",
        },
        volatile=_UPDATE_RING_CLOCKS,
        never_returned="Wi-Fi pre-shared keys, VPN and proxy passwords, PFX files",
        trusts_list=True,
        is_polymorphic=True,
    ),
    PolicyType(
        "groupPolicyConfigurations",
        "Administrative templates",
        f"{DM}/groupPolicyConfigurations",
        CONFIGURATION,
        EXPANDED,
        children=(Child("definitionValues", "$expand=definition"),),
        # A get-one may answer "unknown" where the list knows better.
        volatile=frozenset({"policyConfigurationIngestionType"}),
    ),
    PolicyType(
        "groupPolicyUploadedDefinitionFiles",
        "Imported ADMX file",
        f"{DM}/groupPolicyUploadedDefinitionFiles",
        CONFIGURATION,
        name_property="fileName",
        volatile=frozenset({"status", "uploadDateTime"}),
        never_returned="The ADMX and ADML files themselves",
    ),
    PolicyType(
        "deviceCompliancePolicies",
        "Compliance policy",
        f"{DM}/deviceCompliancePolicies",
        CONFIGURATION,
        EXPANDED,
        expand=("scheduledActionsForRule($expand=scheduledActionConfigurations)",),
        is_polymorphic=True,
    ),
    PolicyType(
        "deviceComplianceScripts",
        "Compliance script",
        f"{DM}/deviceComplianceScripts",
        SCRIPTS,
        EXPANDED,
        is_built_in=has_value("publisher", "Microsoft"),
        trusts_list=True,
    ),
    PolicyType(
        "deviceManagementScripts",
        "PowerShell script",
        f"{DM}/deviceManagementScripts",
        **{**_SCRIPT, "access": POWERSHELL},
    ),
    # These two have no /assignments route; the expand is the only way.
    PolicyType("deviceShellScripts", "macOS shell script", f"{DM}/deviceShellScripts", **_SCRIPT),
    PolicyType(
        "deviceCustomAttributeShellScripts",
        "macOS custom attribute",
        f"{DM}/deviceCustomAttributeShellScripts",
        **_SCRIPT,
    ),
    PolicyType(
        "deviceHealthScripts",
        "Remediation script",
        f"{DM}/deviceHealthScripts",
        **_SCRIPT,
        volatile=frozenset({"highestAvailableVersion", "isGlobalScript", "deviceHealthScriptType"}),
        is_built_in=any_of(is_true("isGlobalScript"), has_value("publisher", "Microsoft")),
    ),
    PolicyType(
        "intents",
        "Endpoint security (template)",
        f"{DM}/intents",
        CONFIGURATION,
        ROUTE,
        children=(Child("settings"),),
        match_on=("templateId",),
    ),
    PolicyType("iosManagedAppProtections", "App protection (iOS)", f"{DAM}/iosManagedAppProtections", **_PROTECTION),
    PolicyType(
        "androidManagedAppProtections", "App protection (Android)", f"{DAM}/androidManagedAppProtections", **_PROTECTION
    ),
    PolicyType(
        "windowsManagedAppProtections", "App protection (Windows)", f"{DAM}/windowsManagedAppProtections", **_PROTECTION
    ),
    PolicyType(
        "targetedManagedAppConfigurations",
        "App configuration (managed apps)",
        f"{DAM}/targetedManagedAppConfigurations",
        APPS,
        EXPANDED,
        expand=("apps",),
        children=(Child("settings"),),
        volatile=frozenset({"deployedAppCount"}),
        match_on=("targetedAppManagementLevels",),
    ),
    PolicyType(
        "mdmWindowsInformationProtectionPolicies",
        "Windows Information Protection (enrolled)",
        f"{DAM}/mdmWindowsInformationProtectionPolicies",
        **_INFORMATION_PROTECTION,
    ),
    PolicyType(
        "windowsInformationProtectionPolicies",
        "Windows Information Protection",
        f"{DAM}/windowsInformationProtectionPolicies",
        **_INFORMATION_PROTECTION,
    ),
    PolicyType(
        "mobileAppConfigurations",
        "App configuration (managed devices)",
        f"{DAM}/mobileAppConfigurations",
        APPS,
        EXPANDED,
        is_polymorphic=True,
    ),
    PolicyType(
        "mobileApps",
        "App",
        f"{DAM}/mobileApps",
        APPS,
        EXPANDED,
        expand=("categories",),
        children=(Child("relationships"),),
        # The portal's own filter: what was assigned or uploaded, not every app a store offers.
        list_query=(
            "$filter=(microsoft.graph.managedApp/appAvailability%20eq%20null%20or%20"
            "microsoft.graph.managedApp/appAvailability%20eq%20%27lineOfBusiness%27%20or%20isAssigned%20eq%20true)"
            "&$orderby=displayName"
        ),
        volatile=_APP_STATE,
        never_returned="The app's installer",
        is_polymorphic=True,
        match_on=("packageId", "bundleId"),
    ),
    PolicyType(
        "windowsAutopilotDeploymentProfiles",
        "Autopilot profile",
        f"{DM}/windowsAutopilotDeploymentProfiles",
        SERVICE_CONFIG,
        ROUTE,
        is_polymorphic=True,
    ),
    PolicyType(
        "deviceEnrollmentConfigurations",
        "Enrollment configuration",
        f"{DM}/deviceEnrollmentConfigurations",
        SERVICE_CONFIG,
        EXPANDED,
        titles={
            "windows10EnrollmentCompletionPageConfiguration": "Enrollment status page",
            "deviceEnrollmentLimitConfiguration": "Device limit restriction",
            "deviceEnrollmentPlatformRestrictionsConfiguration": "Platform restrictions",
            "deviceEnrollmentPlatformRestrictionConfiguration": "Platform restriction",
            "deviceEnrollmentWindowsHelloForBusinessConfiguration": "Windows Hello for Business",
            "deviceComanagementAuthorityConfiguration": "Co-management settings",
            "deviceEnrollmentNotificationConfiguration": "Enrollment notification",
        },
        is_built_in=has_value("priority", 0),
        is_polymorphic=True,
        match_on=("platformType",),
        has_defaults=True,
        shifting=frozenset({"priority"}),
        # Of a notification, and the service's own: its templates are named by `notificationTemplates`.
        volatile=frozenset({"templateType", "notificationMessageTemplateId"}),
    ),
    PolicyType("windowsFeatureUpdateProfiles", "Feature update", f"{DM}/windowsFeatureUpdateProfiles", **_UPDATES),
    PolicyType(
        "windowsQualityUpdateProfiles", "Quality update (expedited)", f"{DM}/windowsQualityUpdateProfiles", **_UPDATES
    ),
    PolicyType(
        "windowsQualityUpdatePolicies", "Quality update policy", f"{DM}/windowsQualityUpdatePolicies", **_UPDATES
    ),
    PolicyType(
        "windowsDriverUpdateProfiles",
        "Driver update",
        f"{DM}/windowsDriverUpdateProfiles",
        **{
            **_UPDATES,
            "volatile": frozenset({"newUpdates", "inventorySyncStatus", "deviceReporting"}),
            # Drivers are approved without a change of the profile.
            "trusts_list": False,
        },
        children=(Child("driverInventories"),),
    ),
    PolicyType("termsAndConditions", "Terms and conditions", f"{DM}/termsAndConditions", SERVICE_CONFIG, ROUTE),
    PolicyType(
        "roleScopeTags",
        "Scope tag",
        f"{DM}/roleScopeTags",
        SCOPE_TAGS,
        ROUTE,
        is_built_in=any_of(is_true("isBuiltIn"), has_value("id", "0")),
    ),
    PolicyType(
        "roleDefinitions",
        "Role",
        f"{DM}/roleDefinitions",
        RBAC,
        # `permissions` repeats `rolePermissions`, and `actions` the allowed ones within.
        volatile=frozenset({"roleAssignments", "permissions", "actions"}),
        is_built_in=is_true("isBuiltIn", "isBuiltInRoleDefinition"),
    ),
    PolicyType(
        "roleAssignments",
        "Role assignment",
        f"{DM}/roleAssignments",
        RBAC,
        expand=("roleDefinition", "microsoft.graph.deviceAndAppManagementRoleAssignment/roleScopeTags"),
    ),
    PolicyType(
        "assignmentFilters",
        "Assignment filter",
        f"{DM}/assignmentFilters",
        CONFIGURATION,
        volatile=frozenset({"payloads"}),
        trusts_list=True,
        match_on=("platform",),
    ),
    PolicyType(
        "notificationMessageTemplates",
        "Notification template",
        f"{DM}/notificationMessageTemplates",
        SERVICE_CONFIG,
        expand=("localizedNotificationMessages",),
        volatile=frozenset({"defaultLocale"}),
        # Owned by an enrollment notification, and shown nowhere in the portal.
        is_hidden=has_value("displayName", "EnrollmentNotificationInternalMEO"),
        hidden_in="deviceEnrollmentConfigurations",
    ),
    PolicyType("deviceCategories", "Device category", f"{DM}/deviceCategories", CONFIGURATION),
    PolicyType(
        "policySets",
        "Policy set",
        f"{DAM}/policySets",
        CONFIGURATION,
        EXPANDED,
        expand=("items",),
        volatile=frozenset({"status", "errorCode", "itemType"}),
    ),
    PolicyType(
        "reusablePolicySettings",
        "Reusable setting",
        f"{DM}/reusablePolicySettings",
        CONFIGURATION,
        # The plain object comes without settingInstance: it must be asked for by name.
        select="id,displayName,description,settingDefinitionId,settingInstance,createdDateTime,lastModifiedDateTime,"
        "version,referencingConfigurationPolicyCount",
        volatile=frozenset({"referencingConfigurationPolicyCount"}),
    ),
    PolicyType(
        "intuneBrandingProfiles",
        "Branding profile",
        f"{DM}/intuneBrandingProfiles",
        APPS,
        EXPANDED,
        name_property="profileName",
        is_built_in=is_true("isDefaultProfile"),
        has_defaults=True,
    ),
    PolicyType(
        "conditionalAccessPolicies",
        "Conditional Access policy",
        f"{CA}/policies",
        CONDITIONAL_ACCESS,
        volatile=frozenset({"templateId", "deletedDateTime", "partialEnablementStrategy"}),
        trusts_list=True,
    ),
    PolicyType(
        "namedLocations",
        "Named location",
        f"{CA}/namedLocations",
        CONDITIONAL_ACCESS,
        is_built_in=has_value("@odata.type", "#microsoft.graph.compliantNetworkNamedLocation"),
        trusts_list=True,
        is_polymorphic=True,
    ),
    PolicyType(
        "authenticationStrengths",
        "Authentication strength",
        f"{CA}/authenticationStrength/policies",
        STRENGTHS,
        children=(Child("combinationConfigurations"),),
        is_built_in=has_value("policyType", "builtIn"),
    ),
    PolicyType(
        "authenticationContextClassReferences",
        "Authentication context",
        f"{CA}/authenticationContextClassReferences",
        AUTHENTICATION_CONTEXTS,
    ),
    PolicyType("hardwareConfigurations", "BIOS configuration", f"{DM}/hardwareConfigurations", CONFIGURATION, EXPANDED),
    PolicyType(
        "inventoryPolicies",
        "Inventory policy",
        f"{DM}/inventoryPolicies",
        CONFIGURATION,
        EXPANDED,
        name_property="name",
        expand=("settings",),
    ),
    PolicyType(
        "appleUserInitiatedEnrollmentProfiles",
        "Apple enrollment profile",
        f"{DM}/appleUserInitiatedEnrollmentProfiles",
        SERVICE_CONFIG,
        EXPANDED,
    ),
    # Its profiles live below a token: their Graph id here is "{token}/{profile}" (see graph/read/readings.py).
    PolicyType(
        "depOnboardingSettings",
        "Apple automated enrollment profile",
        f"{DM}/depOnboardingSettings",
        SERVICE_CONFIG,
    ),
)

POLICY_TYPES: Mapping[str, PolicyType] = MappingProxyType({row.key: row for row in (*_ROWS, *TENANT_TYPES)})


def get_policy_type(key: str, *, with_members: bool) -> PolicyType:
    """Return the row of a policy type; with `with_members`, a row of groups reads their members too."""
    row = POLICY_TYPES[key]
    return replace(row, with_members=True) if with_members and row.is_referred else row
