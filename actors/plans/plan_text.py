"""The text of a plan: all that a restore would write of an item, as lines that a person reads before."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.plans import plan_items
from db.models import RestoreItem, Tenant
from db.policies import policies, snapshots
from db.restores import restore_items
from db.runs import name_cache
from db.states import WRITTEN_OUTCOMES, Outcome
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


def sections(item: RestoreItem, hide: Hide | None, names: Mapping[str, str | None]) -> list[Section]:
    """Return what the item's plan would send or remove; for an item that is not written, what the backup holds.

    Raises SealError.
    """
    policy_type, options = POLICY_TYPES[item.policy_type], RestoreOptions(**item.restore.options)
    if item.action not in WRITTEN_OUTCOMES:
        backup = plan_items.backup_content(item) if item.content_id else None
        return _sections_of(_HELD, backup, hide, names) if backup else []
    live = plan_items.live_content(item)
    if item.action == Outcome.REMOVE:
        return _sections_of(_REMOVED, live, hide, names) if live else []
    desired = content_with_names(item)
    compared = plan_items.comparable_live(item, live, desired) if hide else live
    is_assigned = plan_items.with_assignments(item.action, options)
    sent = content_lines.sent_content(policy_type, desired, compared, with_assignments=is_assigned)
    return _sections_of(_WHOLE, sent, hide, names)


def content_with_names(item: RestoreItem) -> PolicyContent:
    """Return what would be written, with a name in place of each id that this restore has yet to create."""
    resolutions = plan_items.resolutions(item)
    pending = [resolution.item for resolution in resolutions if resolution.item and resolution.to is None]
    names = {row.id: f"“{row.name}”, made by this restore" for row in restore_items.items_by_ids(pending)}
    return plan_items.content_to_write(item, RestoreOptions(**item.restore.options), names)


def _sections_of(
    title: str, content: PolicyContent, hide: Hide | None, names: Mapping[str, str | None]
) -> list[Section]:
    masked = hide(content) if hide else content
    sections = [Section(title, content_lines.body_lines(content["body"], masked["body"], names))]
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


def _referenced(items: Iterable[RestoreItem]) -> set[ObjectKey]:
    """Return (kind, id) of what the backup and what is there refer to."""
    content_ids = [(item.policy_type, item.content_id) for item in items if item.content_id]
    content_ids += [(item.policy_type, item.live_content_id) for item in items if item.live_content_id]
    return {key for kind, content_id in content_ids for key in referenced(kind, snapshots.read_content(content_id))}
