"""The names behind the ids in assignments, for people. Never part of a content: a renamed group changes no policy."""

from collections.abc import Generator, Mapping
from typing import Any
from urllib.parse import quote

from graph.client import Answer
from graph.completing import Proof, all_pages
from graph.errors import NotFound, Rejected

Names = dict[str, str | None]
Steps = Generator[list[str], list[Answer], Any]


def resolve(content: Mapping[str, Any], proof: Proof) -> Steps:
    """{"groups": {id: name}, "filters": {id: name}}; a deleted group's name is None.

    A missing permission costs the names, not the snapshot; the proof says so.
    """
    groups, filters = _ids(content)
    return {
        "groups": (yield from _groups(sorted(groups), proof)),
        "filters": (yield from _filters(sorted(filters), proof)),
    }


def _ids(content: Mapping[str, Any]) -> tuple[set[str], set[str]]:
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


def _groups(ids: list[str], proof: Proof) -> Steps:
    if not ids:
        return {}
    answers = yield [f"/groups/{quote(one, safe='')}?$select=id,displayName" for one in ids]
    found: Names = {}
    for one, answer in zip(ids, answers, strict=True):
        found[one] = answer.body.get("displayName") if answer.body else None
        if isinstance(answer.error, Rejected) and not isinstance(answer.error, NotFound):
            proof.names = "The app may not read group names (Group.Read.All)."
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
    known = {one.get("id"): one.get("displayName") for one in listed}
    return {one: known.get(one) for one in ids}
