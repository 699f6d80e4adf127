"""Exported policies made into what the service gives: tools leave parts out, and put marks of their own in."""

import copy
from collections.abc import Callable, Mapping
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from graph.simulator.features import enrollment
from graph.simulator.model.collections import DM
from graph.simulator.model.conformance import type_at, without_misfits
from graph.simulator.model.odata import Object
from graph.simulator.model.write_rules import RULES
from graph.simulator.store.known_properties import bare

# PowerShell makes a list of one element into that element.
_LISTS = frozenset({"definitionValues", "presentationValues", "settings", "settingsDelta", "assignments", "omaSettings",
                    "roleScopeTagIds", "scheduledActionsForRule", "scheduledActionConfigurations", "apps"})  # fmt: skip


def repair(collection: str, raw: Object) -> Object:
    """Return an exported policy as the service would give it: without a tool's own marks, with what the tool left
    out.
    """
    item: Object = _without_links(raw)
    if "settingsDelta" in item and "settings" not in item:
        item["settings"] = item.pop("settingsDelta")
    for number, value in enumerate(item.get("definitionValues") or ()):
        _as_read(value, f"{item.get('id')}/{number}")
    for rule in item.get("scheduledActionsForRule") or ():
        for element in [rule, *(rule.get("scheduledActionConfigurations") or ())]:
            element.pop("@odata.type", None)
    if "id" in item:
        item["id"] = str(item["id"])
    rules = RULES.get(collection.lower())
    for name, value in rules.defaults.items() if rules else ():
        item.setdefault(name, copy.deepcopy(value))
    special = _SPECIAL.get(collection)
    item = special(item) if special else item
    return without_misfits(type_at(collection, item), item)


def _intent(item: Object) -> Object:
    item.setdefault("templateId", item.get("TemplateId"))
    return {name: value for name, value in item.items() if name in _INTENT}


def _enrollment(item: Object) -> Object:
    name = enrollment.suffix(bare(item))
    return {"priority": 1, "deviceEnrollmentConfigurationType": name[:1].lower() + name[1:], **item}


_INTENT = frozenset({"id", "displayName", "description", "isAssigned", "isMigratingToConfigurationPolicy", "templateId",
                     "lastModifiedDateTime", "roleScopeTagIds", "settings", "assignments"})  # fmt: skip
_SPECIAL: Mapping[str, Callable[[Object], Object]] = {f"{DM}/intents": _intent, enrollment.PATH: _enrollment}


def _as_read(value: Object, place: str) -> None:
    """Exports often keep a definition value as it is written, by addresses; the service gives the objects behind."""
    value.setdefault("id", str(uuid5(NAMESPACE_URL, place)))
    value.setdefault("configurationType", "policy")
    bind = str(value.pop("definition@odata.bind", ""))
    value.setdefault("definition", {"id": _last_id(bind), "policyType": "admxBacked"})
    for number, presentation in enumerate(value.setdefault("presentationValues", [])):
        presentation.setdefault("id", str(uuid5(NAMESPACE_URL, f"{place}/{number}")))
        bind = str(presentation.pop("presentation@odata.bind", ""))
        presentation.setdefault("presentation", {"id": _last_id(bind)})


def _last_id(address: str) -> str:
    return address.rpartition("('")[2].removesuffix("')")


def _without_links(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_links(inner) for inner in value]
    if not isinstance(value, dict):
        return value
    rest = {}
    for key, inner in value.items():
        if key.startswith("#") or ("@odata." in key and not key.endswith(("@odata.bind", "@odata.type"))):
            continue
        if key.endswith("@odata.type") and key != "@odata.type":
            continue
        clean = _without_links(inner)
        rest[key] = [clean] if key in _LISTS and isinstance(clean, dict | str) else clean
    return rest
