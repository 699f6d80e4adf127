"""Parse the records of either log into events. A record that is damaged costs itself, and nothing else.

What a record may look like: learn.microsoft.com (auditEvent, directoryAudit); what it does look like, with its
oddities: rknightion/graph2otel (docs/graph-api-gotchas.md), Panther's rule tests and Wazuh's documentation, which quote
real records. Values of changed properties may be secrets and whole scripts: none is kept but ids.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from graph.content.timestamps import parse_time
from graph.events import object_types
from graph.events.read_event import (
    ACTION,
    APP,
    ASSIGN,
    CREATE,
    DELETE,
    NOT_STATED,
    PERSON,
    SERVICE,
    UPDATE,
    ReadEvent,
    StatedDoer,
)
from graph.policy_types.policy_type import SINGLE_ID, storable
from graph.policy_types.table import POLICY_TYPES
from graph.transport.pages import is_usable_id

# learn.microsoft.com, Use audit logs to track and monitor events in Microsoft Intune: this app is the admin center.
PORTAL_APP = "5926fc8e-304e-4f59-8bed-58ca97cc39a4"
CONDITIONAL_ACCESS, AUTHENTICATION_METHODS, CORE_DIRECTORY = (
    "Conditional Access", "Authentication Methods", "Core Directory",
)  # fmt: skip
# More than any record has that was seen; a record that names thousands is not worth as many rows.
MOST_IDS, MOST_PROPERTIES = 100, 100
_READS = re.compile(r"(?i:get|list|search|read|export)(?![a-z])")
_OPERATIONS = {
    "create": CREATE, "add": CREATE, "patch": UPDATE, "update": UPDATE, "put": UPDATE, "set": UPDATE,
    "delete": DELETE, "remove": DELETE, "assign": ASSIGN, "setreference": ASSIGN,
}  # fmt: skip
# The directory's own record of a change of a Conditional Access policy.
_TWIN = re.compile(r"(add|update|delete) policy$", re.IGNORECASE)
# Of the service that also records which person registered which phone: that is none of our business.
_ABOUT_PEOPLE = "usermanagement"


def parse_intune(records: Iterable[Any]) -> list[ReadEvent]:
    """Return what the records of Intune's log say, without those of reading."""
    return [event for record in records if isinstance(record, dict) and (event := _intune_event(record))]


def parse_entra(records: Iterable[Any]) -> list[ReadEvent]:
    """Return what the directory's log says about Conditional Access and authentication, each act once."""
    events = [event for record in records if isinstance(record, dict) and (event := _entra_event(record))]
    return without_twins(events)


def without_twins(events: list[ReadEvent]) -> list[ReadEvent]:
    """Leave out the directory's record of an act that Conditional Access recorded too: same target, a moment apart.

    Their correlation ids need not be equal. A twin whose other half is late stays, until that one comes.
    """
    originals = [event for event in events if not event.is_twin]
    return [event for event in events if not (event.is_twin and _is_told(event, originals))]


TWIN_SECONDS = 10


def _is_told(twin: ReadEvent, originals: Sequence[ReadEvent]) -> bool:
    return any(_is_same_act(twin, original) for original in originals)


def _is_same_act(twin: ReadEvent, original: ReadEvent) -> bool:
    is_near = abs((twin.at - original.at).total_seconds()) <= TWIN_SECONDS
    return is_near and twin.operation == original.operation and bool({*twin.object_ids} & {*original.object_ids})


# --- Intune ----------------------------------------------------------------------------------------------------------


def _intune_event(record: Mapping[str, Any]) -> ReadEvent | None:
    event_id, at = _id(record), parse_time(record.get("activityDateTime"))
    kind, verb = _text(record.get("activityType"), 500), _text(record.get("activityOperationType"), 80)
    if event_id is None or at is None or _is_reading(verb, kind):
        return None
    resources = _objects(record.get("resources"))
    words = [_text(resource.get("auditResourceType"), 200) for resource in resources]
    component = _text(record.get("componentName"), 200)
    policy_types = object_types.of_intune(words, kind, component)
    shown = (record.get("activity"), record.get("displayName"), kind)
    return ReadEvent(
        event_id=event_id,
        at=at,
        activity=next((text for name in shown if (text := _text(name, 500))), "not named"),
        operation=_intune_operation(verb, kind),
        is_success=_is_success(record.get("activityResult")),
        doer=_intune_doer(_object(record.get("actor"))),
        category=_text(record.get("category"), 80) or (component[:80] if component else None),
        correlation_id=_text(record.get("correlationId"), 80),
        object_type=next(filter(None, words), None),
        object_name=_first(resource.get("displayName") for resource in resources),
        object_ids=_with_single(_object_ids(resources, "resourceId"), policy_types),
        properties=_property_names(resources),
        policy_types=policy_types,
    )


