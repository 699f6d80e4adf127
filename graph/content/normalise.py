"""Normalise a content for comparison: drop what the service makes, sort what has no order, unify spellings.

Never raises, whatever the JSON, and is idempotent. Microsoft's model says what a value is (graph/content/places.py);
the few rules below were seen in captures of the service.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, NamedTuple

from graph.content.odata import HOLDERS, is_annotation, strip_annotations
from graph.content.places import ASSIGNMENTS, Place, body_place, property_place
from graph.content.service_made import is_service_made, is_service_made_outermost
from graph.content.spellings import normalise_spelling
from graph.microsoft import model
from graph.policy_types.driver_approvals import INVENTORY, decided_drivers
from graph.policy_types.enrollment import (
    DEVICE_GROUPS,
    IS_DEFAULT,
    MESSAGES,
    is_enrollment_policy,
    notification_templates,
)
from graph.policy_types.policy_type import PolicyType
from graph.remembering import remember

# Types of objects that live on their own and that a policy refers to: only the id counts, not their other properties.
_OWN_OBJECTS = frozenset(
    {
        "groupPolicyDefinition", "groupPolicyPresentation", "authenticationStrengthPolicy", "roleDefinition",
        "roleScopeTag", "mobileAppCategory", "deviceConfiguration",
        "deviceManagementDerivedCredentialSettings",
    }
)  # fmt: skip

# Changes the properties of one object.
Rule = Callable[[dict[str, Any]], None]

ZERO_GUID = "00000000-0000-0000-0000-000000000000"
_EMPTY: tuple[Any, ...] = (None, [], {})


def normalise(policy_type: PolicyType, content: Any) -> Any:
    """Return {"body", "assignments"} normalised. The result is for comparing only, never for writing."""
    if not isinstance(content, dict):
        return strip_annotations(content)
    body = content.get("body")
    clean = _normalise_body(policy_type, body) if isinstance(body, dict) else strip_annotations(body)
    return {"body": clean, "assignments": normalise_assignments(content.get("assignments"))}


def _normalise_body(policy_type: PolicyType, body: dict[str, Any]) -> dict[str, Any]:
    place, body = body_place(policy_type), _normalise_parts(body)
    actual = model.type_of(body, place.declared)
    dropped = policy_type.volatile.union(
        {"id", "assignments"}, (name for name in body if is_service_made_outermost(actual, name))
    )
    clean = _normalise_object(body, place, dropped)
    _drop_computed_apps(clean)
    return clean


def _normalise_parts(body: dict[str, Any]) -> dict[str, Any]:
    """Reduce the parts that we keep in a body to what is the policy's own.

    Left out are what devices report, what other apps say of it, and ids of objects that the service keeps for it.
    """
    body = dict(body)
    for name, part in _PART_NORMALISERS.items():
        if name in body and isinstance(body[name], list):
            body[name] = part(strip_annotations(body))
    if "priorityMetaData" in body and not is_enrollment_policy(body):
        del body["priorityMetaData"]
    if body.get(IS_DEFAULT) is False:
        del body[IS_DEFAULT]
    return body


def _decisions(body: dict[str, Any]) -> list[Any]:
    """Return the decisions without their times: the time that an approved driver is offered is answered differently."""
    return _sort_by_json(
        [_pick(driver, "name", "version", "manufacturer", "approvalStatus") for driver in decided_drivers(body)]
    )


def _relationships(body: dict[str, Any]) -> list[Any]:
    own = [
        relationship
        for relationship in body["relationships"]
        if isinstance(relationship, dict) and relationship.get("targetType") != "parent"
    ]
    names = ("@odata.type", "targetId", "dependencyType", "supersedenceType")
    return _sort_by_json([_pick(relationship, *names) for relationship in own])


def _messages(body: dict[str, Any]) -> dict[str, Any]:
    """Return the messages by kind, their flags and locales sorted."""
    return {
        str(template.get("kind")): {
            "brandingOptions": sorted(str(template.get("brandingOptions") or "none").replace(" ", "").split(",")),
            "localizedNotificationMessages": _sort_by_json(
                [_pick(message, "locale", "subject", "messageTemplate", "isDefault")
                 for message in template.get("localizedNotificationMessages") or () if isinstance(message, dict)]
            ),
        }
        for template in body[MESSAGES] if isinstance(template, dict)
    }  # fmt: skip


def _device_groups(body: dict[str, Any]) -> list[Any]:
    return [target.get("targetId") for target in body[DEVICE_GROUPS] if isinstance(target, dict)]


_PART_NORMALISERS: Mapping[str, Callable[[dict[str, Any]], Any]] = {
    INVENTORY: _decisions,
    "relationships": _relationships,
    MESSAGES: _messages,
    DEVICE_GROUPS: _device_groups,
    "notificationTemplates": lambda body: sorted({kind for kind, _ in notification_templates(body)}),
}


def _pick(value: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value[name] for name in names if value.get(name) is not None}


def _sort_by_json(items: list[Any]) -> list[Any]:
    return sorted(items, key=canonical_json)


# Its own type, not its target's: some collections give it, and it says nothing. runRemediationScript always reads
# false; source tells how it came, not what it does.
_DROPPED_OF_ASSIGNMENTS = frozenset({"@odata.type", "id", "runRemediationScript", "source", "sourceId"})


def normalise_assignments(assignments: Any) -> Any:
    if not isinstance(assignments, list):
        return strip_annotations(assignments)
    return _sort_set([_normalise_assignment(assignment) for assignment in assignments], ASSIGNMENTS)


@remember
def _normalise_assignment(assignment: Any) -> Any:
    if not isinstance(assignment, dict):
        return strip_annotations(assignment)
    return _normalise_object(assignment, ASSIGNMENTS, _DROPPED_OF_ASSIGNMENTS)


def normalise_value(value: Any, place: Place) -> Any:
    """Return a value at this place as `normalise` leaves it."""
    if isinstance(value, dict):
        return (
            {"id": normalise_value(value["id"], Place())}
            if value.get("id") is not None and is_own_object(place.declared)
            else _normalise_object(value, place)
        )
    if isinstance(value, list):
        # Objects of a set are settings, mostly: the same ones again and again.
        normalise_one = normalise_value if place.keys is None else _normalise_element
        inner = [normalise_one(element, place) for element in value]
        if not any(isinstance(element, HOLDERS) for element in inner):
            return _sort_unique(inner) if place.is_set else inner
        return _sort_set(inner, place)
    return normalise_spelling(place.kind, value)


_normalise_element = remember(normalise_value)


@lru_cache(model.MOST_PAIRS)
def is_own_object(type_name: str) -> bool:
    """Tell whether objects of this type live on their own, outside the policy that refers to them."""
    return not _OWN_OBJECTS.isdisjoint(model.lineage(type_name))


def _normalise_object(value: dict[str, Any], place: Place, dropped: frozenset[str] = frozenset()) -> dict[str, Any]:
    find_shape = _shape if len(value) <= _MOST_NAMES else _shape.__wrapped__
    shape, properties = find_shape(model.type_of(value, place.declared), tuple(value), dropped), dict[str, Any]()
    for name, spell, inside in shape.places:
        inner = value[name]
        # A plain value is done here: that is most of them, and each call costs.
        if isinstance(inner, str):
            properties[name] = spell(inner)
        elif isinstance(inner, HOLDERS):
            properties[name] = normalise_value(inner, inside)
        else:
            properties[name] = normalise_spelling(inside.kind, inner) if isinstance(inner, float) else inner
    if properties.get("@odata.type") == place.odata_type:
        del properties["@odata.type"]  # which goes without saying
    for rule in shape.rules:
        rule(properties)
    # Absent, null and empty are the same: Graph turns one into another between two reads.
    if all(properties.values()):
        return properties
    return {name: inner for name, inner in properties.items() if inner or inner not in _EMPTY}


class _Shape(NamedTuple):
    """Places and rules of all objects of one type that have the same names.

    `places`: (name, its place's `spell`, its place) of each property that is neither the service's nor an annotation.
    """

    places: Sequence[tuple[str, Callable[[str], str], Place]]
    rules: Sequence[Rule]


# Names come from answers and uploads, which may hold any: no more are remembered together. The type with the most
# properties has some three hundred.
_MOST_NAMES = 512


@lru_cache(1024)
def _shape(type_name: str, names: tuple[str, ...], dropped: frozenset[str]) -> _Shape:
    """Return the shape of objects of this type with these names, `dropped` ones left out."""
    kept = [name for name in names if not (name in dropped or is_annotation(name) or is_service_made(type_name, name))]
    places = [(name, property_place(type_name, name)) for name in kept]
    return _Shape(
        [(name, place.spell, place) for name, place in places],
        [rule for ruled, rule in _RULES if not ruled.isdisjoint(kept)],
    )


def is_unset(value: Any) -> bool:
    """Tell whether a value only says that nobody set the property."""
    return value in (None, False, "", [], {}) or (isinstance(value, str) and value in _NOT_SET)


# Members of Microsoft's enumerations for "not set by this policy".
_NOT_SET = frozenset({"notConfigured", "userDefined", "deviceDefault", "notSet"})


def _sort_set(items: list[Any], place: Place) -> list[Any]:
    """Return the list sorted if it is a set of objects; any other list keeps its order."""
    if place.keys is None:
        return items
    names = [_key_of_normalised(item, place) for item in items]
    if len(set(names)) == len(names):
        # Hundreds of settings: their whole texts are compared only where two have one name.
        return [item for _, item in sorted(zip(names, items, strict=True), key=lambda pair: pair[0])]
    return _sort_unique(items)


def _sort_unique(items: list[Any]) -> list[Any]:
    named = {canonical_json(item): item for item in items}
    return [named[text] for text in sorted(named)]


def element_key(item: Any, place: Place) -> str:
    """Return the text that identifies an element of a set."""
    if isinstance(item, dict):
        for key in place.keys or ():
            value = item.get(key)
            if key == "settingInstance" and isinstance(value, dict):
                value = value.get("settingDefinitionId")
            if value is not None:
                return _key_text(normalise_value(value, place.inside(item, key)))
    return canonical_json(item)


def _key_text(value: Any) -> str:
    """Return the value's `canonical_json`, that of a text in one call."""
    return encode_basestring(value) if isinstance(value, str) else canonical_json(value)


def _key_of_normalised(item: Any, place: Place) -> str:
    """Return what `element_key` does, of an element that is normalised: what identifies it is so already."""
    if isinstance(item, dict) and place.keys:
        value = item.get(place.keys[0])
        if isinstance(value, dict) and place.keys[0] == "settingInstance":
            value = value.get("settingDefinitionId")
        if value is not None:
            return _key_text(value)
    return element_key(item, place)


# Made once: `json.dumps` would make another for each of thousands of names. What was JSON holds nothing that is inside
# itself: not to look for that saves a fifth.
_CANONICAL = json.JSONEncoder(
    sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=str, check_circular=False
)
_PLAIN = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str, check_circular=False)


