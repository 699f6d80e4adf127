"""Contents that no copied set may bring: of single captures, of sets of before a store was added, of safety captures.

A store remembers up to which snapshot its contents were looked at. Ids rise, but a transaction may end after one with
greater ids: each look begins a little before the mark.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import peewee as pw

from db.copies import looks
from db.models import Content, CopiedSet, CopyStore, Snapshot, Tenant
from db.states import CopyState

AGAIN = 1_000
PAGE = 500


@dataclass(frozen=True)
class SnapshotContent:
    snapshot_id: int
    content_id: int
    directory_id: str
    fingerprint: str


def has_new(store: CopyStore) -> bool:
    """Tell whether there are snapshots that nobody looked at for this store."""
    newest = Snapshot.select(pw.fn.MAX(Snapshot.id)).scalar()
    return newest is not None and newest > (store.snapshots_to or 0)


def is_busy(store: CopyStore) -> bool:
    """Tell whether sets are on their way to the store: what they have need not be looked for."""
    is_on_its_way = CopiedSet.state.in_([CopyState.WAITING, CopyState.PUSHING])
    return bool(CopiedSet.select().where((CopiedSet.store == store) & is_on_its_way).exists())


def pages(store: CopyStore, most: int) -> Iterator[list[SnapshotContent]]:
    """Yield contents of at most so many new snapshots, and of some before them, by the rising ids of the snapshots."""
    mark = store.snapshots_to or 0
    last, left = max(0, mark - AGAIN), most + min(mark, AGAIN)
    while left > 0 and (rows := _after(last, min(PAGE, left))):
        last, left = rows[-1].snapshot_id, left - len(rows)
        yield rows


def _after(snapshot_id: int, limit: int) -> list[SnapshotContent]:
    columns = (Snapshot.id, Content.id, Tenant.directory_id, Content.fingerprint)
    rows = Snapshot.select(*columns).join(Content).switch(Snapshot).join(Tenant)
    # Without those of which only the name came back in a recovery: db/installation/lost_contents.py.
    some = rows.where((Snapshot.id > snapshot_id) & (Content.sealed != b"")).order_by(Snapshot.id).limit(limit)
    return [SnapshotContent(*row) for row in some.tuples()]


def record(store: CopyStore, snapshot_id: int) -> None:
    """Note that all up to this snapshot were looked at. A look never takes the mark back."""
    if (store.snapshots_to or 0) < snapshot_id:
        looks.fulfil(store, snapshots_to=snapshot_id)


def look_again(store_id: int) -> None:
    """Look at all snapshots anew: the store has lost something that no set may bring."""
    CopyStore.update(snapshots_to=None).where(CopyStore.id == store_id).execute()
