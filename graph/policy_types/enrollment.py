"""Policies of enrollment: how to recognise them, and how they name the objects that the service keeps for them."""

from collections.abc import Iterator, Mapping
from typing import Any

# Properties under which we keep, in a policy's body, what is read for it: Microsoft's model has none of them.
MESSAGES = "notificationMessages"
DEVICE_GROUPS = "enrollmentTimeDeviceMembershipTargets"
IS_DEFAULT = "isDefaultEnrollmentProfile"
# Sent neither with the body nor, as they are, by a call of their own.
NEVER_SENT = frozenset({DEVICE_GROUPS, IS_DEFAULT})
# Begins a creationSource that names the enrollment token under which the policy was made. Other sources mean nothing.
TOKEN_SOURCE = "DepTokenId_"  # noqa: S105

Body = Mapping[str, Any]


def get_list(body: Body, name: str) -> list[Any]:
    """Return the list in this property; [] where the answer holds anything else."""
    items = body.get(name)
    return items if isinstance(items, list) else []


def is_enrollment_policy(body: Body) -> bool:
    reference = body.get("templateReference")
    family = reference.get("templateFamily") if isinstance(reference, Mapping) else None
    return "enrollment" in str(body.get("technologies")) or family == "enrollmentConfiguration"


def has_device_group(policy_type: str, body: Body) -> bool:
    """Tell whether devices may join a group while they enroll (Microsoft's model:
    retrieveEnrollmentTimeDeviceMembershipTarget).
    """
    return policy_type == "androidDeviceOwnerEnrollmentProfiles" or (
        policy_type == "configurationPolicies" and is_enrollment_policy(body)
    )


def enrollment_token(body: Body) -> str:
    """Return the id of the enrollment token that the policy was made under; "" for none."""
    source = str(body.get("creationSource") or "")
    return source.removeprefix(TOKEN_SOURCE) if source.startswith(TOKEN_SOURCE) else ""


def notification_templates(body: Body) -> Iterator[tuple[str, str]]:
    """Yield (email or push, id) for each "Email_<id>": a notification names its message templates that way."""
    for template_name in get_list(body, "notificationTemplates"):
        kind, _, template = str(template_name).partition("_")
        yield kind.lower(), template
