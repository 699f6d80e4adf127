"""The choices of the person who asks for a restore."""

from dataclasses import dataclass

from graph.policy_types.policy_type import PolicyType

UPDATE, SKIP, COPY = "update", "skip", "copy"
LEAVE, EXACT, NONE = "leave", "exact", "none"
REPORT_ONLY, OFF, AS_CAPTURED = "report only", "off", "as captured"
NO_GROUPS, EMPTY_GROUPS, GROUPS_WITH_MEMBERS = "no", "empty", "members"


@dataclass(frozen=True)
class RestoreOptions:
    """A restore's options, stored with it. `assignments` has no default: it is always an explicit choice."""

    assignments: str
    existing: str = UPDATE
    prefix: str = ""
    drop_missing: bool = False
    conditional_access: str = REPORT_ONLY
    # Whether missing groups are created.
    groups: str = NO_GROUPS


def is_copied(policy_type: PolicyType, options: RestoreOptions) -> bool:
    """Return whether a copy is made. Groups are never copied: an existing one is used, a missing one created."""
    return options.existing == COPY and not policy_type.is_referred
