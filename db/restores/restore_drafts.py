"""Drafts of restores: made from snapshots, a file or another restore, and changed until a live run begins."""

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import Condition, database, transaction
from db.errors import Invalid
from db.models import IS_ACTIVE, BackupSet, Policy, Restore, RestoreItem, Run, Snapshot, Tenant
from db.restores import four_eyes
from db.restores.restore_items import begun_ids, items
from db.restores.restores import NOT_APPROVED, lock_restore
from db.sql import value_lists
from db.sql.value_lists import is_in
from db.states import CHANGEABLE, Outcome, RestoreState
from db.tenants import tenants

# The columns of an item's plan, as a draft has them.
NO_PLAN: dict[str, Any] = {
    "action": None,
    "live_content": None,
    "live_mark": None,
    "differences": 0,
    "resolutions": None,
    "notes": None,
    "namesakes": None,
    "left_out": None,
    "dangers": None,
    "reason": None,
    "message": None,
    "kept": None,
}
NOT_OVERRIDDEN: dict[str, Any] = {"guard_reason": None, "guard_by": None, "guard_at": None}


@dataclass(frozen=True)
class RestoreSource:
    directory_id: str
    name: str
    backup_set: BackupSet | None = None


@dataclass(frozen=True)
class NewRestoreItem:
    """An item to be added to a draft. `content_id` None: remove the policy `target_id`, which a restore created."""

    policy_type: str
    graph_id: str
    name: str
    content_id: int | None
    references: Mapping[str, Any]
    snapshot_id: int | None = None
    target_id: str | None = None
    # What an uploaded file says about the item.
    file_says: Mapping[str, Any] | None = None


def new_items_from_snapshots(snapshots: Sequence[Snapshot]) -> list[NewRestoreItem]:
    return [
        NewRestoreItem(
            snapshot.policy.policy_type,
            snapshot.policy.graph_id,
            snapshot.name,
            snapshot.content_id,
            snapshot.references,
            snapshot.id,
        )
        for snapshot in snapshots
    ]


def create(
    tenant: Tenant,
    source: RestoreSource,
    items: Sequence[NewRestoreItem],
    options: Mapping[str, Any],
    actor: Actor,
    *,
    undo_of: Restore | None = None,
    made_from: Restore | None = None,
    file_says: Mapping[str, Any] | None = None,
    brought_back_to: datetime | None = None,
    standard_id: int | None = None,
    rollout_id: int | None = None,
) -> Restore:
    """Create a draft. Raises Invalid when there is nothing to restore, or no restore may start in the tenant.

    `made_from`: the restore that this one undoes, or whose rest it does. `brought_back_to`: the moment that the whole
    tenant is brought back to; what was added since is among the items, to be removed. `standard_id`, `rollout_id`: the
    standard that it brings the tenant to, and the roll-out that it is a part of.
    """
    tenants.require_switched_on(tenant)
    if not items:
        raise Invalid("Choose at least one policy to restore.")
    with database.atomic():
        rules = Tenant.get_by_id(tenant.id)
        restore = Restore.create(
            tenant=tenant,
            source_directory_id=source.directory_id,
            source_name=source.name,
            backup_set=source.backup_set,
            undo_of=undo_of,
            file_says=file_says,
            brought_back_to=brought_back_to,
            standard_id=standard_id,
            rollout_id=rollout_id,
            options=dict(options),
            created_by=actor.user_id,
            asks_four_eyes=rules.four_eyes,
            break_glass=rules.break_glass,
        )
        four_eyes.record_requester([restore.id], actor, four_eyes.ASKED_FOR_IT)
        if made_from:
            four_eyes.inherit_requesters(restore, made_from)
        _add_items(restore, items)
        audit.record_of_restore(
            Action.RESTORE_REQUESTED,
            actor,
            restore,
            source=source.name,
            items=len(items),
            options=dict(options),
            undo_of=undo_of and undo_of.id,
            brought_back_to=brought_back_to and brought_back_to.isoformat(),
        )
    return restore


def _add_items(restore: Restore, items: Sequence[NewRestoreItem], after: int = 0) -> None:
    rows = [
        {
            **asdict(item),
            "content": item.content_id,
            "snapshot": item.snapshot_id,
            "restore": restore.id,
            "position": number,
        }
        for number, item in enumerate(items, start=after)
    ]
    for row in rows:
        del row["content_id"], row["snapshot_id"]
    for batch in value_lists.batched(rows):
        RestoreItem.insert_many(batch).execute()


