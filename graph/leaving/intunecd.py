"""Folders as IntuneCD backs them up (almenscorner/IntuneCD, src/IntuneCD/backup/Intune and intunecdlib)."""

import base64
import binascii
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from graph.leaving.export import LeavingFile, LeavingPolicy, LeavingSource, json_bytes, readme
from graph.leaving.file_paths import FilePaths, file_stem
from graph.microsoft.model import bare_type
from graph.policy_types.policy_type import SINGLE_ID

INDENT = 5
# Policy type -> folder, and where its subtypes have folders of their own, (policy type, OData type) -> folder.
FOLDERS: Mapping[str, str] = {
    "configurationPolicies": "Settings Catalog",
    "deviceConfigurations": "Device Configurations",
    "groupPolicyConfigurations": "Group Policy Configurations",
    "intents": "Management Intents",
    "deviceCompliancePolicies": "Compliance Policies/Policies",
    "compliancePolicies": "Compliance Policies/Policies",
    "notificationMessageTemplates": "Compliance Policies/Message Templates",
    "deviceComplianceScripts": "Compliance Policies/Scripts",
    "iosManagedAppProtections": "App Protection",
    "androidManagedAppProtections": "App Protection",
    "windowsManagedAppProtections": "App Protection",
    "targetedManagedAppConfigurations": "App Configuration",
    "mobileAppConfigurations": "App Configuration",
    "deviceManagementScripts": "Scripts/Powershell",
    "deviceShellScripts": "Scripts/Shell",
    "deviceHealthScripts": "Proactive Remediations",
    "deviceCustomAttributeShellScripts": "Custom Attributes",
    "deviceEnrollmentConfigurations": "Enrollment Configurations",
    "windowsAutopilotDeploymentProfiles": "Enrollment Profiles/Windows",
    "assignmentFilters": "Filters",
    "roleDefinitions": "Roles",
    "roleScopeTags": "Scope Tags",
    "conditionalAccessPolicies": "Conditional Access",
    "windowsFeatureUpdateProfiles": "Feature Updates",
    "windowsDriverUpdateProfiles": "Driver Updates",
    "windowsQualityUpdateProfiles": "Quality Updates",
    "deviceManagementSettings": "Device Management Settings",
}
SUBTYPE_FOLDERS: Mapping[tuple[str, str], str] = {
    ("deviceEnrollmentConfigurations", "windows10EnrollmentCompletionPageConfiguration"): (
        "Enrollment Profiles/Windows/ESP"
    ),
}
# Taken out of the object itself: IntuneCDBase.remove_keys.
REMOVED = frozenset(
    {
        "id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "@odata.context", "isAssigned",
        "supportsScopeTags", "sourceId", "token", "certificate", "companyCodes", "isGlobalScript",
        "highestAvailableVersion", "deployedAppCount", "lastSyncDateTime", "isReadOnly", "isEncrypted",
        "secretReferenceValueId", "deviceHealthScriptType", "topicIdentifier",
    }
)  # fmt: skip
# Scripts as base64 in the object -> how its side file is called, where the object has no name for it.
_SCRIPTS = {"scriptContent": "", "detectionScriptContent": "_DetectionScript.ps1",
            "remediationScriptContent": "_RemediationScript.ps1"}  # fmt: skip
LOSSES = [
    "Ids: an object is known by its type and its name, and what it refers to by id points nowhere in another tenant.",
    "Versions and dates, secrets, the content of apps, and the members of groups.",
    "Whether a policy without assignments is assigned to nobody, or could not be read.",
]


