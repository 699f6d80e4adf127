"""A restore that has ended, and undos of it, as if their live runs had been."""

from db.models import Restore, RestoreItem, Run, Write
from db.restores import restore_drafts, restore_items
from db.states import Outcome, RestoreState, RunKind, RunState, WriteState
from tests.support.restore_steps import options, person


def restored(cast, captured):
    """A restore of two policies of Contoso: one was overwritten, the other one made again."""
    snapshots = [snapshot for policy, _, snapshot in captured if policy.tenant == cast.contoso]
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "two snapshots")
    items = restore_drafts.new_items_from_snapshots(snapshots)
    made = restore_drafts.create(cast.contoso, source, items, options(), person(cast.max.id))
    overwritten, made_again = restore_items.items(made)
    for item, columns in (
        (overwritten, {"target_id": overwritten.graph_id, "live_content": overwritten.content_id}),
        (made_again, {"created_id": "new-id"}),
    ):
        RestoreItem.update(outcome=Outcome.UPDATED, **columns).where(RestoreItem.id == item.id).execute()
        _write(item)
    return _ended(made)


def undo(restore, cast, *outcomes):
    """An undo of it that ended so; without outcomes one that was only drafted."""
    source = restore_drafts.RestoreSource(cast.contoso.directory_id, "undo")
    items = restore_drafts.undo_items(restore)
    made = restore_drafts.create(
        cast.contoso, source, items[: len(outcomes) or None], options(), person(cast.max.id), undo_of=restore
    )
    for item, outcome in zip(restore_items.items(made), outcomes, strict=False):
        RestoreItem.update(outcome=outcome).where(RestoreItem.id == item.id).execute()
        if outcome == Outcome.UPDATED:
            columns = {"target_id": item.graph_id, "live_content": item.content_id}
            RestoreItem.update(**columns).where(RestoreItem.id == item.id).execute()
            _write(item)
    return _ended(made) if outcomes else made


def undone(restore, cast):
    """The undo that took back all that it wrote."""
    return undo(restore, cast, Outcome.UPDATED, Outcome.REMOVED)


def _write(item):
    run = Run.create(
        kind=RunKind.RESTORE, tenant=item.restore.tenant, state=RunState.SUCCEEDED, dedupe_key=f"x:{item.id}"
    )
    Write.create(run=run, item=item, method="PATCH", path="/x", request_mark="", state=WriteState.ANSWERED)


def _ended(restore):
    Restore.update(state=RestoreState.FINISHED).where(Restore.id == restore.id).execute()
    return Restore.get_by_id(restore.id)
