"""The ids of settings and templates that a content meets, and in which of Graph's lists each is defined."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from graph.definitions.wording import fold

# Longer ones are no ids of Microsoft's: the longest in 242 real policies has 176 characters.
LONGEST_ID = 400


class Catalogue(StrEnum):
    """The lists of definitions that Graph has. Their routes: graph/definitions/asking.py."""

    CONFIGURATION = "configuration"
    COMPLIANCE = "compliance"
    REUSABLE = "reusable"
    INVENTORY = "inventory"
    # Of intents: their settings, and the templates that these come from.
    INTENT = "intent"
    TEMPLATE = "template"


_BY_POLICY_TYPE = {
    "compliancePolicies": Catalogue.COMPLIANCE,
    "reusablePolicySettings": Catalogue.REUSABLE,
    "inventoryPolicies": Catalogue.INVENTORY,
}
_INTENTS = "intents"
# Of these types some contents name settings by the ids of a catalogue.
POLICY_TYPES_WITH_IDS = ("configurationPolicies", "targetedManagedAppConfigurations", _INTENTS, *_BY_POLICY_TYPE)


@dataclass(frozen=True)
class MetId:
    """An id as the content writes it, and the list that defines it."""

    spelling: str
    catalogue: Catalogue


def met_in(policy_type: str, content: Mapping[str, Any]) -> dict[str, MetId]:
    """Return {folded id: how it is met} of all settings in a content, and of an intent's template."""
    body = content.get("body")
    is_intent = policy_type == _INTENTS
    catalogue = _BY_POLICY_TYPE.get(policy_type, Catalogue.CONFIGURATION)
    met = {
        fold(setting_id): MetId(setting_id, Catalogue.INTENT if is_intent and name == "definitionId" else catalogue)
        for name, setting_id in _named_ids(body)
    }
    template = body.get("templateId") if is_intent and isinstance(body, Mapping) else None
    if isinstance(template, str) and _is_usable(template):
        met[fold(template)] = MetId(template, Catalogue.TEMPLATE)
    return met


def _named_ids(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, list):
        for element in value:
            yield from _named_ids(element)
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            if name in {"settingDefinitionId", "definitionId"} and isinstance(inner, str) and _is_usable(inner):
                yield name, inner
            elif isinstance(inner, list | Mapping):
                yield from _named_ids(inner)


def _is_usable(setting_id: str) -> bool:
    return 0 < len(setting_id) <= LONGEST_ID and setting_id.isprintable()
