"""Bodies of policies as other tools keep them, put into the form in which we keep ours."""

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from graph.content.odata import strip_annotations
from graph.foreign.export import FindingKind
from graph.microsoft import model

Note = Callable[[FindingKind, str], None]
Body = dict[str, Any]

_BIND = re.compile(r"groupPolicyDefinitions\('([0-9A-Za-z-]{1,80})'\)(?:/presentations\('([0-9A-Za-z-]{1,80})'\))?$")
# Keys that people and tools put beside what Graph has, which it refuses.
_BESIDE = frozenset({"note", "comment", "comments", "LocationInfo", "AuthContextInfo", "authContextInfo"})
# Lists whose single element PowerShell leaves without its list.
_LISTS = frozenset(
    {
        "settings", "settingsDelta", "definitionValues", "presentationValues", "assignments", "omaSettings", "apps",
        "scheduledActionsForRule", "scheduledActionConfigurations", "localizedNotificationMessages", "rolePermissions",
        "roleScopeTagIds", "includeUsers", "excludeUsers", "includeGroups", "excludeGroups", "includeRoles",
        "excludeRoles", "includeApplications", "excludeApplications", "includeLocations", "excludeLocations",
        "clientAppTypes", "includePlatforms", "excludePlatforms", "builtInControls", "children", "ipRanges",
        "countriesAndRegions", "includeUserActions", "termsOfUse", "groupTypes",
    }
)  # fmt: skip
_INTENT_TYPE = "#microsoft.graph.deviceManagementIntent"
ONE_ELEMENT = "Lists of one element, which PowerShell wrote without their list, are lists again."


def clean(value: Any, note: Note) -> Any:
    """Return the object without annotations and what tools and people put beside it, its lists being lists."""
    return strip_annotations(_without_extras(value, note))


def _without_extras(value: Any, note: Note) -> Any:
    if isinstance(value, list):
        return [_without_extras(inner, note) for inner in value]
    if not isinstance(value, dict):
        return value
    cleaned = {}
    for key, inner in value.items():
        if _is_extra(key):
            if not key.startswith(("#", "@")):
                note(FindingKind.PUT_RIGHT, f"“{key[:60]}” is no property of Microsoft Graph's and is taken out.")
            continue
        is_alone = key in _LISTS and isinstance(inner, dict | str) and inner != ""
        if is_alone and not (key == "children" and isinstance(inner, str)):
            note(FindingKind.PUT_RIGHT, ONE_ELEMENT)
            inner = [inner]
        cleaned[key] = _without_extras(inner, note)
    return cleaned


def _is_extra(key: str) -> bool:
    return key in _BESIDE or (key.startswith("_") and key != "_") or (key.startswith("#") and "microsoft" not in key)


# --- administrative templates ----------------------------------------------------------------------------------------


def is_definition_value(value: Any) -> bool:
    return isinstance(value, dict) and "definition@odata.bind" in value and "displayName" not in value


def with_definitions(body: Body) -> None:
    """Put the definitions and presentations of an administrative template where Graph's expansion has them.

    Tools keep the links with which they are created, and the words beside them after “#”.
    """
    values = body.get("definitionValues")
    values = [values] if isinstance(values, dict) else values
    if not isinstance(values, list):
        return
    body["definitionValues"] = [
        _definition_value(value, number) if isinstance(value, dict) else value for number, value in enumerate(values)
    ]


def _definition_value(value: Body, number: int) -> Body:
    value = {"id": str(number), **value}
    if not isinstance(value["id"], str):
        value["id"] = str(number)
    definition_id, _ = _bound(value.pop("definition@odata.bind", None))
    if definition_id and not isinstance(value.get("definition"), dict):
        names = {"displayName": "displayName", "classType": "classType", "categoryPath": "categoryPath"}
        known = {name: value.get(f"#Definition_{key}") for name, key in names.items()}
        value["definition"] = {"id": definition_id, **{name: word for name, word in known.items() if word}}
    values = value.get("presentationValues")
    values = [values] if isinstance(values, dict) else values
    if isinstance(values, list):
        value["presentationValues"] = [_presentation(inner) for inner in values if isinstance(inner, dict)]
    return value


def _presentation(value: Body) -> Body:
    value = dict(value)
    _, presentation_id = _bound(value.pop("presentation@odata.bind", None))
    if presentation_id and not isinstance(value.get("presentation"), dict):
        label = value.get("#Presentation_Label")
        value["presentation"] = {"id": presentation_id, **({"label": label} if label else {})}
    return value


def _bound(link: Any) -> tuple[str, str]:
    match = _BIND.search(link) if isinstance(link, str) else None
    return (match[1], match[2] or "") if match else ("", "")


# --- settings catalog ------------------------------------------------------------------------------------------------

_DEFINITION = "settingDefinitionId"


