"""Find everybody that a policy includes, excludes or names: groups, people, roles, everyone, apps, places.

Each sort of policy says it in its own way: `assignments` with targets (Intune), conditions (Conditional Access),
members and scopes (role assignments), groups of a ring (Windows Autopatch). What else refers to a group, a person, an
app, a location or a strength is a mention.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from graph.assignments.access_conditions import access_targets, access_terms
from graph.assignments.target import (
    ALL_DEVICES,
    ALL_USERS,
    APP,
    COLLECTION,
    GROUP,
    LOCATION,
    MEMBER,
    MENTION,
    NOBODY,
    OTHER,
    ROLE,
    SCOPE,
    STRENGTH,
    USER,
    Target,
)
from graph.content.spellings import GUID
from graph.microsoft import model
from graph.policy_types.policy_type import NONE
from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import APPLICATIONS, GROUPS, USERS
from graph.references.references import Reference, fold_id

Content = Mapping[str, Any]
_FILTER = "deviceAndAppManagementAssignmentFilter"
_EVERYBODY = {"allDevicesAssignmentTarget": ALL_DEVICES, "allLicensedUsersAssignmentTarget": ALL_USERS}
_COLLECTION_TARGET = "configurationManagerCollectionAssignmentTarget"
# What a role assignment's `scopeType` says besides its groups (Microsoft's model: roleAssignmentScopeType).
_SCOPES = {
    "allDevices": (ALL_DEVICES,),
    "allLicensedUsers": (ALL_USERS,),
    "allDevicesAndLicensedUsers": (ALL_USERS, ALL_DEVICES),
}
# Kind of reference -> what it is here.
_MENTIONED = {
    GROUPS: GROUP,
    USERS: USER,
    APPLICATIONS: APP,
    "mobileApps": APP,
    "namedLocations": LOCATION,
    "authenticationStrengths": STRENGTH,
}
# They work without an assignment of their own: a scope tag by whoever bears it, a compliance script by its policy.
_NEED_NOBODY = frozenset({"roleScopeTags", "deviceComplianceScripts"})
# Longer terms are no terms that a person reads in a list.
MOST_TERMS = 12
LONGEST_TERM = 200


def targets_of(policy_type: str, content: Content, references: Iterable[Reference]) -> list[Target]:
    """Return each target once. `references`: of the same content, as `find_references` gives them.

    A policy that has to be assigned, and includes nobody, has the one target NOBODY beside those that it excludes.
    """
    raw = content.get("body")
    body: Mapping[str, Any] = raw if isinstance(raw, Mapping) else {}
    said = list(_targets(policy_type, body, content))
    named = {(target.kind, target.object_id) for target in said}
    mentions = (
        Target(kind, reference.id, place=MENTION)
        for reference in references
        if not (reference.is_hint or reference.is_assignment) and (kind := _MENTIONED.get(reference.kind, ""))
    )
    found = [*said, *(target for target in mentions if (target.kind, target.object_id) not in named)]
    if _is_for_nobody(policy_type, body, said):
        found.append(Target(NOBODY, intent=_state(policy_type, body)))
    return list(dict.fromkeys(found))


def _targets(policy_type: str, body: Mapping[str, Any], content: Content) -> Iterator[Target]:
    assignments = content.get("assignments")
    for assignment in assignments if isinstance(assignments, list) else ():
        if isinstance(assignment, Mapping) and isinstance(assignment.get("target"), Mapping):
            yield _of_assignment(assignment, assignment["target"])
    if policy_type == "conditionalAccessPolicies":
        yield from _of_access(body)
    elif policy_type == "roleAssignments":
        yield from _of_role(body)
    elif policy_type == "windowsUpdatePolicies":
        yield from _of_rings(body)


def _of_assignment(assignment: Mapping[str, Any], target: Mapping[str, Any]) -> Target:
    kind = model.bare_type(target.get("@odata.type"))
    filter_id, mode = _text(target.get(f"{_FILTER}Id")), _text(target.get(f"{_FILTER}Type"))
    whom = _of_target(kind, target)
    is_filtered = bool(GUID.fullmatch(filter_id)) and filter_id.strip("0-") != "" and mode != "none"
    return replace(
        whom,
        intent=_text(assignment.get("intent"))[:40],
        filter_id=fold_id(filter_id) if is_filtered else "",
        filter_mode=(mode or "include") if is_filtered else "",
        terms=_assignment_terms(assignment),
    )


def _of_target(kind: str, target: Mapping[str, Any]) -> Target:
    if kind in _EVERYBODY:  # whatever id stands beside it
        return Target(_EVERYBODY[kind])
    if kind == _COLLECTION_TARGET:
        return Target(COLLECTION, fold_id(_text(target.get("collectionId"))))
    group = fold_id(_text(target.get("groupId")))
    # Also of a type that Microsoft has made since: a group is a group.
    return Target(GROUP, group, is_excluded=kind.startswith("exclusion")) if group else Target(OTHER, kind[:80])


def _assignment_terms(assignment: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what an app's or a script's assignment sets besides: (name, value) of each plain value."""
    settings = assignment.get("settings")
    values = dict(settings) if isinstance(settings, Mapping) else {}
    if isinstance(assignment.get("runRemediationScript"), bool):
        values["runRemediationScript"] = assignment["runRemediationScript"]
    plain = [(name, value) for name, value in sorted(values.items()) if "@" not in name and _is_plain(value)]
    return tuple((name[:80], str(value)[:LONGEST_TERM]) for name, value in plain)[:MOST_TERMS]


