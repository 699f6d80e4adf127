"""Folders as IntuneManagement exports them (Micke-K/IntuneManagement, Extensions/MSGraph.psm1: Save-GraphObjectToFile,
Add-GraphMigrationObjectToFile; the folders are the ids of its view items in Extensions/EndpointManager.psm1).
"""

import json
import re
from collections import Counter
from collections.abc import Mapping
from typing import Any

from graph.content.places import root_type
from graph.leaving.export import LeavingFile, LeavingPolicy, LeavingSource, json_bytes, readme
from graph.leaving.file_paths import FilePaths, file_stem
from graph.microsoft.model import bare_type
from graph.policy_types.table import POLICY_TYPES

GRAPH = "https://graph.microsoft.com/beta"
ORGANISATION = "%OrganizationId%"
# Policy type -> folder, and where its subtypes have folders of their own, (policy type, OData type) -> folder.
FOLDERS: Mapping[str, str] = {
    "configurationPolicies": "SettingsCatalog",
    "compliancePolicies": "CompliancePoliciesV2",
    "deviceConfigurations": "DeviceConfiguration",
    "groupPolicyConfigurations": "AdministrativeTemplates",
    "deviceCompliancePolicies": "CompliancePolicies",
    "deviceManagementScripts": "PowerShellScripts",
    "deviceShellScripts": "MacScripts",
    "deviceCustomAttributeShellScripts": "MacCustomAttributes",
    "deviceHealthScripts": "DeviceHealthScripts",
    "intents": "EndpointSecurity",
    "iosManagedAppProtections": "AppProtection",
    "androidManagedAppProtections": "AppProtection",
    "windowsManagedAppProtections": "AppProtection",
    "mdmWindowsInformationProtectionPolicies": "AppProtection",
    "windowsInformationProtectionPolicies": "AppProtection",
    "targetedManagedAppConfigurations": "AppConfigurationManagedApp",
    "mobileAppConfigurations": "AppConfigurationManagedDevice",
    "mobileApps": "Applications",
    "windowsAutopilotDeploymentProfiles": "AutoPilot",
    "deviceEnrollmentConfigurations": "EnrollmentRestrictions",
    "windowsFeatureUpdateProfiles": "FeatureUpdates",
    "windowsQualityUpdateProfiles": "QualityUpdates",
    "termsAndConditions": "TermsAndConditions",
    "roleScopeTags": "ScopeTags",
    "roleDefinitions": "RoleDefinitions",
    "assignmentFilters": "AssignmentFilters",
    "notificationMessageTemplates": "Notifications",
    "policySets": "PolicySets",
    "intuneBrandingProfiles": "IntuneBranding",
    "conditionalAccessPolicies": "ConditionalAccess",
    "namedLocations": "NamedLocations",
    "agreements": "TermsOfUse",
    "appleUserInitiatedEnrollmentProfiles": "AppleEnrollmentTypes",
    "groups": "Groups",
}
SUBTYPE_FOLDERS: Mapping[tuple[str, str], str] = {
    ("deviceConfigurations", "windowsUpdateForBusinessConfiguration"): "UpdatePolicies",
    ("deviceConfigurations", "iosUpdateConfiguration"): "UpdatePolicies",
    ("deviceEnrollmentConfigurations", "windows10EnrollmentCompletionPageConfiguration"): "EnrollmentStatusPage",
}
LOSSES = [
    "Secrets, the content of apps, and the members of groups.",
    "The names of filters, locations and apps: they stand by id, and filters and scope tags in files of their own.",
    "The titles of settings in administrative templates: their definitions stand by id.",
]


class IntuneManagementWriter:
    """One folder for each type, below the organisation's, and the names of groups in MigrationTable.json."""

    def __init__(self, source: LeavingSource) -> None:
        self._source = source
        self._root = file_stem(source.organisation, "")
        self._paths = FilePaths("_")
        self._groups: dict[str, str] = {}
        self._directory = re.compile(re.escape(source.directory_id), re.IGNORECASE)
        self.left_out: Counter[str] = Counter()

    def files(self, policy: LeavingPolicy) -> list[LeavingFile]:
        folder = _folder(policy)
        if not folder:
            self.left_out[policy.policy_type] += 1
            return []
        for group_id in policy.references.get("groups") or {}:
            if name := self._source.group_name(policy, group_id):
                self._groups[group_id] = name
        path = self._paths.claim(f"{self._root}/{folder}", file_stem(policy.name, ""), ".json", policy.graph_id)
        text = self._directory.sub(ORGANISATION, json.dumps(_document(policy)))
        return [LeavingFile(path, json_bytes(json.loads(text), 4, mark=True))]

    def closing_files(self) -> list[LeavingFile]:
        rows = [
            {"Id": group_id, "DisplayName": name, "Type": "Group"} for group_id, name in sorted(self._groups.items())
        ]
        table = {"TenantId": self._source.directory_id, "Organization": self._source.organisation, "Objects": rows}
        return [
            LeavingFile(f"{self._root}/MigrationTable.json", json_bytes(table, 4, mark=True)),
            readme("IntuneManagement folders", self._source, LOSSES, self.left_out),
        ]


def _folder(policy: LeavingPolicy) -> str | None:
    bare = bare_type(policy.body.get("@odata.type"))
    return SUBTYPE_FOLDERS.get((policy.policy_type, bare)) or FOLDERS.get(policy.policy_type)


def _document(policy: LeavingPolicy) -> dict[str, Any]:
    """Return the object with the annotations by which the tool finds its collection and its type."""
    policy_type = POLICY_TYPES[policy.policy_type]
    collection = policy_type.path.lstrip("/")
    own = f"{collection}('{policy.graph_id}')"
    document: dict[str, Any] = {
        "@odata.context": f"{GRAPH}/$metadata#{collection}/$entity",
        "@odata.type": f"#microsoft.graph.{root_type(policy_type)}",
        "@odata.id": own,
        "@odata.editLink": own,
        "id": policy.graph_id,
        **policy.body,
    }
    if "definitionValues" in document:
        document["definitionValues"] = [_definition_value(value) for value in document["definitionValues"]]
    if policy.content.get("assignments") is not None:
        document["assignments"] = policy.assignments
    return document


def _definition_value(value: Mapping[str, Any]) -> dict[str, Any]:
    """Return a setting of an administrative template bound to its definition, as the tool posts it."""
    definition = value.get("definition")
    if not isinstance(definition, Mapping):
        return dict(value)
    address = f"{GRAPH}/deviceManagement/groupPolicyDefinitions('{definition.get('id')}')"
    bound = {name: inner for name, inner in value.items() if name not in ("id", "definition", "presentationValues")}
    bound["definition@odata.bind"] = address
    if value.get("presentationValues"):
        bound["presentationValues"] = [_presentation_value(inner, address) for inner in value["presentationValues"]]
    return bound


def _presentation_value(value: Mapping[str, Any], address: str) -> dict[str, Any]:
    presentation = value.get("presentation")
    if not isinstance(presentation, Mapping):
        return dict(value)
    bound = {name: inner for name, inner in value.items() if name not in ("id", "presentation")}
    return bound | {"presentation@odata.bind": f"{address}/presentations('{presentation.get('id')}')"}
