"""A standard's content as one tenant gets it: the values of its parameters at their places, and nowhere else.

Objects (groups, locations, filters …) stay the standard's own ids here: mappings say what they are in a tenant.
"""

import base64
import copy
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from graph.content import embedded_json
from graph.content.normalise import decode_base64
from graph.policy_types.policy_type import policy_name
from graph.policy_types.table import POLICY_TYPES
from graph.standards.values import ADDRESS, DOMAIN, HARMLESS, NUMBER, OBJECT, PREFIX

# A parameter as versions keep it: {"name", "kind", "label", "default", "object", "places": [{"item", "path"}]}. A path
# is a list of properties and positions, from the content's "body" or "assignments" on.
Parameter = Mapping[str, Any]
Values = Mapping[str, Any]
Path = tuple[str | int, ...]
# What stands at a place, and what is to stand there: (kind, default, value).
_Given = tuple[str, Any, Any]


def render(
    policy_type: str, content: Mapping[str, Any], item_key: str, parameters: Iterable[Parameter], values: Values
) -> dict[str, Any]:
    """Return a copy of an item's content with this tenant's values. A parameter without one keeps its default.

    A place that is not there, or does not hold the default, stays as it is. Raises KeyError for an unknown type.
    """
    rendered: dict[str, Any] = copy.deepcopy(dict(content))
    for path, given in _given_by_place(item_key, parameters, values).items():
        _put(rendered, path, given)
    if rendered.get("body") != content.get("body"):
        _check_name(policy_type, rendered, content)
    return rendered


def rendered_name(policy_type: str, content: Mapping[str, Any]) -> str:
    """Return the name of a content, as lists show it."""
    return policy_name(POLICY_TYPES[policy_type], content["body"])


def _check_name(policy_type: str, rendered: dict[str, Any], content: Mapping[str, Any]) -> None:
    """Keep the name that the standard has where a tenant's values would leave none."""
    name = POLICY_TYPES[policy_type].name_property
    if content["body"].get(name) and not str(rendered["body"].get(name) or "").strip():
        rendered["body"][name] = content["body"][name]


def _given_by_place(item_key: str, parameters: Iterable[Parameter], values: Values) -> dict[Path, list[_Given]]:
    """Return what each place of the item is given. Those that keep their default are not there."""
    by_place: dict[Path, list[_Given]] = {}
    for parameter in parameters:
        kind, default = parameter["kind"], parameter["default"]
        value = values.get(parameter["name"], default)
        if kind == OBJECT or value is None or value == default:
            continue
        for place in parameter["places"]:
            if place["item"] == item_key and place["path"]:
                by_place.setdefault(tuple(place["path"]), []).append((kind, default, value))
    return by_place


def _put(content: dict[str, Any], path: Path, given: Sequence[_Given]) -> None:
    holder: Any = content
    for step in path[:-1]:
        holder = _inner(holder, step)
    value = _inner(holder, path[-1])
    if isinstance(value, str):
        holder[path[-1]] = replace_in_text(value, given)
    elif isinstance(value, int) and not isinstance(value, bool):
        number = next((new for kind, old, new in given if kind == NUMBER and old == value), value)
        holder[path[-1]] = number


def _inner(holder: Any, step: str | int) -> Any:
    """Return the value in an object or a list; None where it is not there."""
    if isinstance(step, str):
        return holder.get(step) if isinstance(holder, dict) else None
    return holder[step] if isinstance(holder, list) and 0 <= step < len(holder) else None


def replace_in_text(text: str, given: Sequence[_Given]) -> str:
    """Return the text with every default replaced by its value, all at once: no value is taken for a default.

    Inside JSON, and in what is in base64, only domains and addresses are replaced: no text can be broken with these.
    """
    numbers = {str(old): str(new) for kind, old, new in given if kind == NUMBER}
    if text in numbers:
        return numbers[text]
    harmless = [entry for entry in given if entry[0] in HARMLESS]
    opened = embedded_json.decode(text)
    inside = embedded_json.parse(opened)
    if inside is not None:
        changed = _in_strings(inside, harmless)
        return text if changed == inside else embedded_json.encode_like(embedded_json.write_like(changed, opened), text)
    decoded = decode_base64(text) if harmless and len(text) >= _SHORTEST_BASE64 else text
    if decoded != text:
        changed = _in_plain(decoded, harmless)
        return text if changed == decoded else base64.b64encode(changed.encode()).decode()
    return _in_plain(text, given)


# A shorter text that can be read as base64 is a word.
_SHORTEST_BASE64 = 24


def _in_strings(value: Any, given: Sequence[_Given]) -> Any:
    if isinstance(value, dict):
        return {key: _in_strings(inner, given) for key, inner in value.items()}
    if isinstance(value, list):
        return [_in_strings(inner, given) for inner in value]
    return _in_plain(value, given) if isinstance(value, str) else value


def _in_plain(text: str, given: Sequence[_Given]) -> str:
    prefix = next(((old, new) for kind, old, new in given if kind == PREFIX and text.startswith(old)), None)
    begin, rest = (prefix[1], text[len(prefix[0]) :]) if prefix else ("", text)
    parts = [entry for entry in given if entry[0] not in (PREFIX, NUMBER) and entry[1]]
    parts.sort(key=lambda entry: -len(entry[1]))
    if not parts:
        return begin + rest
    pattern = re.compile("|".join(f"({occurrence(kind, default)})" for kind, default, _ in parts))
    return begin + pattern.sub(lambda match: str(parts[(match.lastindex or 1) - 1][2]), rest)


def occurrence(kind: str, default: str) -> str:
    """Return the pattern that finds a default in a text: as a whole, never as a part of a longer word or domain."""
    written = re.escape(default)
    if kind == DOMAIN:
        return rf"(?i:(?<![\w-]){written}(?![\w-]|\.\w))"
    if kind == ADDRESS:
        return rf"(?i:(?<![\w.%+-]){written}(?![\w-]|\.\w))"
    return rf"(?<!\w){written}(?!\w)"
