"""What tells that a policy belongs to enrollment, and how one names the objects that the service keeps for it."""

from collections.abc import Iterator, Mapping
from typing import Any

# Under these names what is read for a policy is kept in its body: none is a property in Microsoft's model.
MESSAGES = "notificationMessages"
DEVICE_GROUPS = "enrollmentTimeDeviceMembershipTargets"
IS_DEFAULT = "isDefaultEnrollmentProfile"
# Not even by a call of its own, as it is.
NEVER_SENT = frozenset({DEVICE_GROUPS, IS_DEFAULT})
# What ties a policy to the enrollment token that it was made under; other sources are marks of the service alone.
TOKEN_SOURCE = "DepTokenId_"  # noqa: S105

Body = Mapping[str, Any]


def listed(body: Body, name: str) -> list[Any]:
    """Whatever an answer holds in a list's place."""
    found = body.get(name)
    return found if isinstance(found, list) else []


def is_of_enrollment(body: Body) -> bool:
    reference = body.get("templateReference")
    family = reference.get("templateFamily") if isinstance(reference, Mapping) else None
    return "enrollment" in str(body.get("technologies")) or family == "enrollmentConfiguration"


def has_device_group(policy_type: str, body: Body) -> bool:
    """Devices may join a group while they enroll (Microsoft's model: retrieveEnrollmentTimeDeviceMembershipTarget)."""
    return policy_type == "androidDeviceOwnerEnrollmentProfiles" or (
        policy_type == "configurationPolicies" and is_of_enrollment(body)
    )


def token_of(body: Body) -> str:
    """The enrollment token that the policy was made under; "" for none."""
    source = str(body.get("creationSource") or "")
    return source.removeprefix(TOKEN_SOURCE) if source.startswith(TOKEN_SOURCE) else ""


def templates_of(body: Body) -> Iterator[tuple[str, str]]:
    """(email or push, id) of "Email_<id>": how a notification names its message templates."""
    for one in listed(body, "notificationTemplates"):
        kind, _, template = str(one).partition("_")
        yield kind.lower(), template
