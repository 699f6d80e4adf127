"""A restore's options, its plan and its references in words."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from actors.facade.policy_type_names import DANGERS
from actors.plans.drafts import ASSIGNMENTS, CONDITIONAL_ACCESS, EXISTING, GROUPS_THAT_ARE_GONE
from db.models import RestoreItem
from db.states import Outcome

DROP_MISSING = {"no": "Block the policy", "yes": "Leave that assignment out"}
# Field -> (legend, choices, the one that is chosen when nothing is said): for forms, and to say what was chosen.
CHOICES: dict[str, tuple[str, dict[str, str], str]] = {
    "assignments": ("Assignments", ASSIGNMENTS, ""),
    "existing": ("Policies that are there already", EXISTING, "update"),
    "drop_missing": ("When a group of an assignment cannot be found", DROP_MISSING, "no"),
    "groups": ("Groups that are not there any more", GROUPS_THAT_ARE_GONE, "no"),
    "conditional_access": ("Conditional Access policies that were on", CONDITIONAL_ACCESS, "report only"),
}
_WRITTEN = (
    (Outcome.UPDATE, "changed"),
    (Outcome.CREATE, "created"),
    (Outcome.RECREATE, "created again"),
    (Outcome.REMOVE, "removed"),
)
_NOT_WRITTEN = (
    (Outcome.BLOCKED, "blocked"),
    (Outcome.MATCHES, "as the backup has them"),
    (Outcome.EXISTS, "left as they are"),
)


def as_form_fields(options: Mapping[str, Any]) -> dict[str, str]:
    """Return the options as the form's fields have them."""
    return {"groups": "no", **options, "drop_missing": "yes" if options["drop_missing"] else "no"}


def describe_options(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    fields = as_form_fields(options)
    lines = [(legend, choices[fields[name]]) for name, (legend, choices, _) in CHOICES.items()]
    return [*lines, ("Prefix of the copies", str(options["prefix"]))] if options["prefix"] else lines


def plan_sentence(actions: Mapping[str, int], held_back: Mapping[str, int] = MappingProxyType({})) -> str:
    """Say “3 policies will be changed, 2 created; 4 are blocked.” `held_back` counts the actions that the guard
    holds back.
    """
    counts = {name: count - held_back.get(name, 0) for name, count in actions.items()}
    will = [(counts[name], word) for name, word in _WRITTEN if counts.get(name)]
    held = [(sum(held_back.values()), "held back by the Conditional Access guard")]
    remaining = [(counts.get(name, 0), word) for name, word in _NOT_WRITTEN] + held
    are = [f"{count} {'is' if count == 1 else 'are'} {word}" for count, word in remaining if count]
    first = "Nothing will be written"
    if will:
        count, word = will[0]
        more = "".join(f", {number} {other}" for number, other in will[1:])
        first = f"{count} {'policy' if count == 1 else 'policies'} will be {word}{more}"
    return "; ".join([first, *([", ".join(are)] if are else [])]) + "."


@dataclass(frozen=True)
class DangerGroup:
    """The items with one kind of danger. `items`: (item id, name, sentence)."""

    code: str
    title: str
    items: list[tuple[int, str, str]]


def group_dangers(items: Iterable[RestoreItem]) -> list[DangerGroup]:
    """Group the dangers of all items by kind, the worst first."""
    items_by_code: dict[str, list[tuple[int, str, str]]] = {code: [] for code in DANGERS}
    for item in items:
        for danger in item.dangers or ():
            items_by_code.setdefault(danger["code"], []).append((item.id, item.name, danger["said"]))
    return [DangerGroup(code, DANGERS.get(code, code), listed) for code, listed in items_by_code.items() if listed]


def item_dangers(item: RestoreItem) -> list[tuple[str, str]]:
    """Return (title, sentence) of each danger in one item."""
    return [(DANGERS.get(danger["code"], danger["code"]), danger["said"]) for danger in item.dangers or ()]


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
