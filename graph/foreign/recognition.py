"""Recognises the tool that wrote a document, and the objects of Graph's in it. By content; folders only tell tools
apart that keep the same bodies.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any

from graph.foreign import powershell
from graph.foreign.bodies import is_definition_value
from graph.foreign.decoding import Document, unwrap
from graph.foreign.export import FindingKind, ForeignFormat, ImportFinding
from graph.foreign.folders import Folders
from graph.foreign.type_finding import collection_of_context

_GUID_PREFIX = re.compile(r"([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})_(.+)")
# Blanks of one line alone: a pattern that begins at each line and runs over line ends never gets through many of them.
_DSC = re.compile(r"\bImport-DscResource[ \t]++-ModuleName[ \t]++['\"]?Microsoft365DSC", re.IGNORECASE)
_DSC_BEGIN = re.compile(r"^[ \t]*+Configuration[ \t]++\w++[ \t\r]*+$", re.MULTILINE | re.IGNORECASE)
_DSC_BLOCK = re.compile(r"^[ \t]*+(?:AAD|Intune|EXO|SPO|Teams|SC)\w++[ \t]++[\"']?[\w-]", re.MULTILINE)
# CIPP's own sorts of templates that hold no policy (KelvinTegelaar/CIPP).
_CIPP_OTHERS = {"GroupTemplate", "StandardsTemplateV2", "AppApprovalTemplate"}
_MOST_ITEMS = 20_000


@dataclass
class RawPolicy:
    """An object of an export before it is put right. `name`: what the tool calls it, where its body has no name.

    `context_type`: the policy type that a list's or an object's @odata.context names. `partial`: why it is not whole.
    """

    format: ForeignFormat
    body: dict[str, Any]
    name: str = ""
    context_type: str = ""
    partial: str = ""
    findings: list[ImportFinding] = field(default_factory=list)
    template_id: str = ""

    def note(self, kind: FindingKind, text: str) -> None:
        finding = ImportFinding(kind, text)
        if finding not in self.findings:
            self.findings.append(finding)


class NoPolicy(Exception):
    """Raised for a document in which no policy is; the text says what it is."""

    def __init__(self, why: str, form: ForeignFormat | None = None) -> None:
        super().__init__(why)
        self.format = form


def find_policies(path: str, document: Document, folders: Folders) -> list[RawPolicy]:
    """Return the objects in a document. Raises NoPolicy."""
    value = document.value
    if isinstance(value, list):
        return _of_list(path, value, document, folders)
    if not isinstance(value, dict):
        raise NoPolicy("It holds a single value, and no policy.")
    for find in (_cipp, _intune_tools, _graph_list, _power_shell_report):
        found = find(value)
        if found is not None:
            return found
    if is_definition_value(value):
        return [_templates(path, [value])]
    return [_single(path, value, document, folders)]


def _of_list(path: str, value: list[Any], document: Document, folders: Folders) -> list[RawPolicy]:
    objects = [element for element in value if isinstance(element, dict)]
    if not objects or len(objects) != len(value):
        raise NoPolicy("It is a list of something else than policies." if value else "It is an empty list.")
    if len(objects) > _MOST_ITEMS:
        raise NoPolicy("It lists more objects than any tenant has policies.")
    if all(map(is_definition_value, objects)):
        return [_templates(path, objects)]
    if powershell.is_pascal(objects[0]):
        return [_power_shell(element) for element in objects]
    if "assignedTo" in objects[0]:
        raise NoPolicy("It is a report of who is assigned to what.", ForeignFormat.INTUNE_CD)
    if all("target" in element for element in objects):
        raise NoPolicy("It lists assignments, and the policy that they are of is not beside it.")
    is_access = all("conditions" in element for element in objects)
    if is_access and not any("id" in element for element in objects):
        return [RawPolicy(ForeignFormat.DC_TOOLBOX, element) for element in objects]
    form = ForeignFormat.CONDITIONAL_ACCESS if is_access else ForeignFormat.GRAPH_BODY
    return [RawPolicy(form, element) for element in objects]


# --- administrative templates of IntuneBackupAndRestore --------------------------------------------------------------


def _templates(path: str, values: list[Any]) -> RawPolicy:
    raw = RawPolicy(ForeignFormat.INTUNE_BACKUP, {"definitionValues": values}, name=PurePosixPath(path).stem.strip())
    raw.body["displayName"] = raw.name
    raw.context_type = "groupPolicyConfigurations"
    raw.note(FindingKind.MISSING, "Its description and its scope tags are not in the file; its name is the file's.")
    return raw


# --- CIPP ------------------------------------------------------------------------------------------------------------


def _cipp(value: dict[str, Any]) -> list[RawPolicy] | None:
    if "PartitionKey" in value and "JSON" in value:
        if value["PartitionKey"] in _CIPP_OTHERS:
            raise NoPolicy("It is a template of CIPP's of another sort, and no policy.", ForeignFormat.CIPP)
        inner = unwrap(value["JSON"])
        return _cipp(inner) or _cipp_access(inner) if isinstance(inner, dict) else _no_cipp()
    raw = next((value[key] for key in ("RAWJson", "RawJson", "rawJson") if key in value), None)
    if raw is not None:
        return [_cipp_template(value, raw)]
    if "LocationInfo" in value and "conditions" in value:
        return _cipp_access(value)
    if "groupType" in value and ("Displayname" in value or "GUID" in value):
        raise NoPolicy("It is a template of a group. A group is made in Entra, or by a restore.", ForeignFormat.CIPP)
    return None


def _no_cipp() -> list[RawPolicy]:
    raise NoPolicy("It is a template of CIPP's whose inside cannot be read.", ForeignFormat.CIPP)


def _cipp_template(value: Mapping[str, Any], raw: Any) -> RawPolicy:
    body = unwrap(raw)
    for _ in range(3):  # a past fault of the tool nested a template in a template
        if isinstance(body, dict) and "RAWJson" in body:
            body = unwrap(body["RAWJson"])
    if not isinstance(body, dict):
        raise NoPolicy("It is a template of CIPP's whose inside cannot be read.", ForeignFormat.CIPP)
    name = str(value.get("Displayname") or value.get("displayName") or "")
    policy = RawPolicy(ForeignFormat.CIPP, dict(body), name)
    if isinstance(body.get("added"), list) and "displayName" not in body:
        policy.body = {"displayName": name, "definitionValues": body["added"]}
        policy.body |= {"description": value["Description"]} if isinstance(value.get("Description"), str) else {}
        policy.context_type = "groupPolicyConfigurations"
    own = policy.body.get("displayName") or policy.body.get("name")
    if name and own and own != name:
        policy.note(FindingKind.PUT_RIGHT, f"The template is called “{name[:80]}”; the policy keeps its own name.")
    return policy


def _cipp_access(value: dict[str, Any]) -> list[RawPolicy]:
    """Return the Conditional Access policy, and the named locations that the template carries for it."""
    info = value.get("LocationInfo")
    locations = [info] if isinstance(info, dict) else info if isinstance(info, list) else []
    bodies = [location for location in locations if isinstance(location, dict) and location.get("displayName")]
    return [RawPolicy(ForeignFormat.CIPP, body) for body in (value, *bodies)]


# --- lists -----------------------------------------------------------------------------------------------------------


def _intune_tools(value: dict[str, Any]) -> list[RawPolicy] | None:
    if "exportedAt" not in value or not isinstance(value.get("items"), list):
        return None
    found = []
    for item in value["items"][:_MOST_ITEMS]:
        if not isinstance(item, dict):
            continue
        body, name = item.get("policyData"), str(item.get("name") or "")
        body = unwrap(body)
        if isinstance(body, dict):
            found.append(RawPolicy(ForeignFormat.INTUNE_TOOLS, body, name))
        else:
            raw = RawPolicy(ForeignFormat.INTUNE_TOOLS, {"displayName": name, **_plain(item)}, name)
            raw.partial = "Only its line in a list is in the file, without the policy."
            found.append(raw)
    return found


def _plain(item: Mapping[str, Any]) -> dict[str, Any]:
    return {key: item[key] for key in ("id", "description") if isinstance(item.get(key), str)}


def _graph_list(value: dict[str, Any]) -> list[RawPolicy] | None:
    listed = value.get("value")
    if "value" not in value or "displayName" in value or not isinstance(listed, list | dict):
        return None
    if isinstance(listed, dict):
        listed = [listed]
    if len(listed) > _MOST_ITEMS:
        raise NoPolicy("It lists more objects than any tenant has policies.", ForeignFormat.GRAPH_LIST)
    context_type, is_select = collection_of_context(value.get("@odata.context"))
    found = []
    for element in listed:
        if not isinstance(element, dict):
            continue
        raw = RawPolicy(ForeignFormat.GRAPH_LIST, element, context_type=context_type)
        if is_select:
            raw.partial = "The list was asked for some properties only ($select), so the policy is not whole."
        found.append(raw)
    if not found:
        raise NoPolicy("It is an empty list: there was none of these.", ForeignFormat.GRAPH_LIST)
    if "@odata.nextLink" in value:
        for raw in found:
            raw.note(FindingKind.MISSING, "The list goes on: only its first page, or one of its pages, is in the file.")
    return found


# --- PowerShell ------------------------------------------------------------------------------------------------------


def _power_shell_report(value: dict[str, Any]) -> list[RawPolicy] | None:
    if powershell.is_pascal(value):
        return [_power_shell(value)]
    listed = value.get("conditional_access_policies")
    if isinstance(listed, list):
        return [_power_shell(element) for element in listed if isinstance(element, dict)]
    return None


def _power_shell(value: dict[str, Any]) -> RawPolicy:
    scar = powershell.find_scar(value)
    body = powershell.to_graph(value)
    raw = RawPolicy(ForeignFormat.GRAPH_POWERSHELL, body if isinstance(body, dict) else {})
    raw.note(FindingKind.PUT_RIGHT, "Names of properties, dates and empty objects are put into Microsoft Graph's form.")
    raw.partial = f"PowerShell cut it off: {scar[:100]} is a text where an object was." if scar else ""
    return raw


# --- single bodies ---------------------------------------------------------------------------------------------------


def _single(path: str, value: dict[str, Any], document: Document, folders: Folders) -> RawPolicy:
    context_type, is_select = collection_of_context(value.get("@odata.context"))
    raw = RawPolicy(_format_of_body(path, value, document, folders), dict(value), context_type=context_type)
    if is_select:
        raw.partial = "It was asked for with some properties only ($select), so it is not whole."
    if raw.format == ForeignFormat.INTUNE_BACKUP:
        named = _GUID_PREFIX.fullmatch(PurePosixPath(path).stem)
        raw.template_id = named[1] if named else ""
    return raw


def _format_of_body(path: str, value: Mapping[str, Any], document: Document, folders: Folders) -> ForeignFormat:
    if document.is_yaml:
        return ForeignFormat.INTUNE_CD_YAML
    if folders.is_below(path, folders.vaults) and folders.vaults:
        return ForeignFormat.TENU_VAULT
    is_management = folders.management and folders.is_below(path, folders.management)
    if is_management or any(key.startswith("#CustomRef") or key == "@odata.editLink" for key in value):
        return ForeignFormat.INTUNE_MANAGEMENT
    parts = path.split("/")
    if len(parts) > 1 and PurePosixPath(path).stem == parts[-2] == str(value.get("id")):
        return ForeignFormat.ENTRA_EXPORTER
    if _has_names_of_intune_cd(value) or document.indent == 5:
        return ForeignFormat.INTUNE_CD
    if folders.intune_backups and ("settingsDelta" in value or _is_beside(path, folders)):
        return ForeignFormat.INTUNE_BACKUP
    if str(value.get("@odata.context", "")).endswith("/$entity"):
        return ForeignFormat.PORTAL if "configurationPolicies" in str(value["@odata.context"]) else _body(value)
    return _body(value)


def _body(value: Mapping[str, Any]) -> ForeignFormat:
    is_access = "conditions" in value or "ipRanges" in value or "countriesAndRegions" in value
    return ForeignFormat.CONDITIONAL_ACCESS if is_access else ForeignFormat.GRAPH_BODY


def _has_names_of_intune_cd(value: Mapping[str, Any]) -> bool:
    assignments, tags = value.get("assignments"), value.get("roleScopeTagIds")
    targets = [a.get("target") for a in assignments if isinstance(a, dict)] if isinstance(assignments, list) else []
    named = any(isinstance(target, dict) and "groupName" in target for target in targets)
    return named or (isinstance(tags, list) and any(isinstance(tag, str) and not tag.isdigit() for tag in tags))


def _is_beside(path: str, folders: Folders) -> bool:
    """Tell whether a folder of assignments or scripts of IntuneBackupAndRestore is anywhere in the export's root."""
    return path.rpartition("/")[0].rpartition("/")[0] in folders.intune_backups


# --- code ------------------------------------------------------------------------------------------------------------


def count_dsc_blocks(text: str) -> int | None:
    """Return how many resources a configuration of Microsoft365DSC has; None for any other text. It is never run."""
    is_one = _DSC.search(text[:200_000]) and _DSC_BEGIN.search(text[:200_000])
    return sum(1 for _ in _DSC_BLOCK.finditer(text)) if is_one else None
