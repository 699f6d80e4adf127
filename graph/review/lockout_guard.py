"""A guard against Conditional Access policies that would lock everybody out."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from graph.review.danger import list_at, object_at
from graph.write.write_requests import PolicyContent

# A user among the excluded groups is not excluded.
_EXCLUDED = {"users": "excludeUsers", "groups": "excludeGroups"}
NOBODY_LEFT = "It applies to all users, and nobody is known who could use the emergency accounts that it excludes."
# A tenant may name fifty.
_SHOWN = 5


def find_lockout(
    policy_type: str,
    want: PolicyContent,
    break_glass: Sequence[Mapping[str, str]],
    find_absences: Callable[[], Sequence[str]],
) -> str:
    """Return why writing this policy could lock everybody out; "" when it cannot.

    An enabled policy for all users has to exclude every account and group that the tenant names for emergencies, and
    somebody has to be there who can sign in with one of them.

    `find_absences`: returns why each of them lets nobody sign in, a sentence for each; none where one lets somebody. It
    is called only for a policy that excludes them all.
    """
    users = object_at(want["body"], "conditions", "users")
    if policy_type != "conditionalAccessPolicies" or str(want["body"].get("state")).lower() != "enabled":
        return ""
    if "all" not in _lower_names(users, "includeUsers"):
        return ""
    if not break_glass:
        return "It applies to all users, and no emergency (break-glass) accounts are set for this tenant."
    missing = [account for account in break_glass if not _is_excluded(account, users)]
    if missing:
        names = ", ".join(str(account.get("name") or account["id"]) for account in missing)
        return f"It applies to all users and does not exclude {names}."
    absences = find_absences()
    if not absences:
        return ""
    return " ".join([NOBODY_LEFT, *absences[:_SHOWN]])


def _lower_names(users: Mapping[str, Any], name: str) -> set[str]:
    return {str(principal).lower() for principal in list_at(users, name)}


def _is_excluded(account: Mapping[str, str], users: Mapping[str, Any]) -> bool:
    names = [_EXCLUDED[account["kind"]]] if "kind" in account else _EXCLUDED.values()
    return any(account["id"].lower() in _lower_names(users, name) for name in names)
