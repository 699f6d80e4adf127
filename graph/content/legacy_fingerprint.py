"""The fingerprint as it was until 2026-11: files that were downloaded before carry it, and are checked with it.

It goes by names and lists made by hand. Nothing else uses it, and nothing here may change any more: that is why it has
copies of its own of rules in graph/content/normalise.py.
"""

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import Any

from graph.content.normalise import ZERO_GUID, canonical_json, decode_base64
from graph.content.odata import strip_annotations
from graph.policy_types.policy_type import PolicyType

_EVERYWHERE = frozenset(
    {
        "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned", "settingCount",
        "creationSource", "priorityMetaData", "supportsScopeTags", "isMigratingToConfigurationPolicy", "isReadOnly",
        "lastAppSyncDateTime", "lastHeartbeatDateTime", "token",
    }
)  # fmt: skip

# Children whose id the service makes: it differs after every write.
_ANONYMOUS = frozenset(
    {
        "settings", "definitionValues", "presentationValues", "scheduledActionsForRule",
        "scheduledActionConfigurations", "localizedNotificationMessages", "items", "assignments", "apps",
        "combinationConfigurations", "omaSettings",
    }
)  # fmt: skip

# Derived copies of catalogue entries: what identifies them is kept, their texts are not.
_REFERENCES: Mapping[str, tuple[str, ...]] = {
    "definition": ("id",),
    "presentation": ("id",),
    "authenticationStrength": ("id", "displayName"),
    "roleDefinition": ("id", "displayName"),
    "templateReference": ("templateId",),
}

# Arrays without an order, with what identifies an element; None: by its whole value.
_UNORDERED: Mapping[str, str | None] = {
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
}  # fmt: skip

# What each policy type's row called volatile.
_VOLATILE: Mapping[str, frozenset[str]] = {
    "configurationPolicies": frozenset({"settingDefinitions", "templateDisplayName", "templateDisplayVersion"}),
    "deviceConfigurations": frozenset(
        {
            "featureUpdatesPauseExpiryDateTime",
            "featureUpdatesPauseStartDate",
            "featureUpdatesRollbackStartDateTime",
            "featureUpdatesWillBeRolledBack",
            "qualityUpdatesPauseExpiryDateTime",
            "qualityUpdatesPauseStartDate",
            "qualityUpdatesRollbackStartDateTime",
            "qualityUpdatesWillBeRolledBack",
        }
    ),
    "groupPolicyConfigurations": frozenset({"policyConfigurationIngestionType"}),
    "groupPolicyUploadedDefinitionFiles": frozenset({"status", "uploadDateTime"}),
    "deviceHealthScripts": frozenset({"deviceHealthScriptType", "highestAvailableVersion", "isGlobalScript"}),
    "iosManagedAppProtections": frozenset({"deployedAppCount"}),
    "androidManagedAppProtections": frozenset({"deployedAppCount"}),
    "windowsManagedAppProtections": frozenset({"deployedAppCount"}),
    "targetedManagedAppConfigurations": frozenset({"deployedAppCount"}),
    "mobileApps": frozenset(
        {
            "committedContentVersion",
            "dependentAppCount",
            "isFeatured",
            "largeIcon",
            "lastSyncDateTime",
            "publishingState",
            "size",
            "supersededAppCount",
            "supersedingAppCount",
            "uploadState",
            "usedLicenseCount",
        }
    ),
    "windowsFeatureUpdateProfiles": frozenset(
        {"deployableContentDisplayName", "endOfSupportDate", "releaseDateDisplayName"}
    ),
    "windowsQualityUpdateProfiles": frozenset(
        {"deployableContentDisplayName", "endOfSupportDate", "releaseDateDisplayName"}
    ),
    "windowsQualityUpdatePolicies": frozenset(
        {"deployableContentDisplayName", "endOfSupportDate", "releaseDateDisplayName"}
    ),
    "windowsDriverUpdateProfiles": frozenset({"deviceReporting", "inventorySyncStatus", "newUpdates"}),
    "roleDefinitions": frozenset({"actions", "permissions", "roleAssignments"}),
    "assignmentFilters": frozenset({"payloads"}),
    "notificationMessageTemplates": frozenset({"defaultLocale"}),
    "policySets": frozenset({"errorCode", "itemType", "status"}),
    "reusablePolicySettings": frozenset({"referencingConfigurationPolicyCount"}),
    "conditionalAccessPolicies": frozenset({"deletedDateTime", "partialEnablementStrategy", "templateId"}),
}
_TIME_OF_DAY = re.compile(r"(\d\d:\d\d:\d\d)\.0+$")


