"""The undos of a restore, and whether they took back all that it wrote: else another one is offered."""

from db.models import Restore, RestoreItem
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import NewRestoreItem
from db.states import RestoreState


def of_restore(restore: Restore) -> list[Restore]:
    """Return the restores that undo this one, the oldest first."""
    return list(Restore.select().where(Restore.undo_of == restore).order_by(Restore.id))


def that_undid(restore: Restore) -> list[Restore]:
    """Return the undos that took back, between them, all that it wrote; [] while any of it is left.

    What an undo did counts until it is undone itself.
    """
    ended = [undo for undo in of_restore(restore) if undo.state == RestoreState.FINISHED and not that_undid(undo)]
    taken_back = {key for undo in ended for key in _done(undo)}
    is_undone = ended and {_key(item) for item in restore_drafts.undo_items(restore)} <= taken_back
    return ended if is_undone else []


def _done(undo: Restore) -> set[tuple[str, str, bool]]:
    left = {_key(item) for item in restore_items.not_restored(undo)}
    return {_key(item) for item in restore_items.items(undo)} - left


def _key(item: RestoreItem | NewRestoreItem) -> tuple[str, str, bool]:
    """Return what an item stands for: what an undo removes, and what it writes back, may be copies of one policy."""
    return item.policy_type, item.graph_id, item.content_id is None
