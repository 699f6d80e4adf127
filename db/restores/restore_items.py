"""The items of a restore: queries, and what the previews and live runs note of them."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from itertools import chain
from typing import Any

import peewee as pw

from db.database import Condition
from db.models import ImportedPolicy, Restore, RestoreItem, Run, RunItem, Write
from db.sql.inserts import insert_rows
from db.sql.upserts import renewing
from db.sql.value_lists import is_in
from db.states import (
    POSSIBLY_APPLIED,
    SUCCESSFUL_OUTCOMES,
    UNSETTLED,
    WRITTEN_OUTCOMES,
    Outcome,
    RestoreState,
    RunKind,
)

# Why an item is blocked whatever its options say and whatever the tenant has: nobody can change such a policy.
NEVER_RESTORED = ("built_in", "not_restorable", "group_stays")


def _select(restore: Restore, *fields: Any) -> Any:
    """Return a query of the restore's items, in the order in which they are written."""
    return RestoreItem.select(*fields).where(RestoreItem.restore == restore).order_by(RestoreItem.position)


def count(restore: Restore) -> int:
    return int(_select(restore).count())


def ids(restore: Restore) -> list[int]:
    return [row[0] for row in _select(restore, RestoreItem.id).tuples()]


def with_dangers(restore: Restore) -> list[RestoreItem]:
    """Return the planned items that are dangerous, or leave something weaker: what a sentence about them needs."""
    fields = (RestoreItem.id, RestoreItem.name, RestoreItem.action, RestoreItem.reason, RestoreItem.dangers,
              RestoreItem.verified)  # fmt: skip
    planned = _select(restore, *fields).where(RestoreItem.action.is_null(False))
    return [item for item in planned if item.dangers or item.verified is False or item.reason == "guard"]


def written_ids(restore: Restore) -> list[int]:
    return [row[0] for row in _select(restore, RestoreItem.id).where(_is_written()).tuples()]


def not_written(restore: Restore, limit: int) -> list[RestoreItem]:
    """Return the first items that have a plan, and are not written by it."""
    return list(_select(restore).where(RestoreItem.action.is_null(False) & ~_is_written()).limit(limit))


def blocked(restore: Restore, limit: int) -> list[RestoreItem]:
    """Return the first items that the plan cannot write: those that need no write take none of the room."""
    return list(_select(restore).where(RestoreItem.action == Outcome.BLOCKED).limit(limit))


def not_restored(restore: Restore) -> list[RestoreItem]:
    """Return the items that did not end as they were asked to, and that a new restore may write.

    What nobody can change is left out, and so is what was to stay as it is.
    """
    return list(_select(restore).where(_is_not_restored(restore.state)))


def count_not_restored(restore: Restore) -> int:
    return int(_select(restore).where(_is_not_restored(restore.state)).count())


def not_restored_ids(restore_ids: Iterable[int]) -> set[int]:
    """Return the ids of the items, of these finished restores, that did not end as they were asked to."""
    of_these = is_in(RestoreItem.restore, list(restore_ids)) & _is_not_restored(RestoreState.FINISHED)
    return {row[0] for row in RestoreItem.select(RestoreItem.id).where(of_these).tuples()}


def _is_not_restored(state: str) -> Condition:
    ended_well = [*SUCCESSFUL_OUTCOMES, Outcome.EXISTS]
    condition = RestoreItem.reason.is_null() | RestoreItem.reason.not_in(list(NEVER_RESTORED))
    condition &= RestoreItem.outcome.is_null() | RestoreItem.outcome.not_in(ended_well)
    if state == RestoreState.FINISHED:
        # What was not written has no outcome of its own: it ended as it was planned.
        is_planned_so = RestoreItem.outcome.is_null() & RestoreItem.action.in_([Outcome.MATCHES, Outcome.EXISTS])
        condition &= ~is_planned_so | RestoreItem.action.is_null()
    return condition


def _is_written() -> Condition:
    return RestoreItem.action.in_(list(WRITTEN_OUTCOMES))


def results(runs: Iterable[Run]) -> dict[int, RunItem]:
    """Return what became of each item in the newest of these runs that was live: restore item id -> run item."""
    live = [run.id for run in runs if run.kind == RunKind.RESTORE]
    return {
        item.restore_item_id: item for item in RunItem.select().where(is_in(RunItem.run, live)).order_by(RunItem.id)
    }


def items(restore: Restore) -> list[RestoreItem]:
    """Return the restore's items in the order in which they are written."""
    found = list(RestoreItem.select().where(RestoreItem.restore == restore).order_by(RestoreItem.position))
    for item in found:
        item.restore = restore  # so that nobody reads it again for each
    return found


def items_of_each(restore_ids: Iterable[int]) -> dict[int, list[RestoreItem]]:
    """Return restore id -> its items in the order of writing, with what tells what they wrote, and no more."""
    fields = (
        RestoreItem.id,
        RestoreItem.restore,
        RestoreItem.policy_type,
        RestoreItem.graph_id,
        RestoreItem.name,
        RestoreItem.content,
        RestoreItem.action,
        RestoreItem.target_id,
        RestoreItem.live_content,
        RestoreItem.created_id,
    )
    found: dict[int, list[RestoreItem]] = {restore_id: [] for restore_id in restore_ids}
    rows = RestoreItem.select(*fields).where(is_in(RestoreItem.restore, list(found)))
    for item in rows.order_by(RestoreItem.restore, RestoreItem.position):
        found[item.restore_id].append(item)
    return found


