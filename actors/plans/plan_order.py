"""The order of a plan, which is the order of its writes: what others refer to first, and the urgent before the rest."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from db.models import RestoreItem
from graph.references.references import Reference, fold_id
from graph.write.emergency_order import ACCESS, emergency_order
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
    """Return writes, then removals. In an emergency, removals of what decides who gets in come before all."""
    urgent = [pair for pair in removed if emergency_wave and emergency_wave(pair[0]) == ACCESS]
    return [*urgent, *planned, *(pair for pair in removed if pair not in urgent)]
