"""Changes that nobody asked Graph for: a person in the portal, another app, or the service itself.

They are not checked as writes are, and leave in the object and in the audit logs what such a change leaves.
"""

import copy
import time
import uuid
from datetime import UTC, datetime
from typing import Any

from graph.simulator.audit import doers, log
from graph.simulator.audit.touches import Touch, graph_time
from graph.simulator.features import bins
from graph.simulator.model.collections import DM
from graph.simulator.model.write_rules import ETAG, INT, RULES, WriteRules
from graph.simulator.store.state import Object, State, Tenant

TOKENS, PROFILES = f"{DM}/depOnboardingSettings", "enrollmentProfiles"


class Unknown(Exception):
    """The tenant has no such object."""


def change(state: State, tenant: Tenant, raw: dict[str, Any]) -> Object:
    """Carry out {"collection", "id", "by", "at", "lag_s", "correlation"} and one of: "item", the whole of a new
    object; "set", properties; "assignments", all of them; "remove". Return {"id", "at", "correlation"}.

    "at" is the time of the change, now unless given; its records carry it. "modified_at" is what the object says of
    it, where that is to be another time. An Apple enrollment profile's id is
    "token/profile".
    """
    at = datetime.fromisoformat(raw["at"]) if raw.get("at") else datetime.now(UTC)
    correlation = raw.get("correlation") or str(uuid.uuid4())
    with state.lock, state.lock_of(tenant):
        path, object_id, before = _found(tenant, raw)
        stamp = datetime.fromisoformat(raw["modified_at"]) if raw.get("modified_at") else at
        after = _after(raw, path, object_id, before, stamp)
        _keep(state, tenant, raw, after)
        touch = Touch(path, object_id, before, after, doers.from_json(raw.get("by") or {"kind": doers.SERVICE}),
                      correlation, at, is_assignment="assignments" in raw, lag_s=raw.get("lag_s"))  # fmt: skip
        log.record(tenant, touch)
    state.changed()
    return {"id": raw.get("id") or object_id, "at": graph_time(at), "correlation": correlation}


def _found(tenant: Tenant, raw: dict[str, Any]) -> tuple[str, str, Object | None]:
    """Return (collection, id, the object); a new one gets an id here."""
    path = raw["collection"]
    object_id = raw.get("id") or str((raw.get("item") or {}).get("id") or "") or _new_id(path)
    token, _, profile = object_id.partition("/")
    held = tenant.held(path, token)
    if profile:
        children = (held or {}).get(PROFILES) or ()
        return f"{path}/{PROFILES}", profile, next((child for child in children if child["id"] == profile), None)
    if held is None and "item" not in raw:
        raise Unknown(f"{path}/{object_id}")
    return path, object_id, held


def _new_id(path: str) -> str:
    rules = RULES.get(path.lower())
    return (rules.id_form if rules else "{guid}").format(guid=uuid.uuid4(), number=int(time.time()))


def _after(raw: dict[str, Any], path: str, object_id: str, before: Object | None, at: datetime) -> Object | None:
    if raw.get("remove"):
        return None
    if "item" in raw:
        return {**raw["item"], "id": object_id, **_times(path, raw["item"], at, is_new=True)}
    if before is None:
        raise Unknown(f"{path}/{object_id}")
    item = {**copy.deepcopy(before), **raw.get("set", {})}
    if "assignments" in raw:
        item["assignments"] = [_assigned(object_id, assignment) for assignment in raw["assignments"]]
        if "isAssigned" in item:
            item["isAssigned"] = bool(item["assignments"])
    return item | _times(path, item, at, is_new=False) | _version(RULES.get(path.lower()), item)


def _times(path: str, item: Object, at: datetime, *, is_new: bool) -> Object:
    rules = RULES.get(path.lower())
    usual = rules.times if rules else ("lastModifiedDateTime",)
    return {
        name: graph_time(at) for name in usual if (name in item or is_new) and (is_new or name != "createdDateTime")
    }


def _version(rules: WriteRules | None, item: Object) -> Object:
    held = item.get("version")
    if rules and rules.version == INT and isinstance(held, int):
        return {"version": held + 1}
    return {"version": f'"{uuid.uuid4()}"'} if rules and rules.version == ETAG and held else {}


def _assigned(owner: str, assignment: Object) -> Object:
    target = assignment["target"]
    everyone = {"allLicensedUsersAssignmentTarget": "acacacac-9df4-4c7d-9d50-4ef0226f57a9",
                "allDevicesAssignmentTarget": "adadadad-808e-44e2-905a-0b7873a8a531"}  # fmt: skip
    to = target.get("groupId") or everyone.get(str(target.get("@odata.type")).rpartition(".")[2]) or uuid.uuid4()
    return {"id": f"{owner}_{to}", **assignment}


def _keep(state: State, tenant: Tenant, raw: dict[str, Any], after: Object | None) -> None:
    path, (token, _, profile) = raw["collection"], str(raw.get("id") or (after or {})["id"]).partition("/")
    if profile:
        held = copy.deepcopy(tenant.held(path, token) or {})
        others = [child for child in held.get(PROFILES) or () if child["id"] != profile]
        state.put(tenant, path, {**held, PROFILES: [*others, *([after] if after else [])]})
    elif after is None:
        if gone := tenant.collections[path].pop(token, None):
            bins.keep(tenant, path, gone)
        tenant.arrivals.pop(f"{path}/{token}", None)
    else:
        if tenant.held(path, token) is None:
            tenant.arrivals[f"{path}/{token}"] = time.time()
        state.put(tenant, path, after)