def with_small_ids(value: Any, definition: str = "") -> Any:
    """Return settings of the catalog with their ids in small letters, as the service answers them.

    Exports have ids with capitals that the service keeps in small letters (microsoft/intune-my-macs beside what
    IntuneCD read from the tenant where its policies were made).
    """
    if isinstance(value, list):
        return [with_small_ids(inner, definition) for inner in value]
    if not isinstance(value, dict):
        return value
    definition = str(value.get(_DEFINITION) or definition)
    folded = {key: with_small_ids(inner, definition) for key, inner in value.items()}
    if isinstance(value.get(_DEFINITION), str):
        folded[_DEFINITION] = value[_DEFINITION].lower()
    choice = value.get("value")
    if isinstance(choice, str) and definition and choice.lower().startswith(f"{definition.lower()}_"):
        folded["value"] = choice.lower()
    return folded


# --- intents ---------------------------------------------------------------------------------------------------------


def with_intent_settings(body: Body) -> None:
    """Give an intent the settings that it would be created with, each with an id and its value as JSON."""
    settings = body.pop("settingsDelta", None) or body.get("settings")
    settings = [settings] if isinstance(settings, dict) else settings
    if not isinstance(settings, list) or not any(
        isinstance(setting, dict) and "definitionId" in setting for setting in settings
    ):
        return
    body["settings"] = [
        _intent_setting(setting, number) if isinstance(setting, dict) else setting
        for number, setting in enumerate(settings)
    ]
    body.setdefault("@odata.type", _INTENT_TYPE)
    for old, new in (("TemplateId", "templateId"), ("TemplateDisplayName", "")):
        word = body.pop(old, None)
        if new and word and not body.get(new):
            body[new] = word


def _intent_setting(setting: Body, number: int) -> Body:
    setting = {"id": str(number), **setting}
    if not isinstance(setting.get("valueJson"), str) and "value" in setting:
        setting["valueJson"] = json.dumps(setting["value"], ensure_ascii=False)
    return setting


# --- named locations -------------------------------------------------------------------------------------------------


def with_location_type(body: Body, note: Note) -> None:
    """Give a named location the type that its own properties say, where exactly one of them is there."""
    if "@odata.type" in body or "conditions" in body:
        return
    is_ip, is_country = isinstance(body.get("ipRanges"), list), isinstance(body.get("countriesAndRegions"), list)
    if is_ip != is_country and ("isTrusted" in body or is_country):
        body["@odata.type"] = f"#microsoft.graph.{'ip' if is_ip else 'country'}NamedLocation"
        note(FindingKind.PUT_RIGHT, "Its type was not in the file. It follows from the addresses or countries it has.")
    if "locationType" in body and "@odata.type" in body:
        del body["locationType"]
    if is_country and not is_ip:
        body.pop("isTrusted", None)
    for address in body.get("ipRanges") or () if is_ip else ():
        if isinstance(address, dict) and "@odata.type" not in address and "cidrAddress" in address:
            sort = "iPv6CidrRange" if ":" in str(address["cidrAddress"]) else "iPv4CidrRange"
            address["@odata.type"] = f"#microsoft.graph.{sort}"
            address.pop("description", None)


# --- assignments -----------------------------------------------------------------------------------------------------

_TARGETS = {
    "all devices": "allDevicesAssignmentTarget",
    "all users": "allLicensedUsersAssignmentTarget",
}


def assignments_of(value: Any, note: Note) -> list[Any] | None:
    """Return assignments as a list; None where the file does not say.

    Those that a policy set made are left out: they come and go with the set (Micke-K/IntuneManagement).
    """
    if value is None:
        return None
    if isinstance(value, dict):
        if isinstance(value.get("value"), list):
            value = value["value"]
        else:
            note(FindingKind.PUT_RIGHT, ONE_ELEMENT)
            value = [value]
    if not isinstance(value, list) or not all(isinstance(inner, dict) for inner in value):
        note(FindingKind.DAMAGED, "Its assignments cannot be read.")
        return None
    direct = [inner for inner in value if inner.get("source") in (None, "direct")]
    if len(direct) != len(value):
        note(FindingKind.PUT_RIGHT, "Assignments that a policy set made are left out: the set makes them again.")
    return [_assignment(clean(inner, note)) for inner in direct]


def _assignment(assignment: Mapping[str, Any]) -> Body:
    return {key: inner for key, inner in assignment.items() if key not in ("id", "source", "sourceId")}


def without_prefix_problem(body: Body) -> str:
    """Return why the body's own @odata.type is none of Microsoft's; "" where it is one, or new, or absent."""
    odata_type = body.get("@odata.type")
    if odata_type is None or (isinstance(odata_type, str) and odata_type.startswith(model.PREFIX)):
        return ""
    return "Its @odata.type is none of Microsoft's."
