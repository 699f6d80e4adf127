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
class UnreadRule:
    """The navigations or actions of these `names`, below these `policy_types`: both are patterns that match whole."""

    names: str
    reason: str
    policy_types: str = r"\w+"

    def matches(self, policy_type: str, name: str) -> bool:
        return bool(re.fullmatch(self.policy_types, policy_type) and re.fullmatch(self.names, name))


NAVIGATIONS: tuple[UnreadRule, ...] = (
    UnreadRule(r"(device|user)(Status|State|Setting|Run)\w+", REPORTED),
    UnreadRule(r"runSummary|deploymentSummary|managedDeviceCertificateStates", REPORTED),
    UnreadRule("acceptanceStatuses", REPORTED, "termsAndConditions"),
    # The people who accepted them.
    UnreadRule("acceptances", REPORTED, "agreements"),
    UnreadRule("file", TWICE, "agreements"),
    # A licence is given by the assignment.
    UnreadRule("assignedLicenses", REPORTED, "mobileApps"),
    # Devices come to a profile by its assignments; to a token by Apple.
    UnreadRule("assignedDevices", REPORTED, "windowsAutopilotDeploymentProfiles"),
    UnreadRule("importedAppleDeviceIdentities", REPORTED, "depOnboardingSettings"),
    UnreadRule("groupAssignments", TWICE),
    UnreadRule("categories", TWICE, "intents"),
    UnreadRule("roleAssignments", TWICE, "roleDefinitions"),
    UnreadRule("referencingConfigurationPolicies", TWICE, "reusablePolicySettings"),
    UnreadRule("contentVersions", NEVER_GIVEN, "mobileApps"),
    UnreadRule("containedApps|committedContainedApps", MICROSOFTS, "mobileApps"),
    UnreadRule("latestUpgradeCatalogPackage|referencedCatalogPackage", MICROSOFTS, "mobileApps"),
    UnreadRule("definitions|groupPolicyOperations", MICROSOFTS, "groupPolicyUploadedDefinitionFiles"),
)

ALONE = "Known from Microsoft's model alone: nobody was seen to read or write it."
# Navigations of objects inside a body that is read.
INSIDE: tuple[UnreadRule, ...] = (
    # As valueJson.
    UnreadRule("value", TWICE, "intents"),
    UnreadRule("definitionValue", TWICE, "groupPolicyConfigurations"),
    UnreadRule("userSettingsPersistenceDetail", ALONE, "provisioningPolicies"),
    # By its id.
    UnreadRule("group", TWICE, "windowsUpdatePolicies"),
    UnreadRule("updatePolicy", TWICE, "windowsUpdateDeployments"),
    # Devices of an audience, and deployments to them.
    UnreadRule("members|exclusions|deployments", REPORTED, "windowsUpdateDeployments"),
    UnreadRule("catalogEntry", MICROSOFTS, "windowsUpdateDeployments"),
)

DOES, ASKS = (
    "It does something once, to devices, tokens or people: nothing that a policy keeps.",
    "It answers what the policy, its list or Microsoft's catalogue says.",
)
# Actions and functions.
ACTIONS: tuple[UnreadRule, ...] = (
    UnreadRule(r"create\w*Copy|clone|migrateToTemplate|restore", DOES),
    UnreadRule(r"sendTestMessage|syncInventory|updateGlobalScript", DOES),
    UnreadRule(r"(generate|get)EncryptionPublicKey(\(\))?|uploadDepToken", DOES, "depOnboardingSettings"),
    UnreadRule(r"releaseAppleDevices", DOES, "depOnboardingSettings"),
    UnreadRule(
        r"(un)?shareForSchoolDataSyncService|syncWithAppleDeviceEnrollmentProgram", DOES, "depOnboardingSettings"
    ),
    UnreadRule("(create|revoke)Token", DOES, "androidDeviceOwnerEnrollmentProfiles"),
    UnreadRule("apply|retry|schedulePolicyApplyTask", DOES, "provisioningPolicies"),
    UnreadRule(r"retrievePolicy(ApplySchedule|ApplyActionResult|UpdateStatusResult)\(\)", ASKS, "provisioningPolicies"),
    UnreadRule("applicableContent", ASKS, "windowsUpdatePolicies"),
    # Browsers follow it at once: a person does it, as the plan says.
    UnreadRule("publish", DOES, "browserSiteLists"),
    # Files that Graph never gives back.
    UnreadRule(r"(add|update|remove)LanguageFiles|uploadNewVersion|remove", DOES, "groupPolicyUploadedDefinitionFiles"),
    # The device group of enrollment is set by hand (graph/write/attainable.py).
    UnreadRule("(set|clear)EnrollmentTimeDeviceMembershipTarget", NEVER_GIVEN),
    # Its whole list comes with the body.
    UnreadRule("assignedAccessMultiModeProfiles", TWICE, "deviceConfigurations"),
    # One by one, where the others take all at once; Graph documents PATCH for its property.
    UnreadRule("setPriority", TWICE, "appleUserInitiatedEnrollmentProfiles"),
    UnreadRule(r"getSupportedProperties\(\)|getRemediationHistory\(\)|getGlobalScriptHighestAvailableVersion", ASKS),
    UnreadRule(r"compare\(templateId='\{\}'\)|getCustomizedSettings\(\)|usage\(\)", ASKS),
    UnreadRule(r"retrieveLatestUpgradeDefaultBaselinePolicy\(\)", ASKS),
    # Approvals by hand of updates in Microsoft's catalogue: the plan says that they are not restored.
    UnreadRule(r"bulkAction|retrieveWindowsQualityUpdateCatalogItemDetails\(ids=\{\}\)", NEVER_GIVEN,
           "windowsQualityUpdatePolicies"),
)  # fmt: skip


def rows_for(table: tuple[UnreadRule, ...], policy_type: str, name: str) -> list[UnreadRule]:
    return [row for row in table if row.matches(policy_type, name)]
