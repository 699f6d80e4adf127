"""A tenant's values taken out of its content again: a standard's next version may be taken from any tenant."""

import copy
from collections.abc import Iterable, Mapping
from typing import Any

from graph.policy_types.table import POLICY_TYPES
from graph.standards.finding import item_values, number_name
from graph.standards.rendering import Parameter, Values, replace_in_text
from graph.standards.values import NUMBER, OBJECT, PREFIX


def turn_back(
    policy_type: str, content: Mapping[str, Any], item_key: str, parameters: Iterable[Parameter], values: Values
) -> dict[str, Any]:
    """Return a copy with the defaults of the parameters where the tenant's own values stand.

    Texts are looked at wherever they are: settings may be others than in the version before. A number counts only in
    the setting that it was found in.
    """
    given = [
        (parameter, values[parameter["name"]])
        for parameter in parameters
        if parameter["kind"] != OBJECT and values.get(parameter["name"]) not in (None, parameter["default"])
    ]
    turned = copy.deepcopy(dict(content))
    numbers = {
        parameter["name"]: (own, parameter["default"]) for parameter, own in given if parameter["kind"] == NUMBER
    }
    texts = [
        (parameter["kind"], own, parameter["default"])
        for parameter, own in given
        if parameter["kind"] not in (NUMBER, PREFIX) and str(own)
    ]
    prefixes = [(PREFIX, own, parameter["default"]) for parameter, own in given if parameter["kind"] == PREFIX]
    name = ("body", POLICY_TYPES[policy_type].name_property)
    for holder, step, path, setting in item_values(turned):
        value = holder[step]
        if isinstance(value, str):
            holder[step] = replace_in_text(value, texts + (prefixes if path == name else []))
        elif isinstance(value, int) and not isinstance(value, bool):
            own, default = numbers.get(number_name(item_key, path, setting), (None, None))
            holder[step] = default if own == value else value
    return turned
