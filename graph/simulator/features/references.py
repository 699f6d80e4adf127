"""The ids that a body refers to, and which of them the tenant has not."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from graph.simulator.model.collections import AGREEMENTS, CA, CLOUD_PCS, DAM, DM
from graph.simulator.model.odata import Object
from graph.simulator.model.replies import bad_request, malformed
from graph.simulator.store import publishing_delays
from graph.simulator.store.state import Tenant
from graph.simulator.store.write_request import Call, objects

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
ANY = "*"
FILTERS, TEMPLATES = f"{DM}/assignmentFilters", f"{DM}/notificationMessageTemplates"
APPS, TAGS = f"{DAM}/mobileApps", f"{DM}/roleScopeTags"
LOCATIONS, STRENGTHS = f"{CA}/namedLocations", f"{CA}/authenticationStrength/policies"
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")

# (collection, id)
Reference = tuple[str, str]


def refuse_missing(call: Call, value: Any) -> None:
    for collection, object_id in missing(call.tenant, call.path, value):
        if call.path.startswith(CA):
            raise malformed()
        raise bad_request(f"{collection.rpartition('/')[2]} with id {object_id} was not found.")
    publishing_delays.refuse_unheard(call.tenant, references(call.path, value))


def missing(tenant: Tenant, path: str, value: Any) -> Iterator[Reference]:
    for collection, object_id in references(path, value):
        if not _exists(tenant, collection, object_id):
            yield collection, object_id


def _exists(tenant: Tenant, collection: str, one: str) -> bool:
    if collection == ANY:
        return any(one in items for items in tenant.collections.values())
    if collection == "servicePrincipals":
        known = tenant.collections.get(collection)
        return known is None or any(item.get("appId") == one for item in known.values())
    return one in tenant.collections.get(collection, {})


def references(path: str, value: Any) -> Iterator[Reference]:
    """Yield the (collection, id) pairs that a body names, or any part of one: a list of assignments, rules or
    settings.
    """
    if path == f"{CA}/policies" and isinstance(value, dict):
        yield from _conditional_access(value)
    if path == f"{DM}/roleAssignments" and isinstance(value, dict):
        for name in ("members", "resourceScopes"):
            yield from (("groups", group_id) for group_id in _texts(value.get(name)))
    yield from _everywhere(value)


def _everywhere(value: Any) -> Iterator[Reference]:
    if isinstance(value, list):
        for inner in value:
            yield from _everywhere(inner)
    if not isinstance(value, dict):
        return
    for name, inner in value.items():
        read_ids = _BY_NAME.get(name)
        if read_ids:
            collection, ids = read_ids
            yield from ((collection, object_id) for object_id in ids(inner))
    if str(value.get("@odata.type", "")).endswith("ReferenceSettingValue") and value.get("value"):
        yield f"{DM}/reusablePolicySettings", str(value["value"])
    for inner in value.values():
        yield from _everywhere(inner)


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, list) else []


def _but_none(value: Any) -> list[str]:
    return [text for text in _texts(value) if text not in {"", ZERO_GUID}]


def _but_default(value: Any) -> list[str]:
    return [text for text in _texts(value) if text != "0"]


_BY_NAME: Mapping[str, tuple[str, Callable[[Any], list[str]]]] = {
    "groupId": ("groups", _but_none),
    "deviceAndAppManagementAssignmentFilterId": (FILTERS, _but_none),
    "notificationTemplateId": (TEMPLATES, _but_none),
    "notificationMessageCCList": ("groups", _but_none),
    "deviceComplianceScriptId": (f"{DM}/deviceComplianceScripts", _but_none),
    "targetedMobileApps": (APPS, _texts),
    "selectedMobileAppIds": (APPS, _texts),
    "payloadId": (ANY, _texts),
    "approverGroupIds": ("groups", _texts),
    "onPremisesConnectionId": (f"{CLOUD_PCS}/onPremisesConnections", _but_none),
    "roleScopeTagIds": (TAGS, _but_default),
    "roleScopeTags": (TAGS, _but_default),
}


def _conditional_access(body: Object) -> Iterator[Reference]:
    conditions = _object(body, "conditions")
    for side in ("include", "exclude"):
        users, applications = _object(conditions, "users"), _object(conditions, "applications")
        yield from (("groups", group_id) for group_id in _texts(users.get(f"{side}Groups")))
        yield from (("users", user_id) for user_id in _guids(users.get(f"{side}Users")))
        yield from (("servicePrincipals", app_id) for app_id in _guids(applications.get(f"{side}Applications")))
        locations = _texts(_object(conditions, "locations").get(f"{side}Locations"))
        yield from ((LOCATIONS, location) for location in locations if location not in {"All", "AllTrusted", ZERO_GUID})
    grant = _object(body, "grantControls")
    yield from ((AGREEMENTS, agreement) for agreement in _texts(grant.get("termsOfUse")))
    strength = _object(grant, "authenticationStrength").get("id")
    yield from ((STRENGTHS, strength_id) for strength_id in _texts(strength))


def _object(value: Object, name: str) -> Object:
    inner = value.get(name)
    return inner if isinstance(inner, dict) else {}


def _guids(value: Any) -> list[str]:
    return [text for text in _texts(value) if _GUID.fullmatch(text)]


def bound(value: Any, kind: str) -> str:
    """The id in `https://graph…/kind('id')` or `…/kind/id`. Raises Refused when it is no such address."""
    match = re.search(rf"/{kind}(?:\('([^']+)'\)|/([^/()]+))$", str(value), re.IGNORECASE)
    if match is None:
        raise bad_request(f"'{str(value)[:120]}' is no address of {kind}.")
    return match[1] or match[2]


def assignments_using(tenant: Tenant, collection: str, object_id: str) -> bool:
    """Tell whether any assignment in the tenant refers to the object."""
    for items in list(tenant.collections.values()):
        for item in list(items.values()):
            if any(reference == (collection, object_id) for reference in _everywhere(objects(item.get("assignments")))):
                return True
    return False
