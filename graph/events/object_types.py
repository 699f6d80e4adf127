"""The policy types that the object of an event may be of, by the words that the event has for it.

An Intune event names a type of Intune's own model: mostly Graph's type with a capital letter, of the concrete subtype
where a collection has several, with "Assignment" and the like behind it for what belongs to a policy (seen live by
rknightion/graph2otel, docs/graph-api-gotchas.md, and in the history of ennnbeee/CES2026-IntuneCD). Graph's types are
Microsoft's (graph/microsoft). Where Intune's own names differ, they are in _ALSO; where even those do not tell,
`componentName` does, as almenscorner/IntuneCD filters by it.

Only a hint: an event finds its policy by its ids. The types tell where to look for one that is not known yet.
"""

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache

from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.transport.rate_limits import INTUNE

_PROTECTIONS = ("iosManagedAppProtections", "androidManagedAppProtections", "windowsManagedAppProtections")
_INFORMATION_PROTECTIONS = ("mdmWindowsInformationProtectionPolicies", "windowsInformationProtectionPolicies")
_SCRIPTS = (
    "deviceManagementScripts", "deviceShellScripts", "deviceCustomAttributeShellScripts", "deviceHealthScripts",
    "deviceComplianceScripts",
)  # fmt: skip
_WINDOWS_UPDATES = ("windowsUpdatePolicies", "windowsUpdateDeployments")
_APPLE_ENROLLMENT = ("depOnboardingSettings", "appleUserInitiatedEnrollmentProfiles")

# Intune's own names, in small letters. Seen: ManagedAppPolicy, DeviceManagementScript for scripts of all sorts (the
# history named above), MobileApp. DeviceManagementSettings: almenscorner/IntuneCD. The others follow their pattern.
_ALSO: Mapping[str, tuple[str, ...]] = {
    "managedapppolicy": (*_PROTECTIONS, "targetedManagedAppConfigurations", *_INFORMATION_PROTECTIONS),
    "managedappprotection": _PROTECTIONS,
    "targetedmanagedappprotection": _PROTECTIONS,
    "managedappconfiguration": ("targetedManagedAppConfigurations",),
    "mobileappconfiguration": ("mobileAppConfigurations",),
    "devicemanagementscript": _SCRIPTS,
    "devicemanagementconfigurationpolicy": ("configurationPolicies", "inventoryPolicies"),
    "devicecompliancepolicy": ("deviceCompliancePolicies", "compliancePolicies"),
    "devicemanagementinventorypolicy": ("inventoryPolicies",),
    "inventorypolicy": ("inventoryPolicies",),
    "assignmentfilter": ("assignmentFilters",),
    "roleassignment": ("roleAssignments",),
    "devicemanagementsettings": ("deviceManagementSettings",),
    "deppolicy": _APPLE_ENROLLMENT,
    "depenrollmentprofile": _APPLE_ENROLLMENT,
    "depenrollmentbaseprofile": _APPLE_ENROLLMENT,
    "depiosenrollmentprofile": _APPLE_ENROLLMENT,
    "depmacosenrollmentprofile": _APPLE_ENROLLMENT,
    "enrollmentprofile": _APPLE_ENROLLMENT,
    "autopilotdeploymentprofile": ("windowsAutopilotDeploymentProfiles",),
    "localizednotificationmessage": ("notificationMessageTemplates",),
    "reusablepolicysetting": ("reusablePolicySettings",),
}
# componentName, in small letters: what almenscorner/IntuneCD asks for each of its types by.
_COMPONENTS: Mapping[str, tuple[str, ...]] = {
    "deviceconfiguration": (
        "configurationPolicies", "deviceConfigurations", "groupPolicyConfigurations",
        "groupPolicyUploadedDefinitionFiles", "reusablePolicySettings", *_SCRIPTS,
    ),
    "devicecompliancepolicy": ("deviceCompliancePolicies", "compliancePolicies"),
    "notificationmessagetemplate": ("notificationMessageTemplates",),
    "deviceintent": ("intents",),
    "managedappprotection": (*_PROTECTIONS, *_INFORMATION_PROTECTIONS),
    "mobileappconfiguration": ("targetedManagedAppConfigurations", "mobileAppConfigurations"),
    "mobileapp": ("mobileApps", "mobileAppCategories"),
    "enrollment": (
        "deviceEnrollmentConfigurations", "windowsAutopilotDeploymentProfiles", "deviceCategories",
        "androidDeviceOwnerEnrollmentProfiles", *_APPLE_ENROLLMENT,
    ),
    "softwareupdateconfiguration": (
        "windowsFeatureUpdateProfiles", "windowsQualityUpdateProfiles", "windowsQualityUpdatePolicies",
        "windowsDriverUpdateProfiles",
    ),
    "assignmentfilter": ("assignmentFilters",),
    "rolebasedaccesscontrol": ("roleDefinitions", "roleAssignments", "roleScopeTags"),
}  # fmt: skip
# What stands behind the name of a policy's type where something that belongs to one is meant.
_PARTS = re.compile(
    r"(assignments?|definitionvalues?|presentationvalues?|relationships?|scheduledactionsforrules?|settings?"
    r"|groupassignments?|2|v2)$"
)
_MODEL_NAME = re.compile(r"[\w.]+$", re.ASCII)
# Entra's words, in small letters: the case differs between versions of the page (learn.microsoft.com: Microsoft Entra
# audit log categories and activities). Of what is not on it (branding, site lists, Windows updates) they are a guess.
_ENTRA_WORDS = (
    ("conditional access policy", ("conditionalAccessPolicies",)),
    ("named location", ("namedLocations",)),
    ("authenticationcontextclassreference", ("authenticationContextClassReferences",)),
    ("authentication context", ("authenticationContextClassReferences",)),
    ("authentication strength", ("authenticationStrengths",)),
    ("terms of use", ("agreements",)),
    ("company branding", ("organizationalBranding",)),
    ("browser site list", ("browserSiteLists",)),
    ("add update policy", _WINDOWS_UPDATES),
    ("update update policy", _WINDOWS_UPDATES),
    ("delete update policy", _WINDOWS_UPDATES),
    *((f"{verb} group", ("groups",)) for verb in ("add", "update", "delete", "restore")),
)


