"""Names of groups and filters in assignments, for people. Never part of a content: a new name changes no policy."""

from collections.abc import Iterable, Mapping
from typing import Any

from graph.content.spellings import GUID
from graph.errors import GraphError, NotFound, Rejected, Throttled
from graph.policy_types.permissions import GROUP_NAMES
from graph.policy_types.policy_type import MAX_NAME_LENGTH, storable
from graph.read.groups import group_path
from graph.read.paging import all_elements
from graph.read.proof import Proof
from graph.references import references
from graph.references.reference_kinds import AGENTS, APPLICATIONS, GROUPS, PRINCIPALS, USERS
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps

NamesById = dict[str, str | None]
# Kind of name -> {id: name}. "principals" has, of service principals, the id of the app in place of a name;
# "principalNames" has their names.
KnownNames = dict[str, NamesById]
PRINCIPAL_NAMES = "principalNames"
# Kind of name -> (kind of reference, where one of that id is, what it is called).
_OBJECTS = {
    USERS: (USERS, "/users", "?$select=id,displayName,userPrincipalName"),
    APPLICATIONS: (APPLICATIONS, "/servicePrincipals", ""),
    PRINCIPAL_NAMES: (PRINCIPALS, "/servicePrincipals", "?$select=id,displayName"),
    AGENTS: (AGENTS, "/servicePrincipals", "?$select=id,displayName"),
}
NAME_KINDS = ("groups", "filters", "principals", *_OBJECTS)
# The longest id of a group or a filter that the database keeps.
LONGEST_ID = 80
NO_GROUPS = f"The app may not read group names ({GROUP_NAMES.ask})."
NO_FILTERS = "The app may not read assignment filters."


def no_known_names() -> KnownNames:
    return {kind: {} for kind in NAME_KINDS}


def resolve_names(
    policy_type: str, content: dict[str, Any], proof: Proof, known: KnownNames, *, may_lack: bool = False
) -> RequestSteps[KnownNames]:
    """Return {kind: {id: name}} of groups, filters, people and apps that `content` refers to.

    A deleted group's name is None; of people and apps that cannot be read there is none. Names in `known` are not asked
    for. A missing permission costs the names, not the snapshot; for those of groups and filters the proof says so. With
    `may_lack`, so does an answer that cannot be had now; else its error is raised, for another try.
    """
    named, filters = (set(filter(_may_be_id, ids)) for ids in groups_and_filters_in(content))
    found = references.find_references(policy_type, content)
    group_references = [reference for reference in found if reference.kind == GROUPS]
    groups = named | {
        reference.id for reference in group_references if not reference.is_hint and _may_be_id(reference.id)
    }
    # A security identifier may be a person's: then it is no group that was deleted.
    perhaps_groups = {reference.id for reference in group_references if reference.is_hint} - groups
    newly_read = yield from _read_group_names(sorted((groups | perhaps_groups) - set(known["groups"])), proof, may_lack)
    group_names = _subset(known["groups"], groups | perhaps_groups) | newly_read
    objects = yield from _read_objects(found, known, may_lack)
    return objects | {
        "groups": {group_id: name for group_id, name in group_names.items() if name or group_id in groups},
        "filters": {
            **_subset(known["filters"], filters),
            **(yield from _read_filter_names(sorted(filters - set(known["filters"])), proof, may_lack)),
        },
        "principals": (yield from _read_app_ids(content, known["principals"], may_lack)),
    }


def look_up_names(groups: set[str], filters: set[str]) -> RequestSteps[KnownNames]:
    """Return names as `resolve_names` does, for many policies at once, before they are read.

    Names that cannot be had here each policy asks for itself, and its proof says what came of it.
    """
    of_groups, of_filters = Proof(), Proof()
    names = yield from _read_group_names(sorted(groups), of_groups, may_lack=True)
    filter_names = yield from _read_filter_names(sorted(filters), of_filters, may_lack=True)
    return no_known_names() | {
        "groups": {group_id: name for group_id, name in names.items() if name or _is_complete(of_groups)},
        "filters": filter_names if _is_complete(of_filters) else {},
    }


def _read_objects(found: Iterable[references.Reference], known: KnownNames, may_lack: bool) -> RequestSteps[KnownNames]:
    """Return the names of the people and apps in these references; only the kinds that there are any of."""
    of_kind = {
        kind: [reference.id for reference in found if reference.kind == refers]
        for kind, (refers, _, _) in _OBJECTS.items()
    }
    ids_of_kind = {kind: sorted(set(filter(_is_object_id, ids))) for kind, ids in of_kind.items()}
    unknown = [
        (kind, object_id)
        for kind, ids in ids_of_kind.items()
        for object_id in ids
        if object_id not in known.get(kind, {})
    ]
    names = {kind: _subset(known.get(kind, {}), set(ids)) for kind, ids in ids_of_kind.items() if ids}
    if not unknown:
        return names
    answers = yield [_object_path(kind, object_id) for kind, object_id in unknown]
    for (kind, object_id), answer in zip(unknown, answers, strict=True):
        if answer.error is None:
            names[kind][object_id] = _object_name(answer.body or {})
        elif not may_lack and not isinstance(answer.error, Rejected):
            raise answer.error
    return names


