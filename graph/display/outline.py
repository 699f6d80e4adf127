"""A policy body as lines that a person can read: names and values, indented, without technical properties.

The raw JSON is shown beside it. Properties that are not set (null or an empty list) are only named.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from graph.content.element_names import element_name
from graph.content.normalise import decode_base64

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
    """One line. `value` is None for the heading of deeper lines. `exact`: the ids behind the names in it."""

    depth: int
    label: str
    value: str | None
    exact: str = ""


def outline_body(body: dict[str, Any], name_of: NameOf = lambda _property, _id: None) -> list[OutlineLine]:
    """Return the lines of a body. `name_of` says what the id in a property is called, or None."""
    return [_with_names(line, name_of) for line in _object(body, 0)]


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


def _object(value: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
    for name, inner in value.items():
        if name not in _PLUMBING and not _is_empty(inner):
            yield from _named(name, inner, depth)


def _named(name: str, value: Any, depth: int) -> Iterator[OutlineLine]:
    if isinstance(value, dict):
        yield OutlineLine(depth, name, None)
        yield from _object(value, depth + 1)
    elif isinstance(value, list) and any(isinstance(inner, dict | list) for inner in value):
        yield OutlineLine(depth, name, None)
        for inner in value:
            yield from _element(inner, depth + 1)
    elif isinstance(value, list):
        yield OutlineLine(depth, name, ", ".join(_text(inner) for inner in value))
    else:
        yield OutlineLine(depth, name, _text(decode_property(name, value)))


def _element(value: Any, depth: int) -> Iterator[OutlineLine]:
    instance = _setting_instance(value)
    if instance:
        yield from _setting(instance, depth)
    elif isinstance(value, dict):
        yield OutlineLine(depth, element_name(value), None)
        yield from _object(value, depth + 1)
    else:
        yield from _named("", value, depth)


def _setting_instance(value: Any) -> dict[str, Any] | None:
    """Return the instance of a settings catalog setting; a child setting is one itself. None for anything else."""
    if not isinstance(value, dict):
        return None
    instance = value.get("settingInstance", value)
    return instance if isinstance(instance, dict) and instance.get("settingDefinitionId") else None


def _setting(instance: dict[str, Any], depth: int) -> Iterator[OutlineLine]:
    """Yield the setting's name and value as one line, and its child settings below."""
    name = str(instance["settingDefinitionId"])
    value_properties = [
        (key, value) for key, value in instance.items() if key.endswith(("SettingValue", "SettingCollectionValue"))
    ]
    values = [inner for _, value in value_properties for inner in (value if isinstance(value, list) else [value])]
    values = [value for value in values if isinstance(value, dict)]
    chosen = [value["value"] for value in values if value.get("value") is not None]
    is_choice = any(key.startswith("choiceSetting") for key, _ in value_properties)
    plain = [choice_text(name, _text(value), is_choice=is_choice) for value in chosen]
    exact = ", ".join(map(_text, chosen)) if is_choice else ""
    yield OutlineLine(depth, name, ", ".join(plain) if plain else None, exact)
    for value in values:
        children = value.get("children")
        for child in children if isinstance(children, list) else ():
            yield from _element(child, depth + 1)


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