def canonical_json(value: Any) -> str:
    return _CANONICAL.encode(value)


def plain_json(value: Any) -> str:
    """Return the value as a content is kept: without spaces, its names in their own order."""
    return _PLAIN.encode(value)


def decode_base64(value: Any) -> Any:
    """Return the text that is in base64; anything else as it is."""
    try:
        return base64.b64decode(value, validate=True).decode()
    except (TypeError, ValueError):
        return value


def _drop_empty_description(value: dict[str, Any]) -> None:
    if value.get("description") == "":
        value["description"] = None


def _drop_default_scope_tag(value: dict[str, Any]) -> None:
    """Drop the built-in scope tag where it stands alone: that means “Default”, as None and [] do."""
    for name in ("roleScopeTagIds", "roleScopeTags"):
        if value.get(name) == ["0"]:
            value[name] = None


def _drop_empty_filter(value: dict[str, Any]) -> None:
    if value.get("deviceAndAppManagementAssignmentFilterId") in (None, "", ZERO_GUID):
        value["deviceAndAppManagementAssignmentFilterId"] = None
        value["deviceAndAppManagementAssignmentFilterType"] = None


def _drop_action_defaults(value: dict[str, Any]) -> None:
    if value.get("notificationTemplateId") in ("", ZERO_GUID):
        value["notificationTemplateId"] = None
    if value.get("ruleName") == "PasswordRequired":
        value["ruleName"] = None


