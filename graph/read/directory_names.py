"""The names behind the ids in assignments, for people. Never part of a content: a renamed group changes no policy."""

from collections.abc import Mapping
from typing import Any

from graph.errors import GraphError, NotFound, Rejected, Throttled
from graph.policy_types.permissions import GROUP_NAMES
from graph.policy_types.policy_type import LONGEST_NAME, storable
from graph.read.groups import group_path
from graph.read.paging import all_elements
from graph.read.proof import Proof
from graph.references import references
from graph.references.reference_kinds import GROUPS
from graph.transport import paths
from graph.transport.batch_driver import RequestSteps

NamesById = dict[str, str | None]
# {"groups": {id: name}, "filters": {id: name}, "principals": {id: the app that it is of}}
KnownNames = dict[str, NamesById]
# Of a group or a filter, as the database keeps it.
LONGEST_ID = 80
NO_GROUPS = f"The app may not read group names ({GROUP_NAMES.ask})."
NO_FILTERS = "The app may not read assignment filters."


def no_known_names() -> KnownNames:
    return {"groups": {}, "filters": {}, "principals": {}}


def resolve_names(
    policy_type: str, content: dict[str, Any], proof: Proof, known: KnownNames, *, may_lack: bool = False
) -> RequestSteps[KnownNames]:
    """{"groups": {id: name}, "filters": {id: name}, "principals": {id: appId}}; a deleted group's name is None. What is
    known is not asked for.

    A missing permission costs the names, not the snapshot; the proof says so. With `may_lack`, so does an answer that
    is not to be had; else its error is raised, for another try.
    """
    named, filters = (set(filter(_may_be_id, ids)) for ids in groups_and_filters_in(content))
    inside = [one for one in references.find(policy_type, content) if one.kind == GROUPS]
    groups = named | {one.id for one in inside if not one.is_hint and _may_be_id(one.id)}
    # A security identifier may be a person's: then it is no group that was deleted.
    perhaps = {one.id for one in inside if one.is_hint} - groups
    asked = yield from _read_group_names(sorted((groups | perhaps) - set(known["groups"])), proof, may_lack)
    found = _subset(known["groups"], groups | perhaps) | asked
    return {
        "groups": {one: name for one, name in found.items() if name or one in groups},
        "filters": {
            **_subset(known["filters"], filters),
            **(yield from _read_filter_names(sorted(filters - set(known["filters"])), proof, may_lack)),
        },
        "principals": (yield from _read_app_ids(content, known["principals"], may_lack)),
    }


def look_up_names(groups: set[str], filters: set[str]) -> RequestSteps[KnownNames]:
    """Many at once, before the policies that refer to them are read. The result is as of `resolve`.

    Whatever is not found out here each policy asks for itself, and its proof says what became of it.
    """
    of_groups, of_filters = Proof(), Proof()
    names = yield from _read_group_names(sorted(groups), of_groups, may_lack=True)
    filter_names = yield from _read_filter_names(sorted(filters), of_filters, may_lack=True)
    return {
        "groups": {one: name for one, name in names.items() if name or _is_complete(of_groups)},
        "filters": filter_names if _is_complete(of_filters) else {},
        "principals": {},
    }


def _is_complete(proof: Proof) -> bool:
    return proof.names == Proof.names


def _may_be_id(text: str) -> bool:
    """Else nobody has to be asked for its name, and nothing could be kept of it."""
    return len(text) <= LONGEST_ID and paths.is_plain_id(text)


def _subset(known: Mapping[str, str | None], ids: set[str]) -> NamesById:
    return {one: known[one] for one in ids if one in known}


def groups_and_filters_in(content: Mapping[str, Any]) -> tuple[set[str], set[str]]:
    """The groups and the filters that a content refers to."""
    targets = [one.get("target") or {} for one in content.get("assignments") or () if isinstance(one, dict)]
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
    """The app that each service principal of a Conditional Access policy is of: only that is the same in every tenant.

    Where it may not be read, a restore into another tenant has to be told what stands for it.
    """
    clients = ((content.get("body") or {}).get("conditions") or {}).get("clientApplications") or {}
    named = {*(clients.get("includeServicePrincipals") or ()), *(clients.get("excludeServicePrincipals") or ())}
    ids = sorted(one for one in named - known.keys() if _may_be_id(one) and one != "ServicePrincipalsInMyTenant")
    found = _subset(known, named)
    if not ids:
        return found
    answers = yield [paths.join("/servicePrincipals", one) + "?$select=id,appId,displayName" for one in ids]
    for one, answer in zip(ids, answers, strict=True):
        if answer.error is None:
            found[one] = str((answer.body or {}).get("appId") or "") or None
        elif not may_lack and not isinstance(answer.error, Rejected):
            raise answer.error
    return found


def display_name(item: Mapping[str, Any]) -> str | None:
    """As it can be kept; None for what is no name."""
    found = item.get("displayName")
    return storable(found)[:LONGEST_NAME] if isinstance(found, str) else None


def _read_group_names(ids: list[str], proof: Proof, may_lack: bool) -> RequestSteps[NamesById]:
    if not ids:
        return {}
    answers = yield [group_path(one) for one in ids]
    found: NamesById = {}
    for one, answer in zip(ids, answers, strict=True):
        found[one] = display_name(answer.body or {})
        if answer.error is not None and not isinstance(answer.error, NotFound):
            proof.names = _lacking_names(answer.error, NO_GROUPS, may_lack)
    return found


def _read_filter_names(ids: list[str], proof: Proof, may_lack: bool) -> RequestSteps[NamesById]:
    if not ids:
        return {}
    try:
        listed = yield from all_elements("/deviceManagement/assignmentFilters?$select=id,displayName")
    except GraphError as e:
        proof.names = _lacking_names(e, NO_FILTERS, may_lack)
        listed = []
    known = {str(one.get("id")): display_name(one) for one in listed if isinstance(one, dict)}
    return {one: known.get(one) for one in ids}


def _lacking_names(error: GraphError, refused: str, may_lack: bool) -> str:
    """What the proof says of names that are lacking. Raises the error where another try may bring them."""
    if isinstance(error, Rejected):
        return refused
    if not may_lack or isinstance(error, Throttled):
        raise error
    return f"Some names could not be looked up: {error.sentence}"