def _is_object_id(text: str) -> bool:
    return bool(GUID.fullmatch(text))


def _object_path(kind: str, object_id: str) -> str:
    _, collection, query = _OBJECTS[kind]
    if kind == APPLICATIONS:
        return f"{collection}?$filter=appId eq '{paths.quote_literal(object_id)}'&$select=appId,displayName"
    return paths.join(collection, object_id) + query


def _object_name(body: Mapping[str, Any]) -> str | None:
    """Return the name in an answer that is an object, or a list of one."""
    listed = body.get("value")
    item = (listed[0] if listed else {}) if isinstance(listed, list) else body
    if not isinstance(item, dict):
        return None
    return display_name(item) or display_name({"displayName": item.get("userPrincipalName")})


def _is_complete(proof: Proof) -> bool:
    return proof.names == Proof.names


def _may_be_id(text: str) -> bool:
    """Return whether `text` can be an id; for anything else no name can be asked for, or kept."""
    return len(text) <= LONGEST_ID and paths.is_plain_id(text)


def _subset(known: Mapping[str, str | None], ids: set[str]) -> NamesById:
    return {graph_id: known[graph_id] for graph_id in ids if graph_id in known}


def groups_and_filters_in(content: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """Return the ids of the groups, and of the filters, that a content refers to."""
    targets = [
        assignment.get("target") or {}
        for assignment in content.get("assignments") or ()
        if isinstance(assignment, dict)
    ]
    groups = {target["groupId"] for target in targets if target.get("groupId")}
    filters = {
        target["deviceAndAppManagementAssignmentFilterId"]
        for target in targets
        if target.get("deviceAndAppManagementAssignmentFilterId")
    }
    return groups | _conditional_access_groups(content.get("body")), filters


def _conditional_access_groups(body: Any) -> set[str]:
    users = ((body or {}).get("conditions") or {}).get("users") or {}
    return {*(users.get("includeGroups") or ()), *(users.get("excludeGroups") or ())}


def _read_app_ids(content: Mapping[str, Any], known: NamesById, may_lack: bool) -> RequestSteps[NamesById]:
    """Return {service principal: its app} for a Conditional Access policy: only the app is the same in every tenant.

    Where the app may not be read, a restore into another tenant needs a mapping for the service principal.
    """
    clients = ((content.get("body") or {}).get("conditions") or {}).get("clientApplications") or {}
    named = {*(clients.get("includeServicePrincipals") or ()), *(clients.get("excludeServicePrincipals") or ())}
    ids = sorted(
        principal_id
        for principal_id in named - known.keys()
        if _may_be_id(principal_id) and principal_id != "ServicePrincipalsInMyTenant"
    )
    app_ids = _subset(known, named)
    if not ids:
        return app_ids
    answers = yield [
        paths.join("/servicePrincipals", principal_id) + "?$select=id,appId,displayName" for principal_id in ids
    ]
    for principal_id, answer in zip(ids, answers, strict=True):
        if answer.error is None:
            app_ids[principal_id] = str((answer.body or {}).get("appId") or "") or None
        elif not may_lack and not isinstance(answer.error, Rejected):
            raise answer.error
    return app_ids


def display_name(item: Mapping[str, Any]) -> str | None:
    """Return the item's name as the database can keep it; None when it has none."""
    name = item.get("displayName")
    return storable(name)[:MAX_NAME_LENGTH] if isinstance(name, str) else None


def _read_group_names(ids: list[str], proof: Proof, may_lack: bool) -> RequestSteps[NamesById]:
    if not ids:
        return {}
    answers = yield [group_path(group_id) for group_id in ids]
    names: NamesById = {}
    for group_id, answer in zip(ids, answers, strict=True):
        names[group_id] = display_name(answer.body or {})
        if answer.error is not None and not isinstance(answer.error, NotFound):
            proof.names = _lacking_names(answer.error, NO_GROUPS, may_lack)
    return names


def _read_filter_names(ids: list[str], proof: Proof, may_lack: bool) -> RequestSteps[NamesById]:
    if not ids:
        return {}
    try:
        filters = yield from all_elements("/deviceManagement/assignmentFilters?$select=id,displayName")
    except GraphError as e:
        proof.names = _lacking_names(e, NO_FILTERS, may_lack)
        filters = []
    known = {str(item.get("id")): display_name(item) for item in filters if isinstance(item, dict)}
    return {filter_id: known.get(filter_id) for filter_id in ids}


def _lacking_names(error: GraphError, refused: str, may_lack: bool) -> str:
    """Return what the proof says of names that are lacking. Raises the error where another try may bring them."""
    if isinstance(error, Rejected):
        return refused
    if not may_lack or isinstance(error, Throttled):
        raise error
    return f"Some names could not be looked up: {error.sentence}"