@transaction
def change_options(
    restore: Restore, options: Mapping[str, Any], actor: Actor, *, more: Sequence[NewRestoreItem] = ()
) -> None:
    """Change the options, and make it a draft again. Raises Invalid when it is too late for that.

    `more`: items that belong to it with these options.
    """
    lock_restore(restore)
    _reset_to_draft(restore, options=dict(options), changed_by=actor.user_id)
    four_eyes.record_requester([restore.id], actor, four_eyes.CHANGED_OPTIONS)
    _add_items(restore, more, RestoreItem.select().where(RestoreItem.restore == restore).count())
    audit.record_of_restore(Action.RESTORE_CHANGED, actor, restore, changed=["options"])


@transaction
def remove_other_items(restore: Restore, item_ids: Sequence[int], actor: Actor) -> None:
    """Leave every other item out. Raises Invalid when that leaves nothing, or comes too late."""
    is_remaining = (RestoreItem.restore == restore) & is_in(RestoreItem.id, item_ids)
    if not RestoreItem.select().where(is_remaining).exists():
        raise Invalid("Choose at least one policy to restore.")
    lock_restore(restore)
    _reset_to_draft(restore, changed_by=actor.user_id)
    four_eyes.record_requester([restore.id], actor, four_eyes.CHANGED_ITEMS)
    RestoreItem.delete().where((RestoreItem.restore == restore) & ~is_in(RestoreItem.id, item_ids)).execute()
    audit.record_of_restore(Action.RESTORE_CHANGED, actor, restore, changed=["items"])


def _reset_to_draft(restore: Restore, *, is_preview: bool = False, **values: Any) -> None:
    is_still = pw.SQL("1 = 1") if is_preview else ~_has_active_run(restore)
    changed = (
        Restore.update(
            state=RestoreState.DRAFT,
            previewed_at=None,
            planned_mark=None,
            plan_parts=None,
            **NOT_APPROVED,
            **NOT_OVERRIDDEN,
            **four_eyes.rules_as_columns(restore),
            **values,
        )
        .where((Restore.id == restore.id) & Restore.state.in_(CHANGEABLE) & is_still)
        .execute()
    )
    if not changed:
        raise Invalid("This restore is being previewed, or has begun: make a new one from the same backup set.")
    RestoreItem.update(NO_PLAN).where(RestoreItem.restore == restore).execute()


def _has_active_run(restore: Restore) -> Condition:
    return pw.fn.EXISTS(Run.select(Run.id).where((Run.restore_id == restore.id) & IS_ACTIVE))


def begin_preview(restore: Restore) -> None:
    """Discard the plan, in the transaction that makes the preview run, the restore locked.

    Raises Invalid when too late.
    """
    _reset_to_draft(restore, is_preview=True)


def removal_of(policy: Policy) -> NewRestoreItem:
    """Return the item that removes a policy of the restore's tenant. It is captured first, as all that is removed."""
    return NewRestoreItem(policy.policy_type, policy.graph_id, policy.name, None, {}, target_id=policy.graph_id)


def undo_items(restore: Restore) -> list[NewRestoreItem]:
    """Return the items that undo a restore.

    What it created is removed; what it overwrote or removed, even in part, is written back.
    """
    return undoing(items(restore), begun_ids([restore.id]))


def undoing(of_it: Sequence[RestoreItem], begun: Set[int]) -> list[NewRestoreItem]:
    """Return the items that undo those of a restore. `begun`: the ids of those that sent something."""
    # What was to come back, and may have without a word, was proven absent before.
    came_back = [item for item in of_it if not item.created_id and item.action == Outcome.UNDELETE and item.id in begun]
    created = [item for item in of_it if item.created_id] + came_back
    changed = [
        item
        for item in of_it
        if not item.created_id and item not in came_back and item.live_content_id and item.id in begun
    ]
    # Two that wrote one policy, as plans of an earlier version could, found the same there before.
    once = {(item.policy_type, item.target_id): item for item in reversed(changed)}
    written_back = [item for item in changed if once[item.policy_type, item.target_id] is item]
    return [*map(_write_back, written_back), *map(_remove_again, created)]


def _write_back(item: RestoreItem) -> NewRestoreItem:
    target = str(item.target_id)
    return NewRestoreItem(item.policy_type, target, item.name, item.live_content_id, item.references, target_id=target)


def _remove_again(item: RestoreItem) -> NewRestoreItem:
    return NewRestoreItem(
        item.policy_type, item.graph_id, item.name, None, {}, target_id=item.created_id or item.target_id
    )
