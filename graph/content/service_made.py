"""Properties that the service makes by itself: no content of a policy, neither compared nor written.

They are what Microsoft's model marks as read-only, the times of objects with an id, and a table of the rest by type and
property: the same name is content elsewhere (`version` of an app's assignment, `isReadOnly` of an OMA-URI setting).
"""

from collections.abc import Mapping
from functools import lru_cache

from graph.microsoft import model

CLOCKS = frozenset({"createdDateTime", "lastModifiedDateTime", "modifiedDateTime"})

_BROWSER = frozenset({"browserSite", "browserSharedCookie"})
# Each name with the types that declare it. Where no other source is named: the model's own description says that it
# is a count, a state or a time of the service, and captures of the service show it change without anybody's doing.
_BY_NAME: Mapping[str, frozenset[str]] = {
    # "Version of the device configuration", "Version of the entity": counters, one up at each write; scripts' too, that
    # no client writes (deploymenttheory/terraform-provider-microsoft365). The app's own version, of a store's app that
    # follows the store. Not that of terms and conditions, which asks people to accept them again, and is given by a
    # person (the same provider writes it); not that of an app's assignment.
    "version": frozenset(
        {
            "deviceConfiguration", "deviceCompliancePolicy", "deviceEnrollmentConfiguration", "managedAppPolicy",
            "managedDeviceMobileAppConfiguration", "managedMobileApp", "windowsInformationProtectionAppLockerFile",
            "deviceHealthScript", "deviceComplianceScript", "managedApp",
        }
    ),
    "isAssigned": frozenset(
        {
            "deviceManagementIntent", "targetedManagedAppProtection", "targetedManagedAppConfiguration",
            "windowsManagedAppProtection", "windowsInformationProtection",
        }
    ),
    "settingCount": frozenset({"deviceManagementConfigurationPolicy"}),
    # A PUT has to repeat it, and does (graph.write.write_requests): KelvinTegelaar/CIPP#3744.
    "creationSource": frozenset({"deviceManagementConfigurationPolicy", "deviceManagementCompliancePolicy"}),
    # "Content applicable for offering": what Windows Update has just now; and when a rule was made and looked at.
    "applicableContent": frozenset({"windowsUpdates.policy", "windowsUpdates.deploymentAudience"}),
    "createdDateTime": frozenset({"windowsUpdates.complianceChangeRule"}),
    "lastModifiedDateTime": frozenset({"windowsUpdates.complianceChangeRule"}),
    "lastEvaluatedDateTime": frozenset({"windowsUpdates.complianceChangeRule"}),
    "isMigratingToConfigurationPolicy": frozenset({"deviceManagementIntent"}),
    # Texts and versions of Microsoft's templates and catalogue entries.
    "templateDisplayName": frozenset({"deviceManagementConfigurationPolicyTemplateReference"}),
    "templateDisplayVersion": frozenset({"deviceManagementConfigurationPolicyTemplateReference"}),
    "templateFamily": frozenset({"deviceManagementConfigurationPolicyTemplateReference"}),
    "settingDefinitions": frozenset({"deviceManagementConfigurationSetting"}),
    # "Allowed Actions - Deprecated": the same as resourceActions.
    "actions": frozenset({"rolePermission"}),
    # How many licences were bought: Apple's and Google's stores say it, beside how many are in use.
    "totalLicenseCount": frozenset({"iosVppApp", "macOsVppApp", "androidForWorkApp", "microsoftStoreForBusinessApp"}),
    # What became of an action on it.
    "revokeLicenseActionResults": frozenset({"iosVppApp", "macOsVppApp"}),
    "status": frozenset({"policySetItem", *_BROWSER}),
    # What somebody has done to an entry of an Edge site list, and when.
    "history": _BROWSER,
    "lastModifiedBy": _BROWSER,
    "deletedDateTime": _BROWSER,
    # Whether the last upload made everybody accept them again.
    "isMajorVersion": frozenset({"agreementFileProperties"}),
    "errorCode": frozenset({"policySetItem"}),
    "itemType": frozenset({"policySetItem"}),
}  # fmt: skip

# Marked as read-only, and taken all the same when one is made: it has no other name (learn.microsoft.com, Create
# hardwareConfiguration). A file of terms of use comes with what it is and what it holds (Create agreement).
_WRITABLE = frozenset(
    {
        ("hardwareConfiguration", "displayName"),
        # What updateRelationships takes (learn.microsoft.com: mobileApp: updateRelationships).
        ("mobileAppRelationship", "targetId"),
        ("agreementFileProperties", "fileName"),
        ("agreementFileProperties", "isDefault"),
        ("agreementFileProperties", "language"),
        ("agreementFileProperties", "fileData"),
        ("agreementFileData", "data"),
    }
)

# For policies whose type the model does not know: by name alone, and only in the outermost object.
_UNKNOWN_TYPE_NAMES = CLOCKS | {"version", "isAssigned", "settingCount", "creationSource", "priorityMetaData"}

# Children that the service makes anew at each write, with another id.
_RECREATED_CHILDREN = frozenset(
    {
        "deviceManagementConfigurationSetting", "deviceManagementSettingInstance", "groupPolicyDefinitionValue",
        "groupPolicyPresentationValue", "deviceComplianceScheduledActionForRule", "deviceComplianceActionItem",
        "deviceManagementComplianceScheduledActionForRule", "deviceManagementComplianceActionItem",
        "localizedNotificationMessage", "policySetItem", "managedMobileApp", "authenticationCombinationConfiguration",
        "windowsPrivacyDataAccessControlItem", "windowsInformationProtectionAppLockerFile", "agreementFileProperties",
        "browserSite", "browserSharedCookie",
    }
)  # fmt: skip


@lru_cache(model.MOST_PAIRS)
def is_service_made(type_name: str, name: str) -> bool:
    lineage = model.lineage(type_name)
    if name in CLOCKS and "id" in model.properties(type_name):
        return True
    if name == "id":
        return not _RECREATED_CHILDREN.isdisjoint(lineage)
    if not _WRITABLE.isdisjoint((ancestor, name) for ancestor in lineage):
        return False
    declared = model.properties(type_name).get(name)
    return bool(declared and declared.is_read_only) or not _BY_NAME.get(name, frozenset()).isdisjoint(lineage)


def is_service_made_outermost(type_name: str, name: str) -> bool:
    """Tell it for the policy object itself, whose type the model may not know: then the name alone decides."""
    return is_service_made(type_name, name) if model.is_known(type_name) else name in _UNKNOWN_TYPE_NAMES
