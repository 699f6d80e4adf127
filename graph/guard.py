"""Whether writing a Conditional Access policy could lock everybody out."""

from collections.abc import Mapping, Sequence

from graph.writing import Content


def guard(policy_type: str, want: Content, break_glass: Sequence[Mapping[str, str]]) -> str:
    """Why writing this could lock everybody out; "" when it cannot.

    An enabled policy for all users has to exclude every account and group that the tenant names for emergencies.
    """
    body = want["body"]
    users = (body.get("conditions") or {}).get("users") or {}
    if policy_type != "conditionalAccessPolicies" or body.get("state") != "enabled":
        return ""
    if "All" not in (users.get("includeUsers") or ()):
        return ""
    if not break_glass:
        return "It is for all users, and the tenant names no break-glass account or group that it could exclude."
    excluded = {*(users.get("excludeUsers") or ()), *(users.get("excludeGroups") or ())}
    missing = [str(one.get("name") or one["id"]) for one in break_glass if one["id"] not in excluded]
    return f"It is for all users and does not exclude {', '.join(missing)}." if missing else ""
