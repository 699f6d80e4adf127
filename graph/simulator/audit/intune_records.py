"""Records of Intune's log: what a change leaves in `deviceManagement/auditEvents`."""

import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from graph.simulator.audit.doers import RecordedDoer, actor
from graph.simulator.audit.intune_table import EACH, INTUNE, IntuneWords
from graph.simulator.audit.touches import Touch, graph_time, name_of
from graph.simulator.model.collections import DM
from graph.simulator.store.known_properties import bare
from graph.simulator.store.state import Object

# In every record, and of no meaning (rknightion/graph2otel).
_VERSION = {"displayName": "DeviceManagementAPIVersion", "oldValue": None, "newValue": "5025-06-03"}
_NULL = "<null>"
# Settings and rules of a policy are not spelled out; its assignments have records of their own.
_UNTOLD = frozenset({"assignments", "settings", "scheduledActionsForRule", "definitionValues", "settingInstance",
                     "lastModifiedDateTime", "createdDateTime", "version", "id", "isAssigned"})  # fmt: skip
SETTINGS, _NO_ID = f"{DM}/settings", "00000000-0000-0000-0000-000000000000"
_CATALOG = "DeviceManagementConfigurationPolicy"


def records(touch: Touch) -> Iterator[Object]:
    """Assignments come as records of their own, with the same correlation id."""
    words = INTUNE[touch.path]
    if not touch.is_assignment:
        yield _policy_record(touch, words)
    before, after = _assignments(touch.before), _assignments(touch.after)
    if touch.before is None or touch.after is None or not (touch.is_assignment or before != after):
        return
    if words.assigned == EACH:
        yield from _assignment_records(touch, words, before, after)
    else:
        yield _record(touch, words, words.assigned, "Action", [_whole_set(touch, words, after)])


def read_record(path: str, object_id: str, name: str, doer: RecordedDoer, at: datetime) -> Object:
    """Reads are told seldom, of lists ("Search") and of one object ("Get"): nothing was changed."""
    words, verb = INTUNE[path], "Get" if object_id else "Search"
    touch = Touch(path, object_id, None, {"displayName": name}, doer, str(uuid.uuid4()), at)
    resources = [_resource(touch, words, [])] if object_id else []
    return _record(touch, words, f"{verb} {words.entity}", "Get", resources)


def _policy_record(touch: Touch, words: IntuneWords) -> Object:
    verb = touch.operation
    activity = words.named.get(verb) or f"{verb} {words.entity}"
    return _record(touch, words, activity, verb, [_resource(touch, words, list(_properties(touch)))])


def _assignment_records(
    touch: Touch, words: IntuneWords, before: dict[str, Object], after: dict[str, Object]
) -> Iterator[Object]:
    gone = [(key, "Delete", before[key]) for key in before if key not in after]
    # Assigning replaces the whole set: what stays is written again.
    come = [(key, "Create", after[key]) for key in after if before.get(key) != after[key]]
    for key, verb, assignment in gone + (come or [] if gone else come or [(k, "Create", a) for k, a in after.items()]):
        entity = f"{words.entity}Assignment"
        told = _target(assignment, key, touch.object_id) if verb == "Create" else []
        child = {"displayName": _NULL, "auditResourceType": entity, "resourceId": key, "modifiedProperties": told}
        made = _record(touch, words, f"{verb} {entity}", verb, [_resource(touch, words, []), child])
        if words.entity == _CATALOG:
            made["displayName"] = f"{verb} device configuration assignment 2.0 (beta)"
        yield made


def _whole_set(touch: Touch, words: IntuneWords, after: dict[str, Object]) -> Object:
    targets = [assignment.get("target") or {} for assignment in after.values()]
    groups = [str(target["groupId"]) for target in targets if target.get("groupId")]
    told = [_property("TargetGroupIDs", None, ",".join(groups) or _NULL), _VERSION]
    return {**_resource(touch, words, told), "displayName": _NULL}


def _assignments(item: Object | None) -> dict[str, Object]:
    held = (item or {}).get("assignments") or ()
    objects = [item for item in held if isinstance(item, dict)]
    return {str(item.get("id")) + str(item.get("intent", "")): item for item in objects}


