"""The content without what is no change: the volatile removed, what has no order sorted, equal spellings made one.

Total (never raises, whatever the JSON) and idempotent. What is volatile or equal was seen in captures of the service:
texts of Microsoft's catalogues, clocks, derived counts, ids that each write makes anew.
"""

import base64
import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from graph.annotations import without_annotations
from graph.driver_approvals import INVENTORY, decided
from graph.enrollment import DEVICE_GROUPS, IS_DEFAULT, MESSAGES, is_of_enrollment, templates_of
from graph.navigations import all_links
from graph.policy_type import PolicyType

EVERYWHERE = frozenset(
    {
        "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned", "settingCount",
        "creationSource", "supportsScopeTags", "isMigratingToConfigurationPolicy", "isReadOnly",
        "lastAppSyncDateTime", "lastHeartbeatDateTime", "token",
    }
)  # fmt: skip

# Children whose id the service makes: it differs after every write.
ANONYMOUS = frozenset(
    {
        "settings", "definitionValues", "presentationValues", "scheduledActionsForRule",
        "scheduledActionConfigurations", "localizedNotificationMessages", "items", "assignments", "apps",
        "combinationConfigurations", "omaSettings", MESSAGES, INVENTORY, "relationships",
    }
)  # fmt: skip

# Derived copies of catalogue entries: what identifies them is kept, their texts are not.
REFERENCES: Mapping[str, tuple[str, ...]] = {
    "definition": ("id",),
    "presentation": ("id",),
    "authenticationStrength": ("id", "displayName"),
    "roleDefinition": ("id", "displayName"),
    "templateReference": ("templateId",),
    # Of the object that is referred to only which it is: it may be called otherwise since.
    **{
        name: ("id",)
        for policy_type in ("deviceConfigurations", "windowsAutopilotDeploymentProfiles")
        for name in all_links(policy_type)
    },
    "categories": ("id",),
    "relationships": ("@odata.type", "targetId", "dependencyType", "supersedenceType"),
    # When an approved driver is offered is sent, and answered otherwise.
    INVENTORY: ("name", "version", "manufacturer", "approvalStatus"),
}

# Arrays without an order, with what identifies an element; None: by its whole value.
UNORDERED: Mapping[str, str | None] = {
    "roleScopeTagIds": None, "roleScopeTags": None, "omaSettings": "omaUri", "definitionValues": "definition",
    "presentationValues": "presentation", "apps": "mobileAppIdentifier", "allowedResourceActions": None,
    "notAllowedResourceActions": None, "allowedCombinations": None, "combinationConfigurations": None,
    "countriesAndRegions": None, "ipRanges": None, "localizedNotificationMessages": "locale", "items": "payloadId",
    "selectedMobileAppIds": None, "targetedMobileApps": None, "customSettings": "name", "assignments": "target",
    "includeUsers": None, "excludeUsers": None, "includeGroups": None, "excludeGroups": None, "includeRoles": None,
    "excludeRoles": None, "includeApplications": None, "excludeApplications": None, "includeUserActions": None,
    "includeAuthenticationContextClassReferences": None, "includeLocations": None, "excludeLocations": None,
    "includePlatforms": None, "excludePlatforms": None, "clientAppTypes": None, "userRiskLevels": None,
    "signInRiskLevels": None, "builtInControls": None, "members": None, "resourceScopes": None,
    "scheduledActionConfigurations": None, "notificationMessageCCList": None, "exemptedAppPackages": "name",
    DEVICE_GROUPS: "targetId", "categories": "id", "relationships": "targetId", INVENTORY: None, MESSAGES: "kind",
    **{name: "id" for name, link in all_links("deviceConfigurations").items() if link.is_many},
}  # fmt: skip

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_TIME_OF_DAY = re.compile(r"(\d\d:\d\d:\d\d)\.0+$")


def normalise(policy_type: PolicyType, content: Any) -> Any:
    """Of {"body", "assignments"}; the result is for comparing only, never for writing."""
    content = without_annotations(content)
    if not isinstance(content, dict):
        return content
    body = content.get("body")
    clean = _object(_own_parts(body), "", policy_type.volatile) if isinstance(body, dict) else body
    if isinstance(clean, dict):
        clean.pop("id", None)
        clean.pop("assignments", None)
        _drop_computed_apps(clean)
    return {"body": clean, "assignments": normalise_assignments(content.get("assignments"))}


def _value(value: Any, key: str, volatile: frozenset[str]) -> Any:
    if isinstance(value, dict):
        if key in REFERENCES:
            value = {name: value[name] for name in REFERENCES[key] if name in value} or None
            return value
        return _object(value, key, volatile)
    if isinstance(value, list):
        return _array(value, key, volatile)
    if isinstance(value, str):
        return _TIME_OF_DAY.sub(r"\1", value)
    return value


def _object(value: dict[str, Any], key: str, volatile: frozenset[str]) -> dict[str, Any]:
    kept = {
        name: _value(inner, name, volatile)
        for name, inner in value.items()
        if name not in EVERYWHERE and name not in volatile and not (name == "id" and key in ANONYMOUS)
    }
    for rule in _EQUALITIES:
        rule(kept)
    # An absent property and a null one are the same; so are the empty lists the service adds to old policies.
    return {name: inner for name, inner in kept.items() if inner is not None}


