"""What the simulator knows of Graph's model: learned from objects that are truly there, never from what is written.

There is no schema to ship, so a property is known once any tenant's object of the same type has it, with the JSON types
seen there. Microsoft's catalogue of administrative templates is learned the same way, from the policies that use it.
"""

import copy
from typing import TYPE_CHECKING, Any

from graph.simulator.collections import COLLECTIONS, DM

if TYPE_CHECKING:
    from graph.simulator.state import Object, Tenant

DEFINITIONS = f"{DM}/groupPolicyDefinitions"
INGESTED = "admxIngested"


class Learned:
    def __init__(self) -> None:
        # (collection, bare @odata.type) -> property -> JSON types.
        self._types: dict[tuple[str, str], dict[str, set[str]]] = {}
        self._templates: dict[str, Object] = {}
        self._intent_templates: set[str] = set()
        self.built_in: dict[str, Object] = {}

    def learn(self, tenant: "Tenant", collection: str, item: "Object") -> None:
        known = self._types.setdefault((collection, _kind(collection, item)), {})
        for name, value in item.items():
            known.setdefault(name, set()).update({json_type(value)} - {"null"})
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
        kept = known.setdefault(str(definition["id"]), {**copy.deepcopy(definition), "presentations": []})
        if is_custom:
            kept["policyType"] = INGESTED
        else:
            self.built_in[kept["id"]] = kept
        for one in value.get("presentationValues") or ():
            presentation = one.get("presentation")
            if isinstance(presentation, dict) and presentation["id"] not in {p["id"] for p in kept["presentations"]}:
                kept["presentations"].append(copy.deepcopy(presentation))

    def properties(self, collection: str, kind: str) -> dict[str, set[str]]:
        """{} where nothing of the kind was ever seen: then anything goes."""
        return self._types.get((collection, kind), {})

    def collections_of(self, kind: str) -> set[str]:
        return {collection for collection, known in list(self._types) if known == kind}

    def template(self, template_id: str) -> "Object | None":
        return self._templates.get(template_id)

    def knows_intent_template(self, tenant: "Tenant", template_id: str) -> bool:
        return template_id in self._intent_templates or template_id in tenant.collections.get(f"{DM}/templates", {})


def _kind(collection: str, item: "Object") -> str:
    row = COLLECTIONS.get(collection.lower())
    return bare(item) if row is not None and row.polymorphic else ""


def bare(item: "Object") -> str:
    return str(item.get("@odata.type") or "").removeprefix("#microsoft.graph.")


def json_type(value: Any) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    names: dict[type, str] = {str: "string", dict: "object", list: "array"}
    return names.get(type(value), "number")
