"""The table of write rules: how each policy type is written, one row per row of graph/policy_types/table.py.

Waves follow from what refers to what: scope tags, filters and categories, what policies name (templates, scripts,
reusable settings), apps, certificates, policies, roles, what Conditional Access names, Conditional Access, policy sets.
Calls, immutable properties and permissions: learn.microsoft.com, Microsoft Graph beta reference and permissions
reference; where those are silent or wrong, what open-source exporters were seen to do against the service.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, TypeVar

from graph.policy_types.driver_approvals import INVENTORY
from graph.policy_types.enrollment import IS_DEFAULT, MESSAGES, is_enrollment_policy
from graph.policy_types.permissions import (
    WRITE_APPS,
    WRITE_AUTHENTICATION_CONTEXTS,
    WRITE_CONDITIONAL_ACCESS,
    WRITE_CONFIGURATION,
    WRITE_POWERSHELL,
    WRITE_RBAC,
    WRITE_SCOPE_TAGS,
    WRITE_SCRIPTS,
    WRITE_SERVICE_CONFIG,
    WRITE_STRENGTHS,
)
from graph.policy_types.tenant_wide_types import DEFAULT_LOCALE
from graph.policy_types.write_rule import (
    APP_WAVE,
    BY_UPDATE,
    CA,
    CA_NAMED,
    CERTIFICATES,
    FILTERS,
    JOINING,
    NAMED,
    ONE_BY_ONE,
    POLICIES,
    ROLE_ASSIGNMENTS,
    ROLES,
    SETS,
    TAGS,
    Object,
    WriteRule,
)
from graph.write import actions as parts
from graph.write import child_actions as children
from graph.write.tenant_wide_rules import TENANT_RULES

RETIRED = "Microsoft retired Windows Information Protection; these policies are kept for reading only."


def _refuse_unsupported(body: Object) -> str:
    is_unsupported = str(body.get("@odata.type")).endswith("unsupportedDeviceConfiguration")
    return "Microsoft Graph cannot write this sort of device configuration." if is_unsupported else ""


# Apps that are only a reference to a store or to Microsoft: everything of them is in Graph.
_STORE_APPS = frozenset(
    {
        "webApp", "windowsWebApp", "macOsWebClip", "iosiPadOSWebClip", "iosStoreApp", "winGetApp", "officeSuiteApp",
        "macOSOfficeSuiteApp", "windowsMicrosoftEdgeApp", "macOSMicrosoftEdgeApp", "macOSMicrosoftDefenderApp",
    }
)  # fmt: skip


def _refuse_without_installer(body: Object) -> str:
    bare = str(body.get("@odata.type") or "").removeprefix(parts.TYPE)
    if bare in _STORE_APPS:
        return ""
    return "Microsoft Graph never gives an app's installer back: add the app in Intune, then restore what refers to it."


def _refuse_default(body: Object) -> str:
    return "This is the tenant's own default: it is changed where it is there, never made." if body else ""


def _refuse_default_enrollment(body: Object) -> str:
    return _refuse_default(body) if body.get("priority") == 0 else ""


def _refuse_default_branding(body: Object) -> str:
    return _refuse_default(body) if body.get("isDefaultProfile") else ""


_CATALOG: dict[str, Any] = {
    "access": WRITE_CONFIGURATION,
    "update": "PUT",
    "shape": parts.shape_catalog,
    "create_only": frozenset({"platforms", "technologies", "templateReference"}),
    # Without it: 400 "Platform, PolicyType, and CreationSource cannot be changed once created"
    # (KelvinTegelaar/CIPP#3744; deploymenttheory/terraform-provider-microsoft365 sends it in each PUT).
    "repeated_by_put": frozenset({"creationSource"}),
}
_PROTECTION: dict[str, Any] = {
    "access": WRITE_APPS,
    "assign": "assignments",
    "sends_type": True,
    "parts": {"apps": parts.write_target_apps, "appGroupType": parts.write_target_apps},
    "parts_in_create": frozenset({"appGroupType"}),
}
_SCRIPT: dict[str, Any] = {"wave": POLICIES, "access": WRITE_SCRIPTS}
# No model of Microsoft's has them, and others tried their writes against mocks alone, never against a tenant.
UNTRIED = "Nobody has tried yet whether Microsoft Graph takes these as they were: they are backed up, and not written."
_RETIRED = WriteRule(POLICIES, WRITE_APPS, cannot_restore=RETIRED)
_UPDATES: dict[str, Any] = {"wave": POLICIES, "access": WRITE_CONFIGURATION, "assign": "assignments"}

_RULES: dict[str, WriteRule] = {
    "configurationPolicies": WriteRule(
        POLICIES,
        assign="assignments",
        parts={"priorityMetaData": children.write_enrollment_order, IS_DEFAULT: children.write_default_profile},
        **_CATALOG,
    ),
    "compliancePolicies": WriteRule(
        POLICIES,
        assign="assignments",
        parts={"scheduledActionsForRule": parts.write_scheduled_actions},
        **_CATALOG,
    ),
    "deviceConfigurations": WriteRule(
        POLICIES,
        WRITE_CONFIGURATION,
        assign="assignments",
        sends_type=True,
        shape=parts.shape_device_configuration,
        parts={
            "privacyAccessControls": parts.write_privacy_controls,
            **children.link_parts("deviceConfigurations"),
        },
        cannot_create=_refuse_unsupported,
    ),
    "groupPolicyConfigurations": WriteRule(
        POLICIES, WRITE_CONFIGURATION, assign="assignments", parts={"definitionValues": parts.write_definition_values}
    ),
    "groupPolicyUploadedDefinitionFiles": WriteRule(
        NAMED,
        WRITE_CONFIGURATION,
        cannot_restore="Microsoft Graph never gives the ADMX file back: import it in Intune again.",
    ),
    "deviceCompliancePolicies": WriteRule(
        POLICIES,
        WRITE_CONFIGURATION,
        assign="assignments",
        sends_type=True,
        shape=parts.shape_compliance,
        parts={"scheduledActionsForRule": parts.write_actions_for_rules},
        parts_in_create=frozenset({"scheduledActionsForRule"}),
    ),
    "deviceComplianceScripts": WriteRule(NAMED, WRITE_SCRIPTS, assign="deviceHealthScriptAssignments"),
    "deviceManagementScripts": WriteRule(POLICIES, WRITE_POWERSHELL, assign="deviceManagementScriptAssignments"),
    "deviceShellScripts": WriteRule(assign="deviceManagementScriptAssignments", **_SCRIPT),
    "deviceCustomAttributeShellScripts": WriteRule(
        assign="deviceManagementScriptAssignments",
        create_only=frozenset({"customAttributeName", "customAttributeType", "displayName"}),
        **_SCRIPT,
    ),
    "deviceHealthScripts": WriteRule(assign="deviceHealthScriptAssignments", **_SCRIPT),
    "intents": WriteRule(
        POLICIES,
        WRITE_CONFIGURATION,
        assign="assignments",
        create_only=frozenset({"templateId"}),
        parts={"settings": parts.write_intent_settings},
        create=parts.create_intent,
    ),
    "iosManagedAppProtections": WriteRule(POLICIES, odata_type=f"{parts.TYPE}iosManagedAppProtection", **_PROTECTION),
    "androidManagedAppProtections": WriteRule(
        POLICIES, odata_type=f"{parts.TYPE}androidManagedAppProtection", **_PROTECTION
    ),
    # It has no app groups.
    "windowsManagedAppProtections": WriteRule(
        POLICIES,
        odata_type=f"{parts.TYPE}windowsManagedAppProtection",
        **{**_PROTECTION, "parts": {"apps": parts.write_target_apps}, "parts_in_create": frozenset()},
    ),
    "targetedManagedAppConfigurations": WriteRule(
        POLICIES,
        odata_type=f"{parts.TYPE}targetedManagedAppConfiguration",
        **{**_PROTECTION, "parts": {**_PROTECTION["parts"], "settings": parts.write_app_settings}},
    ),
    "mdmWindowsInformationProtectionPolicies": _RETIRED,
    "windowsInformationProtectionPolicies": _RETIRED,
    "mobileAppConfigurations": WriteRule(
        POLICIES,
        WRITE_APPS,
        assign="assignments",
        assign_cast="microsoft.graph.managedDeviceMobileAppConfiguration",
        sends_type=True,
        drop=frozenset({"appSupportsOemConfig"}),
    ),
    "mobileApps": WriteRule(
        APP_WAVE,
        WRITE_APPS,
        assign="mobileAppAssignments",
        sends_type=True,
        drop=frozenset({"appAvailability"}),
        parts={"categories": children.write_categories, "relationships": children.write_relationships},
        create_only=frozenset({"useDeviceContext", "officeConfigurationXml", "officePlatformArchitecture"}),
        cannot_create=_refuse_without_installer,
    ),
    "windowsAutopilotDeploymentProfiles": WriteRule(
        JOINING,
        WRITE_SERVICE_CONFIG,
        assign=ONE_BY_ONE,
        sends_type=True,
        drop=frozenset({"managementServiceAppId"}),
        parts=children.link_parts("windowsAutopilotDeploymentProfiles"),
        create_only=frozenset({"deviceType", "hybridAzureADJoinSkipConnectivityCheck"}),
    ),
    "deviceEnrollmentConfigurations": WriteRule(
        POLICIES,
        WRITE_SERVICE_CONFIG,
        assign="enrollmentConfigurationAssignments",
        sends_type=True,
        # The last two are of a notification: the service's own, in no create that was seen, and one of them is
        # answered as no member of its own enumeration (deploymenttheory/terraform-provider-microsoft365).
        drop=frozenset({"deviceEnrollmentConfigurationType", "templateType", "notificationMessageTemplateId"}),
        create_only=frozenset({"platformType"}),
        shape=parts.shape_enrollment,
        parts={
            "priority": parts.write_priority,
            "notificationTemplates": children.write_notification_templates,
            MESSAGES: children.write_notification_messages,
        },
        parts_in_create=frozenset({"notificationTemplates"}),
        cannot_create=_refuse_default_enrollment,
        one_at_a_time=True,
    ),
    "windowsFeatureUpdateProfiles": WriteRule(
        create_only=frozenset({"installLatestWindows10OnWindows11IneligibleDevice"}), **_UPDATES
    ),
    "windowsQualityUpdateProfiles": WriteRule(**_UPDATES),
    "windowsQualityUpdatePolicies": WriteRule(**_UPDATES),
    "windowsDriverUpdateProfiles": WriteRule(
        create_only=frozenset({"approvalType"}), parts={INVENTORY: children.write_driver_decisions}, **_UPDATES
    ),
    "termsAndConditions": WriteRule(POLICIES, WRITE_SERVICE_CONFIG, assign=ONE_BY_ONE),
    "roleScopeTags": WriteRule(TAGS, WRITE_SCOPE_TAGS, assign="assignments", drop=frozenset({"isBuiltIn"})),
    "roleDefinitions": WriteRule(
        ROLES,
        WRITE_RBAC,
        # With `permissions` beside `rolePermissions`, each action is there twice (Micke-K/IntuneManagement).
        drop=frozenset({"isBuiltIn", "isBuiltInRoleDefinition", "permissions"}),
        sends_type=True,
        shape=parts.shape_role,
    ),
    "roleAssignments": WriteRule(
        ROLE_ASSIGNMENTS,
        WRITE_RBAC,
        sends_type=True,
        shape=parts.shape_role_assignment,
        create_only=frozenset({"roleDefinition"}),
    ),
    "assignmentFilters": WriteRule(
        FILTERS, WRITE_CONFIGURATION, create_only=frozenset({"platform", "assignmentFilterManagementType"})
    ),
    "notificationMessageTemplates": WriteRule(
        NAMED, WRITE_SERVICE_CONFIG, parts={"localizedNotificationMessages": parts.write_messages}
    ),
    "deviceCategories": WriteRule(FILTERS, WRITE_CONFIGURATION),
    "policySets": WriteRule(
        SETS,
        WRITE_CONFIGURATION,
        assign=BY_UPDATE,
        shape=parts.shape_policy_set,
        parts={"items": parts.write_policy_set_items},
        parts_in_create=frozenset({"items"}),
        drop=frozenset({"guidedDeploymentTags"}),
    ),
    "reusablePolicySettings": WriteRule(
        NAMED, WRITE_CONFIGURATION, update="PUT", create_only=frozenset({"settingDefinitionId"})
    ),
    "intuneBrandingProfiles": WriteRule(
        POLICIES,
        WRITE_APPS,
        assign="assignments",
        drop=frozenset({"isDefaultProfile", "disableClientTelemetry", "customPrivacyMessage"}),
        taken_by_create=frozenset({"profileName", "profileDescription", "roleScopeTagIds"}),
        cannot_create=_refuse_default_branding,
    ),
    "conditionalAccessPolicies": WriteRule(
        # Not even as null: 1118, "TemplateId is a read-only field" (Azure-Samples/azure-ad-conditional-access-apis#20).
        CA,
        WRITE_CONDITIONAL_ACCESS,
        shape=parts.shape_conditional_access,
        drop=frozenset({"templateId"}),
    ),
    "namedLocations": WriteRule(CA_NAMED, WRITE_CONDITIONAL_ACCESS, sends_type=True),
    "authenticationStrengths": WriteRule(
        CA_NAMED,
        WRITE_STRENGTHS,
        drop=frozenset({"policyType", "requirementsSatisfied"}),
        shape=parts.shape_authentication_strength,
        parts={
            "allowedCombinations": parts.write_allowed_combinations,
            "combinationConfigurations": parts.write_combination_configurations,
        },
        parts_in_create=frozenset({"allowedCombinations", "combinationConfigurations"}),
    ),
    "authenticationContextClassReferences": WriteRule(CA_NAMED, WRITE_AUTHENTICATION_CONTEXTS, names_itself=True),
    "hardwareConfigurations": WriteRule(POLICIES, WRITE_CONFIGURATION, assign="hardwareConfigurationAssignments"),
    "inventoryPolicies": WriteRule(POLICIES, assign="assignments", cannot_restore=UNTRIED, **_CATALOG),
    "appleUserInitiatedEnrollmentProfiles": WriteRule(
        POLICIES, WRITE_SERVICE_CONFIG, assign=ONE_BY_ONE, create_only=frozenset({"platform"})
    ),
    "depOnboardingSettings": WriteRule(
        POLICIES, WRITE_SERVICE_CONFIG, sends_type=True, parts={"isDefault": children.write_apple_default_profile}
    ),
}

WRITE_RULES: Mapping[str, WriteRule] = MappingProxyType({**_RULES, **TENANT_RULES})


def wave_of(policy_type: str, body: Object) -> int:
    """Return the policy's wave. Certificates go before the profiles that refer to them."""
    if policy_type != "deviceConfigurations":
        return WRITE_RULES[policy_type].wave
    bare = str(body.get("@odata.type") or "").lower()
    return CERTIFICATES if "certificate" in bare else POLICIES