def _is_plain(value: Any) -> bool:
    return isinstance(value, str | bool | int) and value not in ("", "notConfigured")


def _of_access(body: Mapping[str, Any]) -> Iterator[Target]:
    terms, state = access_terms(body), _state("conditionalAccessPolicies", body)
    return (replace(target, intent=state, terms=terms) for target in access_targets(body))


def _state(policy_type: str, body: Mapping[str, Any]) -> str:
    return _text(body.get("state"))[:40] if policy_type == "conditionalAccessPolicies" else ""


def _of_role(body: Mapping[str, Any]) -> Iterator[Target]:
    """Yield who is given the role, over whom, and the role itself."""
    yield from (Target(GROUP, group, place=MEMBER) for group in _ids(body.get("members")))
    # Graph calls the same groups by either name (learn.microsoft.com: roleAssignment).
    scopes = {**dict.fromkeys(_ids(body.get("resourceScopes"))), **dict.fromkeys(_ids(body.get("scopeMembers")))}
    yield from (Target(GROUP, group, place=SCOPE) for group in scopes)
    yield from (Target(kind, place=SCOPE) for kind in _SCOPES.get(_text(body.get("scopeType")), ()))
    role = body.get("roleDefinition")
    if isinstance(role, Mapping) and _text(role.get("id")):
        yield Target(ROLE, fold_id(_text(role["id"]))[:80], place=MEMBER)


def _of_rings(body: Mapping[str, Any]) -> Iterator[Target]:
    rings = body.get("rings")
    for ring in rings if isinstance(rings, list) else ():
        for name, is_excluded in (("includedGroupAssignment", False), ("excludedGroupAssignment", True)):
            assigned = ring.get(name) if isinstance(ring, Mapping) else None
            groups = assigned.get("assignments") if isinstance(assigned, Mapping) else None
            for group in groups if isinstance(groups, list) else ():
                if isinstance(group, Mapping) and _text(group.get("groupId")):
                    yield Target(GROUP, fold_id(group["groupId"]), is_excluded)


def _is_for_nobody(policy_type: str, body: Mapping[str, Any], targets: list[Target]) -> bool:
    row = POLICY_TYPES[policy_type]
    is_assigned = row.assignments != NONE and policy_type not in _NEED_NOBODY
    if not (is_assigned or policy_type == "conditionalAccessPolicies") or row.is_built_in(body):
        return False
    return not any(target.is_whom and not target.is_excluded for target in targets)


def _ids(values: Any) -> list[str]:
    return [fold_id(value) for value in values if _text(value)] if isinstance(values, list) else []


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
