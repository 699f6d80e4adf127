"""The shape that a policy's JSON must have in the places where our code looks inside. Everything else is free.

A content is checked once, where it comes in: read from Graph, or uploaded. Whatever is there and not null has the
right type, so that all later code may index without checking again.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from graph.policy_types.driver_approvals import INVENTORY
from graph.policy_types.enrollment import DEVICE_GROUPS, MESSAGES
from graph.policy_types.tenant_wide_types import BRANDING_FILES

Check = Callable[[Any], bool]


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _object(value: Any) -> bool:
    return isinstance(value, dict)


def _list(value: Any) -> bool:
    return isinstance(value, list)


def _texts(value: Any) -> bool:
    return _list(value) and all(map(_text, value))


def _objects(value: Any) -> bool:
    return _list(value) and all(map(_object, value))


def _number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


# Path -> its check; "[]" is every element. A path stands after those that lead to it.
_EVERYWHERE: Mapping[str, Check] = {
    "body": _object,
    "body.@odata.type": _text,
    "body.displayName": _text,
    "body.name": _text,
    "body.settingCount": _number,
    "body.lastModifiedDateTime": _text,
    "body.roleScopeTagIds": _texts,
    "body.settings": _objects,
    "body.settings.[].settingInstance": _object,
    "body.omaSettings": _objects,
    "body.omaSettings.[].secretReferenceValueId": _text,
    "body.privacyAccessControls": _objects,
    "body.definitionValues": _objects,
    "body.definitionValues.[].id": _text,
    "body.definitionValues.[].definition": _object,
    "body.definitionValues.[].presentationValues": _objects,
    "body.definitionValues.[].presentationValues.[].presentation": _object,
    "body.scheduledActionsForRule": _objects,
    "body.scheduledActionsForRule.[].scheduledActionConfigurations": _objects,
    "body.localizedNotificationMessages": _objects,
    "body.localizedNotificationMessages.[].locale": _text,
    "body.apps": _objects,
    "body.rolePermissions": _objects,
    "body.rolePermissions.[].resourceActions": _objects,
    "body.roleDefinition": _object,
    "body.combinationConfigurations": _objects,
    "body.combinationConfigurations.[].appliesToCombinations": _texts,
    "body.rolloutSettings": _object,
    "body.priorityMetaData": _object,
    "body.relationships": _objects,
    "body.notificationTemplates": _texts,
    f"body.{MESSAGES}": _objects,
    f"body.{MESSAGES}.[].kind": _text,
    f"body.{MESSAGES}.[].localizedNotificationMessages": _objects,
    f"body.{MESSAGES}.[].localizedNotificationMessages.[].locale": _text,
    f"body.{INVENTORY}": _objects,
    f"body.{DEVICE_GROUPS}": _objects,
    "assignments": _objects,
    "assignments.[].target": _object,
    "assignments.[].target.groupId": _text,
    "assignments.[].target.deviceAndAppManagementAssignmentFilterId": _text,
}
_OF_TYPE: Mapping[str, Mapping[str, Check]] = {
    "policySets": {"body.items": _objects, "body.items.[].payloadId": _text},
    "roleAssignments": {"body.roleScopeTags": _objects, "body.roleScopeTags.[].id": _text},
    "groups": {"body.groupTypes": _texts, "body.members": _objects},
    "mobileApps": {"body.categories": _objects, "body.categories.[].id": _text},
    "agreements": {
        "body.files": _objects,
        "body.files.[].fileData": _object,
        "body.files.[].fileData.data": _text,
    },
    "provisioningPolicies": {"body.domainJoinConfigurations": _objects},
    "organizationalBranding": dict.fromkeys((f"body.{name}" for name in BRANDING_FILES), _text),
    "browserSiteLists": {"body.sites": _objects, "body.sharedCookies": _objects},
    "conditionalAccessPolicies": {
        "body.state": _text,
        "body.conditions": _object,
        "body.conditions.users": _object,
        **{f"body.conditions.users.{name}{what}": _texts for name in ("include", "exclude")
           for what in ("Users", "Groups", "Roles")},
        "body.conditions.clientApplications": _object,
        **{f"body.conditions.clientApplications.{name}ServicePrincipals": _texts for name in ("include", "exclude")},
    },
}  # fmt: skip
# Properties that later code indexes, and so have to be there.
_NEEDED: dict[str, str] = {
    "definitionValues": "id",
    "localizedNotificationMessages": "locale",
    "assignments": "target",
}
# Children that are written one by one, by their ids.
_NEEDED_OF_TYPE: Mapping[str, dict[str, str]] = {
    "intents": {"settings": "id"},
    "policySets": {"items": "id"},
    "authenticationStrengths": {"combinationConfigurations": "id"},
    "browserSiteLists": {"sites": "id", "sharedCookies": "id"},
}
_MOST_TYPES = 256  # policy types that are remembered
_NAMED_BY_US = ("authenticationContextClassReferences",)


def find_problem(policy_type: str, content: Mapping[str, Any]) -> str:
    """Return the first path whose value has the wrong type or is missing; "" when the content is in order."""
    body = content.get("body")
    for path, steps, is_sort in _checks(policy_type):
        # Most policies have few of these properties.
        if steps[0] == "body" and len(steps) > 1 and not (isinstance(body, dict) and steps[1] in body):
            continue
        if not all(map(is_sort, _values(content, steps))):
            return path.removeprefix("body.").replace(".[]", "")
    return next(_missing(policy_type, content), "")


@lru_cache(_MOST_TYPES)
def _checks(policy_type: str) -> Sequence[tuple[str, list[str], Check]]:
    """Return (path, its steps, its check) of everything that is checked of this type."""
    places = {**_EVERYWHERE, **_OF_TYPE.get(policy_type, {})}
    return [(path, _split(path), is_sort) for path, is_sort in places.items()]


def values_at(content: Mapping[str, Any], path: str) -> list[Any]:
    """Return the values at a path as above that are not null."""
    return _values(content, _split(path))


def _split(path: str) -> list[str]:
    steps = path.replace("@odata.type", "@odata type").split(".")
    return [step.replace("@odata type", "@odata.type") for step in steps]


def _values(value: Any, steps: list[str]) -> list[Any]:
    level = [value]
    for step in steps:
        if step == "[]":
            level = [inner for holder in level if isinstance(holder, list) for inner in holder]
        else:
            level = [holder[step] for holder in level if isinstance(holder, dict) and step in holder]
    return [inner for inner in level if inner is not None]


def _missing(policy_type: str, content: Mapping[str, Any]) -> Iterator[str]:
    if policy_type in _NAMED_BY_US and not content["body"].get("id"):
        yield "id"
    for template in content["body"].get(MESSAGES) or ():
        if any(message.get("locale") is None for message in template.get("localizedNotificationMessages") or ()):
            yield f"{MESSAGES}.localizedNotificationMessages.locale"
    for name, needed in (_NEEDED | _NEEDED_OF_TYPE.get(policy_type, {})).items():
        holder = content if name == "assignments" else content["body"]
        if any(child.get(needed) is None for child in holder.get(name) or ()):
            yield f"{name}.{needed}"


def is_content(policy_type: str, content: Any) -> bool:
    return (
        isinstance(content, dict) and isinstance(content.get("body"), dict) and not find_problem(policy_type, content)
    )