def _array(value: list[Any], key: str, volatile: frozenset[str]) -> list[Any]:
    clean = [_value(inner, key, volatile) for inner in value]
    if key == "settings":
        ids = {_setting_id(inner) for inner in clean}
        if "" not in ids:
            # Hundreds of settings: their whole texts are compared only where two have one id.
            is_unique = len(ids) == len(clean)
            return sorted(clean, key=lambda one: (_setting_id(one), "" if is_unique else canonical(one)))
    if key in UNORDERED:
        by = UNORDERED[key]
        return sorted(clean, key=lambda inner: (canonical(inner.get(by)) if _has(inner, by) else "", canonical(inner)))
    return clean


def _has(value: Any, key: str | None) -> bool:
    return key is not None and isinstance(value, dict) and key in value


def _setting_id(setting: Any) -> str:
    """A setting's definition: of the settings catalog, else of an intent. Collections inside keep their order."""
    if not isinstance(setting, dict):
        return ""
    instance = setting.get("settingInstance")
    found = instance.get("settingDefinitionId") if isinstance(instance, dict) else setting.get("definitionId")
    return found if isinstance(found, str) else ""


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def from_base64(value: Any) -> Any:
    """The text in base64; anything else as it is."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError):
        return value


def _description(value: dict[str, Any]) -> None:
    if value.get("description") == "":
        value["description"] = None


def _scope_tags(value: dict[str, Any]) -> None:
    """None, [] and the built-in tag alone all mean “Default”."""
    for name in ("roleScopeTagIds", "roleScopeTags"):
        if value.get(name) in ([], ["0"]):
            value[name] = None


def _filter(value: dict[str, Any]) -> None:
    if value.get("deviceAndAppManagementAssignmentFilterId") in (None, "", ZERO_GUID):
        value["deviceAndAppManagementAssignmentFilterId"] = None
        value["deviceAndAppManagementAssignmentFilterType"] = None


def _compliance_action(value: dict[str, Any]) -> None:
    if value.get("notificationTemplateId") in ("", ZERO_GUID):
        value["notificationTemplateId"] = None
    if value.get("notificationMessageCCList") == []:
        value["notificationMessageCCList"] = None
    if value.get("ruleName") == "PasswordRequired":
        value["ruleName"] = None


def _oma_secret(value: dict[str, Any]) -> None:
    """Each write makes a new reference; only the plain value counts."""
    if "omaUri" in value:
        value.pop("secretReferenceValueId", None)
        value.pop("isEncrypted", None)


def _oma_xml(value: dict[str, Any]) -> None:
    """Graph takes XML as base64 and reveals an encrypted one as text: compared as text."""
    if str(value.get("@odata.type")).endswith("omaSettingStringXml"):
        text = from_base64(value.get("value"))
        value["value"] = text if str(text).lstrip().startswith("<") else value.get("value")


def _value_twice(value: dict[str, Any]) -> None:
    """An intent's setting says its value twice."""
    if "valueJson" in value:
        value.pop("value", None)


def _unset_setting(value: dict[str, Any]) -> None:
    """An intent's setting of "null" is one that is not configured."""
    if isinstance(value.get("settings"), list):
        value["settings"] = [
            one for one in value["settings"] if not (isinstance(one, dict) and one.get("valueJson") == "null")
        ]


def _secret_setting(value: dict[str, Any]) -> None:
    """The token may differ at every read: only that there is a secret can be compared."""
    if value.get("valueState") == "encryptedValueToken":
        value["value"] = "(secret)"


def _own_parts(body: dict[str, Any]) -> dict[str, Any]:
    """Of an inventory of drivers, which grows by itself, what somebody decided on; of an app's relationships, its own:
    those of other apps to it are the others'.
    """
    body = {**body, INVENTORY: decided(body) or None} if isinstance(body.get(INVENTORY), list) else body
    if isinstance(body.get("relationships"), list):
        own = [one for one in body["relationships"] if not isinstance(one, dict) or one.get("targetType") != "parent"]
        body = {**body, "relationships": own}
    return body


def _enrollment(value: dict[str, Any]) -> None:
    """Only policies of enrollment have an order; of a notification's templates the ids are the service's own."""
    if "priorityMetaData" in value and not is_of_enrollment(value):
        value.pop("priorityMetaData")
    if isinstance(value.get("notificationTemplates"), list):
        value["notificationTemplates"] = sorted(kind for kind, _ in templates_of(value))
    if value.get(IS_DEFAULT) is False:
        value.pop(IS_DEFAULT)


_CHILDREN = ("categories", "relationships", MESSAGES, DEVICE_GROUPS)


def _no_children(value: dict[str, Any]) -> None:
    """Having none is the same as not having been asked for."""
    for name in _CHILDREN:
        if value.get(name) == []:
            value[name] = None


_EQUALITIES: tuple[Callable[[dict[str, Any]], None], ...] = (
    _description,
    _scope_tags,
    _filter,
    _compliance_action,
    _oma_secret,
    _oma_xml,
    _unset_setting,
    _value_twice,
    _secret_setting,
    _enrollment,
    _no_children,
)


def _drop_computed_apps(body: dict[str, Any]) -> None:
    """For “all apps” and the like Microsoft computes the list, and it grows."""
    if str(body.get("appGroupType") or "").startswith("all"):
        body.pop("apps", None)


def normalise_assignments(assignments: Any) -> Any:
    if not isinstance(assignments, list):
        return assignments
    # runRemediationScript always reads false; source tells how it came, not what it does.
    volatile = frozenset({"runRemediationScript", "source", "sourceId"})
    clean = [_without_type(one) for one in assignments]
    return _array(clean, "assignments", volatile)


def _without_type(assignment: Any) -> Any:
    """Its own type, not its target's: some collections give it, and it says nothing."""
    if not isinstance(assignment, dict):
        return assignment
    return {name: value for name, value in assignment.items() if name != "@odata.type"}
