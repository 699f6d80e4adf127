"""The text of a plan: all that a restore would write of an item, as lines that a person reads before."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from actors.facade.snapshot_diff import CONDITIONAL_ACCESS
from actors.facade.wording import ENGLISH, NO_WORDS, Wording, wording_of
from actors.plans import plan_items
from db.models import RestoreItem, Tenant
from db.policies import policies, snapshots
from db.restores import restore_items
from db.runs import name_cache
from db.states import WRITTEN_OUTCOMES, Outcome
from graph.display.access_sentences import AccessStory as AccessStory
from graph.display.access_sentences import describe_access
from graph.display.object_names import ObjectKey, names_of_objects, referenced
from graph.policy_types.table import POLICY_TYPES
from graph.restore.options import RestoreOptions
from graph.review import content_lines
from graph.review.content_lines import ContentLine
from graph.write.write_requests import PolicyContent

Hide = Callable[[Any], Any]
_WHOLE, _ASSIGNED, _REMOVED, _HELD = (
    "Everything that is written",
    "Assigned to",
    "What is removed",
    "What the backup holds: not written",
)


@dataclass(frozen=True)
class Section:
    title: str
    lines: list[ContentLine]
    # Assignments are written, and there are none.
    is_empty: bool = False

    @property
    def is_hidden(self) -> bool:
        """Some line of it is masked for this reader."""
        return any(line.is_hidden for line in self.lines)


def sections(
    item: RestoreItem, hide: Hide | None, names: Mapping[str, str | None], wording: Wording = NO_WORDS
) -> list[Section]:
    """Return what the item's plan would send or remove; for an item that is not written, what the backup holds.

    `wording`: Microsoft's words for settings (`words_of_items`). Raises SealError.
    """
    policy_type, options = POLICY_TYPES[item.policy_type], RestoreOptions(**item.restore.options)
    if item.action not in WRITTEN_OUTCOMES:
        backup = _backup_if_it_opens(item)
        return _sections_of(_HELD, backup, hide, names, wording) if backup else []
    live = plan_items.live_content(item)
    if item.action == Outcome.REMOVE:
        return _sections_of(_REMOVED, live, hide, names, wording) if live else []
    desired = content_with_names(item)
    compared = plan_items.comparable_live(item, live, desired) if hide else live
    is_assigned = plan_items.with_assignments(item.action, options)
    sent = content_lines.sent_content(policy_type, desired, compared, with_assignments=is_assigned)
    return _sections_of(_WHOLE, sent, hide, names, wording)


def _backup_if_it_opens(item: RestoreItem) -> PolicyContent | None:
    is_there = item.content_id and item.reason != plan_items.DAMAGED
    return plan_items.backup_content(item) if is_there else None


def content_with_names(item: RestoreItem) -> PolicyContent:
    """Return what would be written, with a name in place of each id that this restore has yet to create."""
    resolutions = plan_items.resolutions(item)
    pending = [resolution.item for resolution in resolutions if resolution.item and resolution.to is None]
    names = {row.id: f"“{row.name}”, made by this restore" for row in restore_items.items_by_ids(pending)}
    return plan_items.content_to_write(item, RestoreOptions(**item.restore.options), names)


def _sections_of(
    title: str, content: PolicyContent, hide: Hide | None, names: Mapping[str, str | None], wording: Wording
) -> list[Section]:
    masked = hide(content) if hide else content
    sections = [Section(title, content_lines.body_lines(content["body"], masked["body"], names, wording=wording))]
    assignments = content.get("assignments")
    if assignments is None:
        return sections
    lines = content_lines.assignment_lines(assignments, masked["assignments"], names)
    return [Section(_ASSIGNED, lines, is_empty=not lines), *sections]


def target_names(tenant: Tenant, items: Sequence[RestoreItem]) -> dict[str, str]:
    """Return {id: name} of the objects that these items refer to, as the target tenant calls them."""
    resolved = [(resolution["to"], resolution["to_name"]) for item in items for resolution in item.resolutions or ()]
    names = {object_id: name for object_id, name in resolved if object_id and name}
    keys = _referenced(items)
    ids = {object_id for _, object_id in keys}
    known: dict[str, str | None] = {**name_cache.names_by_id(tenant, ids), **names}
    return names_of_objects(keys, policies.names_by_key(tenant.id, ids), known) | names


def words_of_items(items: Sequence[RestoreItem], language: str = ENGLISH) -> Wording:
    """Return Microsoft's words for what these items hold, with one look into the catalogue."""
    return wording_of(_opened(items), language)


def _opened(items: Iterable[RestoreItem]) -> Iterator[tuple[str, Any]]:
    """Yield (policy type, content) of what can be opened."""
    for kind, content_id in _content_ids(items):
        with suppress(*snapshots.NOT_OPENED):
            yield kind, snapshots.read_content(content_id)


def access_story(item: RestoreItem, names: Mapping[str, str | None]) -> AccessStory | None:
    """Return in sentences what a Conditional Access policy will be, or is that will be removed; None for any other.

    Raises SealError.
    """
    if item.policy_type != CONDITIONAL_ACCESS:
        return None
    if item.action in (Outcome.UPDATE, *plan_items.MADE):
        return describe_access(content_with_names(item)["body"], names)
    content = plan_items.live_content(item) if item.action == Outcome.REMOVE else None
    content = content or _backup_if_it_opens(item)
    return describe_access(content["body"], names) if content else None


def _referenced(items: Iterable[RestoreItem]) -> set[ObjectKey]:
    """Return (kind, id) of what the backup and what is there refer to."""
    return {key for kind, content in _opened(items) for key in referenced(kind, content)}


def _content_ids(items: Iterable[RestoreItem]) -> list[tuple[str, int]]:
    held = [(item.policy_type, item.content_id) for item in items if item.content_id]
    return held + [(item.policy_type, item.live_content_id) for item in items if item.live_content_id]
