"""Names for people: a content holds ids and property names, never the titles that Microsoft's portal shows."""

import re
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from graph.display.outline import choice_text, outline_body
from graph.display.word_splitting import split_words
from graph.microsoft.model import bare_type

# {id: name} of groups, filters and whatever else a content refers to.
NamesById = Mapping[str, str | None]

_PROPERTY = re.compile(r"[a-z][A-Za-z0-9]*")
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_CATALOGUE = re.compile(r"^(?:(?:device|user)_)?vendor_msft_(?:policy_config_)?|^com\.apple\.|^deviceconfiguration--")
# Names that lead to a value and say nothing about it.
PLUMBING = frozenset(
    {
        "body", "settings", "settingInstance", "omaSettings", "definitionValues", "children", "value",
        "choiceSettingValue", "choiceSettingCollectionValue", "simpleSettingValue", "simpleSettingCollectionValue",
        "groupSettingValue", "groupSettingCollectionValue", "target",
    }
)  # fmt: skip
_EVERYBODY = {"allDevicesAssignmentTarget": "All devices", "allLicensedUsersAssignmentTarget": "All users"}
_FILTER = "deviceAndAppManagementAssignmentFilter"
# A longer id says nothing to a person.
_LONGEST_PLAIN_ID = 12
_SPECIAL = {f"{_FILTER}Id": "Filter", f"{_FILTER}Type": "Filter mode", "@odata.type": "Type"}


def setting_label(path: tuple[str, ...], names: NamesById) -> str:
    """Return the setting's name and the way to the value inside it."""
    parts = [part for part in path if part not in PLUMBING]
    if parts[:1] == ["assignments"] and len(parts) > 1:
        parts = [_target_label(parts[1], names), *parts[2:]]
    # A child setting's name begins with its parent's, which is not repeated.
    short = [part.removeprefix(f"{above}_") for above, part in pairwise(["", *parts])]
    tags = [above in SCOPE_TAGS and names.get(scope_tag_key(part)) for above, part in pairwise(["", *parts])]
    return (
        " › ".join(tag or readable_name(part, names) for tag, part in zip(tags, short, strict=True)) or "Whole policy"
    )


def names_by_id(references: Mapping[str, NamesById], were_read: bool = True) -> dict[str, str | None]:
    """Return {id: name} from a snapshot's references, {kind: {id: name}}.

    None means deleted; such ids are left out where names could not be read at all.
    """
    pairs = [
        (object_id, name)
        for kind, names in references.items()
        if kind != "principals"
        for object_id, name in names.items()
    ]
    return {object_id: name for object_id, name in pairs if name or were_read}


# Properties that hold the numbers of scope tags.
SCOPE_TAGS = frozenset({"roleScopeTagIds", "roleScopeTags", "scopeIds"})


def scope_tag_key(tag_id: str) -> str:
    """Return the key of a scope tag's name: its id is a number, as many other values are."""
    return f"roleScopeTags {tag_id}"


def readable_name(name: str, names: NamesById | None = None) -> str:
    """Return “Password minimum length” for passwordMinimumLength, “Device Lock: Allow Camera” for a catalog id."""
    if names and names.get(name):
        return str(names[name])
    if name in _SPECIAL:
        return _SPECIAL[name]
    if _CATALOGUE.match(name.lower()):
        return _catalogue_name(_CATALOGUE.sub("", name.lower()))
    return _capitalise(_HUMP.sub(" ", name).lower()) if _PROPERTY.fullmatch(name) else name


def _catalogue_name(name: str) -> str:
    """Return “Area: Setting” in words, as far as the id tells where a word ends."""
    _, is_admx, below = name.rpartition("~policy~")
    area, has_area, setting = name.partition("_")
    if not is_admx and has_area:
        return f"{split_words(area)}: {_words_of(setting)}"
    return " › ".join(_words_of(part) for part in below.split("~"))


def _words_of(part: str) -> str:
    return " ".join(split_words(word) for word in part.split("_") if word)


def _capitalise(text: str) -> str:
    return text[:1].upper() + text[1:]


def readable_value(value: Any, path: tuple[str, ...], names: NamesById) -> Any:
    """Return one side of a difference: names for ids, a choice without its setting's name, an assignment in words."""
    if isinstance(value, dict) and isinstance(value.get("target"), dict):
        return assignment_label(value, names)
    if isinstance(value, dict) and ("settingInstance" in value or "settingDefinitionId" in value):
        return _setting(value)
    if not isinstance(value, str):
        return value
    if len(path) > 1 and path[-2] in SCOPE_TAGS:
        return names.get(scope_tag_key(value)) or value
    of_setting = next((part for part in reversed(path) if value.startswith(f"{part}_")), None)
    is_choice = any(part.startswith("choiceSetting") for part in path)
    return names.get(value) or (choice_text(of_setting, value, is_choice=is_choice) if of_setting else value)


def _setting(setting: dict[str, Any]) -> str:
    """Return the value of a catalog setting, and below it a line for each setting that depends on it."""
    own, *below = outline_body({"settings": [setting]})[1:]
    lines = [f"{readable_name(line.label.removeprefix(f'{own.label}_'))}: {line.value}" for line in below if line.value]
    return "\n".join([own.value or "", *lines]).strip()


def assignment_label(assignment: Mapping[str, Any], names: NamesById) -> str:
    """Return an assignment in words: “Group SG-Sales, include by filter Corporate devices, intent required”."""
    target = assignment.get("target") or {}
    parts = [_target_label(f"{bare_type(target.get('@odata.type'))} {target.get('groupId') or ''}".strip(), names)]
    filter_id = target.get(f"{_FILTER}Id")
    if filter_id and target.get(f"{_FILTER}Type") not in (None, "none"):
        parts.append(f"{target[f'{_FILTER}Type']} by filter {names.get(str(filter_id)) or filter_id}")
    if assignment.get("intent"):
        parts.append(f"intent {assignment['intent']}")
    return ", ".join(parts)


def is_exclusion(assignment: Mapping[str, Any]) -> bool:
    return bare_type((assignment.get("target") or {}).get("@odata.type")).startswith("exclusion")


def _target_label(element_name: str, names: NamesById) -> str:
    """Return the target in words, from the name that graph.content.element_names.element_name calls an assignment: its
    target's type, and whom it names.
    """
    kind, _, whom = element_name.partition(" ")
    if kind in _EVERYBODY or not whom:  # whatever id stands beside it, everybody is meant
        return _EVERYBODY.get(kind, readable_name(kind))
    short = f"{whom[:4]}…" if len(whom) > _LONGEST_PLAIN_ID else whom
    name = names.get(whom) or (f"{short} (deleted)" if whom in names else whom)
    if not kind.lower().endswith("groupassignmenttarget"):
        return f"{readable_name(kind)} {name}"
    return f"Without group {name}" if kind.startswith("exclusion") else f"Group {name}"
