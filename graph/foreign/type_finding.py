"""Policy types of foreign objects, by their content and Microsoft's model. A folder's name only decides between types
that the content allows alike.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache, lru_cache
from typing import Any

from graph.content.places import root_type
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES

Body = Mapping[str, Any]
_CONTEXT = re.compile(r"#(?:[\w/]+/)?(\w+)(\((?P<select>[^()]*(?:\([^()]*\)[^()]*)*)\))?(?P<one>/\$entity)?$")
# Segments of contexts that are no key of ours.
_COLLECTIONS = {"policies": "conditionalAccessPolicies"}
# Alike in Microsoft's model; the first is what everybody has.
_SECOND_CHOICE = frozenset({"inventoryPolicies"})
# Properties that objects of many types have: they tell none apart.
_COMMON = frozenset({"id", "displayName", "name", "description", "roleScopeTagIds", "createdDateTime", "version",
                     "lastModifiedDateTime", "assignments", "@odata.type", "isAssigned"})  # fmt: skip
_LEAST_SHARE = 0.8


def _has(*names: str) -> Callable[[Body], bool]:
    return lambda body: all(name in body for name in names)


def _has_settings_of_catalog(body: Body) -> bool:
    settings = body.get("settings")
    first = settings[0] if isinstance(settings, list) and settings else settings
    is_catalog = isinstance(first, dict) and "settingInstance" in first
    return "platforms" in body and "name" in body and (is_catalog or "technologies" in body)


def _has_settings_of_intent(body: Body) -> bool:
    settings = body.get("settings")
    return isinstance(settings, list) and any(isinstance(setting, dict) and "definitionId" in setting
                                              for setting in settings)  # fmt: skip


# What says by itself which policy type an object is of, in this order. Names of properties are Microsoft's.
_SIGNS: tuple[tuple[str, Callable[[Body], bool]], ...] = (
    ("conditionalAccessPolicies", _has("conditions", "state")),
    ("compliancePolicies", lambda body: _has_settings_of_catalog(body) and "scheduledActionsForRule" in body),
    ("configurationPolicies", _has_settings_of_catalog),
    ("intents", _has_settings_of_intent),
    ("groupPolicyConfigurations", _has("definitionValues")),
    ("deviceCustomAttributeShellScripts", _has("scriptContent", "customAttributeType")),
    ("deviceShellScripts", _has("scriptContent", "executionFrequency")),
    ("deviceManagementScripts", _has("scriptContent", "enforceSignatureCheck")),
    ("deviceHealthScripts", _has("detectionScriptContent", "remediationScriptContent")),
    ("deviceComplianceScripts", _has("detectionScriptContent")),
    ("assignmentFilters", _has("rule", "platform")),
    ("reusablePolicySettings", _has("settingDefinitionId", "settingInstance")),
    ("notificationMessageTemplates", _has("localizedNotificationMessages")),
    ("notificationMessageTemplates", _has("brandingOptions", "defaultLocale")),
    ("roleDefinitions", _has("rolePermissions")),
    ("authenticationStrengths", _has("allowedCombinations")),
    ("groups", _has("groupTypes", "mailEnabled", "securityEnabled")),
    ("windowsFeatureUpdateProfiles", _has("featureUpdateVersion")),
    ("windowsQualityUpdateProfiles", _has("expeditedUpdateSettings")),
    ("windowsQualityUpdatePolicies", _has("hotpatchEnabled")),
    ("windowsDriverUpdateProfiles", _has("approvalType", "deploymentDeferralInDays")),
    ("termsAndConditions", _has("acceptanceStatement", "bodyText")),
)  # fmt: skip
# Names that folders of tools have, without blanks and in small letters.
_FOLDERS: Mapping[str, str] = {
    "scopetags": "roleScopeTags",
    "rolescopetags": "roleScopeTags",
    "devicecategories": "deviceCategories",
    "authenticationcontexts": "authenticationContextClassReferences",
    "devicemanagementsettings": "deviceManagementSettings",
    "termsofuse": "agreements",
    "termsandconditions": "termsAndConditions",
    "appconfigurationmanagedapp": "targetedManagedAppConfigurations",
    "managedappconfigurations": "targetedManagedAppConfigurations",
    "filters": "assignmentFilters",
    "policysets": "policySets",
    "brandingprofiles": "intuneBrandingProfiles",
    "intunebranding": "intuneBrandingProfiles",
}


def collection_of_context(context: Any) -> tuple[str, bool]:
    """Return (policy type, whether properties were chosen) of an @odata.context; ("", …) where it names none."""
    match = _CONTEXT.search(context) if isinstance(context, str) and len(context) < 20_000 else None
    if not match:
        return "", False
    key = _COLLECTIONS.get(match[1], match[1])
    chosen = match["select"]
    is_select = bool(chosen) and not re.fullmatch(r"[\w./]+\(.*\)", chosen or "")
    return key if key in POLICY_TYPES else "", is_select


def find_policy_type(body: Body, path: str = "", context_type: str = "") -> str:
    """Return the key of the policy type; "" where nothing says which."""
    odata_type = body.get("@odata.type")
    if isinstance(odata_type, str):
        by_type = _by_odata_type(model.bare_type(odata_type))
        if by_type:
            return by_type
    if context_type:
        return context_type
    for key, is_one in _SIGNS:
        if is_one(body):
            return key
    return _by_properties(body, path)


@lru_cache(model.MOST_PAIRS)
def _by_odata_type(bare: str) -> str:
    """Return the policy type whose collection holds this type: the nearest in its lineage."""
    roots = _roots()
    return next((roots[name] for name in model.lineage(bare) if name in roots), "")


@cache
def _roots() -> Mapping[str, str]:
    """Return {type of a collection's objects: key}."""
    keys = sorted(POLICY_TYPES, key=lambda key: key in _SECOND_CHOICE, reverse=True)
    return {root_type(POLICY_TYPES[key]): key for key in keys if root_type(POLICY_TYPES[key])}


def is_of_type(body: Body, policy_type: str) -> bool:
    """Tell whether the body may be of this policy type, by its @odata.type. An unknown type may be a new one."""
    bare = model.bare_type(body.get("@odata.type"))
    root = root_type(POLICY_TYPES[policy_type])
    return not bare or not root or not model.is_known(bare) or bare in model.subtypes(root)


def _by_properties(body: Body, path: str) -> str:
    """Return the one policy type whose properties these are; a folder decides between several."""
    names = {name for name in body if "@" not in name and not name.startswith("#")}
    fitting = list(_fitting(names))
    hinted = next((_FOLDERS[part] for part in map(_folded, path.split("/")[:-1]) if part in _FOLDERS), "")
    if hinted and hinted in _all_fitting(names):
        return hinted
    return fitting[0] if len(fitting) == 1 else ""


def _folded(part: str) -> str:
    return part.replace(" ", "").replace("_", "").lower()


def _fitting(names: set[str]) -> Iterator[str]:
    own = names - _COMMON
    if len(own) < 3:
        return
    yield from (key for key in _all_fitting(names) if len(own & _properties(key)) >= _LEAST_SHARE * len(own))


def _all_fitting(names: set[str]) -> list[str]:
    """Return the policy types that need no @odata.type and know nearly all of these names."""
    return [key for key, row in POLICY_TYPES.items()
            if not row.is_polymorphic and len(names & _properties(key)) >= _LEAST_SHARE * len(names)]  # fmt: skip


@cache
def _properties(key: str) -> frozenset[str]:
    return frozenset(model.properties(root_type(POLICY_TYPES[key])))
