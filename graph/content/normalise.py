"""The content without what is no change: what the service makes removed, what has no order sorted, spellings made one.

Total (never raises, whatever the JSON) and idempotent. What a value is, Microsoft's model says
(graph/content/places.py); the
few equalities below were seen in captures of the service.
"""

import base64
import json
from collections.abc import Callable, Mapping
from typing import Any

from graph.content.odata import without_annotations
from graph.content.places import ASSIGNMENTS, Place, body_of, place_in
from graph.content.service_made import is_service_made, is_service_made_outermost
from graph.content.spellings import one_spelling
from graph.microsoft import model
from graph.policy_types.driver_approvals import INVENTORY, decided
from graph.policy_types.enrollment import DEVICE_GROUPS, IS_DEFAULT, MESSAGES, is_of_enrollment, templates_of
from graph.policy_types.policy_type import PolicyType

# Objects with a life of their own that a policy refers to: which one it is counts, not what it is called.
_REFERRED = frozenset(
    {
        "groupPolicyDefinition", "groupPolicyPresentation", "authenticationStrengthPolicy", "roleDefinition",
        "roleScopeTag", "mobileAppCategory", "deviceConfiguration",
        "deviceManagementDerivedCredentialSettings",
    }
)  # fmt: skip

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_NOTHING: tuple[Any, ...] = (None, [], {})


def normalise(policy_type: PolicyType, content: Any) -> Any:
    """Of {"body", "assignments"}; the result is for comparing only, never for writing."""
    content = without_annotations(content)
    if not isinstance(content, dict):
        return content
    body = content.get("body")
    clean = _body(policy_type, body) if isinstance(body, dict) else body
    return {"body": clean, "assignments": normalise_assignments(content.get("assignments"))}


def _body(policy_type: PolicyType, body: dict[str, Any]) -> dict[str, Any]:
    place, body = body_of(policy_type), _own_parts(body)
    actual = model.type_of(body, place.declared)
    dropped = {name for name in body if is_service_made_outermost(actual, name)}
    clean = _object(body, place, dropped | policy_type.volatile | {"id", "assignments"})
    _drop_computed_apps(clean)
    return clean


def _own_parts(body: dict[str, Any]) -> dict[str, Any]:
    """Of what is beside a body, what is the policy's: not what devices report, what other apps say of it, and the ids
    of what the service keeps for it.
    """
    body = dict(body)
    for name, part in _PARTS.items():
        if name in body and isinstance(body[name], list):
            body[name] = part(body)
    if "priorityMetaData" in body and not is_of_enrollment(body):
        del body["priorityMetaData"]
    if body.get(IS_DEFAULT) is False:
        del body[IS_DEFAULT]
    return body


def _decisions(body: dict[str, Any]) -> list[Any]:
    """When an approved driver is offered is sent, and answered otherwise."""
    return _ordered([_only(one, "name", "version", "manufacturer", "approvalStatus") for one in decided(body)])


def _relationships(body: dict[str, Any]) -> list[Any]:
    own = [one for one in body["relationships"] if isinstance(one, dict) and one.get("targetType") != "parent"]
    kept = ("@odata.type", "targetId", "dependencyType", "supersedenceType")
    return _ordered([_only(one, *kept) for one in own])


def _messages(body: dict[str, Any]) -> dict[str, Any]:
    """By their kind. An order of flags, or of locales, says nothing."""
    return {
        str(one.get("kind")): {
            "brandingOptions": sorted(str(one.get("brandingOptions") or "none").replace(" ", "").split(",")),
            "localizedNotificationMessages": _ordered(
                [_only(message, "locale", "subject", "messageTemplate", "isDefault")
                 for message in one.get("localizedNotificationMessages") or () if isinstance(message, dict)]
            ),
        }
        for one in body[MESSAGES] if isinstance(one, dict)
    }  # fmt: skip


def _device_groups(body: dict[str, Any]) -> list[Any]:
    return [one.get("targetId") for one in body[DEVICE_GROUPS] if isinstance(one, dict)]


_PARTS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    INVENTORY: _decisions,
    "relationships": _relationships,
    MESSAGES: _messages,
    DEVICE_GROUPS: _device_groups,
    "notificationTemplates": lambda body: sorted({kind for kind, _ in templates_of(body)}),
}


def _only(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if value.get(name) is not None}


def _ordered(items: list[Any]) -> list[Any]:
    return sorted(items, key=canonical)


def normalise_assignments(assignments: Any) -> Any:
    if not isinstance(assignments, list):
        return assignments
    # Its own type, not its target's: some collections give it, and it says nothing. runRemediationScript always reads
    # false; source tells how it came, not what it does.
    dropped = {"@odata.type", "id", "runRemediationScript", "source", "sourceId"}
    clean = [_object(one, ASSIGNMENTS, dropped) if isinstance(one, dict) else one for one in assignments]
    return _sorted(clean, ASSIGNMENTS)