def begun_ids(restore_ids: Iterable[int]) -> set[int]:
    """Return the ids of the items of these restores that sent something, which may have been applied."""
    of_these = RestoreItem.select(RestoreItem.id).where(is_in(RestoreItem.restore, list(restore_ids)))
    rows = Write.select(Write.item).where(Write.item.in_(of_these) & Write.state.in_(POSSIBLY_APPLIED)).distinct()
    return {row[0] for row in rows.tuples()}


def count_plan(restore: Restore) -> dict[tuple[str, str | None], int]:
    """Return how many items of the plan have each action and reason."""
    planned = (RestoreItem.restore == restore) & RestoreItem.action.is_null(False)
    rows = RestoreItem.select(RestoreItem.action, RestoreItem.reason, pw.fn.COUNT(RestoreItem.id)).where(planned)
    grouped = rows.group_by(RestoreItem.action, RestoreItem.reason).tuples()
    return {(action, reason): count for action, reason, count in grouped}


def is_content_referenced(content_id: Any) -> Condition:
    """Return the condition that a restore or an import still refers to the content."""
    is_its = (RestoreItem.content == content_id) | (RestoreItem.live_content == content_id)
    is_imported = (ImportedPolicy.content == content_id) | (ImportedPolicy.other_content == content_id)
    return pw.fn.EXISTS(RestoreItem.select(RestoreItem.id).where(is_its)) | pw.fn.EXISTS(
        ImportedPolicy.select(ImportedPolicy.id).where(is_imported)
    )


def items_by_ids(item_ids: Sequence[int | None]) -> list[RestoreItem]:
    return list(RestoreItem.select().where(is_in(RestoreItem.id, filter(None, item_ids))))


def is_item_under_way(run: Run, item: RestoreItem) -> bool:
    """Return whether the item is in this run, and not ended yet."""
    is_open = (RunItem.run == run) & (RunItem.restore_item_id == item.id) & RunItem.state.in_(UNSETTLED)
    return bool(RunItem.select().where(is_open).exists())


def pending_creates_like(item: RestoreItem) -> list[RestoreItem]:
    """Return the items of its restore, policy type and name that have created nothing yet, itself among them."""
    is_like = (RestoreItem.policy_type == item.policy_type) & (RestoreItem.name == item.name)
    is_pending = (RestoreItem.restore == item.restore_id) & is_like & RestoreItem.created_id.is_null()
    return list(RestoreItem.select().where(is_pending))


def record_live_states(columns: Mapping[RestoreItem, dict[str, Any]]) -> None:
    """Record what a preview found in the tenant, `live_content` and `live_mark`, or why it could not be read: in the
    items given, too.
    """
    _update_all(columns)
    for item, its_columns in columns.items():
        item.__data__.update(its_columns)


def record_plans(planned: Sequence[tuple[RestoreItem, dict[str, Any]]]) -> None:
    """Record what a preview decided, in the order of writing: the columns of each item's plan, and its position."""
    _update_all({item: {**columns, "position": position} for position, (item, columns) in enumerate(planned)})


def record_outcome(item: RestoreItem, outcome: Outcome) -> None:
    _update(item, outcome=outcome)


def record_verification(item: RestoreItem, is_verified: bool, after_fingerprint: str | None) -> None:
    """Record whether what was read back is what was written, and the fingerprint of what is there now."""
    _update(item, verified=is_verified, after_mark=after_fingerprint)


def mark_unverified(item: RestoreItem) -> None:
    """Record that what was read back differs, for now."""
    _update(item, verified=False)


def record_seen(item: RestoreItem, content_id: int | None, seen_at: datetime | None) -> None:
    """Record what the last message saw in the tenant, and when; None: nothing that still holds."""
    _update(item, seen_content=content_id, seen_at=seen_at)


def record_undelete_refusal(item: RestoreItem, why: str) -> None:
    """Record that Microsoft does not bring it back: from now on the item is to be made anew."""
    item.undelete_refusal = why[:1000]
    _update(item, undelete_refusal=item.undelete_refusal)


def link_safety_snapshot(item: RestoreItem, snapshot_id: int) -> None:
    """Record the capture of what the item is about to overwrite."""
    item.safety_snapshot_id = snapshot_id
    _update(item, safety_snapshot=snapshot_id)


def captured(restore: Restore) -> list[RestoreItem]:
    """Return the items of which a live run captured what was there: `target_id` and `safety_snapshot_id`."""
    query = _select(restore, RestoreItem.id, RestoreItem.target_id, RestoreItem.safety_snapshot)
    return list(query.where(RestoreItem.safety_snapshot.is_null(False)))


def _update_all(columns: Mapping[RestoreItem, dict[str, Any]]) -> None:
    """Update many items that are there, in few statements. A column that one has and another lacks stays as it was."""
    renewed = [RestoreItem._meta.fields[name] for name in dict.fromkeys(chain.from_iterable(columns.values()))]
    rows = [{**item.__data__, **its_columns} for item, its_columns in columns.items()]
    insert_rows(RestoreItem, rows, on_conflict=renewing((RestoreItem.id,), renewed))


def _update(item: RestoreItem, **columns: Any) -> None:
    RestoreItem.update(columns).where(RestoreItem.id == item.id).execute()
