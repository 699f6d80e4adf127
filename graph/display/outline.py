"""A policy body as lines that a person can read: names and values, indented, without technical properties.

The raw JSON is shown beside it. Properties that are not set (null or an empty list) are only named.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from graph.content.element_names import element_name
from graph.content.normalise import ZERO_GUID, decode_base64
from graph.content.odata import HOLDERS
from graph.definitions.wording import NO_WORDS, Wording, property_key
from graph.display.setting_titles import (
    LONGEST_ABOUT,
    about,
    category_of,
    option_title,
    property_title,
    tidy,
    title_of,
    with_unit,
)

# Base64 bodies that a person wants to read as text.
ENCODED = frozenset(
    {
        "scriptContent", "detectionScriptContent", "remediationScriptContent", "payload", "payloadJson",
        "encodedSettingXml", "rulesContent",
    }
)  # fmt: skip
_PLUMBING = frozenset(
    {"@odata.type", "settingInstanceTemplateReference", "settingValueTemplateReference", "definition", "presentation"}
)


# (property, id) -> name
NameOf = Callable[[str, str], str | None]


@dataclass(frozen=True)
class OutlineLine:
    """One line. `label`: the raw id or property. `value` is None for the heading of deeper lines.

    `exact`: the ids behind the names in it. `title`: Microsoft's words for the label, `about`: what they say of it, ""
    where nobody knows. `category`: the titles of the categories of a setting, the top one first.
    """

    depth: int
    label: str
    value: str | None
    exact: str = ""
    title: str = ""
    about: str = ""
    category: tuple[str, ...] = ()

    @property
    def has_more(self) -> bool:
        """There is more to know than the words say: an id, or Microsoft's description."""
        return bool(self.title or self.about or self.exact or "_" in self.label or "--" in self.label)


def outline_body(
    body: dict[str, Any], name_of: NameOf = lambda _property, _id: None, *, wording: Wording = NO_WORDS
) -> list[OutlineLine]:
    """Return the lines of a body. `name_of` says what the id in a property is called, or None."""
    return [_with_names(line, name_of) for line in _LineMaker(wording).object(body, 0)]


def _with_names(line: OutlineLine, name_of: NameOf) -> OutlineLine:
    parts = line.value.split(", ") if line.value else []
    names = [name_of(line.label, part) for part in parts]
    if not any(names):
        return line
    shown = ", ".join(name or part for name, part in zip(names, parts, strict=True))
    return replace(line, value=shown, exact=line.exact or line.value or "")


def unset_properties(body: dict[str, Any]) -> list[str]:
    return [name for name, value in body.items() if _is_empty(value)]


def decode_property(name: str, value: Any) -> Any:
    """Return the text of a script or payload instead of its base64; anything else as it is."""
    return decode_base64(value) if name in ENCODED else value


def _is_empty(value: Any) -> bool:
    return value is None or value in ([], {})