def fingerprint(policy_type: PolicyType, content: Any) -> str:
    text = canonical_json(_normalised(policy_type, content))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()


def _normalised(policy_type: PolicyType, content: Any) -> Any:
    content = strip_annotations(content)
    if not isinstance(content, dict):
        return content
    body = content.get("body")
    clean = _object(body, "", _VOLATILE.get(policy_type.key, frozenset())) if isinstance(body, dict) else body
    if isinstance(clean, dict):
        clean.pop("id", None)
        clean.pop("assignments", None)
        _drop_computed_apps(clean)
    return {"body": clean, "assignments": _assignments(content.get("assignments"))}


def _value(value: Any, key: str, volatile: frozenset[str]) -> Any:
    if isinstance(value, dict):
        if key in _REFERENCES:
            value = {name: value[name] for name in _REFERENCES[key] if name in value} or None
            return value
        return _object(value, key, volatile)
    if isinstance(value, list):
        return _array(value, key, volatile)
    if isinstance(value, str):
        return _TIME_OF_DAY.sub(r"\1", value)
    return value


def _object(value: dict[str, Any], key: str, volatile: frozenset[str]) -> dict[str, Any]:
    properties = {
        name: _value(inner, name, volatile)
        for name, inner in value.items()
        if name not in _EVERYWHERE and name not in volatile and not (name == "id" and key in _ANONYMOUS)
    }
    for rule in _EQUALITIES:
        rule(properties)
    # An absent property and a null one are the same; so are the empty lists the service adds to old policies.
    return {name: inner for name, inner in properties.items() if inner is not None}


def _array(value: list[Any], key: str, volatile: frozenset[str]) -> list[Any]:
    clean = [_value(inner, key, volatile) for inner in value]
    if key == "settings":
        ids = {_setting_id(inner) for inner in clean}
        if "" not in ids:
            # Hundreds of settings: their whole texts are compared only where two have one id.
            is_unique = len(ids) == len(clean)
            return sorted(clean, key=lambda inner: (_setting_id(inner), "" if is_unique else canonical_json(inner)))
    if key in _UNORDERED:
        by = _UNORDERED[key]
        return sorted(
            clean, key=lambda inner: (canonical_json(inner.get(by)) if _has(inner, by) else "", canonical_json(inner))
        )
    return clean


def _has(value: Any, key: str | None) -> bool:
    return key is not None and isinstance(value, dict) and key in value


def _setting_id(setting: Any) -> str:
    """A setting's definition: of the settings catalog, else of an intent. Collections inside keep their order."""
    if not isinstance(setting, dict):
        return ""
    instance = setting.get("settingInstance")
    definition = instance.get("settingDefinitionId") if isinstance(instance, dict) else setting.get("definitionId")
    return definition if isinstance(definition, str) else ""


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
        text = decode_base64(value.get("value"))
        value["value"] = text if str(text).lstrip().startswith("<") else value.get("value")


def _value_twice(value: dict[str, Any]) -> None:
    """An intent's setting says its value twice."""
    if "valueJson" in value:
        value.pop("value", None)


def _unset_setting(value: dict[str, Any]) -> None:
    """An intent's setting of "null" is one that is not configured."""
    if isinstance(value.get("settings"), list):
        value["settings"] = [
            setting
            for setting in value["settings"]
            if not (isinstance(setting, dict) and setting.get("valueJson") == "null")
        ]


def _secret_setting(value: dict[str, Any]) -> None:
    """The token may differ at every read: only that there is a secret can be compared."""
    if value.get("valueState") == "encryptedValueToken":
        value["value"] = "(secret)"


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
)


def _drop_computed_apps(body: dict[str, Any]) -> None:
    """Drop the apps that Microsoft computes for “all apps” and the like: that list grows by itself."""
    if str(body.get("appGroupType") or "").startswith("all"):
        body.pop("apps", None)


def _assignments(assignments: Any) -> Any:
    if not isinstance(assignments, list):
        return assignments
    # runRemediationScript always reads false; source tells how it came, not what it does.
    volatile = frozenset({"runRemediationScript", "source", "sourceId"})
    clean = [_without_type(assignment) for assignment in assignments]
    return _array(clean, "assignments", volatile)


def _without_type(assignment: Any) -> Any:
    """Its own type, not its target's: some collections give it, and it says nothing."""
    if not isinstance(assignment, dict):
        return assignment
    return {name: value for name, value in assignment.items() if name != "@odata.type"}