def _target(assignment: Object, key: str, owner: str) -> list[Object]:
    target = assignment.get("target") or {}
    prefix = "deviceAndAppManagementAssignmentFilter"
    held = target.get(f"{prefix}Id")
    told = {
        "Target.Type": _pascal(bare(target)),
        "Target.GroupId": target.get("groupId"),
        "Target.DeviceAndAppManagementAssignmentFilterId": held or _NULL,
        "Target.DeviceAndAppManagementAssignmentFilterType": _pascal(target.get(f"{prefix}Type") or "none"),
        "Id": key,
        "Source": "Direct",
        "SourceId": owner,
        "$Collection.RoleScopeTagIds[0]": "Default",
    }
    return [*(_property(name, None, str(value)) for name, value in told.items() if value), _VERSION]


def _resource(touch: Touch, words: IntuneWords, told: list[Object]) -> Object:
    own = _pascal(bare(touch.shown)) if words.is_own_type else ""
    return {
        "displayName": name_of(touch.shown) or _NULL,
        "auditResourceType": words.resource or own or words.entity,
        "resourceId": _resource_id(touch),
        "modifiedProperties": told,
    }


def _resource_id(touch: Touch) -> str:
    """Return the id of a record. Of an enrollment configuration the whole id is read under "Id" only, and settings
    of a tenant have none: both a guess.
    """
    if touch.path == SETTINGS:
        return _NO_ID
    return touch.object_id.partition("_")[0] if _is_suffixed(touch) else touch.object_id


def _is_suffixed(touch: Touch) -> bool:
    return touch.path.endswith("/deviceEnrollmentConfigurations") and "_" in touch.object_id


def _record(touch: Touch, words: IntuneWords, activity: str, operation: str, resources: list[Object]) -> Object:
    return {
        "id": str(uuid.uuid4()),
        "displayName": activity,
        "componentName": words.component,
        "activity": None,
        "activityDateTime": graph_time(touch.at),
        "activityType": activity,
        "activityOperationType": operation,
        "activityResult": "Success",
        "correlationId": touch.correlation,
        "category": words.category,
        "actor": actor(touch.doer),
        "resources": resources,
    }


def _properties(touch: Touch) -> Iterator[Object]:
    """Yield what differs, by names that are .NET paths, and, of lists that do not differ, each element as if it were
    gone.
    """
    if touch.after is None:
        yield _VERSION
        return
    before, after = touch.before or {}, touch.after
    if _is_suffixed(touch):
        yield _property("Id", None, touch.object_id)
    changed = [name for name in after if name not in _UNTOLD and "@" not in name and before.get(name) != after[name]]
    if not changed and touch.before is not None and not _is_suffixed(touch):
        return  # empty, though something was changed
    for name in changed:
        old, new = before.get(name), after[name]
        for key in sorted({*_paths(name, old), *_paths(name, new)}):
            was, now = _paths(name, old).get(key), _paths(name, new).get(key)
            if was != now:
                yield _property(key, was, now)
    lists = [name for name, value in after.items() if name not in {*changed, *_UNTOLD} and isinstance(value, list)]
    for name in lists[:1]:
        yield from (_property(key, value, "") for key, value in _paths(name, after[name]).items())
    yield _VERSION


def _property(name: str, old: Any, new: Any) -> Object:
    return {"displayName": name, "oldValue": old, "newValue": new}


def _paths(name: str, value: Any) -> dict[str, str]:
    """`{"passwordRequired": true}` -> `{"PasswordRequired": "True"}`; elements of lists by number; two levels deep.

    What is secret is there as it is (rknightion/graph2otel stores none of these values, for that reason).
    """
    path = _pascal(name)
    if isinstance(value, list):
        elements = [(f"$Collection.{path}[{number}]", element) for number, element in enumerate(value)]
        return {key: text for place, element in elements for key, text in _below(place, element)}
    if isinstance(value, dict):
        return dict(_below(path, value))
    return {} if value is None else {path: _text(value)}


def _below(path: str, value: Any) -> Iterator[tuple[str, str]]:
    if _is_plain(value):
        yield path, _text(value)
    if isinstance(value, dict):
        yield from ((f"{path}.{_pascal(key)}", _text(inner)) for key, inner in value.items()
                    if _is_plain(inner) and "@" not in key)  # fmt: skip


def _is_plain(value: Any) -> bool:
    return not isinstance(value, (dict, list))


def _text(value: Any) -> str:
    return _NULL if value is None else str(value)


def _pascal(text: Any) -> str:
    words = str(text or "")
    return words[:1].upper() + words[1:]
