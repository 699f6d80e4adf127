"""Navigations and actions of Microsoft's model that nothing here reads, each with the reason.

Everything else it has beside a policy's body is read, compared and written: tests/graph/references/test_navigations.py
walks every type of every policy type, and every route below one, and fails for what is neither read nor named here.
"""

import re
from dataclasses import dataclass

REPORTED, TWICE, MICROSOFTS, NEVER_GIVEN = (
    "What devices and people report.",
    "It says once more, from another side, what is read.",
    "Microsoft's own catalogue, or what the service reads from a file: the same whoever asks.",
    "Graph never gives it back: the plan says so, and blocks what cannot be made without it.",
)


@dataclass(frozen=True)
class Unread:
    """The navigations or actions of these `names`, below these `policy_types`: both are patterns that match whole."""

    names: str
    reason: str
    policy_types: str = r"\w+"

    def matches(self, policy_type: str, name: str) -> bool:
        return bool(re.fullmatch(self.policy_types, policy_type) and re.fullmatch(self.names, name))


NAVIGATIONS: tuple[Unread, ...] = (
    Unread(r"(device|user)(Status|State|Setting|Run)\w+", REPORTED),
    Unread(r"runSummary|deploymentSummary|managedDeviceCertificateStates", REPORTED),
    Unread("acceptanceStatuses", REPORTED, "termsAndConditions"),
    # The people who accepted them.
    Unread("acceptances", REPORTED, "agreements"),
    Unread("file", TWICE, "agreements"),
    # A licence is given by the assignment.
    Unread("assignedLicenses", REPORTED, "mobileApps"),
    # Devices come to a profile by its assignments; to a token by Apple.
    Unread("assignedDevices", REPORTED, "windowsAutopilotDeploymentProfiles"),
    Unread("importedAppleDeviceIdentities", REPORTED, "depOnboardingSettings"),
    Unread("groupAssignments", TWICE),
    Unread("categories", TWICE, "intents"),
    Unread("roleAssignments", TWICE, "roleDefinitions"),
    Unread("referencingConfigurationPolicies", TWICE, "reusablePolicySettings"),
    Unread("contentVersions", NEVER_GIVEN, "mobileApps"),
    Unread("containedApps|committedContainedApps", MICROSOFTS, "mobileApps"),
    Unread("latestUpgradeCatalogPackage|referencedCatalogPackage", MICROSOFTS, "mobileApps"),
    Unread("definitions|groupPolicyOperations", MICROSOFTS, "groupPolicyUploadedDefinitionFiles"),
)

ALONE = "Known from Microsoft's model alone: nobody was seen to read or write it."
# Navigations of objects inside a body that is read.
INSIDE: tuple[Unread, ...] = (
    # As valueJson.
    Unread("value", TWICE, "intents"),
    Unread("definitionValue", TWICE, "groupPolicyConfigurations"),
    Unread("userSettingsPersistenceDetail", ALONE, "provisioningPolicies"),
    # By its id.
    Unread("group", TWICE, "windowsUpdatePolicies"),
    Unread("updatePolicy", TWICE, "windowsUpdateDeployments"),
    # Devices of an audience, and deployments to them.
    Unread("members|exclusions|deployments", REPORTED, "windowsUpdateDeployments"),
    Unread("catalogEntry", MICROSOFTS, "windowsUpdateDeployments"),
)

DOES, ASKS = (
    "It does something once, to devices, tokens or people: nothing that a policy keeps.",
    "It answers what the policy, its list or Microsoft's catalogue says.",
)
# Actions and functions.
ACTIONS: tuple[Unread, ...] = (
    Unread(r"create\w*Copy|clone|migrateToTemplate|restore", DOES),
    Unread(r"sendTestMessage|syncInventory|updateGlobalScript", DOES),
    Unread(r"(generate|get)EncryptionPublicKey(\(\))?|uploadDepToken", DOES, "depOnboardingSettings"),
    Unread(r"releaseAppleDevices", DOES, "depOnboardingSettings"),
    Unread(r"(un)?shareForSchoolDataSyncService|syncWithAppleDeviceEnrollmentProgram", DOES, "depOnboardingSettings"),
    Unread("(create|revoke)Token", DOES, "androidDeviceOwnerEnrollmentProfiles"),
    Unread("apply|retry|schedulePolicyApplyTask", DOES, "provisioningPolicies"),
    Unread(r"retrievePolicy(ApplySchedule|ApplyActionResult|UpdateStatusResult)\(\)", ASKS, "provisioningPolicies"),
    Unread("applicableContent", ASKS, "windowsUpdatePolicies"),
    # Browsers follow it at once: a person does it, as the plan says.
    Unread("publish", DOES, "browserSiteLists"),
    # Files that Graph never gives back.
    Unread(r"(add|update|remove)LanguageFiles|uploadNewVersion|remove", DOES, "groupPolicyUploadedDefinitionFiles"),
    # The device group of enrollment is set by hand (graph/write/attainable.py).
    Unread("(set|clear)EnrollmentTimeDeviceMembershipTarget", NEVER_GIVEN),
    # Its whole list comes with the body.
    Unread("assignedAccessMultiModeProfiles", TWICE, "deviceConfigurations"),
    # One by one, where the others take all at once; Graph documents PATCH for its property.
    Unread("setPriority", TWICE, "appleUserInitiatedEnrollmentProfiles"),
    Unread(r"getSupportedProperties\(\)|getRemediationHistory\(\)|getGlobalScriptHighestAvailableVersion", ASKS),
    Unread(r"compare\(templateId='\{\}'\)|getCustomizedSettings\(\)|usage\(\)", ASKS),
    Unread(r"retrieveLatestUpgradeDefaultBaselinePolicy\(\)", ASKS),
    # Approvals by hand of updates in Microsoft's catalogue: the plan says that they are not restored.
    Unread(r"bulkAction|retrieveWindowsQualityUpdateCatalogItemDetails\(ids=\{\}\)", NEVER_GIVEN,
           "windowsQualityUpdatePolicies"),
)  # fmt: skip


def rows_for(table: tuple[Unread, ...], policy_type: str, name: str) -> list[Unread]:
    return [row for row in table if row.matches(policy_type, name)]
