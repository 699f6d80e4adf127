"""Where a policy names other objects of its tenant by id: in known places only, never wherever a GUID is found.

A kind is the key of a policy type, or one of those below for what is no policy.
"""

import copy
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from graph.certificates import NAVIGATIONS
from graph.normalise import ZERO_GUID
from graph.policy_types import POLICY_TYPES
from graph.write_parts import TYPE

GROUPS = "groups"
USERS = "users"
APPLICATIONS = "servicePrincipals"  # by appId
AGREEMENTS = "agreements"
DEFINITIONS = "groupPolicyDefinitions"
PRESENTATIONS = "groupPolicyPresentations"
PROTECTIONS = "managedAppProtections"  # of whichever platform
TOKENS = "depOnboardingTokens"  # that Apple's enrollment profiles live below

Holder = dict[str, Any]
Kind = str | Callable[[Holder], str | None]

# What stands instead of an assignment that names it.
DROP = object()


@dataclass(frozen=True)
class Reference:
    kind: str
    id: str
    # In an assignment, which can be left out by itself; anywhere else the policy needs it.
    is_assignment: bool = False


def _setting_kind(holder: Holder) -> str | None:
    is_reference = str(holder.get("@odata.type")).endswith("ReferenceSettingValue")
    return "reusablePolicySettings" if is_reference else None


# Policy set items say what they hold by their type (learn.microsoft.com: policySetItem).
_PAYLOADS = {
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
}


def _payload_kind(holder: Holder) -> str | None:
    return _PAYLOADS.get(str(holder.get("@odata.type") or "").removeprefix(TYPE))


def policy_types_of(kind: str) -> tuple[str, ...]:
    """Where the objects of a kind are listed; nothing for what is no policy."""
    if kind == PROTECTIONS:
        return ("iosManagedAppProtections", "androidManagedAppProtections", "windowsManagedAppProtections")
    return (kind,) if kind in POLICY_TYPES else ()


Places = tuple[tuple[Kind, str], ...]

# "[]" is every element, "**" any depth.
_EVERYWHERE: Places = (
    ("roleScopeTags", "body.roleScopeTagIds.[]"),
    (GROUPS, "assignments.[].target.groupId"),
    ("assignmentFilters", "assignments.[].target.deviceAndAppManagementAssignmentFilterId"),
)
_COMPLIANCE: Places = (
    ("notificationMessageTemplates", "body.scheduledActionsForRule.[].scheduledActionConfigurations.[].notificationTemplateId"),  # noqa: E501
    (GROUPS, "body.scheduledActionsForRule.[].scheduledActionConfigurations.[].notificationMessageCCList.[]"),
    ("deviceComplianceScripts", "body.deviceCompliancePolicyScript.deviceComplianceScriptId"),
    (_setting_kind, "body.settings.**.value"),
)  # fmt: skip
_OF_TYPE: dict[str, Places] = {
    "configurationPolicies": ((_setting_kind, "body.settings.**.value"),),
    "compliancePolicies": _COMPLIANCE,
    "deviceCompliancePolicies": _COMPLIANCE,
    "deviceConfigurations": tuple(
        place
        for name in NAVIGATIONS
        for place in (("deviceConfigurations", f"body.{name}.id"), ("deviceConfigurations", f"body.{name}.[].id"))
    ),
    "groupPolicyConfigurations": (
        (DEFINITIONS, "body.definitionValues.[].definition.id"),
        (PRESENTATIONS, "body.definitionValues.[].presentationValues.[].presentation.id"),
    ),
    "mobileAppConfigurations": (("mobileApps", "body.targetedMobileApps.[]"),),
    "deviceEnrollmentConfigurations": (("mobileApps", "body.selectedMobileAppIds.[]"),),
    "assignmentFilters": (("roleScopeTags", "body.roleScopeTags.[]"),),
    "policySets": (("roleScopeTags", "body.roleScopeTags.[]"), (_payload_kind, "body.items.[].payloadId")),
    "roleAssignments": (
        (GROUPS, "body.members.[]"),
        (GROUPS, "body.resourceScopes.[]"),
        (GROUPS, "body.scopeMembers.[]"),
        ("roleDefinitions", "body.roleDefinition.id"),
        ("roleScopeTags", "body.roleScopeTags.[].id"),
    ),
    "conditionalAccessPolicies": (
        (USERS, "body.conditions.users.includeUsers.[]"),
        (USERS, "body.conditions.users.excludeUsers.[]"),
        (GROUPS, "body.conditions.users.includeGroups.[]"),
        (GROUPS, "body.conditions.users.excludeGroups.[]"),
        (APPLICATIONS, "body.conditions.applications.includeApplications.[]"),
        (APPLICATIONS, "body.conditions.applications.excludeApplications.[]"),
        ("namedLocations", "body.conditions.locations.includeLocations.[]"),
        ("namedLocations", "body.conditions.locations.excludeLocations.[]"),
        ("authenticationStrengths", "body.grantControls.authenticationStrength.id"),
        (AGREEMENTS, "body.grantControls.termsOfUse.[]"),
    ),
}
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.IGNORECASE)
# Words that stand for everyone, everything or everywhere, and ids that are the same in every tenant.
_WORDS = (USERS, GROUPS, APPLICATIONS, "namedLocations")
_BUILT_IN_STRENGTH = "00000000-0000-0000-0000-0000000000"


