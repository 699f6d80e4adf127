"""Restores: asked for, previewed, approved, executed. Every change of state is one UPDATE that names what it expects.

    draft --preview run--> previewed --approve--> approved --execute--> running --live run ends--> finished
      ^                       |                     |
      +------ any change -----+---------------------+        expired, cancelled

A plan belongs to the preview that made it: a change makes the restore a draft again, and the plan is gone.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import peewee as pw

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import database, lock_rows, lock_rows_shared, transaction
from db.errors import Invalid
from db.models import IS_ACTIVE, BackupSet, Restore, RestoreItem, Run, RunItem, Snapshot, Tenant, User, Write
from db.restores import four_eyes
from db.sql import value_lists
from db.sql.value_lists import is_in
from db.states import CHANGEABLE, POSSIBLY_APPLIED, UNSETTLED, RestoreState, Result, RunKind, RunState
from db.tenants import tenants

# What the plan of an item consists of, and what a draft has of it.
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
}
# What a restore has of an approval, once its plan is another one.
NOT_APPROVED: dict[str, Any] = {"approved_by": None, "approved_at": None, "approved_fingerprint": None}
NOT_OVERRIDDEN: dict[str, Any] = {"guard_reason": None, "guard_by": None, "guard_at": None}


@dataclass(frozen=True)
class RestoreSource:
    directory_id: str
    name: str
    backup_set: BackupSet | None = None


@dataclass(frozen=True)
class NewRestoreItem:
    """`content_id` None: remove the policy `target_id`, which a restore created."""

    policy_type: str
    graph_id: str
    name: str
    content_id: int | None
    references: Mapping[str, Any]
    snapshot_id: int | None = None
    target_id: str | None = None
    # Of an uploaded one: what its file says of it.
    file_says: Mapping[str, Any] | None = None


def new_items_from_snapshots(snapshots: Sequence[Snapshot]) -> list[NewRestoreItem]:
    return [
        NewRestoreItem(one.policy.policy_type, one.policy.graph_id, one.name, one.content_id, one.references, one.id)
        for one in snapshots
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
) -> Restore:
    """A draft. Raises Invalid when there is nothing to restore, or no restore may start in the tenant.

    `made_from`: the restore that it undoes, or does what is left of.
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
            options=dict(options),
            created_by=actor.user_id,
            asks_four_eyes=rules.four_eyes,
            break_glass=rules.break_glass,
        )
        four_eyes.record_requester([restore.id], actor, four_eyes.ASKED_FOR_IT)
        if made_from:
            four_eyes.inherit_requesters(restore, made_from)
        _add_items(restore, items)
        audit.record(
            Action.RESTORE_REQUESTED,
            actor,
            f"restore {restore.id}",
            tenant=tenant,
            source=source.name,
            items=len(items),
            options=dict(options),
            undo_of=undo_of and undo_of.id,
        )
    return restore


def _add_items(restore: Restore, items: Sequence[NewRestoreItem], after: int = 0) -> None:
    rows = [
        {
            **asdict(one),
            "content": one.content_id,
            "snapshot": one.snapshot_id,
            "restore": restore.id,
            "position": number,
        }
        for number, one in enumerate(items, start=after)
    ]
    for row in rows:
        del row["content_id"], row["snapshot_id"]
    for some in value_lists.batched(rows):
        RestoreItem.insert_many(some).execute()


def items(restore: Restore) -> list[RestoreItem]:
    """In the order in which they are written."""
    return list(RestoreItem.select().where(RestoreItem.restore == restore).order_by(RestoreItem.position))


def count_by_action(restore: Restore) -> dict[str, int]:
    """How many items of each action of the plan."""
    planned = (RestoreItem.restore == restore) & RestoreItem.action.is_null(False)
    rows = RestoreItem.select(RestoreItem.action, pw.fn.COUNT(RestoreItem.id)).where(planned)
    return dict(rows.group_by(RestoreItem.action).tuples())


def has_written(restore: Restore) -> bool:
    """Something was sent that may have been applied: there is something to undo."""
    written = (RestoreItem.restore == restore) & Write.state.in_(POSSIBLY_APPLIED)
    return bool(Write.select(Write.id).join(RestoreItem).where(written).exists())


