"""The result of a restore: the fate of each of its policies, what it leaves open, and what it leaves weaker.

The end of a live run records the first thing that is not as it was asked for, so that lists say what the page says.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from actors.plans.shortfall_texts import AMBER, RED, SHORTFALLS
from db.models import Restore, RestoreItem, RunItem
from db.restores import restore_items, restores
from db.restores.restore_items import NEVER_RESTORED
from db.runs import levels
from db.states import WRITTEN_OUTCOMES, Outcome

# --- fates -----------------------------------------------------------------------------------------------------------

HELD, HELD_BY_NAME, KEPT, GONE, NOT_REACHED = "held back", "held back by name", "kept", "gone", "not reached"
NEVER = "never restored"
# Fates of what was written.
DONE = frozenset(WRITTEN_OUTCOMES.values())
# Fates after which something that was asked for is not as in the backup.
OPEN = frozenset({HELD, KEPT, NOT_REACHED, NEVER, Outcome.CONFLICT, Outcome.ERROR, Outcome.UNKNOWN, Outcome.BLOCKED})


def plan_fates(plan: Mapping[tuple[str, str | None], int], *, is_overridden: bool) -> Counter[str]:
    """Count what will become of the policies. `plan`: the number of items of each action and reason."""
    fates: Counter[str] = Counter()
    for (action, reason), count in plan.items():
        fates[_planned_fate(action, reason, is_overridden)] += count
    return fates


def _planned_fate(action: str, reason: str | None, is_overridden: bool) -> str:
    if action in WRITTEN_OUTCOMES and reason == "guard" and not is_overridden:
        return HELD
    return fate(action, reason)


def fate(outcome: str, reason: str | None) -> str:
    """Tell apart what has one outcome for several reasons."""
    if outcome == Outcome.BLOCKED:
        return HELD if reason == "guard" else NEVER if reason in NEVER_RESTORED else outcome
    if outcome == Outcome.MATCHES:
        return {"kept": KEPT, "gone": GONE}.get(str(reason), outcome)
    return NOT_REACHED if outcome == Outcome.CANCELLED else outcome


def result_fates(results: Iterable[RunItem], count: int) -> Counter[str]:
    """Count what became of the policies. `count`: how many the restore has; those without a result were not reached."""
    fates = Counter(fate(result.outcome, result.reason) for result in results if result.outcome)
    fates[NOT_REACHED] += max(count - fates.total(), 0)
    return +fates


# --- what becomes weaker, incomplete or assigned to nobody -----------------------------------------------------------

# Codes of dangers after which a policy protects less, or fewer, than it does now.
WEAKER = frozenset({"weakens", "nobody", "guests", "approval", "compliance", "protection", "taken"})

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


@dataclass(frozen=True)
class WarningGroup:
    """One warning with all the policies that it is about. `policies`: (item id, name)."""

    sentence: str
    severity: str
    policies: list[tuple[int, str]]


def group_warnings(warnings: Iterable[Warned]) -> list[WarningGroup]:
    """Say each sentence once, in the order of the warnings."""
    groups: dict[tuple[str, str], WarningGroup] = {}
    for warned in warnings:
        words = (warned.sentence, warned.severity)
        groups.setdefault(words, WarningGroup(*words, [])).policies.append((warned.item_id, warned.name))
    return list(groups.values())


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
    ended = fate(result.outcome or "", result.reason)
    if ended == HELD:
        yield RED, HELD_BACK_AFTER.format(why=result.message or "").strip()
    if ended in DONE or ended in (Outcome.MATCHES, KEPT):
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


def is_warning(entry: Mapping[str, Any]) -> bool:
    return entry["code"] in SHORTFALLS or entry["code"] in WEAKER


# --- what a restore that has ended lacks -----------------------------------------------------------------------------


def find_lack(restore: Restore) -> RunItem | None:
    """Return the first thing that is not as it was asked for, over all live runs of the restore: as a run item, which
    is not saved.
    """
    results = restore_items.results(restores.runs_of_restore(restore))
    return lack_of(restore_items.with_dangers(restore), results)


def lack_of(looked_at: Iterable[RestoreItem], results: Mapping[int, RunItem]) -> RunItem | None:
    """Return what is open before what is weaker. `looked_at`: the items with dangers, `results`: of all items."""
    for result in results.values():
        if fate(result.outcome or "", result.reason) in OPEN:
            return RunItem(reason=result.reason, message=result.message, request_id=result.request_id)
    warnings = warnings_after(looked_at, results)
    return RunItem(reason=levels.WEAKER, message=warnings_title(warnings, is_done=True)) if warnings else None
