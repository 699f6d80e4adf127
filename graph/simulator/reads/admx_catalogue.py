"""Reading the catalogue of administrative templates by its categories."""

from itertools import groupby
from uuid import NAMESPACE_URL, uuid5

from graph.simulator.model import odata
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Reply
from graph.simulator.store.known_properties import DEFINITIONS, INGESTED
from graph.simulator.store.state import Tenant

_SHOWN = ("id", "displayName", "categoryPath", "classType")


def categories(tenant: Tenant, query: str) -> Reply:
    """`?$expand=definitions(…)&$filter=ingestionSource eq 'custom'`."""
    query_options = odata.options(query)
    conditions = {"": None, "ingestionSource eq 'custom'": True, "ingestionSource eq 'builtIn'": False}
    condition = query_options.get("filter", "")
    if condition not in conditions:
        raise odata.BadQuery(f"Invalid filter clause: {condition}")
    is_custom = conditions[condition]
    definitions = [
        definition
        for definition in list(tenant.collections.get(DEFINITIONS, {}).values())
        if is_custom is None or (definition.get("policyType") == INGESTED) is is_custom
    ]
    definitions.sort(key=lambda one: str(one.get("categoryPath")))
    groups = groupby(definitions, key=lambda one: str(one.get("categoryPath")))
    is_expanded = "definitions" in odata.expansions(query_options.get("expand", ""))
    return Reply(200, {"value": [_category(path, list(items), is_expanded) for path, items in groups]})


def _category(path: str, definitions: list[Object], is_expanded: bool) -> Object:
    shown: Object = {"id": str(uuid5(NAMESPACE_URL, path)), "displayName": path.rpartition("\\")[2]}
    if is_expanded:
        shown["definitions"] = [{name: definition.get(name) for name in _SHOWN} for definition in definitions]
    return shown
