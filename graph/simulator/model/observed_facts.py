"""Facts of the service that Microsoft's package does not state. One row per fact, each with its source.

The package (graph/microsoft) is newer than some of the service and older than other parts of it. A row is here when
somebody saw the service answer or take it: "export" is a policy as Graph answered it, in the repository named.
"""

from collections.abc import Mapping
from functools import cache

from graph.microsoft import model
from graph.microsoft.model import Property

_SETTING = "deviceManagementConfiguration"

# Types that are refused without @odata.type, besides those that Microsoft's own sentences call abstract.
ABSTRACT = frozenset(
    {
        # `Abstract="true"` in microsoftgraph/msgraph-metadata, beta_metadata.xml.
        "deviceAndAppManagementAssignmentTarget", "managedAppPolicy", "managedAppProtection", "mobileContainedApp",
        "targetedManagedAppProtection", "win32LobAppDetection", "win32LobAppRequirement", "win32LobAppRule",
        # Micke-K/IntuneManagement, Terraform provider: no write of these without it is known, and some were refused.
        "deviceCompliancePolicy", "deviceConfiguration", "deviceEnrollmentConfiguration", "ipRange", "namedLocation",
        "mobileAppIdentifier", "omaSetting", "policySetItem", "windowsAutopilotDeploymentProfile",
    }
)  # fmt: skip

# Type -> property -> what it is.
PROPERTIES: Mapping[str, Mapping[str, Property]] = {
    type_name: {row.name: row for row in rows}
    for type_name, rows in {
        # j0eyv/ConditionalAccessBaseline: exports.
        "conditionalAccessPolicy": (
            Property("templateId", "string"),
            Property("partialEnablementStrategy", "any"),
        ),
        # j0eyv/ConditionalAccessBaseline: exports; Terraform provider: capture of the templates of Conditional Access.
        "conditionalAccessConditionSet": (Property("times", "any"), Property("clients", "any")),
        "conditionalAccessSessionControls": (
            Property("blockSensitiveActions", "any"),
            Property("networkAccessSecurity", "any"),
        ),
        # The package has them; graph/microsoft leaves out what an entity that no route answers holds besides scalars.
        "windowsPrivacyDataAccessControlItem": (
            Property("accessLevel", "string"),
            Property("dataCategory", "string"),
        ),
        # Terraform provider: captures of what the portal sends.
        "windowsUpdateForBusinessConfiguration": (
            Property("engagedRestartSnoozeScheduleForFeatureUpdatesInDays", "integer"),
            Property("engagedRestartTransitionScheduleForFeatureUpdatesInDays", "integer"),
        ),
        "windows10CompliancePolicy": (Property("customComplianceRequired", "boolean"),),
        "organization": (Property("verifiedDomains", "any"),),
        "group": (Property("assignedLicenses", "any"), Property("members", "any", is_many=True, is_navigation=True)),
        # IntuneAdmin/IntuneBaselines: exports.
        f"{_SETTING}SettingInstance": (Property("auditRuleInformation", "any"),),
    }.items()
}  # fmt: skip

# Enum -> members that it has besides.
MEMBERS: Mapping[str, tuple[str, ...]] = {
    # deploymenttheory/terraform-provider-microsoft365, device_enrollment_notification: captured answer to a create.
    "enrollmentNotificationTemplateType": ("0",),
}

# Enums whose lists hold several members in one text ("password,sms").
# learn.microsoft.com: authenticationStrengthPolicy resource type, allowedCombinations.
FLAGS_IN_LISTS = frozenset({"authenticationMethodModes"})

# Collection -> the type of what it holds.
COLLECTIONS: Mapping[str, str] = {
    # Micke-K/IntuneManagement, Terraform provider: of the shape of a settings catalog policy.
    "deviceManagement/inventoryPolicies": f"{_SETTING}Policy",
    # adamgell/IntuneCommander: it merges four catalogues, of which the package has three.
    "deviceManagement/inventorySettings": f"{_SETTING}SettingDefinition",
    "deviceManagement/reusableCategories": f"{_SETTING}Category",
    "deviceManagement/inventoryCategories": f"{_SETTING}Category",
    # learn.microsoft.com: List users.
    "users": "user",
}

# Route -> methods that it takes besides those that the package has for it.
ROUTES: Mapping[str, tuple[str, ...]] = {
    # almenscorner/IntuneCD, Micke-K/IntuneManagement, Terraform provider: settings are changed by PUT of the whole.
    "/deviceManagement/configurationPolicies/{}": ("PUT",),
    "/deviceManagement/compliancePolicies/{}": ("PUT",),
    # almenscorner/IntuneCD, Terraform provider.
    "/deviceManagement/reusablePolicySettings/{}": ("PUT",),
    # Micke-K/IntuneManagement, Terraform provider.
    "/deviceManagement/inventoryPolicies/{}/assign": ("POST",),
    # Micke-K/IntuneManagement, almenscorner/IntuneCD.
    "/deviceAppManagement/iosManagedAppProtections/{}/assign": ("POST",),
    "/deviceAppManagement/androidManagedAppProtections/{}/assign": ("POST",),
    "/deviceAppManagement/iosManagedAppProtections/{}/targetApps": ("POST",),
    "/deviceAppManagement/androidManagedAppProtections/{}/targetApps": ("POST",),
    # almenscorner/IntuneCD: backup/Intune/DeviceManagementSettings.py.
    "/deviceManagement/settings": ("GET",),
    # Properties that have an address of their own. TMF module: Test-TmfAgreement.
    "/identityGovernance/termsOfUse/agreements/{}/file/localizations/{}/fileData/data": ("GET",),
    # learn.microsoft.com: Get deleted item.
    "/directory/deletedItems/{}": ("GET",),
    # learn.microsoft.com: Restore deleted item (directory object).
    "/directory/deletedItems/{}/restore": ("POST",),
}


@cache
def properties(type_name: str) -> Mapping[str, Property]:
    """Microsoft's, and what is beyond them."""
    merged = dict(model.properties(type_name))
    for ancestor in reversed(model.lineage(type_name)):
        merged.update(PROPERTIES.get(ancestor, {}))
    return merged


def type_of_collection(path: str) -> str | None:
    """Return the type of a collection's objects: "deviceManagement/intents" -> "deviceManagementIntent"; None where
    nobody says.
    """
    known = COLLECTIONS.get(path)
    route = model.routes().get(f"/{path}")
    answered = known or (route.methods.get("GET") if route else None)
    return answered if isinstance(answered, str) else None
