"""The names behind the ids in assignments, for people. Never part of a content: a renamed group changes no policy."""

from collections.abc import Generator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

from graph.client import Answer, Ask
from graph.completing import Proof, all_pages
from graph.errors import NotFound, Rejected
from graph.permissions import GROUP_NAMES
from graph.policy_type import LONGEST_NAME, storable

Names = dict[str, str | None]
# {"groups": {id: name}, "filters": {id: name}}
Known = dict[str, Names]
# Of a group or a filter, as the database keeps it.
LONGEST_ID = 80
Steps = Generator[Sequence[Ask], list[Answer], Any]


def no_names() -> Known:
    return {"groups": {}, "filters": {}}


def resolve(content: Mapping[str, Any], proof: Proof, known: Known) -> Steps:
    """{"groups": {id: name}, "filters": {id: name}}; a deleted group's name is None. What is known is not asked for.

    A missing permission costs the names, not the snapshot; the proof says so.
    """
    groups, filters = (set(filter(_is_id, ids)) for ids in ids_in(content))
    return {
        "groups": {
            **_of(known["groups"], groups),
            **(yield from _groups(sorted(groups - set(known["groups"])), proof)),
        },
        "filters": {
            **_of(known["filters"], filters),
            **(yield from _filters(sorted(filters - set(known["filters"])), proof)),
        },
    }


def look_up(groups: set[str], filters: set[str]) -> Steps:
    """Many at once, before the policies that refer to them are read. The result is as of `resolve`."""
    proof = Proof()
    found = {
        "groups": (yield from _groups(sorted(groups), proof)),
        "filters": (yield from _filters(sorted(filters), proof)),
    }
    # Names that may not be read are no names: each policy's own proof has to say so.
    return found if proof.names == Proof.names else no_names()


def _is_id(text: str) -> bool:
    """Else nobody has to be asked for its name, and nothing could be kept of it."""
    return 0 < len(text) <= LONGEST_ID and text.isprintable()


def _of(known: Mapping[str, str | None], ids: set[str]) -> Names:
    return {one: known[one] for one in ids if one in known}


def ids_in(content: Mapping[str, Any]) -> tuple[set[str], set[str]]:
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


def name_in(item: Mapping[str, Any]) -> str | None:
    """As it can be kept; None for what is no name."""
    found = item.get("displayName")
    return storable(found)[:LONGEST_NAME] if isinstance(found, str) else None


def _groups(ids: list[str], proof: Proof) -> Steps:
    if not ids:
        return {}
    answers = yield [f"/groups/{quote(one, safe='')}?$select=id,displayName" for one in ids]
    found: Names = {}
    for one, answer in zip(ids, answers, strict=True):
        found[one] = name_in(answer.body or {})
        if isinstance(answer.error, Rejected) and not isinstance(answer.error, NotFound):
            proof.names = f"The app may not read group names ({GROUP_NAMES.ask})."
        elif answer.error is not None and not isinstance(answer.error, Rejected):
            raise answer.error
    return found


def _filters(ids: list[str], proof: Proof) -> Steps:
    if not ids:
        return {}
    try:
        listed = yield from all_pages("/deviceManagement/assignmentFilters?$select=id,displayName")
    except Rejected:
        proof.names = "The app may not read assignment filters."
        listed = []
    known = {str(one.get("id")): name_in(one) for one in listed}
    return {one: known.get(one) for one in ids}
