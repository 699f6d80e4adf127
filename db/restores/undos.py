"""The undos of restores, and whether they took back all that one wrote: else another one is offered."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from db.models import Restore, RestoreItem
from db.restores import restore_drafts, restore_items
from db.restores.restore_drafts import NewRestoreItem
from db.sql.value_lists import is_in
from db.states import RestoreState

# Policy type, Graph id, and whether it is a removal: what an undo removes, and what it writes back, may be copies of
# one policy.
_Key = tuple[str, str, bool]


def of_restore(restore: Restore) -> list[Restore]:
    """Return the restores that undo this one, the oldest first."""
    return list(Restore.select().where(Restore.undo_of == restore).order_by(Restore.id))


def that_undid(restore: Restore) -> list[Restore]:
    """Return the undos that took back, between them, all that it wrote; [] while any of it is left."""
    return that_undid_each([restore])[restore.id]


def that_undid_each(restores: Sequence[Restore]) -> dict[int, list[Restore]]:
    """Return `that_undid` of each restore, by its id: in as few statements for many as for one."""
    ended = _ended_undos(restores)
    history = _UndoHistory(ended) if ended else None
    return {restore.id: history.undos_of(restore.id) if history else [] for restore in restores}


def _ended_undos(restores: Iterable[Restore]) -> dict[int, list[Restore]]:
    """Return restore id -> its undos that ended, the oldest first; and those of these undos, and so on."""
    found: dict[int, list[Restore]] = defaultdict(list)
    ids = {restore.id for restore in restores}
    asked: set[int] = set()
    while ids:
        asked |= ids
        is_undo = is_in(Restore.undo_of, sorted(ids)) & (Restore.state == RestoreState.FINISHED)
        undos = list(Restore.select().where(is_undo).order_by(Restore.id))
        for undo in undos:
            found[undo.undo_of_id].append(undo)
        # A restore and its undo may be asked for together: the undo's own undos are found once.
        ids = {undo.id for undo in undos} - asked
    return dict(found)


class _UndoHistory:
    """Items of restores that have undos, and of these undos: from which follows what was taken back."""

    def __init__(self, ended: Mapping[int, list[Restore]]) -> None:
        self._ended = ended
        undo_ids = [undo.id for undos in ended.values() for undo in undos]
        self._items = restore_items.items_of_each([*ended, *undo_ids])
        self._begun = restore_items.begun_ids(ended)
        self._left = restore_items.not_restored_ids(undo_ids)

    def undos_of(self, restore_id: int) -> list[Restore]:
        """Return the undos that took back all that it wrote. What one did counts until it is undone itself."""
        undos = [undo for undo in self._ended.get(restore_id, []) if not self.undos_of(undo.id)]
        taken_back = {key for undo in undos for key in self._done(undo)}
        return undos if undos and self._to_take_back(restore_id) <= taken_back else []

    def _to_take_back(self, restore_id: int) -> set[_Key]:
        return set(map(_key, restore_drafts.undoing(self._items[restore_id], self._begun)))

    def _done(self, undo: Restore) -> set[_Key]:
        items = self._items[undo.id]
        return {_key(item) for item in items} - {_key(item) for item in items if item.id in self._left}


def _key(item: RestoreItem | NewRestoreItem) -> _Key:
    return item.policy_type, item.graph_id, item.content_id is None
