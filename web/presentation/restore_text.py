"""A restore's options, its plan and its references in words."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import filterfalse
from typing import Any, NamedTuple

from actors.facade.policy_type_names import DANGERS
from actors.plans import option_choices
from actors.plans.shortfall_texts import AMBER, RED, SHORTFALLS
from db.models import RestoreItem, RunItem
from db.restores.restore_items import NEVER_RESTORED
from db.states import WRITTEN_OUTCOMES, Level, Outcome


def choices(*, own_tenant: bool) -> dict[str, tuple[str, Mapping[str, str], str]]:
    """Return the options for a form: field -> (legend, choices, the one that is proposed)."""
    proposed = option_choices.proposed_fields(own_tenant=own_tenant)
    return {name: (legend, labels, proposed[name]) for name, (legend, labels) in option_choices.CHOICES.items()}


def describe_options(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    fields = option_choices.as_form_fields(options)
    lines = [(legend, labels[fields[name]]) for name, (legend, labels) in option_choices.CHOICES.items()]
    return [*lines, ("Prefix of the copies", str(options["prefix"]))] if options["prefix"] else lines


# --- what will become of the policies, and what became of them -------------------------------------------------------

HELD, HELD_BY_NAME, KEPT, GONE, NOT_REACHED = "held back", "held back by name", "kept", "gone", "not reached"
NEVER = "never restored"
NOTHING_TO_RESTORE = "Nothing to restore: the tenant already matches the backup."
NOTHING_WRITTEN = "Nothing was written: the tenant already matched the backup."
# Fate -> (of one policy, of several), before and after.
_WILL: Mapping[str, tuple[str, str]] = {
    Outcome.UPDATE: ("{n} will change", "{n} will change"),
    Outcome.CREATE: ("{n} will be created", "{n} will be created"),
    Outcome.RECREATE: ("{n} will be created again", "{n} will be created again"),
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
_DONE = frozenset(WRITTEN_OUTCOMES.values())
# Fates after which something that was asked for is not as in the backup.
_OPEN = frozenset({HELD, KEPT, NOT_REACHED, NEVER, Outcome.CONFLICT, Outcome.ERROR, Outcome.UNKNOWN, Outcome.BLOCKED})


def plan_fates(plan: Mapping[tuple[str, str | None], int], *, is_overridden: bool) -> Counter[str]:
    """Count what will become of the policies. `plan`: the number of items of each action and reason."""
    fates: Counter[str] = Counter()
    for (action, reason), count in plan.items():
        fates[_planned_fate(action, reason, is_overridden)] += count
    return fates


def _planned_fate(action: str, reason: str | None, is_overridden: bool) -> str:
    if action in WRITTEN_OUTCOMES and reason == "guard" and not is_overridden:
        return HELD
    return _fate(action, reason)


def _fate(outcome: str, reason: str | None) -> str:
    """Tell apart what has one outcome for several reasons."""
    if outcome == Outcome.BLOCKED:
        return HELD if reason == "guard" else NEVER if reason in NEVER_RESTORED else outcome
    if outcome == Outcome.MATCHES:
        return {"kept": KEPT, "gone": GONE}.get(str(reason), outcome)
    return NOT_REACHED if outcome == Outcome.CANCELLED else outcome


def result_fates(results: Iterable[RunItem], count: int) -> Counter[str]:
    """Count what became of the policies. `count`: how many the restore has; those without a result were not reached."""
    fates = Counter(_fate(result.outcome, result.reason) for result in results if result.outcome)
    fates[NOT_REACHED] += max(count - fates.total(), 0)
    return +fates


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
    return " · ".join(phrases if _DONE & set(fates) else ["Nothing was written", *phrases])


def _phrases(words: Mapping[str, tuple[str, str]], fates: Mapping[str, int], held_back: Sequence[str]) -> list[str]:
    is_named = 0 < len(held_back) <= _NAMED
    counts = {HELD_BY_NAME if fate == HELD and is_named else fate: count for fate, count in fates.items() if count}
    return [
        (singular if counts[fate] == 1 else plural).format(n=counts[fate], names=", ".join(held_back))
        for fate, (singular, plural) in words.items()
        if fate in counts
    ]


class RestoreVerdict(NamedTuple):
    word: str
    level: Level


def result_verdict(fates: Mapping[str, int], *, is_undo: bool, is_weaker: bool) -> RestoreVerdict:
    """Say what a finished restore came to: green only where all that was asked for is done, and nothing is weaker."""
    is_written, is_open = bool(_DONE & set(fates)), bool(_OPEN & set(fates))
    if is_open and is_written:
        return RestoreVerdict("half undone" if is_undo else "partly restored", Level.ATTENTION)
    if is_open:
        return RestoreVerdict("not undone" if is_undo else "not restored", Level.BAD)
    if is_weaker:
        word = "undone, weaker or incomplete" if is_undo else "restored, weaker or incomplete"
        return RestoreVerdict(word, Level.ATTENTION)
    return RestoreVerdict("finished", Level.GOOD)


# --- what becomes weaker, incomplete or assigned to nobody -----------------------------------------------------------

HELD_BACK_AFTER = "It was held back by the Conditional Access guard and is as it was before. {why}"
NOT_AS_WRITTEN = "What was read back is not what was written. Look at its differences."


@dataclass(frozen=True)
class Warned:
    """A policy that is weaker, incomplete or assigned to nobody: `sentence` follows its name."""

    item_id: int
    name: str
    sentence: str
    severity: str


_WILL_BE_WEAKER = (
    "{n} policy will be weaker or incomplete after this restore",
    "{n} policies will be weaker or incomplete after this restore",
)
_IS_WEAKER = (
    "{n} policy is weaker or incomplete after this restore",
    "{n} policies are weaker or incomplete after this restore",
)


def warnings_title(warnings: Iterable[Warned], *, is_done: bool) -> str:
    count = len({warned.item_id for warned in warnings})
    one, many = _IS_WEAKER if is_done else _WILL_BE_WEAKER
    return (one if count == 1 else many).format(n=count)


def warnings_before(items: Iterable[RestoreItem]) -> list[Warned]:
    """List what the plan leaves weaker or incomplete, the worst first."""
    return _worst_first(_warned(item, *entry) for item in items for entry in _entries(item, is_done=False))


def warnings_after(items: Iterable[RestoreItem], results: Mapping[int, RunItem]) -> list[Warned]:
    """List what a restore left weaker or incomplete, the worst first. Only what really happened is said."""
    return _worst_first(
        _warned(item, *entry)
        for item in items
        if (result := results.get(item.id))
        for entry in _entries_of_result(item, result)
    )


def _worst_first(warned: Iterable[Warned]) -> list[Warned]:
    return sorted(warned, key=lambda warning: warning.severity != RED)


def _warned(item: RestoreItem, severity: str, sentence: str) -> Warned:
    return Warned(item.id, item.name, sentence, severity)


def _entries_of_result(item: RestoreItem, result: RunItem) -> Iterator[tuple[str, str]]:
    fate = _fate(result.outcome or "", result.reason)
    if fate == HELD:
        yield RED, HELD_BACK_AFTER.format(why=result.message or "").strip()
    if fate in _DONE or fate in (Outcome.MATCHES, KEPT):
        yield from _entries(item, is_done=True)
        if item.verified is False:
            yield AMBER, NOT_AS_WRITTEN


def _entries(item: RestoreItem, *, is_done: bool) -> Iterator[tuple[str, str]]:
    """Yield (severity, sentence) of what one item leaves weaker or incomplete."""
    for entry in item.dangers or ():
        if text := SHORTFALLS.get(entry["code"]):
            yield text.severity, (text.after if is_done else text.before).format(**entry["values"])
        elif entry["code"] in WEAKER:
            yield RED, entry.get("after", entry["said"]) if is_done else entry["said"]


def _said(entry: Mapping[str, Any]) -> tuple[str, str]:
    """Return (title, sentence) of one thing to look at before a restore."""
    if text := SHORTFALLS.get(entry["code"]):
        return text.title, text.before.format(**entry["values"])
    return DANGERS.get(entry["code"], entry["code"]), entry["said"]


# Codes of dangers after which a policy protects less, or fewer, than it does now.
WEAKER = frozenset({"weakens", "nobody", "guests", "approval", "compliance", "protection", "taken"})


def _is_warning(entry: Mapping[str, Any]) -> bool:
    return entry["code"] in SHORTFALLS or entry["code"] in WEAKER


# --- other dangers ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DangerGroup:
    """The items with one kind of danger. `items`: (item id, name, sentence)."""

    code: str
    title: str
    items: list[tuple[int, str, str]]


def group_dangers(items: Iterable[RestoreItem]) -> list[DangerGroup]:
    """Group the dangers of all items by kind, the worst first; what becomes weaker is among the warnings."""
    items_by_code: dict[str, list[tuple[int, str, str]]] = {code: [] for code in DANGERS}
    for item in items:
        for danger in filterfalse(_is_warning, item.dangers or ()):
            items_by_code.setdefault(danger["code"], []).append((item.id, item.name, danger["said"]))
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
