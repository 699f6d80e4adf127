"""Administrative templates: definition values by reference to Microsoft's catalogue, or to what was ingested."""

import copy
import re
from typing import Any

from graph.simulator.features.references import bound
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, not_found
from graph.simulator.store.known_properties import DEFINITIONS
from graph.simulator.store.write_request import Call, guid, now, objects

_KNOWN = frozenset({"id", "enabled", "configurationType", "presentationValues", "definition@odata.bind"})


def update_values(call: Call) -> None:
    unknown = sorted(set(call.body) - {"added", "updated", "deletedIds"})
    if unknown:
        raise bad_request(f"updateDefinitionValues takes no {unknown[0]}.")
    item = call.draft()
    values = item.setdefault("definitionValues", [])
    for change in objects(call.body.get("updated")):
        _update(call, values, change)
    gone = {str(value_id) for value_id in call.body.get("deletedIds") or ()}
    if gone - {value["id"] for value in values}:
        raise bad_request("deletedIds names a definition value that the policy has not.")
    item["definitionValues"] = [value for value in values if value["id"] not in gone]
    for change in objects(call.body.get("added")):
        item["definitionValues"].append(_added(call, item["definitionValues"], change))
    _tell_ingestion(item)
    call.keep(item)


def change_value(call: Call) -> Reply:
    item = call.draft()
    values = item.setdefault("definitionValues", [])
    if call.method == "POST" and len(call.rest) == 2:
        new_value = _added(call, values, call.body)
        values.append(new_value)
        _tell_ingestion(item)
        call.keep(item)
        shown = {name: new_value[name] for name in new_value if name not in {"definition", "presentationValues"}}
        return Reply(201, shown, created=f"{call.path}/{call.rest[1]}")
    held = next((value for value in values if len(call.rest) == 3 and value["id"] == call.rest[2]), None)
    if held is None or call.method != "DELETE":
        raise Refused(not_found("/".join(call.rest[1:])))
    values.remove(held)
    _tell_ingestion(item)
    call.keep(item)
    return Reply(204)


def _added(call: Call, values: list[Object], body: Object) -> Object:
    _refuse_unknown(body)
    definition = _definition(call, body.get("definition@odata.bind"))
    if definition["id"] in {value.get("definition", {}).get("id") for value in values}:
        raise bad_request(f"The policy has a value for the definition {definition['id']} already.")
    return {
        "id": guid(),
        "createdDateTime": now(),
        "lastModifiedDateTime": now(),
        "enabled": body.get("enabled", False),
        "configurationType": body.get("configurationType") or "policy",
        "definition": {name: value for name, value in copy.deepcopy(definition).items() if name != "presentations"},
        "presentationValues": [
            _presented(definition, presentation) for presentation in objects(body.get("presentationValues"))
        ],
    }


def _update(call: Call, values: list[Object], change: Object) -> None:
    _refuse_unknown(change)
    held = next((value for value in values if value["id"] == change.get("id")), None)
    if held is None:
        raise bad_request("updated names a definition value that the policy has not.")
    held.update({name: change[name] for name in ("enabled", "configurationType") if name in change})
    held["lastModifiedDateTime"] = now()
    if "presentationValues" in change:
        definition = call.tenant.held(DEFINITIONS, held["definition"]["id"]) or held["definition"]
        held["presentationValues"] = [
            _presented(definition, presentation) for presentation in objects(change["presentationValues"])
        ]


def _refuse_unknown(body: Object) -> None:
    unknown = sorted(set(body) - _KNOWN - {"@odata.type"})
    if unknown:
        raise bad_request(f"A definition value has no {unknown[0]} to set.")


def _definition(call: Call, address: Any) -> Object:
    key = bound(address, "groupPolicyDefinitions")
    definition = call.tenant.held(DEFINITIONS, key)
    if definition is None:
        raise bad_request(f"The group policy definition {key} was not found.")
    return definition


def _presented(definition: Object, body: Object) -> Object:
    match = re.search(r"/presentations(?:\('([^']+)'\)|/([^/()]+))$", str(body.get("presentation@odata.bind")))
    key = (match[1] or match[2]) if match else ""
    presentation = next(
        (candidate for candidate in definition.get("presentations", ()) if candidate["id"] == key), None
    )
    if presentation is None or not body.get("@odata.type"):
        raise bad_request(f"The definition {definition['id']} has no presentation '{key}'.")
    unknown = sorted(set(body) - {"@odata.type", "value", "values", "id", "presentation@odata.bind"})
    if unknown:
        raise bad_request(f"A presentation value has no {unknown[0]} to set.")
    values: Object = {name: body[name] for name in ("value", "values") if name in body}
    return {"@odata.type": body["@odata.type"], "id": guid(), "createdDateTime": now(), "lastModifiedDateTime": now(),
            "presentation": copy.deepcopy(presentation), **values}  # fmt: skip


def _tell_ingestion(item: Object) -> None:
    """builtIn, custom or both, by what the values refer to."""
    kinds = {value["definition"].get("policyType") == "admxIngested" for value in item["definitionValues"]}
    names = {frozenset(): "unknown", frozenset({False}): "builtIn", frozenset({True}): "custom"}
    item["policyConfigurationIngestionType"] = names.get(frozenset(kinds), "mixed")
