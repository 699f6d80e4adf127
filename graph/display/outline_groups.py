"""The lines of a body in groups that a page can fold: a policy may have hundreds of settings."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from graph.display.labels import readable_name
from graph.display.outline import OutlineLine

GENERAL = "General"
# The settings of a catalog policy, which have an area each.
_SETTINGS = "settings"


@dataclass(frozen=True)
class OutlineGroup:
    title: str
    lines: Sequence[OutlineLine]


def group_lines(lines: Iterable[OutlineLine]) -> list[OutlineGroup]:
    """Put each line into the group of its top heading, settings of a catalog into that of their area."""
    groups: dict[str, list[OutlineLine]] = {}
    title, is_catalogue = GENERAL, False
    for line in lines:
        if line.depth == 0:
            title = readable_name(line.label) if line.value is None else GENERAL
            is_catalogue = line.value is None and line.label == _SETTINGS
            if line.value is None:
                continue
        elif line.depth == 1 and is_catalogue:
            title = _area(line.label)
        groups.setdefault(title, []).append(line)
    return [OutlineGroup(title, lines) for title, lines in groups.items()]


def _area(definition_id: str) -> str:
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
    text = f"{title} {readable_name(line.label)} {line.label} {line.value or ''} {line.exact}".lower()
    return all(word in text for word in words)
