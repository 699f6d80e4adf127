"""Shortfalls of a restore: whatever it leaves weaker, incomplete or assigned to nobody, by codes.

The sentences, before and after, are in actors/plans/shortfall_texts.py.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from graph.microsoft import model
from graph.read.bins import COMES_BACK_AS_IT_WAS
from graph.references.references import EVERYBODY
from graph.write.write_requests import PolicyContent, direct_assignments

ACCESS = "conditionalAccessPolicies"
ON, WATCHED = "enabled", "enabledForReportingButNotEnforced"
_EXCLUSIONS = ("excludeUsers", "excludeGroups", "excludeRoles", "excludeApplications", "excludeLocations")
_NAMED = 5


class ShortfallCode(StrEnum):
    # A Conditional Access policy is on in the tenant, and the options switch it.
    ON_TO_REPORT_ONLY = "on_to_report_only"
    ON_TO_OFF = "on_to_off"
    # It is on in the backup, and not in the tenant: the options keep it so.
    LEFT_REPORT_ONLY = "left_report_only"
    LEFT_OFF = "left_off"
    # It is on in the tenant, and not in the backup.
    CAPTURED_REPORT_ONLY = "captured_report_only"
    CAPTURED_OFF = "captured_off"
    REMOVED_ON = "removed_on"
    # It was on when it was deleted, and is on from the moment it is back until it is switched.
    BACK_ON = "back_on"
    EXCLUDES_MORE = "excludes_more"
    ASSIGNED_TO_NOBODY = "assigned_to_nobody"
    UNASSIGNED = "unassigned"
    ASSIGNMENTS_KEPT = "assignments_kept"
    ASSIGNMENT_LEFT_OUT = "assignment_left_out"
    TO_BE_ENTERED = "to_be_entered"
    REFERENCE_KEPT = "reference_kept"
    # A sentence of graph/write/attainable.py.
    LACKS_SETTING = "lacks_setting"


@dataclass(frozen=True)
class Shortfall:
    """`values`: what the sentence names."""

    code: ShortfallCode
    values: Mapping[str, str] = field(default_factory=dict)


def access_shortfalls(
    backup: PolicyContent, now: PolicyContent | None, then: PolicyContent | None, names: Mapping[str, str]
) -> Iterator[Shortfall]:
    """Yield what a Conditional Access policy loses. `now`: what it takes the place of; `then` None: it is removed."""
    was, captured = _state(now), _state(backup)
    if then is None:
        if was == ON:
            yield Shortfall(ShortfallCode.REMOVED_ON)
        return
    is_watched = _state(then) == WATCHED
    if _state(then) != ON and captured == ON and was == ON:
        yield Shortfall(ShortfallCode.ON_TO_REPORT_ONLY if is_watched else ShortfallCode.ON_TO_OFF)
    elif _state(then) != ON and captured == ON:
        yield Shortfall(ShortfallCode.LEFT_REPORT_ONLY if is_watched else ShortfallCode.LEFT_OFF)
    elif _state(then) != ON and was == ON:
        yield Shortfall(ShortfallCode.CAPTURED_REPORT_ONLY if is_watched else ShortfallCode.CAPTURED_OFF)
    if was == ON and now is not None and (added := _excluded(then) - _excluded(now)):
        yield Shortfall(ShortfallCode.EXCLUDES_MORE, {"who": _listed(sorted(names.get(who, who) for who in added))})


def undelete_shortfalls(kept: PolicyContent, then: PolicyContent) -> Iterator[Shortfall]:
    """Yield that a policy which was on when it was deleted may be on for a while. `kept`: as the bin has it."""
    if COMES_BACK_AS_IT_WAS and _state(kept) == ON and _state(then) != ON:
        yield Shortfall(ShortfallCode.BACK_ON)


def _state(content: PolicyContent | None) -> str:
    return str(content["body"].get("state") or "") if content else ""


def _excluded(content: PolicyContent) -> set[str]:
    """Return the ids that a policy excludes, wherever its conditions say so."""
    conditions = content["body"].get("conditions")
    parts = [part for part in (conditions or {}).values() if isinstance(part, dict)]
    return {str(excluded) for part in parts for name in _EXCLUSIONS for excluded in part.get(name) or ()}


def assignment_shortfalls(
    backup: PolicyContent, now: PolicyContent | None, then: PolicyContent | None, names: Mapping[str, str]
) -> Iterator[Shortfall]:
    """Yield whom a policy is not assigned to any more. `then`: with the assignments that it will have."""
    left = assigned_to(then, names)
    if left or then is None:
        return
    if now is None and (who := assigned_to(backup, names)):
        yield Shortfall(ShortfallCode.ASSIGNED_TO_NOBODY, {"who": _listed(who)})
    elif now is not None and (who := assigned_to(now, names)):
        yield Shortfall(ShortfallCode.UNASSIGNED, {"who": _listed(who)})


def assigned_to(content: PolicyContent | None, names: Mapping[str, str]) -> list[str]:
    """Name whom a policy is assigned to: groups, all users, all devices. Exclusions do not count."""
    assignments = direct_assignments((content or {}).get("assignments")) or []
    targets = [assignment.get("target") for assignment in assignments if isinstance(assignment, dict)]
    return sorted({name for target in targets if isinstance(target, dict) and (name := _target_name(target, names))})


_EVERYBODY_TARGETS = {"allDevicesAssignmentTarget": "All devices", "allLicensedUsersAssignmentTarget": "All users"}


def _target_name(target: Mapping[str, Any], names: Mapping[str, str]) -> str:
    kind = model.bare_type(str(target.get("@odata.type")))
    if kind.startswith("exclusion"):
        return ""
    group = str(target.get("groupId") or target.get("collectionId") or "")
    return _EVERYBODY_TARGETS.get(kind) or EVERYBODY.get(group.lower()) or names.get(group) or group


def _listed(names: Sequence[str]) -> str:
    more = len(names) - _NAMED
    return ", ".join(names[:_NAMED]) + (f" (+{more})" if more > 0 else "")