def clean(value: Any, place: Place) -> Any:
    """A value of this place, as `normalise` leaves it."""
    if isinstance(value, dict):
        return (
            {"id": clean(value["id"], Place())}
            if value.get("id") is not None and is_referred(place.declared)
            else _object(value, place)
        )
    if isinstance(value, list):
        inner = [clean(one, place) for one in value]
        if not any(isinstance(one, dict | list) for one in inner):
            return _unique(inner) if place.is_set else inner
        return _sorted(inner, place)
    return one_spelling(place.kind, value)


def is_referred(type_name: str) -> bool:
    """Objects of this type have a life of their own."""
    return not _REFERRED.isdisjoint(model.lineage(type_name))


def _object(value: dict[str, Any], place: Place, dropped: set[str] | frozenset[str] = frozenset()) -> dict[str, Any]:
    actual = model.type_of(value, place.declared)
    kept = {
        name: clean(inner, place_in(actual, name))
        for name, inner in value.items()
        if name not in dropped and not is_service_made(actual, name)
    }
    if kept.get("@odata.type") == f"{model.PREFIX}{place.declared}":
        del kept["@odata.type"]  # which goes without saying
    for rule in _EQUALITIES:
        rule(kept)
    # What is absent, null or empty is the same: Graph turns one into another between two reads.
    return {name: inner for name, inner in kept.items() if inner not in _NOTHING}


def is_nothing(value: Any) -> bool:
    """What says of a property only that nobody set it."""
    return value in (None, False, "", [], {}) or (isinstance(value, str) and value in _NOT_SET)


# Members of Microsoft's enumerations for "not set by this policy".
_NOT_SET = frozenset({"notConfigured", "userDefined", "deviceDefault", "notSet"})


def _sorted(items: list[Any], place: Place) -> list[Any]:
    """A set of objects; another list keeps its order."""
    if place.keys is None:
        return items
    names = [key_of(one, place) for one in items]
    if len(set(names)) == len(names):
        # Hundreds of settings: their whole texts are compared only where two have one name.
        return [one for _, one in sorted(zip(names, items, strict=True), key=lambda pair: pair[0])]
    return _unique(items)


def _unique(items: list[Any]) -> list[Any]:
    named = {canonical(one): one for one in items}
    return [named[one] for one in sorted(named)]


def key_of(item: Any, place: Place) -> str:
    """What identifies an element of a set."""
    for key in place.keys or ():
        found = item.get(key) if isinstance(item, dict) else None
        if key == "settingInstance" and isinstance(found, dict):
            found = found.get("settingDefinitionId")
        if found is not None:
            return canonical(clean(found, place.inside(item, key)))
    return canonical(item)


def canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str)


def from_base64(value: Any) -> Any:
    """The text in base64; anything else as it is."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError):
        return value


def _description(value: dict[str, Any]) -> None:
    if value.get("description") == "":
        value["description"] = None


def _scope_tags(value: dict[str, Any]) -> None:
    """None, [] and the built-in tag alone all mean “Default”."""
    for name in ("roleScopeTagIds", "roleScopeTags"):
        if value.get(name) == ["0"]:
            value[name] = None


def _filter(value: dict[str, Any]) -> None:
    if value.get("deviceAndAppManagementAssignmentFilterId") in (None, "", ZERO_GUID):
        value["deviceAndAppManagementAssignmentFilterId"] = None
        value["deviceAndAppManagementAssignmentFilterType"] = None


def _compliance_action(value: dict[str, Any]) -> None:
    if value.get("notificationTemplateId") in ("", ZERO_GUID):
        value["notificationTemplateId"] = None
    if value.get("ruleName") == "PasswordRequired":
        value["ruleName"] = None


def _oma_xml(value: dict[str, Any]) -> None:
    """Graph takes XML as base64 and reveals an encrypted one as text: compared as text."""
    if str(value.get("@odata.type")).endswith("omaSettingStringXml"):
        text = from_base64(value.get("value"))
        value["value"] = text if str(text).lstrip().startswith("<") else value.get("value")


def _value_twice(value: dict[str, Any]) -> None:
    """An intent's setting says its value twice."""
    if "valueJson" in value:
        value.pop("value", None)


def _unset_setting(value: dict[str, Any]) -> None:
    """An intent's setting of "null" is one that is not configured."""
    if isinstance(value.get("settings"), list):
        value["settings"] = [
            one for one in value["settings"] if not (isinstance(one, dict) and one.get("valueJson") == "null")
        ]


def _secret_setting(value: dict[str, Any]) -> None:
    """The token may differ at every read, and what was sent comes back as one: only that there is a secret counts."""
    if value.get("valueState") in ("encryptedValueToken", "notEncrypted"):
        value["value"] = value["valueState"] = "(secret)"


_EQUALITIES: tuple[Callable[[dict[str, Any]], None], ...] = (
    _description,
    _scope_tags,
    _filter,
    _compliance_action,
    _oma_xml,
    _unset_setting,
    _value_twice,
    _secret_setting,
)


def _drop_computed_apps(body: dict[str, Any]) -> None:
    """For “all apps” and the like Microsoft computes the list, and it grows."""
    if str(body.get("appGroupType") or "").startswith("all"):
        body.pop("apps", None)