def _decode_oma_xml(value: dict[str, Any]) -> None:
    """Decode OMA-URI XML: Graph takes it as base64, and reveals an encrypted one as text."""
    odata_type = value.get("@odata.type")
    if isinstance(odata_type, str) and odata_type.endswith("omaSettingStringXml"):
        text = decode_base64(value.get("value"))
        value["value"] = text if str(text).lstrip().startswith("<") else value.get("value")


def _drop_second_value(value: dict[str, Any]) -> None:
    """Drop `value` beside `valueJson`: a setting of an intent holds its value twice."""
    if "valueJson" in value:
        value.pop("value", None)


def _drop_unset_settings(value: dict[str, Any]) -> None:
    """Drop the settings of an intent that are "null": those are not configured."""
    if isinstance(value.get("settings"), list):
        value["settings"] = [
            setting
            for setting in value["settings"]
            if not (isinstance(setting, dict) and setting.get("valueJson") == "null")
        ]


def _hide_secret_value(value: dict[str, Any]) -> None:
    """Replace a secret by a constant: Graph answers a token for it, another one at every read."""
    if value.get("valueState") in ("encryptedValueToken", "notEncrypted"):
        value["value"] = value["valueState"] = "(secret)"


# The properties that a rule looks at, one of which has to be there, and the rule.
_RULES: tuple[tuple[frozenset[str], Rule], ...] = (
    (frozenset({"description"}), _drop_empty_description),
    (frozenset({"roleScopeTagIds", "roleScopeTags"}), _drop_default_scope_tag),
    (
        frozenset({"deviceAndAppManagementAssignmentFilterId", "deviceAndAppManagementAssignmentFilterType"}),
        _drop_empty_filter,
    ),
    (frozenset({"notificationTemplateId", "ruleName"}), _drop_action_defaults),
    (frozenset({"value"}), _decode_oma_xml),
    (frozenset({"settings"}), _drop_unset_settings),
    (frozenset({"valueJson"}), _drop_second_value),
    (frozenset({"valueState"}), _hide_secret_value),
)


def _drop_computed_apps(body: dict[str, Any]) -> None:
    """Drop the apps that Microsoft computes for “all apps” and the like: that list grows by itself."""
    if str(body.get("appGroupType") or "").startswith("all"):
        body.pop("apps", None)
