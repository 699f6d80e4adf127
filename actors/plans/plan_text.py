"""All that a restore would write of an item, as lines that a person reads before it is written."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from actors.plans import plan_items
from db.models import RestoreItem, Tenant
from db.policies import snapshots
from db.restores import restore_items
from db.runs import name_cache
from db.states import WRITTEN_OUTCOMES, Outcome
from graph.policy_types.table import POLICY_TYPES
from graph.read.directory_names import groups_and_filters_in
from graph.restore.options import LEAVE, RestoreOptions
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
class Part:
    title: str
    lines: list[ContentLine]
    # Of assignments: they are written, and there are none.
    is_empty: bool = False

    @property
    def is_hidden(self) -> bool:
        """Something of it this reader may not see."""
        return any(one.is_hidden for one in self.lines)


def parts(item: RestoreItem, hide: Hide | None, names: Mapping[str, str | None]) -> list[Part]:
    """What its plan would send, or remove; of what is not written, what the backup holds. Raises SealError."""
    policy_type, options = POLICY_TYPES[item.policy_type], RestoreOptions(**item.restore.options)
    if item.action not in WRITTEN_OUTCOMES:
        held = plan_items.held(item) if item.content_id else None
        return _of(_HELD, held, hide, names) if held else []
    live = plan_items.there(item)
    if item.action == Outcome.REMOVE:
        return _of(_REMOVED, live, hide, names) if live else []
    want = wanted(item)
    compared = plan_items.seen(item, live, want) if hide else live
    sent = content_lines.sent_content(policy_type, want, compared, with_assignments=options.assignments != LEAVE)
    return _of(_WHOLE, sent, hide, names)


def wanted(item: RestoreItem) -> PolicyContent:
    """What is written: where that is yet to be made by this restore, its name."""
    made = [one for one in plan_items.resolutions(item) if one.item and one.to is None]
    called = {
        one.id: f"“{one.name}”, made by this restore" for one in restore_items.items_by_ids([one.item for one in made])
    }
    return plan_items.content(item, RestoreOptions(**item.restore.options), called)


def _of(title: str, content: PolicyContent, hide: Hide | None, names: Mapping[str, str | None]) -> list[Part]:
    masked = hide(content) if hide else content
    found = [Part(title, content_lines.body_lines(content["body"], masked["body"], names))]
    assignments = content.get("assignments")
    if assignments is None:
        return found
    lines = content_lines.assignment_lines(assignments, masked["assignments"], names)
    return [Part(_ASSIGNED, lines, is_empty=not lines), *found]


def target_names(tenant: Tenant, items: Sequence[RestoreItem]) -> dict[str, str]:
    """What the target calls what these items name, by its ids: nobody else's word for it."""
    resolved = [one for item in items for one in item.resolutions or ()]
    said = {one["to"]: one["to_name"] for one in resolved if one["to"] and one["to_name"]}
    return {**name_cache.names_by_id(tenant, _ids(items)), **said}


def _ids(items: Iterable[RestoreItem]) -> set[str]:
    contents = {one for item in items for one in (item.content_id, item.live_content_id) if one}
    return {
        one for content in contents for found in groups_and_filters_in(snapshots.read_content(content)) for one in found
    }