def of_intune(object_types: Iterable[str | None], activity_type: str | None, component: str | None) -> tuple[str, ...]:
    """Return the policy types by the first of an event's words that tells; () where none does."""
    entity = (activity_type or "").rpartition(" ")[2]
    for word in (*object_types, entity):
        found = _of_entity(word or "")
        if found:
            return found
    return _COMPONENTS.get((component or "").casefold(), ())


def of_entra(activity: str) -> tuple[str, ...]:
    """Return the policy types that an activity of the directory's log is about."""
    folded = activity.casefold()
    return next((keys for words, keys in _ENTRA_WORDS if re.search(rf"\b{words}\b", folded)), ())


@lru_cache(model.MOST_PAIRS)
def _of_name(name: str) -> tuple[str, ...]:
    """Return the types of a name in small letters, or of the policy that the named thing belongs to."""
    while name:
        found = _ALSO.get(name) or _by_model().get(name)
        if found:
            return found
        shorter = _PARTS.sub("", name)
        if shorter == name:
            return ()
        name = shorter
    return ()


def _of_entity(word: str) -> tuple[str, ...]:
    # A long .NET name, of which the last part counts. Only what could be a name is remembered.
    if len(word) > 200 or not _MODEL_NAME.match(word):
        return ()
    return _of_name(word.rpartition(".")[2].casefold())


@cache
def _by_model() -> Mapping[str, tuple[str, ...]]:
    """Return Graph's type names, subtypes among them, in small letters -> the policy types of their collections."""
    names: dict[str, tuple[str, ...]] = {}
    for key, policy_type in POLICY_TYPES.items():
        collection = model.routes().get(policy_type.path)
        listed = collection.methods.get("GET") if collection else None
        if policy_type.service != INTUNE or not isinstance(listed, str):
            continue
        for name in model.subtypes(listed):
            folded = name.rpartition(".")[2].casefold()
            names[folded] = (*names.get(folded, ()), key)
    return names
