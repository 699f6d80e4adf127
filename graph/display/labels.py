"""Names for people: a content holds ids and property names, never the titles that Microsoft's portal shows."""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from graph.content.odata import HOLDERS
from graph.definitions.wording import NO_WORDS, Wording, property_key
from graph.display.outline import choice_text, outline_body, plain_json
from graph.display.setting_titles import full_title, option_title, property_title, tidy, title_of, with_unit
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
        "groupSettingValue", "groupSettingCollectionValue", "target", "presentationValues", "valueJson",
        "scheduledActionsForRule", "scheduledActionConfigurations",
    }
)  # fmt: skip
_EVERYBODY = {"allDevicesAssignmentTarget": "All devices", "allLicensedUsersAssignmentTarget": "All users"}
_FILTER = "deviceAndAppManagementAssignmentFilter"
# The same few thousand names come again and again: so many are remembered, none of them longer.
_NAMES_KEPT, _LONGEST_KEPT_NAME = 16_384, 300
# A longer id says nothing to a person.
_LONGEST_PLAIN_ID = 12
_SPECIAL = {f"{_FILTER}Id": "Filter", f"{_FILTER}Type": "Filter mode", "@odata.type": "Type"}


def setting_label(path: tuple[str, ...], names: NamesById, *, wording: Wording = NO_WORDS, kind: str = "") -> str:
    """Return the setting's name and the way to the value inside it. `kind`: the OData type of the whole policy."""
    parts = [part for part in path if part not in PLUMBING]
    if parts[:1] == ["assignments"] and len(parts) > 1:
        parts = [_target_label(parts[1], names), *parts[2:]]
    titles = _titles(parts, wording, kind)
    # A child setting's name begins with its parent's, which is not repeated.
    short = [part.removeprefix(f"{above}_") for above, part in pairwise(["", *parts])]
    tags = [above in SCOPE_TAGS and names.get(scope_tag_key(part)) for above, part in pairwise(["", *parts])]
    shown = zip(tags, titles, short, strict=True)
    return " › ".join(tag or title or readable_name(part, names) for tag, title, part in shown) or "Whole policy"


def _titles(parts: Sequence[str], wording: Wording, kind: str) -> list[str]:
    """Return Microsoft's words for each part, "" where there are none. The first has its category before it."""
    if not wording:
        return [""] * len(parts)
    titles = [title_of(part, wording) for part in parts]
    first = next((number for number, title in enumerate(titles) if title), None)
    if first is not None:
        titles[first] = full_title(parts[first], wording)
    elif parts:
        titles[0] = property_title(kind, parts[0], wording)
    return titles


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


def readable_name(name: str, names: NamesById | None = None, *, wording: Wording = NO_WORDS) -> str:
    """Return “Password minimum length” for passwordMinimumLength, “Device Lock: Allow Camera” for a catalog id."""
    if names and names.get(name):
        return str(names[name])
    if wording and (title := full_title(name, wording)):
        return title
    return _name_in_words(name) if len(name) <= _LONGEST_KEPT_NAME else _split_name(name)


@lru_cache(_NAMES_KEPT)
def _name_in_words(name: str) -> str:
    return _split_name(name)


def _split_name(name: str) -> str:
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


def readable_value(
    value: Any, path: tuple[str, ...], names: NamesById, *, wording: Wording = NO_WORDS, kind: str = ""
) -> Any:
    """Return one side of a difference: names for ids, a choice without its setting's name, an assignment in words."""
    if isinstance(value, dict):
        return _readable_object(value, names, wording)
    if wording and isinstance(value, str | int) and (in_words := _in_words(value, path, wording, kind)):
        return in_words
    if not isinstance(value, str):
        return value
    if len(path) > 1 and path[-2] in SCOPE_TAGS:
        return names.get(scope_tag_key(value)) or value
    of_setting = next((part for part in reversed(path) if value.startswith(f"{part}_")), None)
    is_choice = any(part.startswith("choiceSetting") for part in path)
    return names.get(value) or (choice_text(of_setting, value, is_choice=is_choice) if of_setting else value)


def _readable_object(value: dict[str, Any], names: NamesById, wording: Wording) -> Any:
    if isinstance(value.get("target"), dict):
        return assignment_label(value, names)
    if _ELEMENTS.isdisjoint(value):
        return value
    return _setting(value, wording)


# What an element of a list has that reads as a setting with a value (graph/display/outline.py).
_ELEMENTS = frozenset({"settingInstance", "settingDefinitionId", "valueJson", "definition", "omaUri", "actionType"})


def _in_words(value: str | int, path: tuple[str, ...], wording: Wording, kind: str) -> str:
    """Return a value in Microsoft's words: the title of a choice, a number with its unit; "" where they say nothing."""
    own = next((part for part in reversed(path) if wording.definition(part)), "")
    if not own and kind and len(path) > 1:
        own = property_key(kind, path[1])
    if not own:
        return ""
    plain = plain_json(value) if path[-1] == "valueJson" else value
    if isinstance(plain, HOLDERS):
        return ""
    text = option_title(own, plain, wording)
    if text or isinstance(plain, bool) or not isinstance(plain, int):
        return text
    shown = with_unit(own, str(plain), wording)
    return "" if shown == str(plain) else shown


def _setting(setting: dict[str, Any], wording: Wording) -> str:
    """Return the value of a setting, and below it a line for each setting that depends on it."""
    own, *below = outline_body({"settings": [setting]}, wording=wording)[1:]
    lines = [
        f"{line.title or readable_name(line.label.removeprefix(f'{own.label}_'))}: {line.value}"
        for line in below
        if line.value
    ]
    return "\n".join([own.value or "", *lines]).strip()


def names_in(content: Any) -> dict[str, str]:
    """Return {key: name} of what a content itself names: settings and fields of templates, custom settings."""
    body = content.get("body") if isinstance(content, Mapping) else None
    if not isinstance(body, Mapping):
        return {}
    settings = _objects(body.get("definitionValues"))
    fields = [field for setting in settings for field in _objects(setting.get("presentationValues"))]
    named = [(known.get("id"), known.get("displayName")) for known in _objects_in(settings, "definition")]
    named += [(known.get("id"), known.get("label")) for known in _objects_in(fields, "presentation")]
    named += [(setting.get("omaUri"), setting.get("displayName")) for setting in _objects(body.get("omaSettings"))]
    return {str(key): tidy(name).rstrip(":") for key, name in named if key and tidy(name)}


def _objects_in(holders: Sequence[Mapping[str, Any]], name: str) -> list[Mapping[str, Any]]:
    return _objects([holder.get(name) for holder in holders])


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [element for element in value if isinstance(element, Mapping)] if isinstance(value, list) else []


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