class IntuneCdWriter:
    """Its folders, with names in place of the ids of groups, filters and scope tags, and side files for scripts."""

    def __init__(self, source: LeavingSource) -> None:
        self._source = source
        self._paths = FilePaths("__")
        self.left_out: Counter[str] = Counter()

    def files(self, policy: LeavingPolicy) -> list[LeavingFile]:
        folder = self._folder(policy)
        if not folder:
            self.left_out[policy.policy_type] += 1
            return []
        path = self._paths.claim(folder, _stem(policy), ".json", policy.graph_id)
        files = [LeavingFile(path, json_bytes(self._document(policy), INDENT))]
        for side_folder, stem, ending, data in _side_files(policy):
            side = self._paths.claim(f"{folder}/{side_folder}", stem, ending, policy.graph_id)
            files.append(LeavingFile(side, data))
        return files

    def closing_files(self) -> list[LeavingFile]:
        return [readme("IntuneCD folders", self._source, LOSSES, self.left_out)]

    def _folder(self, policy: LeavingPolicy) -> str | None:
        bare = bare_type(policy.body.get("@odata.type"))
        folder = SUBTYPE_FOLDERS.get((policy.policy_type, bare)) or FOLDERS.get(policy.policy_type)
        if policy.policy_type == "intents":
            return f"{folder}/{file_stem(str(policy.body.get('templateId') or 'Template'), '_')}"
        return folder

    def _document(self, policy: LeavingPolicy) -> dict[str, Any]:
        document = {name: value for name, value in policy.body.items() if name not in REMOVED}
        if isinstance(document.get("roleScopeTagIds"), list):
            document["roleScopeTagIds"] = [self._tag_name(tag) for tag in document["roleScopeTagIds"]]
        if policy.policy_type == "intents":
            document["settingsDelta"] = [_without(setting, "id") for setting in document.pop("settings", ())]
        if "scheduledActionsForRule" in document:
            document["scheduledActionsForRule"] = [self._rule(rule) for rule in document["scheduledActionsForRule"]]
        if policy.assignments:
            document["assignments"] = [self._assignment(policy, assignment) for assignment in policy.assignments]
        return document

    def _tag_name(self, tag: Any) -> Any:
        return "Default" if tag == "0" else self._source.names.get(("roleScopeTags", str(tag)), tag)

    def _assignment(self, policy: LeavingPolicy, assignment: Mapping[str, Any]) -> dict[str, Any]:
        """Return an assignment by names. A group or a filter that has none stays by its id."""
        kept = _without(assignment, "id", "sourceId")
        target = dict(kept.get("target") or {})
        group_id = target.get("groupId")
        if group_id and (name := self._source.group_name(policy, group_id)):
            del target["groupId"]
            target |= {"groupName": name, **self._group_facts(group_id)}
        filter_id = target.get("deviceAndAppManagementAssignmentFilterId")
        if filter_id and (filter_name := self._source.filter_name(policy, filter_id)):
            target["deviceAndAppManagementAssignmentFilterId"] = filter_name
        return {**kept, "target": target}

    def _group_facts(self, group_id: str) -> dict[str, Any]:
        body = self._source.groups.get(group_id)
        if body and "DynamicMembership" in (body.get("groupTypes") or ()):
            return {"groupType": "DynamicMembership", "membershipRule": body.get("membershipRule")}
        return {"groupType": "StaticMembership"}

    def _rule(self, rule: Mapping[str, Any]) -> dict[str, Any]:
        """Return a rule of a compliance policy, with the names of its notification templates beside their ids."""
        actions = []
        for action in rule.get("scheduledActionConfigurations") or ():
            named = _without(action, "id")
            template_id = str(action.get("notificationTemplateId") or "")
            if name := self._source.names.get(("notificationMessageTemplates", template_id)):
                named["notificationTemplateName"] = name
            actions.append(named)
        return {**_without(rule, "id"), "scheduledActionConfigurations": actions}


def _without(value: Mapping[str, Any], *names: str) -> dict[str, Any]:
    return {name: inner for name, inner in value.items() if name not in names}


def _stem(policy: LeavingPolicy) -> str:
    """Return the file's name: the policy's, and behind it what sort of policy it is."""
    if policy.graph_id == SINGLE_ID:
        return "settings"
    kind = bare_type(policy.body.get("@odata.type"))
    technologies = policy.body.get("technologies")
    if not kind and isinstance(technologies, str):
        kind = technologies.split(",")[-1]
    return file_stem(policy.name, "_") + (f"_{file_stem(kind, '_')}" if kind else "")


def _side_files(policy: LeavingPolicy) -> Iterator[tuple[str, str, str, bytes]]:
    """Yield (folder, name, ending, content) of the scripts and payloads that the tool decodes beside the object."""
    for name, ending in _SCRIPTS.items():
        data = _decoded(policy.body.get(name))
        if data:
            own = str(policy.body.get("fileName") or "") if not ending else f"{policy.name}{ending}"
            yield "Script Data", *_split(own or policy.name), data
    payload = _decoded(policy.body.get("payload"))
    if payload and policy.body.get("payloadFileName"):
        yield "mobileconfig", *_split(str(policy.body["payloadFileName"])), payload


def _split(file_name: str) -> tuple[str, str]:
    stem, dot, ending = file_stem(file_name, "_").rpartition(".")
    return (stem, f".{ending}") if dot and stem else (f"{stem}{dot}{ending}", "")


def _decoded(value: Any) -> bytes | None:
    try:
        return base64.b64decode(value, validate=True) if isinstance(value, str) and value else None
    except (binascii.Error, ValueError):
        return None
