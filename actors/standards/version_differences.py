"""Words for what a version of a standard holds, and for what differs from another: on pages, to programs."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from actors.facade.wording import ENGLISH, wording_of
from db.models import StandardItem, StandardVersion
from db.standards import versions
from graph.display.diff import Difference as Difference
from graph.display.diff import compare
from graph.display.labels import SCOPE_TAGS, assignment_label, names_by_id, scope_tag_key
from graph.display.masking import Masking, mask_secrets
from graph.display.outline import outline_body
from graph.display.outline_groups import OutlineGroup as OutlineGroup
from graph.display.outline_groups import group_lines
from graph.policy_types.table import POLICY_TYPES

# So many changed items are opened for one page.
MOST_OPENED = 300


@dataclass(frozen=True)
class ChangedItem:
    """An item that both versions have, and its differences. `renamed_from`: its name before; "" where it stayed."""

    item: StandardItem
    differences: list[Difference]
    renamed_from: str = ""


@dataclass(frozen=True)
class VersionDifference:
    """The difference of two versions. `not_opened`: how many more items changed than were opened."""

    added: list[StandardItem] = field(default_factory=list)
    removed: list[StandardItem] = field(default_factory=list)
    changed: list[ChangedItem] = field(default_factory=list)
    new_parameters: list[Mapping[str, Any]] = field(default_factory=list)
    gone_parameters: list[Mapping[str, Any]] = field(default_factory=list)
    not_opened: int = 0

    @property
    def is_empty(self) -> bool:
        return not (self.added or self.removed or self.changed or self.not_opened)


def between(before: StandardVersion, after: StandardVersion, *, language: str = ENGLISH) -> VersionDifference:
    """Return in what a version differs from one before it. Secrets are masked. Raises SealError."""
    old = {item.key: item for item in versions.items(before)}
    new = {item.key: item for item in versions.items(after)}
    # A content is kept once: two that have another may differ.
    touched = [key for key, item in new.items() if key in old and old[key].content_id != item.content_id]
    opened = _opened([item for key in touched[:MOST_OPENED] for item in (old[key], new[key])])
    changed = [_compared(old[key], new[key], opened, language) for key in touched[:MOST_OPENED]]
    had = {parameter["name"] for parameter in before.parameters}
    has = {parameter["name"] for parameter in after.parameters}
    return VersionDifference(
        added=[item for key, item in new.items() if key not in old],
        removed=[item for key, item in old.items() if key not in new],
        changed=[item for item in changed if item.differences or item.renamed_from],
        new_parameters=[parameter for parameter in after.parameters if parameter["name"] not in had],
        gone_parameters=[parameter for parameter in before.parameters if parameter["name"] not in has],
        not_opened=max(len(touched) - MOST_OPENED, 0),
    )


def of_item(before: StandardVersion, item: StandardItem, *, language: str = ENGLISH) -> list[Difference]:
    """Return in what an item differs from the one of the same key before; none where there was none."""
    old = versions.find_item(before, str(item.key))
    if old is None or old.content_id == item.content_id:
        return []
    return _compared(old, item, _opened([old, item]), language).differences


def _opened(items: Iterable[StandardItem]) -> dict[int, dict[str, Any]]:
    """Return item id -> its document."""
    return {item.id: versions.read(item) for item in items}


def _compared(old: StandardItem, new: StandardItem, opened: Mapping[int, dict[str, Any]], language: str) -> ChangedItem:
    hide = Masking(tells_apart=True)
    before, after = hide(opened[old.id]), hide(opened[new.id])
    wording = wording_of([(old.policy_type, before), (new.policy_type, after)], language)
    names = {**names_by_id(old.references), **names_by_id(new.references)}
    differences = compare(POLICY_TYPES[new.policy_type], before, after, names, wording=wording)
    return ChangedItem(new, differences, old.name if old.name != new.name else "")


@dataclass(frozen=True)
class ItemContents:
    """An item for reading. `assignments`: in words; None where they do not belong to the standard."""

    groups: Sequence[OutlineGroup]
    assignments: Sequence[str] | None


def contents_of(item: StandardItem, *, language: str = ENGLISH) -> ItemContents:
    """Return what an item holds, in words, secrets masked. Raises SealError."""
    content = mask_secrets(versions.read(item))
    names, wording = names_by_id(item.references), wording_of([(item.policy_type, content)], language)

    def name_of(holder: str, value: str) -> str | None:
        return names.get(scope_tag_key(value) if holder in SCOPE_TAGS else value)

    lines = outline_body(content["body"], name_of, wording=wording)
    assigned = content.get("assignments")
    return ItemContents(
        group_lines(lines, wording=wording),
        None if assigned is None else [assignment_label(assignment, names) for assignment in assigned],
    )
