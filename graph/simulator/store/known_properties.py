"""Microsoft's catalogues as far as objects that are truly there tell them, never what is written: the templates of
settings catalog policies and intents, and the definitions of administrative templates.
"""

import copy
from typing import TYPE_CHECKING

from graph.simulator.model.collections import DM

if TYPE_CHECKING:
    from graph.simulator.store.state import Object, Tenant

DEFINITIONS = f"{DM}/groupPolicyDefinitions"
INGESTED = "admxIngested"


class KnownProperties:
    def __init__(self) -> None:
        self._templates: dict[str, Object] = {}
        self._intent_templates: set[str] = set()
        self.built_in: dict[str, Object] = {}

    def learn(self, tenant: "Tenant", item: "Object") -> None:
        self._learn_templates(item)
        for value in item.get("definitionValues") or ():
            if isinstance(value.get("definition"), dict):
                self._learn_definition(tenant, item, value)

    def _learn_templates(self, item: "Object") -> None:
        reference = item.get("templateReference")
        if isinstance(reference, dict) and reference.get("templateId"):
            named = {name: value for name, value in reference.items() if "@odata." not in name}
            self._templates.setdefault(reference["templateId"], named)
        if isinstance(item.get("templateId"), str):
            self._intent_templates.add(item["templateId"])

    def _learn_definition(self, tenant: "Tenant", policy: "Object", value: "Object") -> None:
        """A definition is the tenant's own when it says it was ingested, or, silent, when its policy is of such."""
        definition = value["definition"]
        ingested = policy.get("policyConfigurationIngestionType") == "custom"
        is_custom = definition.get("policyType", INGESTED if ingested else "") == INGESTED
        known = tenant.collections.setdefault(DEFINITIONS, {})
        known_definition = known.setdefault(str(definition["id"]), {**copy.deepcopy(definition), "presentations": []})
        if is_custom:
            known_definition["policyType"] = INGESTED
        else:
            self.built_in[known_definition["id"]] = known_definition
        for presentation_value in value.get("presentationValues") or ():
            presentation = presentation_value.get("presentation")
            if isinstance(presentation, dict) and presentation["id"] not in {
                p["id"] for p in known_definition["presentations"]
            }:
                known_definition["presentations"].append(copy.deepcopy(presentation))

    def template(self, template_id: str) -> "Object | None":
        return self._templates.get(template_id)

    def knows_intent_template(self, tenant: "Tenant", template_id: str) -> bool:
        return template_id in self._intent_templates or template_id in tenant.collections.get(f"{DM}/templates", {})


def bare(item: "Object") -> str:
    return str(item.get("@odata.type") or "").removeprefix("#microsoft.graph.")
