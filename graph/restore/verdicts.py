"""Verdicts on policies that are gone: the planner's decision, told by what a person has to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from graph.policy_types.policy_type import PolicyType
from graph.write.write_rules import WRITE_RULES

BY_ITSELF, BY_HAND, NOT = "by_itself", "by_hand", "not"
WORST_LAST = (BY_ITSELF, BY_HAND, NOT)
# The reasons of blocked items that a person can do something about; with any other the policy does not come back.
_MENDED_BY_HAND = frozenset(
    {"secret_missing", "permission_missing", "unresolved", "guard", "not_chosen", "unreadable", "uploaded_again"}
)
# What a restore leaves out though the backup had it, and a person has to add (graph/restore/shortfalls.py).
_LEFT_TO_A_PERSON = frozenset({"to_be_entered", "lacks_setting", "assignment_left_out"})
# Their files are nowhere in Graph: somebody who has the file adds it, and then the rest comes back.
_OF_FILES = frozenset({"mobileApps", "groupPolicyUploadedDefinitionFiles", "agreements"})
_STAYS = "Nobody can delete it: the tenant has it by itself."
_IN_A_GROUP = "Its members are added again by hand: its backup does not hold them."
_PAUSED = "Its membership rule is written paused: read it, and switch it on in Entra."


@dataclass(frozen=True)
class RestoreVerdict:
    """`verdict`: by_itself, by_hand or not. `reason`: a code, "" where there is nothing to do; `why`: a sentence."""

    verdict: str
    reason: str = ""
    why: str = ""


def verdict_of(
    policy_type: PolicyType,
    body: Mapping[str, Any],
    action: str,
    reason: str | None,
    message: str | None,
    shortfalls: Iterable[tuple[str, str]],
) -> RestoreVerdict:
    """Return the verdict on a policy from its plan for a tenant that does not have it.

    `action`, `reason`, `message`: as the planner decided. `shortfalls`: (code, sentence) of what would be less than the
    backup holds.
    """
    if stays(policy_type, body):
        return _of_what_stays(policy_type)
    if action == "blocked":
        if reason in ("cannot_create", "not_restorable") and policy_type.key in _OF_FILES:
            reason = "uploaded_again"
        return RestoreVerdict(BY_HAND if reason in _MENDED_BY_HAND else NOT, reason or "", message or "")
    if reason == "guard":
        return RestoreVerdict(BY_HAND, "guard", message or "")
    for code, sentence in shortfalls:
        if code in _LEFT_TO_A_PERSON:
            return RestoreVerdict(BY_HAND, code, sentence)
    return _of_group(body) if policy_type.is_referred else RestoreVerdict(BY_ITSELF)


def stays(policy_type: PolicyType, body: Mapping[str, Any]) -> bool:
    """Return whether nobody can delete the policy: it is built in, or one that every tenant has one of.

    A default that a write makes can be deleted: a tenant's company branding (learn.microsoft.com, Delete
    organizationalBranding).
    """
    is_made = policy_type.has_defaults and not WRITE_RULES[policy_type.key].cannot_create(dict(body))
    return policy_type.is_single or (policy_type.is_built_in(dict(body)) and not is_made)


def _of_what_stays(policy_type: PolicyType) -> RestoreVerdict:
    cannot = WRITE_RULES[policy_type.key].cannot_restore
    return RestoreVerdict(BY_ITSELF, "", f"{_STAYS} {cannot}".strip())


def _of_group(body: Mapping[str, Any]) -> RestoreVerdict:
    if "DynamicMembership" in (body.get("groupTypes") or ()):
        return RestoreVerdict(BY_HAND, "membership", _PAUSED)
    return RestoreVerdict(BY_ITSELF) if "members" in body else RestoreVerdict(BY_HAND, "membership", _IN_A_GROUP)


def worse(first: RestoreVerdict, second: RestoreVerdict) -> RestoreVerdict:
    return max(first, second, key=lambda verdict: WORST_LAST.index(verdict.verdict))


def share_of(verdicts: Iterable[str]) -> float:
    """Return the share, 0 to 1, of what comes back by itself; 1 where there is nothing: nothing could be lost."""
    found = list(verdicts)
    return found.count(BY_ITSELF) / len(found) if found else 1.0
