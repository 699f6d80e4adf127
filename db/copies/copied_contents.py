"""Contents in stores of copies: pushed once, kept as long as a kept set needs them, and no day longer than locked.

A content is kept for longer than the set that needs it, by a stride: so a content that every night's set has again is
locked anew once in a stride, and not every night.

A row is made before its content is sent (db/copies/sent_contents.py): one that is on its way is not there.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

import peewee as pw

from db.clock import utcnow
from db.models import CopiedContent, CopyErasure, CopyStore
from db.sql.value_lists import batched, is_in

MIN_STRIDE = timedelta(days=1)
STRIDES_A_LIFE = 8
# A store with more contents is not added up at each look, but once a day: ten million take seconds.
MOST_SUMMED = 10_000
_IS_THERE = CopiedContent.on_its_way_since.is_null() & ~CopiedContent.is_going


def stride(store: CopyStore) -> timedelta:
    return max(MIN_STRIDE, timedelta(days=store.copy_days) / STRIDES_A_LIFE)


def known(store: CopyStore, names: Sequence[str]) -> dict[str, CopiedContent]:
    """Return name -> the content in the store, for those that are there, on their way, or going."""
    found: dict[str, CopiedContent] = {}
    for some in batched(names):
        rows = CopiedContent.select().where((CopiedContent.store == store) & is_in(CopiedContent.name, some))
        found |= {row.name: row for row in rows}
    return found


def is_there(content: CopiedContent) -> bool:
    return content.on_its_way_since is None and not content.is_going


def keep(content: CopiedContent, until: datetime, locked_until: datetime | None) -> bool:
    """Record that the content is kept until then. Return False when it is being removed by now."""
    stays = (CopiedContent.id == content.id) & _IS_THERE
    return bool(CopiedContent.update(kept_until=until, locked_until=locked_until).where(stays).execute())


def take_over(store: CopyStore, before: datetime, but: set[str], limit: int) -> list[CopiedContent]:
    """Mark contents that no kept set needs as going, and return them with those that were marked before.

    Among them is what was on its way when its sender died, and what nobody needed since. What was marked before goes
    on, be its directory among `but` by now: nobody knows whether it is still there.
    """
    is_past = (CopiedContent.store == store) & (CopiedContent.kept_until < before)
    is_over = is_past & CopiedContent.directory_id.not_in(sorted(but))
    rows = CopiedContent.select(CopiedContent.id).where(is_past & (is_over | CopiedContent.is_going))
    ids = rows.order_by(CopiedContent.kept_until).limit(limit)
    some = [row[0] for row in ids.tuples()]
    # Once more by its date: a push may have needed it since.
    CopiedContent.update(is_going=True).where(is_in(CopiedContent.id, some) & (is_over)).execute()
    is_marked = (CopiedContent.store == store) & CopiedContent.is_going & is_in(CopiedContent.id, some)
    return list(CopiedContent.select().where(is_marked))


def take_all_of(erasure: CopyErasure, after: int, limit: int) -> list[CopiedContent]:
    """Mark the next contents of its tenant as going, by rising ids, and return them; none whose lock has not ended.

    They count as kept until the day of the erasure: whoever tidies up takes over what is left marked.
    """
    is_open = CopiedContent.locked_until.is_null() | (CopiedContent.locked_until < utcnow())
    is_of_tenant = (CopiedContent.store == erasure.store_id) & (CopiedContent.directory_id == erasure.directory_id)
    following = CopiedContent.select(CopiedContent.id).where(is_of_tenant & is_open & (CopiedContent.id > after))
    ids = [row[0] for row in following.order_by(CopiedContent.id).limit(limit).tuples()]
    CopiedContent.update(is_going=True, kept_until=erasure.due_at).where(is_in(CopiedContent.id, ids)).execute()
    return list(CopiedContent.select().where(is_in(CopiedContent.id, ids)).order_by(CopiedContent.id))


def let_stay(content: CopiedContent, locked_until: datetime | None) -> None:
    """Keep a content that was marked, and that the store still locks: whoever needs it need not wait for its end."""
    kept_until = max(locked_until or utcnow(), utcnow())
    stays = CopiedContent.update(is_going=False, kept_until=kept_until, locked_until=locked_until)
    stays.where((CopiedContent.id == content.id) & CopiedContent.is_going).execute()


def forget(content_ids: Sequence[int]) -> None:
    """Forget contents that are no longer in the store."""
    CopiedContent.delete().where(is_in(CopiedContent.id, content_ids) & CopiedContent.is_going).execute()


def in_folder(store: CopyStore, folder: str) -> list[CopiedContent]:
    """Return the contents that are in the store and whose names begin with these two hex digits."""
    begin, end = folder.ljust(64, "0"), folder.ljust(64, "f")
    rows = CopiedContent.select(CopiedContent.id, CopiedContent.name, CopiedContent.directory_id)
    is_in_folder = (CopiedContent.store == store) & CopiedContent.name.between(begin, end)
    return list(rows.where(is_in_folder & _IS_THERE))


def forget_lost(contents: Sequence[CopiedContent]) -> None:
    """Forget contents that the store has lost: whoever needs them pushes them anew."""
    for some in batched([content.id for content in contents]):
        CopiedContent.delete().where(is_in(CopiedContent.id, some)).execute()


def sample(store: CopyStore, numbers: Sequence[float]) -> list[CopiedContent]:
    """Return contents of the store at these places of its rows (0 to 1), the newest at 1."""
    ends = CopiedContent.select(pw.fn.MIN(CopiedContent.id), pw.fn.MAX(CopiedContent.id))
    first, last = ends.where(CopiedContent.store == store).tuples().get()
    found: dict[int, CopiedContent] = {}
    for number in numbers if first is not None else ():
        place = round(first + (last - first) * number)
        near = (CopiedContent.store == store) & (CopiedContent.id <= place) & _IS_THERE
        row = CopiedContent.select().where(near).order_by(CopiedContent.id.desc()).first()
        found |= {row.id: row} if row else {}
    return list(found.values())


def totals(store: CopyStore) -> tuple[int, int]:
    """Return how many contents the store has, and how many bytes they take there. Of many: when it was tidied last."""
    kept = CopyStore.select(CopyStore.contents, CopyStore.contents_bytes).where(CopyStore.id == store.id)
    count, stored = kept.tuples().get()
    return (count, stored) if count is not None and count > MOST_SUMMED else count_all(store)


def count_all(store: CopyStore) -> tuple[int, int]:
    """Return the same by reading every row of the store."""
    counted = CopiedContent.select(pw.fn.COUNT(CopiedContent.id), pw.fn.SUM(CopiedContent.stored_bytes))
    is_in_store = (CopiedContent.store == store) & CopiedContent.on_its_way_since.is_null()
    count, stored = counted.where(is_in_store).tuples().get()
    return count, stored or 0
