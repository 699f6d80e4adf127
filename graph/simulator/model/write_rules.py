"""The service's treatment of writes to each collection: verbs, statuses, ids, refusals. One row per collection."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from graph.simulator.model.collections import (
    AGREEMENTS,
    BRANDING,
    BRANDING_FILES,
    CA,
    CLOUD_PCS,
    COLLECTIONS,
    DAM,
    DM,
    SITE_LISTS,
    Collection,
)

INT, ETAG = "int", "etag"
_CA_WRITE = ("Policy.ReadWrite.ConditionalAccess",)


@dataclass(frozen=True)
class WriteRules:
    path: str
    update: tuple[str, ...] = ("PATCH",)
    created: int = 201
    updated: int = 204
    deleted: int = 200
    assigned: int = 200
    # The body's key in POST …/assign; "" where there is no such action.
    assign_key: str = "assignments"
    # …/assignments takes them one by one instead.
    assigns_singly: bool = False
    # Full names; by default the collection's stems with ReadWrite.
    write: tuple[str, ...] = ()
    # Those that let one create, or change, and no more.
    creates: tuple[str, ...] = ()
    changes: tuple[str, ...] = ()
    id_form: str = "{guid}"
    version: str = ""
    times: tuple[str, ...] = ("createdDateTime", "lastModifiedDateTime")
    # "required": bodies must name their @odata.type though the model does not call theirs abstract; "refused": they
    # must not (SkipToTheEndpoint/OpenIntuneBaseline#207).
    typed: str = ""
    # Types that can be read and never made.
    uncreatable: str = ""
    # Refused in a PATCH: whatever they say, or only what differs from what is there.
    immutable: frozenset[str] = frozenset()
    unchangeable: frozenset[str] = frozenset()
    refused: frozenset[str] = frozenset()
    # What the service sets itself, whatever a body says.
    derived: frozenset[str] = frozenset()
    # What it sets itself elsewhere, and here a body does.
    given: frozenset[str] = frozenset()
    # Known to the model though no GET shows it.
    write_only: frozenset[str] = frozenset()
    # Children that a POST or PUT may carry inline.
    inline: frozenset[str] = frozenset()
    # Of a new object, over what the body says.
    initial: Mapping[str, Any] = field(default_factory=dict)
    # Of a new object, unless the body says otherwise.
    defaults: Mapping[str, Any] = field(default_factory=dict)
    tells_assigned: bool = False
    counts_settings: bool = False
    can_create: bool = True
    can_delete: bool = True

    @property
    def collection(self) -> Collection:
        return COLLECTIONS[self.path.lower()]

    def permissions(self, method: str) -> tuple[str, ...]:
        write = self.write or tuple(f"{stem}.ReadWrite.All" for stem in self.collection.permissions)
        return (*(self.creates if method == "POST" else self.changes), *write)


def _set(*names: str) -> frozenset[str]:
    return frozenset(names)


_SETTINGS: dict[str, Any] = {
    "update": ("PATCH", "PUT"),
    "typed": "refused",
    "inline": _set("settings"),
    "counts_settings": True,
    "tells_assigned": True,
    "initial": {"creationSource": None},
}
_PROTECTION: dict[str, Any] = {
    "deleted": 204,
    "assigned": 204,
    "id_form": "T_{guid}",
    "version": ETAG,
    "tells_assigned": True,
    "derived": _set("deployedAppCount"),
    "defaults": {"deployedAppCount": 0, "appGroupType": "selectedPublicApps"},
}
_WIP: dict[str, Any] = {
    "deleted": 204,
    "assigned": 204,
    "version": ETAG,
    "tells_assigned": True,
    "inline": _set("protectedAppLockerFiles", "exemptAppLockerFiles"),
}
_SCRIPT: dict[str, Any] = {"updated": 200, "assign_key": "deviceManagementScriptAssignments"}
_UPDATES: dict[str, Any] = {"updated": 200}
_UNASSIGNED: dict[str, Any] = {"assign_key": ""}
_HEALTH = "deviceHealthScriptAssignments"
_CATALOGUE = _set("deployableContentDisplayName", "endOfSupportDate", "releaseDateDisplayName")
_CA_TIMES = ("createdDateTime", "modifiedDateTime")
_APP_STATE = _set("uploadState", "publishingState", "dependentAppCount", "supersedingAppCount", "supersededAppCount",
                  "committedContentVersion", "size")  # fmt: skip
_SECRET = ("tokenValue", "tokenCreationDateTime", "tokenExpirationDateTime", "qrCodeContent", "qrCodeImage")
_BRANDED = frozenset({"cdnList", *(f"{name}RelativeUrl" for name in BRANDING_FILES)})
_TOKEN = _set("accountId", "enrolledDeviceCount", "enrollmentTokenUsageCount", *_SECRET)
_PROVISIONED = _set("alternateResourceUrl", "cloudPcGroupDisplayName", "createdBy", "imageDisplayName", "scopeIds",
                    "gracePeriodInHours", "lastModifiedBy")  # fmt: skip

_ROWS = (
    WriteRules(f"{DM}/configurationPolicies", **_SETTINGS),
    WriteRules(f"{DM}/compliancePolicies", **_SETTINGS),
    WriteRules(f"{DM}/inventoryPolicies", **_SETTINGS),
    WriteRules(
        f"{DM}/deviceConfigurations",
        version=INT,
        typed="required",
        uncreatable="unsupported",
        initial={"supportsScopeTags": True},
        refused=_set("supportsScopeTags"),
    ),
    WriteRules(
        f"{DM}/groupPolicyConfigurations",
        updated=200,
        deleted=204,
        derived=_set("policyConfigurationIngestionType"),
        initial={"policyConfigurationIngestionType": "unknown"},
    ),
    WriteRules(
        f"{DM}/groupPolicyUploadedDefinitionFiles",
        update=(),
        can_delete=False,
        **_UNASSIGNED,
        write_only=_set("content", "groupPolicyUploadedLanguageFiles"),
        derived=_set("languageCodes", "targetPrefix", "targetNamespace", "policyType", "revision", "status"),
    ),
    WriteRules(
        f"{DM}/deviceCompliancePolicies",
        version=INT,
        typed="required",
        inline=_set("scheduledActionsForRule"),
    ),
    WriteRules(f"{DM}/deviceComplianceScripts", updated=200, assign_key=_HEALTH, defaults={"version": "1"}),
    WriteRules(f"{DM}/deviceManagementScripts", **_SCRIPT),
    WriteRules(f"{DM}/deviceShellScripts", **_SCRIPT),
    WriteRules(
        f"{DM}/deviceCustomAttributeShellScripts",
        **_SCRIPT,
        immutable=_set("customAttributeName", "customAttributeType", "displayName"),
    ),
    WriteRules(
        f"{DM}/deviceHealthScripts",
        updated=200,
        assign_key=_HEALTH,
        derived=_set("isGlobalScript", "highestAvailableVersion", "deviceHealthScriptType"),
        initial={
            "isGlobalScript": False,
            "highestAvailableVersion": None,
            "deviceHealthScriptType": "deviceHealthScript",
            "version": "1.0",
        },
        defaults={"detectionScriptParameters": [], "remediationScriptParameters": []},
    ),
    WriteRules(
        f"{DM}/intents",
        can_create=False,
        assigned=204,
        immutable=_set("templateId", "settings", "settingsDelta"),
        times=("lastModifiedDateTime",),
        tells_assigned=True,
    ),
    WriteRules(f"{DAM}/iosManagedAppProtections", **_PROTECTION),
    WriteRules(f"{DAM}/androidManagedAppProtections", **_PROTECTION),
    WriteRules(f"{DAM}/windowsManagedAppProtections",
          **{**_PROTECTION, "defaults": {"deployedAppCount": 0}}),
    WriteRules(
        f"{DAM}/targetedManagedAppConfigurations",
        **{**_PROTECTION, "id_form": "A_{guid}"},
    ),
    WriteRules(f"{DAM}/mdmWindowsInformationProtectionPolicies", **_WIP),
    WriteRules(f"{DAM}/windowsInformationProtectionPolicies", **{**_WIP, "updated": 200}),
    WriteRules(
        f"{DAM}/mobileAppConfigurations",
        version=INT,
        typed="required",
        derived=_set("appSupportsOemConfig"),
    ),
    WriteRules(
        f"{DAM}/mobileApps",
        updated=200,
        deleted=204,
        assigned=204,
        assign_key="mobileAppAssignments",
        typed="required",
        uncreatable="microsoftStoreForBusinessApp|androidStoreApp|androidManagedStoreApp|iosVppApp|macOsVppApp",
        derived=_APP_STATE,
        initial={"uploadState": 1, "dependentAppCount": 0, "supersedingAppCount": 0},
        defaults={"isFeatured": False},
        tells_assigned=True,
    ),
    WriteRules(
        f"{DM}/windowsAutopilotDeploymentProfiles",
        updated=200,
        **_UNASSIGNED,
        assigns_singly=True,
        typed="required",
        # Micke-K/IntuneManagement leaves it out; almenscorner/IntuneCD (WindowsEnrollmentProfile.py) repeats it.
        unchangeable=_set("deviceType"),
    ),
    WriteRules(
        f"{DM}/deviceEnrollmentConfigurations",
        updated=200,
        assign_key="enrollmentConfigurationAssignments",
        version=INT,
        typed="required",
        immutable=_set("platformType"),
        # almenscorner/IntuneCD (update/Intune/EnrollmentStatusPage.py) repeats it.
        unchangeable=_set("deviceEnrollmentConfigurationType"),
        refused=_set("priority"),
    ),
    WriteRules(
        f"{DM}/windowsFeatureUpdateProfiles",
        **_UPDATES,
        derived=_CATALOGUE,
        immutable=_set("installLatestWindows10OnWindows11IneligibleDevice", "deployableContentDisplayName",
                       "endOfSupportDate"),
    ),
    WriteRules(f"{DM}/windowsQualityUpdateProfiles", **_UPDATES, derived=_CATALOGUE),
    WriteRules(f"{DM}/windowsQualityUpdatePolicies", **_UPDATES, deleted=204),
    WriteRules(
        f"{DM}/windowsDriverUpdateProfiles",
        **_UPDATES,
        immutable=_set("approvalType"),
        derived=_set("newUpdates", "inventorySyncStatus", "deviceReporting"),
        initial={"newUpdates": 0, "inventorySyncStatus": None, "deviceReporting": None, "driverInventories": []},
    ),
    WriteRules(
        f"{DM}/termsAndConditions",
        updated=200,
        **_UNASSIGNED,
        assigns_singly=True,
        # An admin gives it, and one up asks everybody to accept anew: deploymenttheory/terraform-provider-microsoft365.
        given=_set("version"),
        defaults={"version": 1},
        times=("createdDateTime", "lastModifiedDateTime", "modifiedDateTime"),
    ),
    WriteRules(
        f"{DM}/roleScopeTags",
        created=200,
        updated=200,
        id_form="{number}",
        times=(),
        derived=_set("isBuiltIn"),
        initial={"isBuiltIn": False},
    ),
    WriteRules(
        f"{DM}/roleDefinitions",
        created=200,
        updated=200,
        **_UNASSIGNED,
        times=(),
        derived=_set("isBuiltIn", "isBuiltInRoleDefinition", "permissions", "roleAssignments"),
        initial={"@odata.type": "#microsoft.graph.deviceAndAppManagementRoleDefinition", "isBuiltIn": False,
              "isBuiltInRoleDefinition": False, "roleAssignments": []},
    ),
    WriteRules(
        f"{DM}/roleAssignments",
        updated=200,
        deleted=204,
        **_UNASSIGNED,
        times=(),
        initial={"@odata.type": "#microsoft.graph.deviceAndAppManagementRoleAssignment"},
        defaults={"scopeType": "resourceScope"},
    ),
    WriteRules(
        f"{DM}/assignmentFilters",
        updated=200,
        **_UNASSIGNED,
        immutable=_set("platform"),
        refused=_set("payloads"),
        initial={"payloads": []},
    ),
    WriteRules(
        f"{DM}/notificationMessageTemplates",
        created=200,
        updated=200,
        **_UNASSIGNED,
        derived=_set("defaultLocale"),
        initial={"defaultLocale": None, "localizedNotificationMessages": []},
    ),
    WriteRules(f"{DM}/deviceCategories", updated=200, **_UNASSIGNED, times=()),
    WriteRules(
        f"{DAM}/policySets",
        updated=200,
        deleted=204,
        **_UNASSIGNED,
        inline=_set("assignments", "items"),
        derived=_set("status", "errorCode"),
        initial={"status": "notAssigned", "errorCode": "noError"},
        defaults={"guidedDeploymentTags": [], "roleScopeTags": ["0"], "assignments": [], "items": []},
    ),
    WriteRules(
        f"{DM}/reusablePolicySettings",
        update=("PATCH", "PUT"),
        **_UNASSIGNED,
        version=INT,
        derived=_set("referencingConfigurationPolicyCount"),
        initial={"referencingConfigurationPolicyCount": 0},
    ),
    WriteRules(
        f"{DM}/intuneBrandingProfiles",
        updated=200,
        deleted=204,
        initial={"isDefaultProfile": False},
        refused=_set("isDefaultProfile", "disableClientTelemetry"),
    ),
    WriteRules(f"{DM}/hardwareConfigurations", updated=200, assign_key="hardwareConfigurationAssignments", version=INT),
    WriteRules(f"{DM}/appleUserInitiatedEnrollmentProfiles", updated=200, **_UNASSIGNED, assigns_singly=True),
    WriteRules(f"{DM}/depOnboardingSettings", update=(), can_create=False, can_delete=False, **_UNASSIGNED),
    WriteRules(
        f"{CA}/policies",
        write=_CA_WRITE,
        deleted=204,
        times=_CA_TIMES,
        **_UNASSIGNED,
        derived=_set("templateId", "deletedDateTime", "partialEnablementStrategy"),
        initial={"templateId": None},
    ),
    WriteRules(
        f"{CA}/namedLocations",
        write=_CA_WRITE,
        deleted=204,
        times=_CA_TIMES,
        **_UNASSIGNED,
        typed="required",
        uncreatable="compliantNetworkNamedLocation",
    ),
    WriteRules(
        f"{CA}/authenticationStrength/policies",
        write=(*_CA_WRITE, "Policy.ReadWrite.AuthenticationMethod"),
        updated=200,
        deleted=204,
        times=_CA_TIMES,
        **_UNASSIGNED,
        inline=_set("combinationConfigurations"),
        derived=_set("policyType", "requirementsSatisfied"),
        immutable=_set("allowedCombinations", "combinationConfigurations"),
        initial={"policyType": "custom", "requirementsSatisfied": "mfa"},
        defaults={"combinationConfigurations": [], "description": ""},
    ),
    WriteRules(
        f"{CA}/authenticationContextClassReferences",
        write=("AuthenticationContext.ReadWrite.All", *_CA_WRITE),
        can_create=False, deleted=204, times=(), **_UNASSIGNED,
    ),
    WriteRules(AGREEMENTS, deleted=204, times=("createdDateTime",), **_UNASSIGNED, inline=_set("files"),
          write=("Agreement.ReadWrite.All",), immutable=_set("files"),
          defaults={"termsExpiration": None, "userReacceptRequiredFrequency": None,
                    "isPerDeviceAcceptanceRequired": False, "isViewingBeforeAcceptanceRequired": False}),
    WriteRules(BRANDING, deleted=204, times=(), **_UNASSIGNED, derived=_BRANDED,
          initial=dict.fromkeys((*BRANDING_FILES, *_BRANDED)) | {"cdnList": []}),
    WriteRules(f"{DM}/androidDeviceOwnerEnrollmentProfiles", updated=200, deleted=204, **_UNASSIGNED, derived=_TOKEN,
          initial={"enrolledDeviceCount": 0, "enrollmentTokenUsageCount": 0, "tokenValue": "KJHGFDSA",
                "qrCodeContent": "{}", "qrCodeImage": None, "tokenCreationDateTime": "2026-01-02T08:00:00Z",
                "tokenExpirationDateTime": "2026-04-02T08:00:00Z"}),
    *(WriteRules(f"{area}/{name}", updated=200, deleted=204, times=("lastModifiedDateTime",), **_UNASSIGNED)
      for area, name in ((DAM, "mobileAppCategories"), (DM, "managedDeviceCleanupRules"),
                         (DM, "operationApprovalPolicies"))),
    WriteRules(f"{DM}/settings", can_create=False, can_delete=False, times=(), **_UNASSIGNED),
    *(WriteRules(f"{CLOUD_PCS}/{name}", updated=200, deleted=204, assigned=204, derived=_PROVISIONED)
      for name in ("provisioningPolicies", "userSettings")),
    WriteRules(SITE_LISTS, updated=200, deleted=204, times=("lastModifiedDateTime",), **_UNASSIGNED,
          derived=_set("status", "revision", "publishedBy", "publishedDateTime", "lastModifiedBy"),
          initial={"status": "draft", "revision": "0", "publishedBy": None, "publishedDateTime": None,
                "lastModifiedBy": None, "sites": [], "sharedCookies": []}),
    WriteRules(
        "groups",
        write=("Group.ReadWrite.All",), changes=("GroupMember.ReadWrite.All",), creates=("Group.Create",),
        deleted=204, times=("createdDateTime",),
        derived=_set("securityIdentifier"),
        defaults=dict.fromkeys(("displayName", "description", "mailNickname", "membershipRule",
                                "membershipRuleProcessingState", "isAssignableToRole", "onPremisesSyncEnabled",
                                "isManagementRestricted", "visibility"))
        | {"assignedLicenses": [], "groupTypes": [], "mailEnabled": False, "securityEnabled": True},
        **_UNASSIGNED,
    ),
)  # fmt: skip

RULES: Mapping[str, WriteRules] = {row.path.lower(): row for row in _ROWS}
