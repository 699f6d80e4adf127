"""The order of a plan, which is the order of its writes: what others refer to first, and the urgent before the rest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from db.models import RestoreItem
from graph.references.references import Reference, fold_id
from graph.restore.shortfalls import ACCESS as CONDITIONAL_ACCESS
from graph.write.emergency_order import ACCESS, LAST, emergency_order
from graph.write.write_rules import order_by_needs, write_order

Planned = tuple[RestoreItem, dict[str, Any]]


def order_of(*, is_emergency: bool) -> Callable[[str, dict[str, Any]], tuple[int, ...]]:
    """Return the sort key of (policy type, body)."""
    return emergency_order if is_emergency else write_order


def after_what_they_refer_to(
    items: Sequence[RestoreItem], references: Mapping[int, Sequence[Reference]]
) -> list[RestoreItem]:
    by_key = {(item.policy_type, fold_id(item.graph_id)): item for item in items}
    needs = {
        item: [by_key[key] for reference in references[item.id] for key in reference.candidates() if key in by_key]
        for item in items
    }
    return order_by_needs(items, needs)


def with_removals(
    planned: Sequence[Planned], removed: Sequence[Planned], emergency_wave: Callable[[RestoreItem], int] | None
) -> list[Planned]:
    """Return writes, then removals; in an emergency, removals as soon as they are possible."""
    if emergency_wave is None:
        return [*planned, *removed]
    waves = [emergency_wave(item) for item, _ in planned]
    # What others refer to comes before them, whatever its own wave is.
    access_ends = max((place for place, wave in enumerate(waves, start=1) if wave == ACCESS), default=0)
    last_begins = max(next((place for place, wave in enumerate(waves) if wave == LAST), len(waves)), access_ends)
    first, after_access, before_last, at_last = (
        [pair for pair in removed if _removal_step(pair[0], emergency_wave(pair[0])) == step] for step in range(4)
    )
    return [
        *first, *planned[:access_ends], *after_access, *planned[access_ends:last_begins], *before_last,
        *planned[last_begins:], *at_last,
    ]  # fmt: skip


def _removal_step(item: RestoreItem, wave: int) -> int:
    """Return when an emergency removes an item; 0 is first.

    Conditional Access policies go first (0). Then what they refer to, such as a trusted location (1): the service does
    not let go of it before that. What may wait for an approval goes last (3), so that nothing waits for it.
    """
    if item.policy_type == CONDITIONAL_ACCESS:
        return 0
    return {ACCESS: 1, LAST: 3}.get(wave, 2)
