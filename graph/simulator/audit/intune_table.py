"""The words that Intune's log has for each collection. One row each, with what it is known from.

"live": records of a live tenant that others quote (rknightion/graph2otel; Wazuh, MS Graph module);
"records": activity types of one tenant's history (ennnbeee/CES2026-IntuneCD) or of detection rules
(panther-labs/panther-analysis);
"in use": the filter of a client that is used in the field (almenscorner/IntuneCD) for the component, the rest by the
rule that those show: Graph's type in Pascal case, and of a set of several types the object's own;
"guess": that rule alone.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from graph.simulator.model.collections import CLOUD_PCS, DAM, DM

LIVE, RECORDS, IN_USE, GUESS = "live", "records", "in use", "guess"
# What assigning is called: a record for each assignment that comes or goes, or one for the whole set.
EACH = "each"


@dataclass(frozen=True)
class IntuneWords:
    component: str
    category: str
    # In `activityType`, and of the resource unless that is of the object's own type.
    entity: str
    basis: str
    is_own_type: bool = False
    # EACH, or the whole `activityType`.
    assigned: str = EACH
    # Operation -> the whole `activityType`, where it is not operation and entity.
    named: Mapping[str, str] = field(default_factory=dict)
    # The resource's type, where it is neither.
    resource: str = ""


def _configuration(entity: str, basis: str = GUESS, **more: object) -> IntuneWords:
    return IntuneWords("DeviceConfiguration", "DeviceConfiguration", entity, basis, **more)  # type: ignore[arg-type]


def _compliance(entity: str, *, is_own_type: bool) -> IntuneWords:
    return IntuneWords("DeviceCompliancePolicy", "Compliance", entity, RECORDS, is_own_type,
                 "Update Assignment DeviceCompliancePolicy")  # fmt: skip


def _script(entity: str, made: str, basis: str) -> IntuneWords:
    return _configuration(entity, basis, named={"Create": made}, assigned=f"assign{entity} DeviceManagementScript")


def _protection(component: str, basis: str) -> IntuneWords:
    return IntuneWords(
        component, "Application", "ManagedAppPolicy", basis, True, "updateSecurityGroups ManagedAppPolicy"
    )


def _app(entity: str, basis: str, *, is_own_type: bool = False) -> IntuneWords:
    return IntuneWords("MobileApp", "Application", entity, basis, is_own_type)


def _enrollment(entity: str, basis: str = IN_USE, **more: object) -> IntuneWords:
    return IntuneWords("Enrollment", "Enrollment", entity, basis, **more)  # type: ignore[arg-type]


def _update(entity: str) -> IntuneWords:
    return IntuneWords("SoftwareUpdateConfiguration", "SoftwareUpdates", entity, IN_USE)


def _role(entity: str, basis: str = IN_USE) -> IntuneWords:
    return IntuneWords("RoleBasedAccessControl", "Role", entity, basis)


def _other(component: str, entity: str, basis: str = GUESS, category: str = "Other") -> IntuneWords:
    return IntuneWords(component, category, entity, basis)


_CATALOG = _configuration("DeviceManagementConfigurationPolicy", LIVE)
_PROFILE = "DeviceConfiguration"

INTUNE: Mapping[str, IntuneWords] = {
    f"{DM}/configurationPolicies": _CATALOG,
    f"{DM}/inventoryPolicies": replace(_CATALOG, basis=GUESS),
    f"{DM}/deviceConfigurations": _configuration(_PROFILE, RECORDS, is_own_type=True),
    f"{DM}/groupPolicyConfigurations": _configuration("GroupPolicyConfiguration", IN_USE),
    f"{DM}/groupPolicyUploadedDefinitionFiles": _configuration("GroupPolicyUploadedDefinitionFile"),
    f"{DM}/reusablePolicySettings": _configuration("DeviceManagementReusablePolicySetting", IN_USE),
    f"{DM}/hardwareConfigurations": _configuration("HardwareConfiguration"),
    f"{DM}/deviceManagementScripts": _script("DeviceManagementScript", "", RECORDS),
    f"{DM}/deviceShellScripts": _script("DeviceShellScript", "createDeviceShellScript DeviceManagementScript", RECORDS),
    f"{DM}/deviceCustomAttributeShellScripts": _script(
        "DeviceCustomAttributeShellScript", "createDeviceCustomAttributeShellScript DeviceManagementScript", RECORDS
    ),
    f"{DM}/deviceHealthScripts": _script("DeviceHealthScript", "createDeviceHealthScript DeviceHealthScript", IN_USE),
    f"{DM}/deviceComplianceScripts": _script(
        "DeviceComplianceScript", "createDeviceComplianceScript DeviceComplianceScript", RECORDS
    ),
    f"{DM}/compliancePolicies": _compliance("DeviceCompliancePolicy", is_own_type=False),
    f"{DM}/deviceCompliancePolicies": _compliance("DeviceCompliancePolicy", is_own_type=True),
    f"{DM}/notificationMessageTemplates": _other("NotificationMessageTemplate", "NotificationMessageTemplate", IN_USE),
    f"{DM}/intents": _other("DeviceIntent", "DeviceManagementIntent", IN_USE, "DeviceConfiguration"),
    **{
        f"{DAM}/{name}": _protection("ManagedAppProtection", RECORDS)
        for name in ("iosManagedAppProtections", "androidManagedAppProtections", "windowsManagedAppProtections")
    },
    **{
        f"{DAM}/{name}": _protection("ManagedAppProtection", GUESS)
        for name in ("mdmWindowsInformationProtectionPolicies", "windowsInformationProtectionPolicies")
    },
    f"{DAM}/targetedManagedAppConfigurations": _protection("MobileAppConfiguration", IN_USE),
    f"{DAM}/mobileAppConfigurations": IntuneWords(
        "MobileAppConfiguration", "Application", "ManagedDeviceMobileAppConfiguration", IN_USE, is_own_type=True
    ),
    f"{DAM}/mobileApps": _app("MobileApp", RECORDS, is_own_type=True),
    f"{DAM}/mobileAppCategories": _app("MobileAppCategory", GUESS),
    f"{DAM}/policySets": _other("PolicySet", "PolicySet"),
    f"{DM}/windowsAutopilotDeploymentProfiles": _enrollment("WindowsAutopilotDeploymentProfile", is_own_type=True),
    f"{DM}/deviceEnrollmentConfigurations": _enrollment(
        "DeviceEnrollmentConfiguration", LIVE, is_own_type=True, assigned="Patch DeviceEnrollmentConfiguration"
    ),
    f"{DM}/depOnboardingSettings/enrollmentProfiles": _enrollment("EnrollmentProfile", is_own_type=True),
    f"{DM}/depOnboardingSettings": _enrollment("DepOnboardingSetting"),
    f"{DM}/appleUserInitiatedEnrollmentProfiles": _enrollment("AppleUserInitiatedEnrollmentProfile", GUESS),
    f"{DM}/androidDeviceOwnerEnrollmentProfiles": _enrollment("AndroidDeviceOwnerEnrollmentProfile", GUESS),
    f"{DM}/deviceCategories": _enrollment("DeviceCategory"),
    f"{DM}/termsAndConditions": _enrollment("TermsAndConditions", GUESS),
    f"{DM}/windowsFeatureUpdateProfiles": _update("WindowsFeatureUpdateProfile"),
    f"{DM}/windowsQualityUpdateProfiles": _update("WindowsQualityUpdateProfile"),
    f"{DM}/windowsQualityUpdatePolicies": _update("WindowsQualityUpdatePolicy"),
    f"{DM}/windowsDriverUpdateProfiles": _update("WindowsDriverUpdateProfile"),
    f"{DM}/assignmentFilters": _other("AssignmentFilter", "DeviceAndAppManagementAssignmentFilter", IN_USE),
    f"{DM}/roleDefinitions": _role("RoleDefinition", RECORDS),
    f"{DM}/roleAssignments": _role("RoleAssignment"),
    f"{DM}/roleScopeTags": _role("RoleScopeTag"),
    f"{DM}/operationApprovalPolicies": _role("OperationApprovalPolicy", GUESS),
    f"{DM}/intuneBrandingProfiles": _other("IntuneBrandingProfile", "IntuneBrandingProfile"),
    f"{DM}/managedDeviceCleanupRules": _other("Device", "ManagedDeviceCleanupRule", category="Device"),
    f"{DM}/settings": _other("DeviceManagementSettings", "DeviceManagementSettings", IN_USE),
    f"{CLOUD_PCS}/provisioningPolicies": _other("CloudPC", "CloudPcProvisioningPolicy"),
    f"{CLOUD_PCS}/userSettings": _other("CloudPC", "CloudPcUserSetting"),
}
