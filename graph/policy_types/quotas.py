"""The most objects of a type that a tenant may have, where Microsoft says so. The numbers rise: they only warn."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graph.policy_types.policy_type import Body


def _always(body: Body) -> bool:
    return True


@dataclass(frozen=True)
class Quota:
    """`what` it limits, in words; `counts` tells which objects of the policy type count."""

    most: int
    what: str
    counts: Callable[[Body], bool] = _always


QUOTAS: Mapping[str, Quota] = {
    # Over all states; 195 until 2025 (learn.microsoft.com, Conditional Access service limits).
    "conditionalAccessPolicies": Quota(240, "Conditional Access policies"),
    # Of those that are defined by addresses: "No more than 195" (learn.microsoft.com, Conditional Access: network).
    "namedLocations": Quota(
        195, "named locations by IP address", lambda body: body.get("@odata.type") == "#microsoft.graph.ipNamedLocation"
    ),
    # c1 to c99 (learn.microsoft.com, authenticationContextClassReference).
    "authenticationContextClassReferences": Quota(99, "authentication contexts"),
}


def quota_warning(quota: Quota, there: int, number: int) -> str:
    """Return a warning about the `number`th object to be created beside those that are there; "" when it has room."""
    if there + number <= quota.most:
        return ""
    return (
        f"The tenant has {there} {quota.what}, and this would be number {there + number}: Microsoft allows "
        f"{quota.most}. Microsoft Graph may refuse it."
    )