def _intune_operation(verb: str | None, kind: str | None) -> str:
    words = (kind or "").casefold()
    if ("assign" in words and "roleassignment" not in words) or "updatesecuritygroups" in words:
        return ASSIGN
    return _OPERATIONS.get((verb or words.partition(" ")[0]).casefold(), ACTION)


def _intune_doer(actor: Mapping[str, Any]) -> StatedDoer:
    """Return the person before the app: an act in the portal names both."""
    app_id, app_name = _text(actor.get("applicationId"), 80), _text(actor.get("applicationDisplayName"), 300)
    address, user_id = _text(actor.get("ipAddress"), 60), _real_id(actor.get("userId"))
    name = _text(actor.get("userPrincipalName"), 300)
    if name or user_id:
        return StatedDoer(PERSON, name, user_id, app_name, app_id, address)
    app = _text(actor.get("servicePrincipalName"), 300) or app_name or app_id
    if app:
        return StatedDoer(APP, app, app_id, None, app_id, address)
    sort = (_text(actor.get("auditActorType"), 80) or "").casefold()
    is_service = sort in {"system", "service"}
    return StatedDoer(SERVICE, "Intune", address=address) if is_service else StatedDoer(NOT_STATED, address=address)


# --- Entra -----------------------------------------------------------------------------------------------------------


def _entra_event(record: Mapping[str, Any]) -> ReadEvent | None:
    event_id, at = _id(record), parse_time(record.get("activityDateTime"))
    activity = _text(record.get("activityDisplayName"), 500) or "not named"
    verb = _text(record.get("operationType"), 80)
    is_twin = _service(record) == CORE_DIRECTORY.casefold() and _TWIN.match(activity) is not None
    if event_id is None or at is None or _is_reading(verb, activity) or not (is_twin or _is_ours_to_read(record)):
        return None
    targets = _objects(record.get("targetResources"))
    # The directory has policies of other sorts, under the same words.
    policy_types = () if is_twin else object_types.of_entra(activity)
    return ReadEvent(
        event_id=event_id,
        at=at,
        activity=activity,
        operation=_entra_operation(verb, activity),
        is_success=_is_success(record.get("result")),
        doer=_entra_doer(_object(record.get("initiatedBy"))),
        category=_text(record.get("loggedByService"), 80) or _text(record.get("category"), 80),
        correlation_id=_text(record.get("correlationId"), 80),
        object_type=_first((target.get("type") for target in targets), 200),
        object_name=_first(target.get("displayName") for target in targets),
        object_ids=_object_ids(targets, "id"),
        properties=_property_names(targets),
        policy_types=policy_types,
        is_twin=is_twin,
    )


def _service(record: Mapping[str, Any]) -> str:
    return (_text(record.get("loggedByService"), 200) or "").casefold()


def _is_ours_to_read(record: Mapping[str, Any]) -> bool:
    """Tell the events of policies. Of Conditional Access that is every event, known or not."""
    category = (_text(record.get("category"), 200) or "").casefold()
    is_about_methods = _service(record) == AUTHENTICATION_METHODS.casefold() and category != _ABOUT_PEOPLE
    is_about_policy = bool(object_types.of_entra(_text(record.get("activityDisplayName"), 500) or ""))
    return _service(record) == CONDITIONAL_ACCESS.casefold() or is_about_methods or is_about_policy


def _entra_operation(verb: str | None, activity: str) -> str:
    for word in (verb or "", *activity.split()):
        if word.casefold() in _OPERATIONS:
            return _OPERATIONS[word.casefold()]
    return ACTION