class _LineMaker:
    """Makes the lines of a body, with Microsoft's words for what they know."""

    def __init__(self, wording: Wording) -> None:
        self._wording = wording

    def object(self, value: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        kind = str(value.get("@odata.type") or "")
        for name, inner in value.items():
            if name not in _PLUMBING and not _is_empty(inner):
                yield from self._named(name, inner, depth, kind)

    def _named(self, name: str, value: Any, depth: int, kind: str = "") -> Iterator[OutlineLine]:
        title = property_title(kind, name, self._wording)
        category = category_of(property_key(kind, name), self._wording) if title else ()
        if isinstance(value, dict):
            yield OutlineLine(depth, name, None, title=title)
            yield from self.object(value, depth + 1)
        elif isinstance(value, list) and any(isinstance(inner, HOLDERS) for inner in value):
            yield OutlineLine(depth, name, None, title=title)
            for number, inner in enumerate(value, start=1):
                yield from self._element(inner, depth + 1, number)
        elif isinstance(value, list):
            shown = ", ".join(_text(inner) for inner in value)
            yield OutlineLine(depth, name, shown, title=title, category=category)
        else:
            yield replace(self._leaf(name, value, depth, kind, title), category=category)

    def _leaf(self, name: str, value: Any, depth: int, kind: str, title: str) -> OutlineLine:
        key = property_key(kind, name) if title else ""
        chosen = option_title(key, value, self._wording) if title else ""
        text = _text(decode_property(name, value))
        shown = chosen or (with_unit(key, text, self._wording) if title else text)
        exact = text if shown != text else ""
        return OutlineLine(depth, name, shown, exact, title, about(key, self._wording) if title else "")

    def _element(self, value: Any, depth: int, number: int = 1) -> Iterator[OutlineLine]:
        instance = _setting_instance(value)
        if instance:
            yield from self._setting(instance, depth)
        elif not isinstance(value, dict):
            yield from self._named("", value, depth)
        elif value.get("definitionId") and "valueJson" in value:
            yield from self._intent_setting(value, depth)
        elif isinstance(value.get("definition"), dict) and "enabled" in value:
            yield from self._template_setting(value, value["definition"], depth)
        elif isinstance(value.get("presentation"), dict):
            yield from self._template_field(value, value["presentation"], depth)
        elif value.get("omaUri") and "displayName" in value:
            yield from self._oma_setting(value, depth)
        elif isinstance(value.get("scheduledActionConfigurations"), list):
            for action in value["scheduledActionConfigurations"]:
                yield from self._element(action, depth)
        elif value.get("actionType") and "gracePeriodHours" in value:
            yield from self._action(value, depth)
        else:
            name = element_name(value)
            yield OutlineLine(depth, str(number) if name.startswith("{") else name, None)
            yield from self.object(value, depth + 1)

    def _setting(self, instance: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        """Yield the setting's name and value as one line, and its child settings below."""
        name = str(instance["settingDefinitionId"])
        value_properties = [
            (key, value) for key, value in instance.items() if key.endswith(("SettingValue", "SettingCollectionValue"))
        ]
        values = [inner for _, value in value_properties for inner in (value if isinstance(value, list) else [value])]
        values = [value for value in values if isinstance(value, dict)]
        chosen = [value["value"] for value in values if value.get("value") is not None]
        is_choice = any(key.startswith("choiceSetting") for key, _ in value_properties)
        plain = [self._value(name, value, is_choice=is_choice) for value in chosen]
        exact = ", ".join(map(_text, chosen)) if is_choice else ""
        yield self._titled(depth, name, ", ".join(plain) if plain else None, exact)
        groups = [children for value in values if isinstance(children := value.get("children"), list) and children]
        for number, children in enumerate(groups, start=1):
            if len(groups) > 1:
                yield OutlineLine(depth + 1, f"{number}", None)
            for child in children:
                yield from self._element(child, depth + (2 if len(groups) > 1 else 1))

    def _value(self, setting_id: str, value: Any, *, is_choice: bool) -> str:
        text = _text(value)
        return option_title(setting_id, value, self._wording) or with_unit(
            setting_id, choice_text(setting_id, text, is_choice=is_choice), self._wording
        )

    def _titled(self, depth: int, setting_id: str, value: str | None, exact: str = "") -> OutlineLine:
        words = self._wording
        if not words:
            return OutlineLine(depth, setting_id, value, exact)
        title, category = title_of(setting_id, words), category_of(setting_id, words)
        return OutlineLine(depth, setting_id, value, exact, title, about(setting_id, words), category)

    def _intent_setting(self, value: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        """Yield a setting of an intent: its value is JSON in a text, and may have parts."""
        name, held = str(value["definitionId"]), plain_json(value["valueJson"])
        if isinstance(held, HOLDERS) and held:
            yield self._titled(depth, name, None)
            yield from self._parts(name, held, depth + 1)
        else:
            text = _text(held) if held != [] else "not set"
            chosen = option_title(name, held, self._wording) if held is not None else ""
            shown = chosen or with_unit(name, text, self._wording)
            yield self._titled(depth, name, shown, text if shown != text else "")

    def _parts(self, name: str, held: Any, depth: int) -> Iterator[OutlineLine]:
        """Yield the parts of a complex value. Each has a definition of its own: “<the setting's id>_<its name>”."""
        for inner in held if isinstance(held, list) else [held]:
            if not isinstance(inner, dict):
                yield OutlineLine(depth, "", _text(inner))
                continue
            for part, value in inner.items():
                setting_id = part if part.lower().startswith("deviceconfiguration--") else f"{name}_{part}"
                is_known = bool(self._wording) and self._wording.definition(setting_id) is not None
                line = self._titled(depth, setting_id if is_known else part, None)
                if isinstance(value, HOLDERS) and value:
                    yield line
                    yield from self._parts(setting_id, value, depth + 1)
                elif value not in (None, [], {}):
                    text = _text(value)
                    shown = option_title(setting_id, value, self._wording) or text
                    yield replace(line, value=shown, exact=text if shown != text else "")

    def _template_setting(self, value: dict[str, Any], known: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        """Yield a setting of an administrative template, whose words are in the content itself."""
        category = tuple(filter(None, map(tidy, str(known.get("categoryPath") or "").split("\\"))))
        state = _ON_OR_OFF.get(str(value["enabled"]).lower(), _text(value["enabled"]))
        label, title = element_name(value), tidy(known.get("displayName"))
        yield OutlineLine(depth, label, state, title=title, about=tidy(known.get("explainText"))[:LONGEST_ABOUT],
                          category=category)  # fmt: skip
        rest = {key: inner for key, inner in value.items() if key not in _TOLD_OF_TEMPLATE and inner != "policy"}
        yield from self.object(rest, depth + 1)
        for field in value.get("presentationValues") or ():
            yield from self._element(field, depth + 1)

    def _template_field(self, value: dict[str, Any], known: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        label = element_name(value)
        rest = {key: inner for key, inner in value.items() if key != "id" and not _is_empty(inner)}
        held = [rest.pop(key) for key in ("value", "values") if key in rest]
        pairs = [pair for inner in held for pair in (inner if isinstance(inner, list) else [inner])]
        shown = ", ".join(_pair(pair) for pair in pairs) if held else None
        yield OutlineLine(depth, label, shown, title=tidy(known.get("label")).rstrip(":"))
        yield from self.object(rest, depth + 1)

    def _oma_setting(self, value: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        """Yield a setting of a custom profile under the name that its author gave it."""
        rest = {key: inner for key, inner in value.items() if key not in ("displayName", "omaUri", "value")}
        shown = _text(value["value"]) if "value" in value else None
        title = tidy(value["displayName"])
        yield OutlineLine(depth, str(value["omaUri"]), shown, title=title)
        yield from self.object(rest, depth + 1)

    def _action(self, value: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
        """Yield what is done to a device that is not compliant, and when."""
        hours, action = value["gracePeriodHours"], str(value["actionType"])
        rest = {key: inner for key, inner in value.items() if key not in _TOLD_OF_ACTION and inner != ZERO_GUID}
        title = _ACTIONS.get(action, "")
        yield OutlineLine(depth, action, _after(hours), title=title)
        yield from self.object(rest, depth + 1)


# learn.microsoft.com/mem/intune/protect/actions-for-noncompliance
_ACTIONS = {
    "block": "Mark device noncompliant",
    "notification": "Send email to end user",
    "pushNotification": "Send push notification to end user",
    "remoteLock": "Remotely lock the noncompliant device",
    "retire": "Add device to retire list",
    "wipe": "Wipe the noncompliant device",
    "removeResourceAccessProfiles": "Remove the resource access profiles",
}
_TOLD_OF_ACTION = frozenset({"id", "actionType", "gracePeriodHours"})
_ON_OR_OFF = {"true": "Enabled", "false": "Disabled"}
_TOLD_OF_TEMPLATE = frozenset({"id", "enabled", "definition", "presentationValues"})


def _after(hours: Any) -> str:
    if hours == 0:
        return "immediately"
    if isinstance(hours, int) and hours % _DAY == 0:
        return "after 1 day" if hours == _DAY else f"after {hours // _DAY} days"
    return f"after {_text(hours)} hours"


_DAY = 24


def _pair(value: Any) -> str:
    """Write an element of a list in an administrative template: a text, or a name with its value."""
    if isinstance(value, dict) and {"name", "value"} <= value.keys():
        return f"{value['name']} = {value['value']}" if value["value"] not in (None, "") else str(value["name"])
    return _text(value)


def plain_json(text: Any) -> Any:
    """Return what a text of JSON holds; the text itself where it is none."""
    try:
        return json.loads(text) if isinstance(text, str) else text
    except ValueError:
        return text


def _setting_instance(value: Any) -> dict[str, Any] | None:
    """Return the instance of a settings catalog setting; a child setting is one itself. None for anything else."""
    if not isinstance(value, dict):
        return None
    instance = value.get("settingInstance", value)
    return instance if isinstance(instance, dict) and instance.get("settingDefinitionId") else None


def choice_text(setting: str, value: str, *, is_choice: bool) -> str:
    """Return what was chosen, without its setting's name.

    A number is “option 0”: the number of an option is no value. In more than one setting 0 means enabled.
    """
    short = value.removeprefix(f"{setting}_")
    return f"option {short}" if is_choice and short != value and short.isdigit() else short


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return "not set" if value is None else str(value)
