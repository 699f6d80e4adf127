"""Contents on their way into a store: each is recorded before it is sent, with the checksum of the file to come.

Sealed anew, a content is another file each time. So only one may send it at a time, and that is whose checksum its row
has: each step names it, and finds no row once another took the content over. A row whose content is on its way says
nothing of what is in the store; one whose content has arrived says what is there, whoever died meanwhile.
"""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any

from db.clock import utcnow
from db.copies.copied_contents import known
from db.database import Condition
from db.models import CopiedContent, CopyStore
from db.sql.value_lists import is_in

# Longer than the slowest sending of a few: what is on its way for so long was left by somebody who died.
PATIENCE = timedelta(minutes=30)


def announce(
    store: CopyStore, rows: Sequence[Mapping[str, Any]], copied_set_id: int | None
) -> dict[str, CopiedContent]:
    """Record that these are about to be sent. Return name -> row of those that have another's row: they are not."""
    # In one order: two who announce the same contents never wait for each other.
    ordered = sorted(rows, key=lambda row: str(row["name"]))
    sending = {"on_its_way_since": utcnow(), "sent_for": copied_set_id}
    inserted = CopiedContent.insert_many([{**row, **sending} for row in ordered]).on_conflict_ignore()
    if inserted.as_rowcount().execute() == len(ordered):
        return {}
    checksums = {row["name"]: row["checksum"] for row in ordered}
    known_rows = known(store, list(checksums))
    return {name: row for name, row in known_rows.items() if row.checksum != checksums[name]}


def is_left(content: CopiedContent, copied_set_id: int | None) -> bool:
    """Tell whether it was left on its way, by an earlier push of the same set, or long ago by anybody."""
    since = content.on_its_way_since
    if since is None or content.is_going:
        return False
    is_own = copied_set_id is not None and content.sent_for == copied_set_id
    # One that is to be sent later than now was sent by a clock that was set back since.
    return is_own or abs(utcnow() - since) > PATIENCE


def take_over(content: CopiedContent, row: Mapping[str, Any], copied_set_id: int | None) -> bool:
    """Have a content that was left on its way be the one that is sent now. Return False: another was quicker."""
    taken = CopiedContent.update({**row, "on_its_way_since": utcnow(), "sent_for": copied_set_id})
    return bool(taken.where(_is_on_its_way(content.store_id, {content.name: content.checksum})).execute())


def still_mine(store: CopyStore, checksums: Mapping[str, str]) -> set[str]:
    """Return those (name -> checksum) that nobody took over, and keep them from it for a while."""
    renewed = CopiedContent.update(on_its_way_since=utcnow())
    renewed.where(_is_on_its_way(store, checksums)).execute()
    rows = CopiedContent.select(CopiedContent.name).where(_is_on_its_way(store, checksums))
    return {row[0] for row in rows.tuples()}


def arrive(store: CopyStore, checksums: Mapping[str, str]) -> set[str]:
    """Record that contents (name -> checksum) are in the store. Return those that are no longer whoever asks's."""
    arrived = CopiedContent.update(on_its_way_since=None, sent_for=None)
    if arrived.where(_is_on_its_way(store, checksums)).execute() == len(checksums):
        return set()
    rows = known(store, list(checksums))
    return {name for name, checksum in checksums.items() if name not in rows or rows[name].checksum != checksum}


def adopt(store: CopyStore, name: str, recorded: str, there: tuple[str, int]) -> bool:
    """Record the file that is there (checksum, bytes) instead of the recorded one. False: another was quicker."""
    is_as_read = (CopiedContent.store == store) & (CopiedContent.name == name) & (CopiedContent.checksum == recorded)
    checksum, stored_bytes = there
    columns = {"checksum": checksum, "stored_bytes": stored_bytes, "on_its_way_since": None, "sent_for": None}
    return bool(CopiedContent.update(columns).where(is_as_read & ~CopiedContent.is_going).execute())


def _is_on_its_way(store: CopyStore | int, checksums: Mapping[str, str]) -> Condition:
    """Return the condition of these names with these checksums: a checksum is of one file, and so of one name."""
    is_named = (CopiedContent.store == store) & is_in(CopiedContent.name, list(checksums))
    is_sent = is_in(CopiedContent.checksum, list(checksums.values())) & CopiedContent.on_its_way_since.is_null(False)
    return is_named & is_sent & ~CopiedContent.is_going
