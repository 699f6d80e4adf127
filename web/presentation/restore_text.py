"""A restore's options, its plan and its references in words, and who asked for it."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any

from flask_babel import gettext
from markupsafe import Markup

from actors.facade.policy_type_names import DANGERS, SECOND_ADMIN
from actors.plans import option_choices
from actors.plans.restore_results import DONE, GONE, HELD, HELD_BY_NAME, KEPT, NEVER, NOT_REACHED, is_warning
from actors.plans.shortfall_texts import SHORTFALLS
from db.models import Rehearsal, Restore, RestoreItem
from db.names import work_names
from db.rehearsals import rehearsals
from db.states import WRITTEN_OUTCOMES, Outcome
from web.presentation.links import link
from web.security.access import can
from web.security.permissions import Permission
from web.translation.sentences import translated


def choices(*, own_tenant: bool) -> dict[str, tuple[str, Mapping[str, str], str]]:
    """Return the options for a form: field -> (legend, choices, the one that is proposed)."""
    proposed = option_choices.proposed_fields(own_tenant=own_tenant)
    return {name: (legend, labels, proposed[name]) for name, (legend, labels) in option_choices.CHOICES.items()}


def describe_options(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    fields = option_choices.as_form_fields(options)
    lines = [(legend, labels[fields[name]]) for name, (legend, labels) in option_choices.CHOICES.items()]
    return [*lines, ("Prefix of the copies", str(options["prefix"]))] if options["prefix"] else lines


# --- why, and who asked for it ---------------------------------------------------------------------------------------


def reason_words(restore: Restore) -> str:
    """Return why it was made: our own words in the reader's language, a person's as they are."""
    return translated(restore.reason) if work_names.is_own_reason(restore) else restore.reason or ""


def requested_by(restore: Restore) -> Markup | str:
    return requested_by_whom([restore])[restore.id]


def requested_by_whom(listed: Sequence[Restore]) -> dict[int, Markup | str]:
    """Name who asked for each restore: a person, or what of ours began it by itself, with a link to that."""
    known = rehearsals.by_ids(restore.rehearsal_id for restore in listed)
    return {restore.id: _requester(restore, known) for restore in listed}


def _requester(restore: Restore, known: Mapping[int, Rehearsal]) -> Markup | str:
    if restore.created_by:
        return str(restore.created_by.name)
    if restore.rehearsal_id:
        return _rehearsal(restore.rehearsal_id, known.get(restore.rehearsal_id))
    if restore.is_by_itself:
        return gettext("a standard that is kept by itself")
    return gettext("a command")


def _rehearsal(number: int, rehearsal: Rehearsal | None) -> Markup | str:
    """One of a tenant that the reader does not see has its number alone: its lab's page tells of it too."""
    words = gettext("rehearsal %(number)s", number=number)
    is_seen = rehearsal is not None and can(Permission.SEE, rehearsal.tenant_id)
    return link("rehearsals.page", words, rehearsal_id=number) if is_seen else words


# --- what will become of the policies, and what became of them -------------------------------------------------------

NOTHING_TO_RESTORE = "Nothing to restore: the tenant already matches the backup."
NOTHING_WRITTEN = "Nothing was written: the tenant already matched the backup."
# Fate -> (of one policy, of several), before and after.
_WILL: Mapping[str, tuple[str, str]] = {
    Outcome.UPDATE: ("{n} will change", "{n} will change"),
    Outcome.CREATE: ("{n} will be created", "{n} will be created"),
    Outcome.RECREATE: ("{n} will be created again", "{n} will be created again"),
    Outcome.UNDELETE: ("{n} will come back with its id", "{n} will come back with their ids"),
    Outcome.REMOVE: ("{n} will be removed", "{n} will be removed"),
    HELD: (
        "{n} is held back by the Conditional Access guard",
        "{n} are held back by the Conditional Access guard",
    ),
    HELD_BY_NAME: ("{n} is held back: {names}", "{n} are held back: {names}"),
    Outcome.MATCHES: ("{n} already matches", "{n} already match"),
    KEPT: ("{n} differs and stays as it is", "{n} differ and stay as they are"),
    Outcome.EXISTS: ("{n} still exists and is skipped", "{n} still exist and are skipped"),
    GONE: ("{n} is gone already", "{n} are gone already"),
    Outcome.BLOCKED: ("{n} cannot be restored", "{n} cannot be restored"),
    NEVER: ("{n} cannot be restored by anybody", "{n} cannot be restored by anybody"),
}
_DID: Mapping[str, tuple[str, str]] = {
    Outcome.UPDATED: ("{n} changed", "{n} changed"),
    Outcome.CREATED: ("{n} created", "{n} created"),
    Outcome.RECREATED: ("{n} created again", "{n} created again"),
    Outcome.UNDELETED: ("{n} came back with its id", "{n} came back with their ids"),
    Outcome.REMOVED: ("{n} removed", "{n} removed"),
    HELD: (
        "{n} was held back by the Conditional Access guard",
        "{n} were held back by the Conditional Access guard",
    ),
    HELD_BY_NAME: ("{n} was held back: {names}", "{n} were held back: {names}"),
    Outcome.CONFLICT: (
        "{n} was edited after the preview and left as it is",
        "{n} were edited after the preview and left as they are",
    ),
    Outcome.ERROR: ("{n} failed", "{n} failed"),
    Outcome.UNKNOWN: ("{n} is uncertain", "{n} are uncertain"),
    NOT_REACHED: ("{n} was not reached", "{n} were not reached"),
    Outcome.MATCHES: ("{n} already matched", "{n} already matched"),
    KEPT: ("{n} differs and was left as it is", "{n} differ and were left as they are"),
    Outcome.EXISTS: ("{n} still existed and was skipped", "{n} still existed and were skipped"),
    GONE: ("{n} was gone already", "{n} were gone already"),
    Outcome.BLOCKED: ("{n} could not be restored", "{n} could not be restored"),
    NEVER: ("{n} cannot be restored by anybody", "{n} cannot be restored by anybody"),
}
# So many held-back policies are named.
_NAMED = 3
_TO_WRITE = frozenset(WRITTEN_OUTCOMES)


