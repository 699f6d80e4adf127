"""A restore's options, its plan and what its policies refer to, in words."""

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
_WILL_BE = (
    (Outcome.UPDATE, "changed"),
    (Outcome.CREATE, "created"),
    (Outcome.RECREATE, "created again"),
    (Outcome.REMOVE, "removed"),
)
_ARE = (
    (Outcome.BLOCKED, "blocked"),
    (Outcome.MATCHES, "as the backup has them"),
    (Outcome.EXISTS, "left as they are"),
)


def chosen(options: Mapping[str, Any]) -> dict[str, str]:
    """The options as the form's fields."""
    return {"groups": "no", **options, "drop_missing": "yes" if options["drop_missing"] else "no"}


def in_words(options: Mapping[str, Any]) -> list[tuple[str, str]]:
    said = chosen(options)
    lines = [(legend, choices[said[name]]) for name, (legend, choices, _) in CHOICES.items()]
    return [*lines, ("Prefix of the copies", str(options["prefix"]))] if options["prefix"] else lines


def sentence(actions: Mapping[str, int], held_back: Mapping[str, int] = MappingProxyType({})) -> str:
    """“3 policies will be changed, 2 created; 4 are blocked.” `held_back`: of the actions, by the guard."""
    counts = {name: count - held_back.get(name, 0) for name, count in actions.items()}
    will = [(counts[name], word) for name, word in _WILL_BE if counts.get(name)]
    held = [(sum(held_back.values()), "held back by the Conditional Access guard")]
    found = [(counts.get(name, 0), word) for name, word in _ARE] + held
    are = [f"{count} {'is' if count == 1 else 'are'} {word}" for count, word in found if count]
    first = "Nothing will be written"
    if will:
        count, word = will[0]
        more = "".join(f", {number} {other}" for number, other in will[1:])
        first = f"{count} {'policy' if count == 1 else 'policies'} will be {word}{more}"
    return "; ".join([first, *([", ".join(are)] if are else [])]) + "."


@dataclass(frozen=True)
class Danger:
    """One kind. `items`: (the item's id, its name, what is dangerous in it)."""

    title: str
    items: list[tuple[int, str, str]]


def dangers(items: Iterable[RestoreItem]) -> list[Danger]:
    """Kind by kind, the worst first."""
    found: dict[str, list[tuple[int, str, str]]] = {code: [] for code in DANGERS}
    for item in items:
        for one in item.dangers or ():
            found.setdefault(one["code"], []).append((item.id, item.name, one["said"]))
    return [Danger(DANGERS.get(code, code), of_code) for code, of_code in found.items() if of_code]


def dangers_of(item: RestoreItem) -> list[tuple[str, str]]:
    """Return (title, sentence) of each danger in one item."""
    return [(DANGERS.get(danger["code"], danger["code"]), danger["said"]) for danger in item.dangers or ()]


# How a reference was resolved where somebody should look at what came of it.
NEEDS_A_LOOK = ("unresolved", "dropped", "kept", "stands")


def resolution(found: Mapping[str, Any]) -> str:
    """What a reference stands for in the target tenant."""
    to = found["to_name"] or found["to"]
    return {
        "same": f"the same id is there: {found['to_name']}" if found["to_name"] else "the same id is there",
        "mapping": f"mapped to {to}",
        "name": f"found by its name: {to}",
        "tenant": f"this tenant's own: {to}",
        "number": f"a free number: {to}",
        "kept": f"written as it is. {found['why']}",
        "restored": "made by this restore" if found["to"] is None else "part of this restore",
        "dropped": f"left out of the assignments. {found['why']}",
        "stands": f"stays as it is, for the policy refers to it now. {found['why']}",
    }.get(
        found["how"], f"cannot be found{'' if found.get('is_needed', True) else ', and is not written'}. {found['why']}"
    )
