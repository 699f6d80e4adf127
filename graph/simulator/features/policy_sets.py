"""Policy sets: their items copy the names of what they hold, and change by an action of their own."""

from typing import Any

from graph.simulator.features import assignments
from graph.simulator.features.references import refuse_missing
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import bad_request
from graph.simulator.store.known_properties import bare
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, objects

_KEYS = frozenset({"addedPolicySetItems", "updatedPolicySetItems", "deletedPolicySetItems", "assignments"})


def start_policy_set(call: Call, item: Object) -> None:
    item["items"] = [_item(call.tenant, item["id"], part) for part in objects(item.get("items"))]
    item["assignments"] = assignments.stored_assignments(call, item["id"], item.get("assignments"))


def _item(tenant: Tenant, set_id: str, body: Object) -> Object:
    payload = str(body.get("payloadId"))
    kind = bare(body).removesuffix("PolicySetItem")
    new_item = {
        "@odata.type": body.get("@odata.type"),
        "id": f"{set_id}_{payload}_{kind[:1].upper()}{kind[1:]}_Parcel",
        "payloadId": payload,
        "itemType": None,
        "displayName": _name_of(tenant, payload),
        "status": "notAssigned",
        "errorCode": "noError",
        "guidedDeploymentTags": body.get("guidedDeploymentTags") or [],
    }
    return new_item | {name: body[name] for name in ("intent", "settings", "priority") if name in body}


def _name_of(tenant: Tenant, payload: str) -> Any:
    for items in tenant.collections.values():
        if payload in items:
            return items[payload].get("displayName") or items[payload].get("name")
    return None


def update(call: Call) -> None:
    unknown = sorted(set(call.body) - _KEYS)
    if unknown or not call.body:
        raise bad_request(f"update takes no {unknown[0] if unknown else 'empty body'}.")
    refuse_missing(call, call.body)
    item = call.draft()
    gone = {str(item_id) for item_id in call.body.get("deletedPolicySetItems") or ()}
    for part in objects(call.body.get("updatedPolicySetItems")):
        _replace(item, part)
    item["items"] = [part for part in item["items"] if part["id"] not in gone]
    item["items"] += [_item(call.tenant, item["id"], part) for part in objects(call.body.get("addedPolicySetItems"))]
    if "assignments" in call.body:
        item["assignments"] = assignments.stored_assignments(call, item["id"], call.body["assignments"])
    call.keep(item)


def _replace(item: Object, change: Object) -> None:
    for part in item["items"]:
        if change.get("id") == part["id"] or change.get("payloadId") == part["payloadId"]:
            part.update(
                {name: change[name] for name in ("intent", "settings", "guidedDeploymentTags") if name in change}
            )
            return
    raise bad_request("updatedPolicySetItems names an item that the set has not.")
