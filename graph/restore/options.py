"""The choices of the person who asks for a restore."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from graph.policy_types.policy_type import PolicyType

UPDATE, SKIP, COPY = "update", "skip", "copy"
LEAVE, MADE, EXACT, NONE = "leave", "made", "exact", "none"
REPORT_ONLY, OFF, AS_CAPTURED = "report only", "off", "as captured"
NO_GROUPS, KEPT_GROUPS, EMPTY_GROUPS, GROUPS_WITH_MEMBERS = "no", "kept", "empty", "members"
UNDELETE, MAKE_NEW = "undelete", "new"


@dataclass(frozen=True)
class RestoreOptions:
    """A restore's options, stored with it. What is proposed where nobody chose: `proposed_options`."""

    assignments: str
    existing: str = UPDATE
    prefix: str = ""
    drop_missing: bool = False
    conditional_access: str = REPORT_ONLY
    # Whether missing groups are created.
    groups: str = NO_GROUPS
    # What of objects that Microsoft still keeps deleted. Restores from before this was asked make new ones.
    deleted: str = MAKE_NEW


def proposed_options(*, own_tenant: bool) -> RestoreOptions:
    """Return what is proposed into the tenant that the policies are from, or into another one.

    At home a restore puts back what was there: protection is on as it was, and a policy that is made again has those
    who had it. A policy that is there keeps whom it is assigned to now, which is a decision of its own. Elsewhere
    nothing reaches anybody until somebody decides so.
    """
    if own_tenant:
        return RestoreOptions(assignments=MADE, conditional_access=AS_CAPTURED, deleted=UNDELETE)
    return RestoreOptions(assignments=LEAVE, conditional_access=REPORT_ONLY)


def complete_options(chosen: Mapping[str, Any], *, own_tenant: bool) -> dict[str, Any]:
    """Return all options as they are stored: those that were chosen, and the proposed ones."""
    return {**asdict(proposed_options(own_tenant=own_tenant)), **chosen}


def writes_assignments(options: RestoreOptions, *, is_made: bool) -> bool:
    """Return whether a policy's assignments are written. `is_made`: the policy is not there. A copy is no such policy:
    what it is a copy of has its assignments.
    """
    is_made_again = is_made and options.existing != COPY
    return options.assignments in (EXACT, NONE) or (options.assignments == MADE and is_made_again)


def undeletes(policy_type: PolicyType, options: RestoreOptions) -> bool:
    """Return whether what Microsoft still keeps deleted is brought back. Of groups their own option decides first."""
    if options.existing == COPY or options.deleted != UNDELETE:
        return False
    return not policy_type.is_referred or options.groups != NO_GROUPS


def creates_groups(options: RestoreOptions) -> bool:
    return options.groups in (EMPTY_GROUPS, GROUPS_WITH_MEMBERS)


def is_copied(policy_type: PolicyType, options: RestoreOptions) -> bool:
    """Return whether a copy is made. Groups are never copied: an existing one is used, a missing one created."""
    return options.existing == COPY and not policy_type.is_referred
