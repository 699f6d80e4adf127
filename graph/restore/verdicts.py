"""Verdicts on policies that are gone: the planner's decision, told by what a person has to do."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from graph.policy_types.policy_type import PolicyType
from graph.read.groups import UNIFIED
from graph.write.write_rules import WRITE_RULES

BY_ITSELF, BY_HAND, NOT = "by_itself", "by_hand", "not"
WORST_LAST = (BY_ITSELF, BY_HAND, NOT)
# What a person does for a policy that a plan writes: its code, and its title among what is to be looked at.
SECOND_ADMIN, MEMBERSHIP = "second_admin", "membership"
HAND_WORK: Mapping[str, str] = {
    SECOND_ADMIN: "Waits for a second administrator of the tenant",
    MEMBERSHIP: "Membership that a person completes",
}
# The reasons of blocked items that a person can do something about; with any other the policy does not come back.
_MENDED_BY_HAND = frozenset(
    {"secret_missing", "permission_missing", "unresolved", "guard", "not_chosen", "unreadable", "uploaded_again"}
)
# What a restore leaves out though the backup had it, and a person has to add (graph/restore/shortfalls.py).
_LEFT_TO_A_PERSON = frozenset({"to_be_entered", "lacks_setting", "assignment_left_out", "reference_kept"})
# Their files are nowhere in Graph: somebody who has the file adds it, and then the rest comes back.
_OF_FILES = frozenset({"mobileApps", "groupPolicyUploadedDefinitionFiles", "agreements"})
# What Graph answers where a tenant lacks a licence, and where nothing that a person does brings the feature back
# (graph/not_offered.py has the words and their sources). After any other answer somebody has to look.
_LICENCES = frozenset(
    {
        "intune_not_available",
        "not_licensed",
        "entra_p1_missing",
        "entra_p2_missing",
        "entra_premium_missing",
        "intune_apps_not_licensed",
        "store_apps_not_supported",
    }
)
_NOT_OFFERED = frozenset({"unknown_segment", "no_route", "retired"})
_STAYS = "Nobody can delete it: the tenant has it by itself."
_IN_A_GROUP = "Its members are added again by hand: its backup does not hold them."
_APPROVED = "A second administrator of the tenant has to approve it first: Multi Admin Approval, “{}”."
_CHANGED = "It was changed since its newest snapshot ({}), and would come back as it was then."
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
        if reason == "cannot_create" and policy_type.is_referred and UNIFIED not in (body.get("groupTypes") or ()):
            # Whoever keeps such groups makes it: the local directory, Exchange, an administrator of roles.
            return RestoreVerdict(BY_HAND, "made_by_hand", message or "")
        return RestoreVerdict(BY_HAND if reason in _MENDED_BY_HAND else NOT, reason or "", message or "")
    if reason == "guard":
        return RestoreVerdict(BY_HAND, "guard", message or "")
    for code, sentence in shortfalls:
        if code in _LEFT_TO_A_PERSON:
            return RestoreVerdict(BY_HAND, code, sentence)
    if left_to_do := WRITE_RULES[policy_type.key].left_to_do(dict(body)):
        return RestoreVerdict(BY_HAND, "finished_by_hand", left_to_do)
    return of_group(body) if policy_type.is_referred else RestoreVerdict(BY_ITSELF)


def of_unlisted(code: str, sentence: str) -> RestoreVerdict:
    """Return the verdict on a policy of a type that the tenant does not list now, by the code of its answer."""
    if code in _NOT_OFFERED:
        return RestoreVerdict(NOT, "not_offered", sentence)
    return RestoreVerdict(BY_HAND, "licence_missing" if code in _LICENCES else "unreadable", sentence)


def of_protected(approval_policy: str) -> RestoreVerdict:
    """Return the verdict on a policy whose writes wait for a second administrator. `approval_policy`: its name."""
    return RestoreVerdict(BY_HAND, "approval", _APPROVED.format(approval_policy))


def of_changed(confirmed_at: datetime) -> RestoreVerdict:
    """Return the verdict on a policy that was changed since its newest snapshot was last confirmed."""
    return RestoreVerdict(BY_HAND, "changed_since", _CHANGED.format(f"{confirmed_at:%Y-%m-%d}"))


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


def of_group(body: Mapping[str, Any]) -> RestoreVerdict:
    """Return the verdict on a group that is made again."""
    if "DynamicMembership" in (body.get("groupTypes") or ()):
        return RestoreVerdict(BY_HAND, MEMBERSHIP, _PAUSED)
    return RestoreVerdict(BY_ITSELF) if "members" in body else RestoreVerdict(BY_HAND, MEMBERSHIP, _IN_A_GROUP)


def worse(first: RestoreVerdict, second: RestoreVerdict) -> RestoreVerdict:
    return max(first, second, key=lambda verdict: WORST_LAST.index(verdict.verdict))


def share_of(verdicts: Iterable[str]) -> float:
    """Return the share, 0 to 1, of what comes back by itself; 1 where there is nothing: nothing could be lost."""
    found = list(verdicts)
    return found.count(BY_ITSELF) / len(found) if found else 1.0
