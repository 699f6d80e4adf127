"""Records of Entra's log: what a change leaves in `auditLogs/directoryAudits`."""

import json
import uuid
from collections.abc import Iterator, Mapping
from typing import Any

from graph.simulator.audit.doers import initiator
from graph.simulator.audit.entra_table import ACCESS, ENTRA, EntraWords
from graph.simulator.audit.touches import Touch, graph_time
from graph.simulator.store.state import Object

# Seen as a number in a captured record (panther-labs/panther-analysis: 63 for all six): Graph's words in the order of
# Microsoft's model.
_FLAGS: Mapping[str, int] = {
    "none": 0, "internalGuest": 1, "b2bCollaborationGuest": 2, "b2bCollaborationMember": 4, "b2bDirectConnectUser": 8,
    "otherExternalUser": 16, "serviceProvider": 32,
}  # fmt: skip
_OPERATIONS = {"Create": "Add", "Patch": "Update", "Delete": "Delete"}
_NOT_TOLD = frozenset({"assignments", "members", "files", "sites", "sharedCookies"})


def records(touch: Touch) -> Iterator[Object]:
    """Two records of a Conditional Access policy: the second, from the directory beneath, with another correlation
    id.
    """
    words = ENTRA[touch.path]
    name = {"Create": words.made, "Patch": words.changed, "Delete": words.removed}[touch.operation]
    yield _record(touch, words, name, _identified(touch, words), [_told(touch, words)])
    if touch.path == ACCESS:
        beneath = EntraWords("Core Directory", "Policy", "Add policy", "Update policy", "Delete policy", words.basis)
        name = name.split(" ")[0] + " policy"
        correlation = str(uuid.uuid4())
        detail = _property("PolicyDetail", _detail(touch.before), _detail(touch.after))
        named = _property("Included Updated Properties", None, '"PolicyDetail"')
        record_id = f"Directory_{correlation}_{_mark()}"
        yield {**_record(touch, beneath, name, record_id, [detail, named]), "correlationId": correlation}


def _identified(touch: Touch, words: EntraWords) -> str:
    prefix = "IPCGraph" if words.service == "Conditional Access" else "Directory"
    return f"{prefix}_{touch.correlation}_{_mark()}"


def _mark() -> str:
    drawn = uuid.uuid4()
    return f"{drawn.hex[:5].upper()}_{drawn.int % 10**8:08}"


def _record(touch: Touch, words: EntraWords, name: str, record_id: str, told: list[Object]) -> Object:
    target = {
        "id": touch.object_id,
        "displayName": touch.name,
        "type": words.target,
        "userPrincipalName": None,
        "groupType": "unifiedGroups" if words.target == "Group" else None,
        "modifiedProperties": told,
    }
    return {
        "id": record_id,
        "category": words.category,
        "correlationId": touch.correlation,
        "result": "success",
        "resultReason": None,
        "activityDisplayName": name,
        "activityDateTime": graph_time(touch.at),
        "loggedByService": words.service,
        "operationType": _OPERATIONS[touch.operation],
        "userAgent": None,
        "initiatedBy": initiator(touch.doer),
        "targetResources": [target],
        "additionalDetails": [{"key": "Category", "value": words.service}],
    }


def _told(touch: Touch, words: EntraWords) -> Object:
    if words.property:
        return _property(words.property, _as_text(touch.before), _as_text(touch.after))
    before, after = touch.before or {}, touch.after or {}
    name = next((key for key in sorted({*before, *after} - _NOT_TOLD) if before.get(key) != after.get(key)), "id")
    # Quoted twice, as other services than Conditional Access have it.
    return _property(_first_upper(name), json.dumps([before.get(name)]), json.dumps([after.get(name)]))


def _property(name: str, old: Any, new: Any) -> Object:
    return {"displayName": name, "oldValue": old, "newValue": new}


def _as_text(item: Object | None) -> str | None:
    return None if item is None else json.dumps(_not_quite_graph(item), separators=(",", ":"))


def _not_quite_graph(value: Any) -> Any:
    """Almost no nulls, flags as numbers, dates with +00:00."""
    if isinstance(value, list):
        return [_not_quite_graph(element) for element in value]
    if isinstance(value, dict):
        return {
            name: _number(inner) if name == "guestOrExternalUserTypes" else _not_quite_graph(inner)
            for name, inner in value.items()
            if inner is not None or name == "applicationFilter"
        }
    if isinstance(value, str) and value[:2] == "20" and value.endswith("Z") and value[10:11] == "T":
        return f"{value[:-1]}+00:00"
    return value


def _number(words: Any) -> Any:
    names = str(words).split(",")
    return sum(_FLAGS[name] for name in names) if set(names) <= set(_FLAGS) else words


def _detail(item: Object | None) -> str | None:
    """The directory's own schema: a list of JSON texts."""
    if item is None:
        return None
    controls = (item.get("grantControls") or {}).get("builtInControls") or []
    state = {"enabled": "Enabled", "disabled": "Disabled"}.get(str(item.get("state")), "Reporting")
    body = {"Version": 1, "State": state, "Controls": [{"Control": [_first_upper(control) for control in controls]}]}
    return json.dumps([json.dumps(body, separators=(",", ":"))])


def _first_upper(text: str) -> str:
    return text[:1].upper() + text[1:]
