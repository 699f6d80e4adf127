"""The drivers that devices have reported to an update profile, and what somebody decided on them."""

from graph.simulator.model.odata import Object
from graph.simulator.model.replies import bad_request
from graph.simulator.store.write_request import Call

_DECISIONS = {"approve": "approved", "decline": "declined", "suspend": "suspended"}


def execute_action(call: Call) -> Object:
    unknown = sorted(set(call.body) - {"actionName", "driverIds", "deploymentDate"})
    if unknown:
        raise bad_request(f"The action takes no {unknown[0]}.")
    status, ids = _DECISIONS.get(str(call.body.get("actionName"))), call.body.get("driverIds")
    if status is None or not isinstance(ids, list) or not ids:
        raise bad_request("executeAction takes actionName and driverIds.")
    item = call.draft()
    listed = {driver["id"]: driver for driver in item.get("driverInventories") or ()}
    missing = [driver_id for driver_id in ids if driver_id not in listed]
    if missing:
        raise bad_request(f"Driver {missing[0]} is not in the inventory of this profile.")
    for driver_id in ids:
        listed[driver_id]["approvalStatus"] = status
        if status == "approved":
            listed[driver_id]["deployDateTime"] = call.body.get("deploymentDate") or "2026-06-01T00:00:00Z"
    call.keep(item)
    return {"successfulDriverIds": ids, "failedDriverIds": [], "notFoundDriverIds": []}