def write_order(policy_type: str, body: Object) -> tuple[int, int, int]:
    """Return the sort key in which policies are written: wave, trusted roots first, enrollment by rising priority.

    Domain join profiles come last in their wave, for they refer to network profiles of it. So do enrollment policies,
    which go one by one.
    """
    priority = body.get("priority") or (body.get("priorityMetaData") or {}).get("priority")
    kind = str(body.get("@odata.type") or "").lower()
    is_late = "windowsdomainjoin" in kind or (policy_type == "configurationPolicies" and is_enrollment_policy(body))
    # The first localization makes the default branding too, if it is not there.
    is_first = "trustedroot" in kind or (policy_type == "organizationalBranding" and body.get("id") == DEFAULT_LOCALE)
    place = 0 if is_first else 2 if is_late else 1
    return wave_of(policy_type, body), place, priority if isinstance(priority, int) else 0


def is_written_alone(policy_type: str, body: Object) -> bool:
    """Return whether no other policy of the type may be written meanwhile: writing one moves the others' priorities."""
    is_ordered = policy_type == "configurationPolicies" and is_enrollment_policy(body)
    return WRITE_RULES[policy_type].one_at_a_time or is_ordered


Item = TypeVar("Item", bound=Hashable)


def order_by_needs(items: Sequence[Item], needs: Mapping[Item, Iterable[Item]]) -> list[Item]:
    """Return the items, each after those that it needs, else in their order; of a circle, in some order."""
    placed: dict[Item, None] = {}
    under_way: set[Item] = set()
    for begin in items:
        todo = [(begin, iter(needs.get(begin, ())))]
        under_way.add(begin)
        while todo:
            item, left = todo[-1]
            following = next((need for need in left if need not in placed and need not in under_way), None)
            if following is None:
                placed[item] = None
                under_way.discard(item)
                todo.pop()
            else:
                under_way.add(following)
                todo.append((following, iter(needs.get(following, ()))))
    return list(placed)