def lock_restore(restore: Restore) -> None:
    """In a transaction, before anything is decided of it: nobody else does meanwhile. With its tenant as it is now."""
    lock_rows_shared(Tenant, Tenant.id == restore.tenant_id)
    lock_rows(Restore, Restore.id == restore.id)
    restore.tenant = Tenant.get_by_id(restore.tenant_id)


@transaction
def change_options(
    restore: Restore, options: Mapping[str, Any], actor: Actor, *, more: Sequence[NewRestoreItem] = ()
) -> None:
    """Raises Invalid when it is too late for that. `more`: items that belong to it with these options."""
    lock_restore(restore)
    _reset_to_draft(restore, options=dict(options), changed_by=actor.user_id)
    four_eyes.record_requester([restore.id], actor, four_eyes.CHANGED_OPTIONS)
    _add_items(restore, more, RestoreItem.select().where(RestoreItem.restore == restore).count())
    audit.record(Action.RESTORE_CHANGED, actor, f"restore {restore.id}", tenant=restore.tenant, changed=["options"])


@transaction
def remove_other_items(restore: Restore, item_ids: Sequence[int], actor: Actor) -> None:
    """Leave every other item out. Raises Invalid when that leaves nothing, or comes too late."""
    mine = (RestoreItem.restore == restore) & is_in(RestoreItem.id, item_ids)
    if not RestoreItem.select().where(mine).exists():
        raise Invalid("Choose at least one policy to restore.")
    lock_restore(restore)
    _reset_to_draft(restore, changed_by=actor.user_id)
    four_eyes.record_requester([restore.id], actor, four_eyes.CHANGED_ITEMS)
    RestoreItem.delete().where((RestoreItem.restore == restore) & ~is_in(RestoreItem.id, item_ids)).execute()
    audit.record(Action.RESTORE_CHANGED, actor, f"restore {restore.id}", tenant=restore.tenant, changed=["items"])


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


def is_content_referenced(content_id: Any) -> Any:
    """As a condition: some restore still needs this content, to show or to undo what it did."""
    is_its = (RestoreItem.content == content_id) | (RestoreItem.live_content == content_id)
    return pw.fn.EXISTS(RestoreItem.select(RestoreItem.id).where(is_its))


def _has_active_run(restore: Restore) -> Any:
    return pw.fn.EXISTS(Run.select(Run.id).where((Run.restore_id == restore.id) & IS_ACTIVE))


def begin_preview(restore: Restore) -> None:
    """In the transaction that makes its run, the restore held: its plan is gone. Raises Invalid when it is too late."""
    _reset_to_draft(restore, is_preview=True)


def require_one_row(update: Any, refusal: str) -> None:
    if update.execute() != 1:
        raise Invalid(refusal)


@transaction
def cancel(restore: Restore, actor: Actor) -> None:
    """Of one that has not begun; a running one's run is cancelled instead. Raises Invalid."""
    lock_restore(restore)
    require_one_row(
        Restore.update(state=RestoreState.CANCELLED, ended_at=utcnow()).where(
            (Restore.id == restore.id) & Restore.state.in_(CHANGEABLE)
        ),
        f"This restore is {restore.state}: it cannot be cancelled.",
    )
    audit.record(Action.RESTORE_CANCELLED, actor, f"restore {restore.id}", tenant=restore.tenant)


def on_run_ended(run: Run, state: RunState) -> None:
    """A restore's run ended; called in the transaction that ends it."""
    restore = Restore.get_or_none(Restore.id == run.restore_id) if run.restore_id else None
    if restore is None:
        return
    if run.kind == RunKind.PREVIEW:
        _on_preview_ended(restore, state)
    elif run.kind == RunKind.RESTORE:
        _on_live_run_ended(restore, run, state)


def _on_preview_ended(restore: Restore, state: RunState) -> None:
    if state in (RunState.SUCCEEDED, RunState.PARTIAL):
        Restore.update(state=RestoreState.PREVIEWED, previewed_at=utcnow()).where(
            (Restore.id == restore.id) & (Restore.state == RestoreState.DRAFT)
        ).execute()


def _on_live_run_ended(restore: Restore, run: Run, state: RunState) -> None:
    Restore.update(state=RestoreState.FINISHED, ended_at=utcnow()).where(
        (Restore.id == restore.id) & (Restore.state == RestoreState.RUNNING)
    ).execute()
    counted = (
        RunItem.select(RunItem.outcome, pw.fn.COUNT(RunItem.id)).where(RunItem.run == run).group_by(RunItem.outcome)
    )
    audit.record(
        Action.RESTORE_ENDED,
        SYSTEM,
        f"restore {restore.id}",
        tenant=restore.tenant,
        result=Result.OK if state == RunState.SUCCEEDED else Result.FAILED,
        run=run.id,
        outcomes={str(name): count for name, count in counted.tuples()},
        safety_set=restore.safety_set_id,
    )


