"""A change in words: what became of the policy, how grave that is, and how it stands against what was approved."""

from collections.abc import Mapping, Sequence
from typing import Any

from flask_babel import gettext, ngettext
from markupsafe import Markup

from db.models import Change
from db.states import ChangeKind, ChangeState, Severity
from web.change_words import place_words
from web.translation.sentences import translated

KINDS: Mapping[str, str] = {
    ChangeKind.ADDED: "added",
    ChangeKind.CHANGED: "changed",
    ChangeKind.ASSIGNMENTS_CHANGED: "assignments changed",
    ChangeKind.REMOVED: "deleted",
    ChangeKind.CAME_BACK: "came back",
}
STATES: Mapping[str, str] = {
    ChangeState.OPEN: "open",
    ChangeState.RECORDED: "no approved state",
    ChangeState.ACCEPTED: "accepted",
    ChangeState.APPROVED: "approved",
    ChangeState.PUT_BACK: "put back",
    ChangeState.UNDONE: "undone in the tenant",
    ChangeState.REPLACED: "replaced by a later change",
    ChangeState.IGNORED: "ignored fields only",
}
# What a state means, for who asks.
STATE_SENTENCES: Mapping[str, str] = {
    ChangeState.OPEN: "The policy is not as approved, and nobody has decided about it yet.",
    ChangeState.RECORDED: "Nobody approved a state of this policy, so there is nothing to decide.",
    ChangeState.ACCEPTED: "Somebody said that the policy may be so.",
    ChangeState.APPROVED: "The policy is as approved.",
    ChangeState.PUT_BACK: "A restore made the policy as approved again.",
    ChangeState.UNDONE: "Somebody made the policy as approved again, in the tenant.",
    ChangeState.REPLACED: "The policy changed again later: that change stands for this one.",
    ChangeState.IGNORED: "Only fields differ that are ignored for this policy type.",
}
# The same of one that differs from a standard, and that nobody saw become so.
STANDARD_SENTENCES: Mapping[str, str] = {
    ChangeState.OPEN: "The policy is not as the standard wants it, and nobody has decided about it yet.",
    ChangeState.RECORDED: "The tenant no longer follows the standard, so there is nothing to decide.",
    ChangeState.ACCEPTED: STATE_SENTENCES[ChangeState.ACCEPTED],
    ChangeState.APPROVED: "The policy is as the standard wants it, or somebody said that it is right as it is.",
    ChangeState.PUT_BACK: "A restore made the policy as the standard wants it.",
    ChangeState.UNDONE: "Somebody made the policy as the standard wants it, in the tenant.",
    ChangeState.REPLACED: "The policy changed since, or the standard did: a later change stands for this one.",
}
_STATE_LOOKS = {
    ChangeState.OPEN: ("warn", "exclamation-circle"),
    ChangeState.RECORDED: ("muted", "circle-o"),
    ChangeState.ACCEPTED: ("info", "check"),
    ChangeState.APPROVED: ("good", "check"),
    ChangeState.PUT_BACK: ("good", "history"),
    ChangeState.UNDONE: ("good", "undo"),
    ChangeState.REPLACED: ("muted", "forward"),
    ChangeState.IGNORED: ("muted", "eye-slash"),
}
SEVERITIES: Mapping[str, str] = {Severity.HIGH: "high", Severity.MEDIUM: "medium", Severity.LOW: "low"}
_SEVERITY_LOOKS = {
    Severity.HIGH: ("bad", "angle-double-up"),
    Severity.MEDIUM: ("warn", "angle-up"),
    Severity.LOW: ("muted", "angle-down"),
}
NOT_ASSESSED = "being assessed"


def state_badge(change: Change) -> Markup:
    return _badge(*_STATE_LOOKS[ChangeState(change.state)], STATES[change.state])


def severity_badge(severity: str | None) -> Markup:
    """Show how grave it is; a change that is a moment old was not assessed yet."""
    if severity is None:
        return _badge("muted", "clock-o", NOT_ASSESSED)
    return _badge(*_SEVERITY_LOOKS[Severity(severity)], SEVERITIES[severity])


def _badge(look: str, icon: str, word: str) -> Markup:
    return Markup('<span class="badge badge-{}"><i class="fa fa-{}" aria-hidden="true"></i> {}</span>').format(
        look, icon, translated(word)
    )


def what_words(change: Change) -> str:
    """Say in a few words what became of the policy: “Excluded groups changed and 2 more differences”."""
    if change.standard_id is not None:
        return gettext("differs from its standard: %(what)s", what=_difference_words(change))
    return _difference_words(change)


def _difference_words(change: Change) -> str:
    differences: Sequence[Mapping[str, Any]] = change.differences or ()
    if change.kind not in (ChangeKind.CHANGED, ChangeKind.ASSIGNMENTS_CHANGED) or not differences:
        return translated(KINDS[change.kind])
    label = place_words.label_of(change, differences[0])
    first, more = (
        difference_words({**differences[0], "label": label}),
        max(change.difference_count, len(differences)) - 1,
    )
    if more <= 0:
        return first
    return ngettext(
        "%(first)s, and %(num)s more difference", "%(first)s, and %(num)s more differences", more, first=first
    )


def difference_words(difference: Mapping[str, Any]) -> str:
    """Say which setting became how: without its values, which are nobody's business in a list."""
    label = str(difference.get("label") or difference.get("path") or "")
    if str(difference.get("path") or "").startswith("assignments/"):
        label = translated(label)  # "Group SG-Pilot" is our word and a name; what a policy sets, Microsoft names
    if difference.get("how") == "added":
        return gettext("%(setting)s added", setting=label)
    if difference.get("how") == "removed":
        return gettext("%(setting)s removed", setting=label)
    return gettext("%(setting)s changed", setting=label)