def _entra_doer(initiated_by: Mapping[str, Any]) -> StatedDoer:
    """Return who initiated it. Of an app, `appId` is null on every record that was seen: its principal is its key."""
    user, app = _object(initiated_by.get("user")), _object(initiated_by.get("app"))
    user_name = _text(user.get("userPrincipalName"), 300) or _text(user.get("displayName"), 300)
    user_id, address = _real_id(user.get("id")), _text(user.get("ipAddress"), 60)
    app_name = _text(app.get("displayName"), 300) or _text(app.get("servicePrincipalName"), 300)
    app_id = _text(app.get("appId"), 80)
    if user_name or user_id:
        return StatedDoer(PERSON, user_name, user_id, app_name, app_id, address)
    principal = _text(app.get("servicePrincipalId"), 80)
    if app_id or principal:
        return StatedDoer(APP, app_name or app_id or principal, principal or app_id, None, app_id, None)
    # Microsoft's own services have a name and no principal in the tenant.
    return StatedDoer(SERVICE, app_name) if app_name else StatedDoer(NOT_STATED, address=address)


# --- both ------------------------------------------------------------------------------------------------------------


def _id(record: Mapping[str, Any]) -> str | None:
    value = _text(record.get("id"), 1000)
    return value if value and len(value) <= 200 else None


def _real_id(value: Any) -> str | None:
    """Return an id of somebody: of nobody, some records have one of zeros (learn.microsoft.com, its own example)."""
    text = _text(value, 80)
    return text if text and text.strip("0-") else None


def _is_reading(verb: str | None, words: str | None) -> bool:
    return any(_READS.match(text) is not None for text in (verb, words) if text)


def _is_success(result: Any) -> bool:
    """Any other result counts as a failure, whatever it is called."""
    return isinstance(result, str) and result.strip().casefold() == "success"


def _text(value: Any, most: int) -> str | None:
    """Return a text; None for none, for an empty one, and for the words that stand for none."""
    if not isinstance(value, str):
        return None
    text = storable(value[: most * 2]).strip()[:most]
    return None if text.casefold() in {"", "<null>"} else text


def _first(values: Iterable[Any], most: int = 1000) -> str | None:
    return next((text for value in values if (text := _text(value, most))), None)


def _object(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _property_names(resources: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """Return the names of the properties that were changed, each once. The version of the API is none."""
    names: dict[str, None] = {}
    for resource in resources:
        for changed in _objects(resource.get("modifiedProperties")):
            name = _text(changed.get("displayName"), 200)
            if name and name != "DeviceManagementAPIVersion" and len(names) < MOST_PROPERTIES:
                names[name] = None
    return tuple(names)


def _object_ids(resources: Iterable[Mapping[str, Any]], id_property: str) -> tuple[str, ...]:
    """Return every id that may be a policy's: an assignment's is its policy's with something behind it."""
    ids: dict[str, None] = {}
    for resource in resources:
        for value in (resource.get(id_property), *_id_values(resource)):
            for each in _forms(value):
                if len(ids) < MOST_IDS:
                    ids[each] = None
    return tuple(ids)


def _id_values(resource: Mapping[str, Any]) -> Iterator[Any]:
    """Yield the values of the two properties that are ids: the only values that are ever looked at."""
    for changed in _objects(resource.get("modifiedProperties")):
        if changed.get("displayName") in ("Id", "SourceId"):
            yield from (changed.get("newValue"), changed.get("oldValue"))


def _forms(value: Any) -> Iterator[str]:
    """Yield an id, and without what is behind its first "_". "T_…" and "A_…" name app policies, and stay whole."""
    text = (_text(value, 400) or "").strip('"')
    if not is_usable_id(text):
        return
    yield text
    before, _, behind = text.partition("_")
    if behind and len(before) > 1:
        yield before
    elif behind and "_" in behind:
        yield f"{before}_{behind.partition('_')[0]}"


def _with_single(ids: tuple[str, ...], policy_types: tuple[str, ...]) -> tuple[str, ...]:
    """Add the id that we gave to what there is once in a tenant: Graph has none for it."""
    is_single = len(policy_types) == 1 and POLICY_TYPES[policy_types[0]].is_single
    return (*ids, SINGLE_ID) if is_single else ids
