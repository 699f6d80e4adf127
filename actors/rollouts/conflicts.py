"""Conflicts: what another hand changed in a tenant since a standard was brought there. Graph is not asked.

A policy is compared as its preview read it, not as a snapshot has it, which may be older.
"""

from collections.abc import Iterator, Sequence
from typing import Any

from actors.plans import plan_items
from db.changes import change_lists
from db.events import attribution
from db.models import Content, Restore, RestoreItem, StandardAdoption, Tenant
from db.policies import policies, snapshots
from db.restores import mappings, restore_items
from db.rollouts import rollout_tenants
from db.standards import cells
from db.states import WRITTEN_OUTCOMES
from graph.policy_types.table import POLICY_TYPES
from graph.restore.options import RestoreOptions
from graph.write.write_requests import PolicyContent, remaining_differences
from graph.write.write_rules import WRITE_RULES

# item of the restore -> {"item_key", "name", "who", "why"}
Conflicts = dict[int, dict[str, Any]]
CHANGED = "It was changed since the standard was brought here."
NOT_LINKED = (
    "A policy of its name is here, and nobody said that it is this one. Back the tenant up, and confirm it on the "
    "standard's page of this tenant."
)
CHANGED_AFTERWARDS = "It was changed since the roll-out wrote it."


def of_plan(adoption: StandardAdoption, restore: Restore) -> Conflicts:
    """Return what the plan would overwrite of another hand: neither as we left it, nor as it is wanted.

    A policy that was never as the standard wants it is none: its preview shows what becomes of it.
    """
    overwritten = [
        item
        for item in restore_items.items(restore)
        if item.action in WRITTEN_OUTCOMES and item.content_id and item.live_content_id
    ]
    mapped = mappings.targets_by_key(restore.tenant, restore.source_directory_id)
    marks = {key: cell.aligned_mark for key, cell in cells.of_adoption(adoption).items()}
    found: Conflicts = {}
    for item in overwritten:
        if not _is_linked(item, mapped):
            found[item.id] = _conflict(item, "", NOT_LINKED)
        elif _was_changed(restore, item, marks.get(item.graph_id)):
            found[item.id] = _conflict(item, who_changed(restore.tenant, item.policy_type, item.target_id), CHANGED)
    return found


def _conflict(item: RestoreItem, who: str, why: str) -> dict[str, Any]:
    return {"item_key": item.graph_id, "name": item.name, "who": who, "why": why}


def _is_linked(item: RestoreItem, mapped: dict[mappings.ObjectKey, str]) -> bool:
    """Tell whether it is known by id that this policy is the item. Of what a tenant has one of there is no doubt."""
    is_certain = POLICY_TYPES[item.policy_type].is_single or WRITE_RULES[item.policy_type].names_itself
    return is_certain or mapped.get((item.policy_type, item.graph_id)) == item.target_id


def _was_changed(restore: Restore, item: RestoreItem, aligned_mark: str | None) -> bool:
    live = Content.get_by_id(item.live_content_id)
    if aligned_mark is None or live.fingerprint in (aligned_mark, rollout_tenants.mark_left_by_undo(restore, item)):
        return False
    left = rollout_tenants.find_content(restore.tenant_id, aligned_mark)
    if left is None:
        return True  # what we left is kept no longer, and this is something else
    options = RestoreOptions(**restore.options)
    is_assigned = plan_items.with_assignments(item.action, options)
    there, ours = snapshots.open_content(live), snapshots.open_content(left)
    # What the roll-out would not write is no conflict: assignments, where the standard has none.
    return bool(
        remaining_differences(POLICY_TYPES[item.policy_type], there, ours, with_assignments=is_assigned)
        or remaining_differences(POLICY_TYPES[item.policy_type], ours, there, with_assignments=is_assigned)
    )


def who_changed(tenant: Tenant, policy_type: str, graph_id: str | None) -> str:
    """Return who changed the policy last, as far as the tenant's logs say; "" where that is not known."""
    policy = policies.find_by_graph_id(tenant, policy_type, graph_id) if graph_id else None
    newest = change_lists.newest_of_policies([policy], 1) if policy else []
    events = attribution.events_of_changes(newest)
    doers = [doer for change in newest for doer in attribution.doers_of(events.get(change.id, ()))]
    return ", ".join(filter(None, (doer.name or doer.app_name for doer in doers)))


def of_undo(written: Restore, undo: Restore) -> Conflicts:
    """Return what undoing would overwrite of another hand: what is not as the roll-out wrote it any more.

    `undo`: with its plan, which says what is in the tenant now.
    """
    return {
        item.id: _conflict(item, who_changed(undo.tenant, item.policy_type, item.target_id), CHANGED_AFTERWARDS)
        for item, original in _pairs(written, undo)
        if _is_otherwise(written, original, item)
    }


def _pairs(written: Restore, undo: Restore) -> Iterator[tuple[RestoreItem, RestoreItem]]:
    """Yield each item of an undo that would write, with the item that it undoes."""
    originals = {(item.policy_type, item.created_id or item.target_id): item for item in restore_items.items(written)}
    for item in restore_items.items(undo):
        original = originals.get((item.policy_type, item.target_id))
        if original and item.live_content_id and item.action in WRITTEN_OUTCOMES:
            yield item, original


def _is_otherwise(written: Restore, original: RestoreItem, item: RestoreItem) -> bool:
    live = snapshots.read_content(item.live_content_id)
    if original.after_mark is None or original.content_id is None:
        return False  # nobody saw what became of it: its undo is planned, and shown, as any other
    want = _as_written(written, original)
    options = RestoreOptions(**written.options)
    is_assigned = plan_items.with_assignments(original.action, options)
    return bool(remaining_differences(POLICY_TYPES[item.policy_type], live, want, with_assignments=is_assigned))


def _as_written(written: Restore, original: RestoreItem) -> PolicyContent:
    items: Sequence[RestoreItem] = restore_items.items(written)
    created = {item.id: str(item.created_id) for item in items if item.created_id}
    return plan_items.content_to_write(original, RestoreOptions(**written.options), created)
