"""The settings that a policy sets, each once, and what may be kept of its value outside the sealed content.

A setting is known by an id that is the same in every tenant, in small letters: the definition's of the settings
catalog, of an intent or of an administrative template; the OMA URI of a custom setting; for the other policy types the
type and the way to the property ("windows10generalconfiguration/passwordrequired"). Ids differ in case between the
service and exports of it.

What graph/display/masking.py takes for a secret is named and nothing more. Of texts that people wrote only an exact
form is given, for whoever compares it; choices, numbers and switches are given as they are.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from graph.content import embedded_json
from graph.content.normalise import canonical_json
from graph.content.places import find_property, root_type
from graph.definitions import property_words
from graph.definitions.wording import property_key
from graph.display.labels import readable_name
from graph.display.masking import mask_secrets
from graph.microsoft import model
from graph.policy_types.policy_type import PolicyType, storable

# More in one policy are no settings that anybody looks for.
MOST_SETTINGS = 2000
LONGEST_KEY = 400
LONGEST_PLAIN = 120
_DEEPEST = 8
# Kinds of values (graph/microsoft/model.py) that nobody wrote as a text.
_PLAIN_KINDS = frozenset({"boolean", "integer", "number", "enum", "flags", "dateTime", "date", "time", "duration"})
# A typed policy shows every property that its type has: with one of these it leaves the setting as it is.
_UNSET: tuple[Any, ...] = ("", "notConfigured", "userDefined", "deviceDefault", [], {})
# They say what the policy is, not what it sets.
_NO_SETTINGS = frozenset(
    {
        "id", "displayName", "name", "description", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime",
        "version", "roleScopeTagIds", "roleScopeTags", "isAssigned", "settingCount", "priorityMetaData", "templateId",
        "templateReference", "templateDisplayName", "templateType", "creationSource", "platforms", "technologies",
        "supportsScopeTags", "publishingState", "createdBy", "lastModifiedBy", "notes", "isBuiltIn",
        "deviceManagementApplicabilityRuleOsEdition", "deviceManagementApplicabilityRuleOsVersion",
        "deviceManagementApplicabilityRuleDeviceMode", "policyConfigurationIngestionType", "settingDefinitionId",
    }
)  # fmt: skip
# Stands before what a choice's id adds to its setting's.
CHOICE = "~"


@dataclass(frozen=True)
class SetValue:
    """A setting that a policy sets.

    `exact`: canonical text of its values, equal where they are; "" for a secret, which is compared with nothing.
    `plain`: the same for the eye, None where that would tell a secret or a text; of a choice, CHOICE and what its id
    adds to the setting's. `title`: the setting's name in words, as far as its content tells. `is_listed`: it stands in
    the elements of a list, of which several policies may each give some.
    """

    key: str
    title: str
    exact: str
    plain: str | None
    is_secret: bool = False
    is_listed: bool = False


def set_values(policy_type: PolicyType, body: Mapping[str, Any]) -> list[SetValue]:
    """Return what the body sets, in its order."""
    found: dict[str, SetValue] = {}
    for value in _of_body(policy_type, dict(body)):
        if len(found) >= MOST_SETTINGS and value.key not in found:
            continue
        found[value.key] = _both(found[value.key], value) if value.key in found else value
    return list(found.values())


def _both(one: SetValue, other: SetValue) -> SetValue:
    """Return one of a setting that the policy sets more than once, as in the elements of a group."""
    plain = None if one.plain is None or other.plain is None else f"{one.plain}, {other.plain}"
    is_secret = one.is_secret or other.is_secret
    exact = "" if is_secret else f"{one.exact},{other.exact}"
    return replace(one, exact=exact, plain=_short(plain), is_secret=is_secret, is_listed=True)


def _short(plain: str | None) -> str | None:
    return plain if plain is not None and len(plain) <= LONGEST_PLAIN else None


def _of_body(policy_type: PolicyType, body: dict[str, Any]) -> Iterator[SetValue]:
    shown = mask_secrets(body)
    if isinstance(body.get("settingInstance"), dict):  # a reusable setting is one setting
        yield from _of_instance(body["settingInstance"], shown["settingInstance"], 0)
        return
    odata_type = model.type_of(body, root_type(policy_type)) or policy_type.key
    for name, value in body.items():
        if name in _NO_SETTINGS or name.startswith("@") or _is_unset(value):
            continue
        settings = list(_of_list(value, shown[name]))
        yield from settings or _of_property(_Way(odata_type, odata_type, (name,)), value, shown[name])


def _is_unset(value: Any) -> bool:
    return value is None or value is False or value in _UNSET


def _of_list(value: Any, shown: Any) -> Iterator[SetValue]:
    """Yield the settings of a list that holds settings with ids of their own; nothing for any other value."""
    for inner, seen in _pairs(value, shown):
        instance, seen_instance = inner.get("settingInstance", inner), seen.get("settingInstance", seen)
        if isinstance(instance, dict) and isinstance(instance.get("settingDefinitionId"), str):
            yield from _of_instance(instance, seen_instance, 0)
        elif isinstance(inner.get("definitionId"), str) and "valueJson" in inner:
            yield from _of_intent(inner, seen)
        elif isinstance(inner.get("definition"), dict) and "enabled" in inner:
            yield from _of_template(inner, seen)
        elif isinstance(inner.get("omaUri"), str):
            yield _value(inner["omaUri"], inner["omaUri"], [inner.get("value")], [seen.get("value")])


def _pairs(value: Any, shown: Any) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    if isinstance(value, list) and isinstance(shown, list):
        for inner, seen in zip(value, shown, strict=True):
            if isinstance(inner, dict) and isinstance(seen, dict):
                yield inner, seen


def _of_instance(instance: dict[str, Any], shown: Any, depth: int, *, is_listed: bool = False) -> Iterator[SetValue]:
    """Yield a setting of the catalog, and those inside it. A group has no value of its own."""
    key = str(instance["settingDefinitionId"])
    shown = shown if isinstance(shown, dict) else {}
    for name, held in instance.items():
        if not name.endswith(("SettingValue", "SettingCollectionValue")):
            continue
        seen = shown.get(name)
        pairs = list(_pairs(*(([held], [seen]) if isinstance(held, dict) else (held, seen))))
        values = [inner["value"] for inner, _ in pairs if inner.get("value") is not None]
        if values:
            seen_values = [inner.get("value") for outer, inner in pairs if outer.get("value") is not None]
            inside = is_listed or "Collection" in name
            title, is_choice = readable_name(key), name.startswith("choice")
            yield _value(key, title, values, seen_values, is_choice=is_choice, is_listed=inside)
        elif not pairs and held:  # masked as a whole
            yield _value(key, readable_name(key), [held], [seen])
        for inner, inner_seen in pairs if depth < _DEEPEST else ():
            for child, child_seen in _pairs(inner.get("children"), inner_seen.get("children")):
                if isinstance(child.get("settingDefinitionId"), str):
                    inside = is_listed or "Collection" in name
                    yield from _of_instance(child, child_seen, depth + 1, is_listed=inside)


def _of_intent(setting: dict[str, Any], shown: dict[str, Any]) -> Iterator[SetValue]:
    """Yield a setting of an intent. A text in it may be a choice's name or anybody's words: nothing tells which."""
    key, text = setting["definitionId"], setting["valueJson"]
    value = _intent_value(text)
    if not _is_unset(value):
        seen = value if shown["valueJson"] == text else None
        yield _value(key, readable_name(key.rpartition("_")[2]), [value], [seen])


def _intent_value(text: Any) -> Any:
    """Return the value that the text holds as JSON; the text itself where it holds none, or one that is too deep."""
    if not isinstance(text, str):
        return text
    if text.lstrip().startswith(("{", "[")):
        value = embedded_json.parse(text)
        return text if value is None else value
    try:
        return json.loads(text)
    except ValueError:
        return text


def _of_template(setting: dict[str, Any], shown: dict[str, Any]) -> Iterator[SetValue]:
    """Yield a setting of an administrative template: on or off, and its values, which are people's."""
    definition = setting["definition"]
    if isinstance(definition.get("id"), str):
        title = str(definition.get("displayName") or definition["id"])
        found = _value(definition["id"], title, [setting["enabled"]], [shown.get("enabled")])
        values = [
            part.get("value", part.get("values")) for part, _ in _pairs(*([setting.get("presentationValues")] * 2))
        ]
        is_secret = setting.get("presentationValues") != shown.get("presentationValues")
        exact = "" if is_secret else f"{found.exact}{canonical_json(values)}"
        yield replace(found, exact=exact, is_secret=is_secret, plain=None if is_secret else found.plain)