def find(policy_type: str, content: dict[str, Any], graph_id: str = "") -> list[Reference]:
    """Every reference once, in the order of the places; also the token that is part of the policy's own id."""
    token, _, profile = graph_id.partition("/")
    found: dict[Reference, None] = {Reference(TOKENS, token): None} if profile else {}

    def note(reference: Reference) -> Any:
        found[reference] = None
        return reference.id

    rewrite(policy_type, content, note)
    return list(found)


def holders(policy_type: str, content: dict[str, Any]) -> Iterator[tuple[Reference, Holder]]:
    """Each reference that is an object of its own in the content, and so may say a name beside the id."""
    for kind, path in _OF_TYPE.get(policy_type, ()):
        for holder, key, owner in _places(content, path.split("."), content):
            reference = _reference(kind, owner, holder[key], path) if key == "id" else None
            if reference is not None:
                yield reference, holder


def rewrite(policy_type: str, content: dict[str, Any], replace: Callable[[Reference], Any]) -> dict[str, Any]:
    """A copy in which each reference has become what `replace` answers; DROP leaves its assignment out."""
    made = copy.deepcopy(content)
    dropped: list[int] = []
    for kind, path in (*_EVERYWHERE, *_OF_TYPE.get(policy_type, ())):
        for holder, key, owner in list(_places(made, path.split("."), made)):
            reference = _reference(kind, owner, holder[key], path)
            if reference is not None:
                answer = replace(reference)
                if answer is DROP:
                    dropped.append(id(holder))
                else:
                    holder[key] = answer
    if dropped and isinstance(made.get("assignments"), list):
        made["assignments"] = [one for one in made["assignments"] if id(one.get("target")) not in dropped]
    return made


def _places(value: Any, path: list[str], owner: Any) -> Iterator[tuple[Any, Any, Any]]:
    """(what holds the value, its key there, the object it belongs to)."""
    step, rest = path[0], path[1:]
    if step == "**":
        yield from _places(value, rest, owner)
        for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
            yield from _places(inner, path, inner if isinstance(inner, dict) else owner)
        return
    for key in _keys(value, step):
        if not rest:
            yield value, key, owner
        elif value[key] is not None:
            yield from _places(value[key], rest, value[key] if isinstance(value[key], dict) else owner)


def _keys(value: Any, step: str) -> list[Any]:
    if step == "[]":
        return list(range(len(value))) if isinstance(value, list) else []
    return [step] if isinstance(value, dict) and step in value else []


def _reference(kind: Kind, owner: Holder, value: Any, path: str) -> Reference | None:
    named = kind if isinstance(kind, str) else kind(owner)
    if named is None or not isinstance(value, str) or value in ("", ZERO_GUID):
        return None
    if named == "roleScopeTags" and value == "0":
        return None
    if named in _WORDS and not _GUID.match(value):
        return None
    if named == "authenticationStrengths" and value.startswith(_BUILT_IN_STRENGTH):
        return None
    return Reference(named, value, path.startswith("assignments."))
