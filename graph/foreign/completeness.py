"""Lacks of a foreign policy: the parts that it has not, and what its tool changed in it."""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any

from graph.display.masking import mask_secrets
from graph.foreign.export import FindingKind, ForeignPolicy
from graph.policy_types.policy_type import NONE
from graph.policy_types.table import POLICY_TYPES

# Properties without which there is nothing to restore: lists as Graph answers them do not have these.
_NEEDED: Mapping[str, tuple[str, ...]] = {
    "configurationPolicies": ("settings",),
    "compliancePolicies": ("settings",),
    "inventoryPolicies": ("settings",),
    "intents": ("settings", "templateId"),
    "groupPolicyConfigurations": ("definitionValues",),
    "deviceManagementScripts": ("scriptContent",),
    "deviceShellScripts": ("scriptContent",),
    "deviceCustomAttributeShellScripts": ("scriptContent",),
    "deviceHealthScripts": ("detectionScriptContent",),
    "deviceComplianceScripts": ("detectionScriptContent",),
    "reusablePolicySettings": ("settingInstance",),
    "conditionalAccessPolicies": ("conditions", "state"),
}
# Scripts and payloads are masked as a whole, whatever they hold: that says nothing of a secret.
_SCRIPTS = frozenset(
    {"scriptContent", "detectionScriptContent", "remediationScriptContent", "payload", "payloadJson", "content"}
)
# Of policies that share a name, so many are named at each.
_DOUBLES_NAMED = 3
NOT_KNOWN = "The file does not say whether it is assigned: it may be, or not."
ALL_OFF = (
    "Every Conditional Access policy of the export is off and has no id: its tool switches them off when it exports. "
    "Whether this one was on is not known."
)


def find_lack(policy_type: str, body: Mapping[str, Any]) -> str:
    """Return why the object is not whole; "" where it is."""
    for name in _NEEDED.get(policy_type, ()):
        if body.get(name) in (None, ""):
            return f"It has no {name}: it is a line of a list, or was not exported whole."
    settings, said = body.get("settings"), body.get("settingCount")
    if isinstance(said, int) and isinstance(settings, list) and said != len(settings):
        return f"It says {said} settings, and has {len(settings)}."
    return ""


def note_what_is_missing(policy: ForeignPolicy) -> None:
    content = policy.content
    if POLICY_TYPES[policy.policy_type].assignments != NONE and content.get("assignments") is None:
        policy.note(FindingKind.MISSING, NOT_KNOWN)
    if not policy.has_own_id:
        policy.note(FindingKind.MISSING, "It has no id: it is known by its type and its name alone.")
    count = count_secrets(content)
    if count:
        found = f"Values in plain text that look like secrets: {count}. They are kept sealed, and masked."
        policy.note(FindingKind.SECRET, found)


def count_secrets(content: Mapping[str, Any]) -> int:
    return _differing(content, mask_secrets(content))


def _differing(left: Any, right: Any) -> int:
    if isinstance(left, dict) and isinstance(right, dict):
        if left.get("valueState") == "encryptedValueToken":
            return 0  # a token of the service's, and no secret in clear
        return sum(_differing(inner, right.get(key)) for key, inner in left.items() if key not in _SCRIPTS)
    if isinstance(left, list) and isinstance(right, list):
        return sum(map(_differing, left, right))
    return int(left != right)


def note_states(policies: Sequence[ForeignPolicy]) -> None:
    """Note where a tool has switched off every Conditional Access policy that it exported."""
    access = [policy for policy in policies if policy.policy_type == "conditionalAccessPolicies"]
    if len(access) > 1 and all(
        policy.content["body"].get("state") == "disabled" and not policy.has_own_id for policy in access
    ):
        for policy in access:
            policy.note(FindingKind.PUT_RIGHT, ALL_OFF)


def note_doubles(policies: Sequence[ForeignPolicy]) -> None:
    """Note policies of one type and name: most tools keep one file for a name, so one may have replaced another."""
    groups: dict[tuple[str, str], list[ForeignPolicy]] = {}
    for policy in policies:
        groups.setdefault((policy.policy_type, policy.name.strip().lower()), []).append(policy)
    for alike in groups.values():
        for policy in alike if len(alike) > 1 else ():
            others = islice((other for other in alike if other is not policy), _DOUBLES_NAMED)
            named = ", ".join(f"“{other.path[-80:]}”" for other in others)
            policy.note(FindingKind.TWICE, f"Another of this type and name is in the export: {named}.")