@dataclass(frozen=True)
class _Way:
    """The way to a property: the policy's type, the type of the object that holds it, the names that lead there."""

    root: str
    holder: str
    names: tuple[str, ...]

    def inside(self, holder: str, name: str) -> "_Way":
        return _Way(self.root, holder, (*self.names, name))


def _of_property(way: _Way, value: Any, shown: Any) -> Iterator[SetValue]:
    known = find_property(way.holder, way.names[-1])
    if isinstance(value, dict) and isinstance(shown, dict) and len(way.names) < _DEEPEST:
        holder = model.type_of(value, (known.type if known else None) or "")
        for name, inner in value.items():
            if not name.startswith("@") and not _is_unset(inner):
                yield from _of_property(way.inside(holder, name), inner, shown.get(name))
        return
    title = " › ".join((*map(readable_name, way.names[:-1]), _property_title(way.holder, way.names[-1])))
    values, seen = (value, shown) if isinstance(value, list) and isinstance(shown, list) else ([value], [shown])
    is_plain = known is not None and known.kind in _PLAIN_KINDS
    yield _value("/".join((way.root, *way.names)), title, values, seen, is_plain=is_plain)


def _property_title(holder: str, name: str) -> str:
    """Return what the portal calls a property, where the table of Microsoft's words has it."""
    key = property_key(holder, name)
    found = property_words.find([key]).get(key)
    return found.title if found else readable_name(name)


def _value(
    key: str,
    title: str,
    values: Sequence[Any],
    shown: Sequence[Any],
    *,
    is_choice: bool = False,
    is_plain: bool = False,
    is_listed: bool = False,
) -> SetValue:
    """Make a setting's row of its values and of the same values masked."""
    folded = key.lower()
    short = storable(folded if len(folded) <= LONGEST_KEY else f"{folded[: LONGEST_KEY - 1]}…")
    title = storable(title)
    if list(values) != list(shown):
        return SetValue(short, title, "", None, is_secret=True, is_listed=is_listed)
    if is_choice:
        values = [_choice(folded, str(value).lower()) for value in values]
    are_plain = [is_choice or is_plain or isinstance(value, bool | int | float) for value in values]
    plain = ", ".join(_text(value) for value in values) if all(are_plain) else None
    return SetValue(short, title, canonical_json(values), _short(plain and storable(plain)), is_listed=is_listed)


def _choice(key: str, item_id: str) -> str:
    return f"{CHOICE}{item_id.removeprefix(f'{key}_')}" if item_id.startswith(f"{key}_") else item_id


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