def plan_sentence(fates: Mapping[str, int], held_back: Sequence[str] = ()) -> str:
    """Say “4 will change · 96 already match · 10 cannot be restored”. `held_back` names what the guard holds back."""
    if set(fates) <= {Outcome.MATCHES}:
        return NOTHING_TO_RESTORE
    phrases = _phrases(_WILL, fates, held_back)
    return " · ".join(phrases if _TO_WRITE & set(fates) else ["Nothing will be written", *phrases])


def result_sentence(fates: Mapping[str, int], held_back: Sequence[str] = ()) -> str:
    """Say “2 changed · 1 was held back: CA002”."""
    if set(fates) <= {Outcome.MATCHES}:
        return NOTHING_WRITTEN
    phrases = _phrases(_DID, fates, held_back)
    return " · ".join(phrases if DONE & set(fates) else ["Nothing was written", *phrases])


def _phrases(words: Mapping[str, tuple[str, str]], fates: Mapping[str, int], held_back: Sequence[str]) -> list[str]:
    is_named = 0 < len(held_back) <= _NAMED
    counts = {HELD_BY_NAME if fate == HELD and is_named else fate: count for fate, count in fates.items() if count}
    return [
        (singular if counts[fate] == 1 else plural).format(n=counts[fate], names=", ".join(held_back))
        for fate, (singular, plural) in words.items()
        if fate in counts
    ]


def _said(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return (title, sentence) of one thing to look at before a restore."""
    if text := SHORTFALLS.get(entry["code"]):
        return text.title, text.before.format(**entry["values"])
    return DANGERS.get(entry["code"], entry["code"]), entry["said"]


# --- other dangers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DangerGroup:
    """The items with one kind of danger. `items`: (item id, name, sentence)."""

    code: str
    title: str
    items: list[tuple[int, str, str]]


def group_dangers(items: Iterable[RestoreItem], *, is_done: bool = False) -> list[DangerGroup]:
    """Group the dangers of all items by kind, the worst first; what becomes weaker is among the warnings.

    Once it `is_done`, nothing waits for a second administrator any more.
    """
    items_by_code: dict[str, list[tuple[int, str, str]]] = {code: [] for code in DANGERS}
    for item in items:
        for danger in filterfalse(is_warning, item.dangers or ()):
            items_by_code.setdefault(danger["code"], []).append((item.id, item.name, danger["said"]))
    if is_done:
        items_by_code.pop(SECOND_ADMIN, None)
    return [DangerGroup(code, DANGERS.get(code, code), listed) for code, listed in items_by_code.items() if listed]


def item_dangers(item: RestoreItem) -> list[tuple[str, str]]:
    """Return (title, sentence) of each danger in one item, and of what it leaves weaker or incomplete."""
    return [_said(danger) for danger in item.dangers or ()]


# How a reference was resolved where somebody should look at what came of it.
NEEDS_A_LOOK = ("unresolved", "dropped", "kept", "stands")


def describe_resolution(reference: Mapping[str, Any]) -> str:
    """Say what a reference stands for in the target tenant."""
    to = reference["to_name"] or reference["to"]
    return {
        "same": f"the same id is there: {reference['to_name']}" if reference["to_name"] else "the same id is there",
        "mapping": f"mapped to {to}",
        "name": f"found by its name: {to}",
        "tenant": f"this tenant's own: {to}",
        "number": f"a free number: {to}",
        "kept": f"written as it is. {reference['why']}",
        "restored": "made by this restore" if reference["to"] is None else "part of this restore",
        "dropped": f"left out of the assignments. {reference['why']}",
        "stands": f"stays as it is, for the policy refers to it now. {reference['why']}",
    }.get(
        reference["how"],
        f"cannot be found{'' if reference.get('is_needed', True) else ', and is not written'}. {reference['why']}",
    )
