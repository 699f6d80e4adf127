"""The lines of a body in groups that a page can fold: a policy may have hundreds of settings."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from graph.definitions.wording import NO_WORDS, Wording
from graph.display.labels import readable_name
from graph.display.outline import OutlineLine
from graph.display.setting_titles import category_places, says_nothing

GENERAL = "General"
# The settings of a catalog policy, of an intent, of an administrative template: they have a category or an area each.
_SETTINGS = frozenset({"settings", "settingsDelta", "definitionValues"})
_BETWEEN = " › "


@dataclass(frozen=True)
class OutlineGroup:
    title: str
    lines: Sequence[OutlineLine]


def group_lines(lines: Iterable[OutlineLine], *, wording: Wording = NO_WORDS) -> list[OutlineGroup]:
    """Put each line into the group of its top heading; settings into that of their category, in the portal's order."""
    groups: dict[str, list[OutlineLine]] = {}
    places: dict[str, int] = {}
    order = category_places(wording)
    title, is_catalogue, shift = GENERAL, False, 0
    for line in lines:
        if line.depth == 0:
            title = line.title or readable_name(line.label) if line.value is None else _general(line)
            is_catalogue, shift = line.value is None and line.label in _SETTINGS, 0
            if line.value is None:
                continue
            if line.category:
                places.setdefault(title, order.get(line.category, len(order)))
        elif line.depth == 1 and is_catalogue:
            title = _BETWEEN.join(line.category) or _area(line.label)
            places.setdefault(title, order.get(line.category, len(order)))
            shift = 1 if line.value is None and says_nothing(line.label, wording) else 0
            if shift:
                continue  # the group is called so already
        groups.setdefault(title, []).append(replace(line, depth=line.depth - shift) if shift else line)
    return [OutlineGroup(title, groups[title]) for title in _in_order(list(groups), places)]


def _general(line: OutlineLine) -> str:
    """Return the group of a property of the policy itself: its category in the portal, where that is known."""
    return _BETWEEN.join(line.category) or GENERAL


def _in_order(titles: Sequence[str], places: Mapping[str, int]) -> list[str]:
    """Put the categories into the order of their places, where the first of them stands."""
    categories = sorted((title for title in titles if title in places), key=lambda title: places[title])
    first = next((number for number, title in enumerate(titles) if title in places), 0)
    return [*titles[:first], *categories, *(title for title in titles[first:] if title not in places)]


def _area(definition_id: str) -> str:
    kind, is_of_intent, _ = definition_id.partition("--")[2].partition("_")
    if is_of_intent:
        return readable_name(kind)
    area, is_named, _ = readable_name(definition_id).partition(": ")
    return area if is_named else "Settings"


def search_lines(groups: Iterable[OutlineGroup], words: str) -> list[OutlineGroup]:
    """Return the groups with those lines alone that hold all words, in their names, values or ids."""
    wanted = words.lower().split()
    found = [
        OutlineGroup(group.title, [line for line in group.lines if _holds(group.title, line, wanted)])
        for group in groups
    ]
    return [group for group in found if group.lines]


def _holds(title: str, line: OutlineLine, words: Iterable[str]) -> bool:
    text = f"{title} {line.title or readable_name(line.label)} {line.label} {line.value or ''} {line.exact}".lower()
    return all(word in text for word in words)