def items_by_ids(item_ids: Sequence[int | None]) -> list[RestoreItem]:
    return list(RestoreItem.select().where(is_in(RestoreItem.id, filter(None, item_ids))))


def is_item_under_way(run: Run, item: RestoreItem) -> bool:
    """In this run, and not ended yet."""
    mine = (RunItem.run == run) & (RunItem.restore_item_id == item.id) & RunItem.state.in_(UNSETTLED)
    return bool(RunItem.select().where(mine).exists())


def undo_items(restore: Restore) -> list[NewRestoreItem]:
    """What was created is removed; what was overwritten or removed, even in part, is written back."""
    of_restore = RestoreItem.select(RestoreItem.id).where(RestoreItem.restore == restore)
    rows = Write.select(Write.item).where(Write.item.in_(of_restore) & Write.state.in_(POSSIBLY_APPLIED)).distinct()
    begun = {row[0] for row in rows.tuples()}
    made = [one for one in items(restore) if one.created_id]
    changed = [one for one in items(restore) if not one.created_id and one.live_content_id and one.id in begun]
    # Two that wrote one policy, as plans of an earlier version could, found the same there before.
    once = {(one.policy_type, one.target_id): one for one in reversed(changed)}
    written_back = [one for one in changed if once[one.policy_type, one.target_id] is one]
    return [*map(_write_back, written_back), *map(_remove_again, made)]


def _write_back(item: RestoreItem) -> NewRestoreItem:
    target = str(item.target_id)
    return NewRestoreItem(item.policy_type, target, item.name, item.live_content_id, item.references, target_id=target)


def _remove_again(item: RestoreItem) -> NewRestoreItem:
    return NewRestoreItem(item.policy_type, item.graph_id, item.name, None, {}, target_id=item.created_id)


def runs_of_restore(restore: Restore) -> list[Run]:
    """Return the restore's runs, the newest first."""
    return list(Run.select().where(Run.restore_id == restore.id).order_by(Run.id.desc()))


def undos_of(restore: Restore) -> list[Restore]:
    """Return the ids of the restores that undo this one."""
    return list(Restore.select(Restore.id).where(Restore.undo_of == restore))


def of_tenant(tenant: Tenant, limit: int) -> list[Restore]:
    """Return the newest restores to this tenant, each with who asked for it."""
    with_users = Restore.select(Restore, User).join(User, pw.JOIN.LEFT_OUTER, on=Restore.created_by)
    return list(with_users.where(Restore.tenant == tenant).order_by(Restore.id.desc()).limit(limit))


def of_pair(tenant: Tenant, source_directory_id: str, limit: int) -> list[Restore]:
    """Return the newest restores to this tenant from that directory."""
    is_of_pair = (Restore.tenant == tenant) & (Restore.source_directory_id == source_directory_id)
    return list(Restore.select().where(is_of_pair).order_by(Restore.id.desc()).limit(limit))


def awaiting_approval(tenant_ids: Sequence[int] | None, limit: int) -> list[Restore]:
    """Return the newest previewed restores that a second person has to approve; None: of every tenant."""
    asks = (Restore.state == RestoreState.PREVIEWED) & (Tenant.four_eyes | Restore.asks_four_eyes) & Tenant.is_active
    query = (
        Restore.select(Restore, Tenant)
        .join(Tenant)
        .where(asks & value_lists.is_in_if_given(Restore.tenant, tenant_ids))
    )
    return list(query.order_by(Restore.id.desc()).limit(limit))


def listed(tenant: Tenant | None, limit: int) -> list[Restore]:
    """Return the newest restores to a tenant or to all, each with its tenant and who asked for it."""
    query = Restore.select(Restore, Tenant, User).join(Tenant).switch(Restore)
    query = query.join(User, pw.JOIN.LEFT_OUTER, on=Restore.created_by).where(
        value_lists.equals_if_given(Restore.tenant, tenant)
    )
    return list(query.order_by(Restore.id.desc()).limit(limit))
