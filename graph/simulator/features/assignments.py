"""Assignments: the whole set by one action, or one by one where the collection has it so."""

from typing import Any

from graph.simulator.features import enrollment
from graph.simulator.features.references import refuse_missing
from graph.simulator.model import observed_facts
from graph.simulator.model.collections import DAM, DM
from graph.simulator.model.conformance import refuse_misfits
from graph.simulator.model.observed_facts import properties
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import Refused, Reply, bad_request, no_route, not_found
from graph.simulator.store import publishing_delays
from graph.simulator.store.known_properties import bare
from graph.simulator.store.write_request import Call, guid, objects

# What the assignment of all users, or of all devices, is called.
_EVERYONE = {
    "allLicensedUsersAssignmentTarget": "acacacac-9df4-4c7d-9d50-4ef0226f57a9",
    "allDevicesAssignmentTarget": "adadadad-808e-44e2-905a-0b7873a8a531",
}
_GROUPS = ("groupAssignmentTarget", "exclusionGroupAssignmentTarget")
_TARGETS = (
    *_GROUPS,
    *_EVERYONE,
    "configurationManagerCollectionAssignmentTarget",
    "cloudPcManagementGroupAssignmentTarget",
)
_KEPT = ("@odata.type", "intent", "settings", "runRemediationScript")
_FILTER = "deviceAndAppManagementAssignmentFilter"


def stored_assignments(call: Call, owner: str, assignments: Any) -> list[Object]:
    """Return the assignments as a read shows them. Raises Refused for what is no assignment."""
    return [_stored(_type_of(call), owner, assignment) for assignment in objects(assignments)]


def _type_of(call: Call) -> str:
    """Return the name that Microsoft's model has for the assignments of such an object."""
    declared = properties(observed_facts.type_of_collection(call.path) or "").get("assignments")
    return declared.type or "" if declared else ""


def _stored(kind: str, owner: str, body: Object) -> Object:
    if kind:
        refuse_misfits(kind, body)
    target = body.get("target")
    if not isinstance(target, dict) or bare(target) not in _TARGETS:
        raise bad_request("An assignment needs a target with a known @odata.type.")
    if bare(target) in _GROUPS and not target.get("groupId"):
        raise bad_request("The target has no groupId.")
    to = target.get("groupId") or _EVERYONE.get(bare(target)) or target.get("collectionId") or guid()
    if bare(target).startswith("cloudPc"):
        return {"id": f"{owner}_{to}", "target": dict(target)}
    assignment: Object = {name: body[name] for name in _KEPT if name in body}
    from_whom = {"source": "direct", "sourceId": owner}
    assignment |= {name: value for name, value in from_whom.items() if not kind or name in properties(kind)}
    assignment |= {"id": f"{owner}_{to}", "target": {**target, **_filter(target)}}
    if "runSchedule" in body:
        assignment["runSchedule"] = _padded(body["runSchedule"])
    return assignment


def _filter(target: Object) -> Object:
    """No filter reads as null and "none", however it was sent."""
    held = target.get(f"{_FILTER}Id") or None
    kind = target.get(f"{_FILTER}Type") or "none"
    if held and kind == "none":
        raise bad_request("An assignment filter needs a filter type.")
    return {f"{_FILTER}Id": held, f"{_FILTER}Type": kind if held else "none"}


def _padded(schedule: Any) -> Any:
    """A time of day is sent as 09:00:00 and read with seven digits more."""
    time = schedule.get("time") if isinstance(schedule, dict) else None
    return {**schedule, "time": f"{time}.0000000"} if isinstance(time, str) and len(time) == 8 else schedule


def assign(call: Call) -> Reply:
    key = call.rules.assign_key
    if not key:
        raise Refused(no_route(f"{call.path}/assign"))
    if set(call.body) != {key} or not isinstance(call.body[key], list):
        raise bad_request(f"The action assign takes exactly '{key}'.")
    item = call.draft()
    _refuse(call, item)
    refuse_missing(call, call.body[key])
    return _set(call, item, stored_assignments(call, item["id"], call.body[key]))


def _refuse(call: Call, item: Object) -> None:
    if call.path == enrollment.PATH and enrollment.is_default(item):
        raise bad_request("A default enrollment configuration cannot be assigned.")
    if call.path == f"{DM}/roleScopeTags" and item.get("isBuiltIn"):
        raise bad_request("The built-in scope tag cannot be assigned.")
    if call.path == f"{DAM}/mobileApps" and item.get("publishingState") == "notPublished":
        raise bad_request("The app has no committed content and cannot be assigned.")
    publishing_delays.refuse_unpublished(call.tenant, call.path, item)


def _set(call: Call, item: Object, assignments: list[Object]) -> Reply:
    keys = [assignment["id"] + str(assignment.get("intent", "")) for assignment in assignments]
    if len(set(keys)) != len(keys):
        raise bad_request("The same target was given twice.")
    item["assignments"] = assignments
    if call.rules.tells_assigned:
        item["isAssigned"] = bool(assignments)
    call.keep(item)
    if call.rules.assigned == 204:
        return Reply(204)
    context = f"https://graph.microsoft.com/beta/$metadata#{call.path}('{item['id']}')/assignments"
    return Reply(call.rules.assigned, {"@odata.context": context, "value": assignments})


def assign_one(call: Call) -> Reply:
    """POST and DELETE below …/assignments, for the few collections without the action."""
    if not call.rules.assigns_singly:
        raise Refused(no_route(f"{call.path}/assignments"))
    item = call.draft()
    if call.method == "DELETE" and len(call.rest) == 3:
        if call.rest[2] not in {assignment["id"] for assignment in item["assignments"]}:
            raise Refused(not_found(call.rest[2]))
        item["assignments"] = [assignment for assignment in item["assignments"] if assignment["id"] != call.rest[2]]
        call.keep(item)
        return Reply(200)
    if call.method != "POST" or len(call.rest) != 2:
        raise Refused(no_route("/".join(call.rest)))
    refuse_missing(call, call.body)
    [made] = stored_assignments(call, item["id"], [call.body])
    if made["id"] in {assignment["id"] for assignment in item["assignments"]}:
        raise bad_request("The target is assigned already.")
    item["assignments"].append(made)
    call.keep(item)
    return Reply(201, made)
