"""How the names in a content read to a person. A content has ids and property names, never Microsoft's titles."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from graph.display.outline import outline

# {id: name} of groups, filters and whatever else a content refers to.
Names = Mapping[str, str | None]

_PROPERTY = re.compile(r"[a-z][A-Za-z0-9]*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CATALOGUE = re.compile(r"^(?:(?:device|user)_)?vendor_msft_(?:policy_config_)?|^com\.apple\.|^deviceconfiguration--")
# What leads to a value, and says nothing about it.
_PLUMBING = frozenset(
    {
        "body", "settings", "settingInstance", "omaSettings", "definitionValues", "children", "value",
        "choiceSettingValue", "choiceSettingCollectionValue", "simpleSettingValue", "simpleSettingCollectionValue",
        "groupSettingValue", "groupSettingCollectionValue", "target",
    }
)  # fmt: skip
_EVERYBODY = {"allDevicesAssignmentTarget": "All devices", "allLicensedUsersAssignmentTarget": "All users"}
_FILTER = "deviceAndAppManagementAssignmentFilter"
_SPECIAL = {f"{_FILTER}Id": "Filter", f"{_FILTER}Type": "Filter mode", "@odata.type": "Type"}


def label(path: tuple[str, ...], names: Names) -> str:
    """The setting's own name, with what leads to the value inside it."""
    parts = [part for part in path if part not in _PLUMBING]
    if parts[:1] == ["assignments"] and len(parts) > 1:
        parts = [_target_of(parts[1], names), *parts[2:]]
    # What depends on a setting is called after it: its name is not said twice.
    short = [part.removeprefix(f"{above}_") for above, part in pairwise(["", *parts])]
    return " › ".join(words(part, names) for part in short) or "Whole policy"


def all_names(references: Mapping[str, Names], were_read: bool = True) -> dict[str, str | None]:
    """Of a snapshot's references, {sort of thing: {id: name}}, the names by id alone.

    None is what is deleted; but not where names could not be read at all.
    """
    found = [(one, name) for kind, names in references.items() if kind != "principals" for one, name in names.items()]
    return {one: name for one, name in found if name or were_read}


def words(name: str, names: Names | None = None) -> str:
    """“Password minimum length” of passwordMinimumLength; “Defender allowscanning” of a catalogue id; else as it is."""
    if names and names.get(name):
        return str(names[name])
    if name in _SPECIAL:
        return _SPECIAL[name]
    if _CATALOGUE.match(name.lower()):
        return _capital(
            _CATALOGUE.sub("", name.lower()).rpartition("~policy~")[2].replace("_", " ").replace("~", " › ")
        )
    return _capital(_HUMP.sub(" ", name).lower()) if _PROPERTY.fullmatch(name) else name


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def value(found: Any, path: tuple[str, ...], names: Names) -> Any:
    """One side of a difference: names for ids, a choice without the name of its setting, an assignment in words."""
    if isinstance(found, dict) and isinstance(found.get("target"), dict):
        return assignment(found, names)
    if isinstance(found, dict) and ("settingInstance" in found or "settingDefinitionId" in found):
        return _setting(found)
    if not isinstance(found, str):
        return found
    of_setting = next((part for part in reversed(path) if found.startswith(f"{part}_")), None)
    return names.get(found) or (found.removeprefix(f"{of_setting}_") if of_setting else found)


def _setting(found: dict[str, Any]) -> str:
    """A setting of the catalogue: its value, and below it a line for each that depends on it."""
    own, *below = outline({"settings": [found]})[1:]
    lines = [f"{words(line.label.removeprefix(f'{own.label}_'))}: {line.value}" for line in below if line.value]
    return "\n".join([own.value or "", *lines]).strip()


def assignment(found: Mapping[str, Any], names: Names) -> str:
    """“Group SG-Sales, include by filter Corporate devices, intent required”."""
    target = found.get("target") or {}
    said = [_target_of(f"{_bare(target)} {target.get('groupId') or ''}".strip(), names)]
    filter_id = target.get(f"{_FILTER}Id")
    if filter_id and target.get(f"{_FILTER}Type") not in (None, "none"):
        said.append(f"{target[f'{_FILTER}Type']} by filter {names.get(str(filter_id)) or filter_id}")
    if found.get("intent"):
        said.append(f"intent {found['intent']}")
    return ", ".join(said)


def is_exclusion(found: Mapping[str, Any]) -> bool:
    return _bare(found.get("target") or {}).startswith("exclusion")


def _bare(target: Mapping[str, Any]) -> str:
    return str(target.get("@odata.type") or "").removeprefix("#microsoft.graph.")


def _target_of(identity: str, names: Names) -> str:
    """As graph.content.element_names.element_name calls an assignment: its target's type, and whom it names."""
    kind, _, whom = identity.partition(" ")
    if kind in _EVERYBODY or not whom:  # whatever id stands beside it, everybody is meant
        return _EVERYBODY.get(kind, words(kind))
    called = names.get(whom) or (f"{whom} (deleted)" if whom in names else whom)
    if not kind.lower().endswith("groupassignmenttarget"):
        return f"{words(kind)} {called}"
    return f"Without group {called}" if kind.startswith("exclusion") else f"Group {called}"
