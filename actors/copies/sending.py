"""Sending a few contents that are not in a store: recorded first, then put, then recorded as there.

Whatever crashes in between, and however many send the same content, a row says that it is there only once it is, with
the checksum of that very file: db/copies/sent_contents.py has the steps.
"""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import cached_property
from typing import Any, TypeVar

from actors.copies import layout, sealing
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import Store, StoredObject, StoreError, as_file, checksum_of
from actors.queue.run_actor import GivenUp
from db.copies import copied_contents, sent_contents, stores
from db.encryption import KeyMissing, SealError
from db.models import Content, CopiedContent, CopyStore
from db.policies import lost_bodies, snapshots

CONTENT_LOST = "content_lost"


class NotOpened(Exception):
    """A content cannot be opened here. Its text names it, and says why."""

    def __init__(self, content_id: int, error: Exception) -> None:
        reason = str(error) if isinstance(error, SealError) else "It is damaged."
        super().__init__(f"Content {content_id}: {reason}")
        # Once somebody gives the key back, it opens: unlike what is damaged, it may be waited for.
        self.lacks_key = isinstance(error, KeyMissing)


T = TypeVar("T")
R = TypeVar("R")


@dataclass(frozen=True)
class SealedContent:
    name: str
    sealed: bytes
    sha256: str
    plain_bytes: int

    @cached_property
    def checksum(self) -> str:
        return hashlib.sha256(self.sealed).hexdigest()

    @property
    def path(self) -> str:
        return layout.content_path(self.name)


@dataclass
class Sending:
    """The outcome for some contents."""

    new: list[SealedContent] = field(default_factory=list)
    # Another brought them here meanwhile, or an earlier message did.
    there: list[CopiedContent] = field(default_factory=list)
    # Names of those that another has on their way, or is removing.
    late: set[str] = field(default_factory=set)


class Sender:
    def __init__(
        self,
        store: Store,
        row: CopyStore,
        directory_id: str,
        until: datetime,
        *,
        pace: Pace,
        copied_set_id: int | None,
    ) -> None:
        self._store, self._row, self._directory_id, self._until = store, row, directory_id, until
        self._lock_until = until if stores.is_locking(row) else None
        self._pace, self._copied_set_id = pace, copied_set_id

    def send(self, some: Sequence[SealedContent]) -> Sending:
        """Send contents that were not there a moment ago. Raises StoreError; what has arrived by then is asked about
        by the next message."""
        sending, mine = Sending(), []
        rows = sent_contents.announce(self._row, [self._facts(content) for content in some], self._copied_set_id)
        left = []
        for content in some:
            row = rows.get(content.name)
            if row is None:
                mine.append(content)
            elif sent_contents.is_left(row, self._copied_set_id):
                left.append((content, row))
            else:
                _note(sending, row)
        mine += self._take_over(left, sending)
        self._put(mine, sending)
        return sending

    def _facts(self, content: SealedContent) -> dict[str, Any]:
        return {
            "store": self._row.id,
            "directory_id": self._directory_id,
            "name": content.name,
            "sha256": content.sha256,
            "checksum": content.checksum,
            "plain_bytes": content.plain_bytes,
            "stored_bytes": len(content.sealed),
            "kept_until": self._until,
            "locked_until": self._lock_until,
        }

    def _take_over(
        self, left: Sequence[tuple[SealedContent, CopiedContent]], sending: Sending
    ) -> Iterable[SealedContent]:
        """Look at what was left on its way: if it has arrived, that is noted. Yield the others, which are mine now."""
        told = at_once(self._store, lambda each: self._look_at(each[0].path), left)
        for (content, row), there in zip(left, told, strict=True):
            if there is not None and there.checksum == row.checksum:
                if not sent_contents.arrive(self._row, {row.name: row.checksum}):
                    row.on_its_way_since = None
                _note(sending, row)
            elif sent_contents.take_over(row, self._facts(content), self._copied_set_id):
                yield content
            else:
                sending.late.add(content.name)

    def _look_at(self, path: str) -> StoredObject | None:
        """Return what is there with its checksum, for which it is read where the store tells none."""
        told = self._store.head(path)
        if told is None or told.checksum is not None:
            return told
        return replace(told, checksum=checksum_of(as_file(self._store.get(path))))

    def _put(self, mine: Sequence[SealedContent], sending: Sending) -> None:
        are_new = at_once(self._store, self._put_one, mine)
        sent = [content for content, is_new in zip(mine, are_new, strict=True) if is_new]
        taken = [content for content, is_new in zip(mine, are_new, strict=True) if not is_new]
        if taken:
            sent += self._settle(taken, sending)
        lost = sent_contents.arrive(self._row, {content.name: content.checksum for content in sent}) if sent else set()
        sending.new += [content for content in sent if content.name not in lost]
        if lost:
            self._give_way([content for content in sent if content.name in lost], sending)

    def _put_one(self, content: SealedContent) -> bool:
        self._pace.spend(len(content.sealed))
        return self._store.put(content.path, content.sealed, self._lock_until)

    def _settle(self, taken: Sequence[SealedContent], sending: Sending) -> list[SealedContent]:
        """Deal with names that the store has already. Return those under which the file to be sent is now."""
        settled, others = list[SealedContent](), list[SealedContent]()
        told = at_once(self._store, lambda content: self._look_at(content.path), taken)
        for content, there in zip(taken, told, strict=True):
            if there is None:
                raise StoreError("The store says that a content is there, and does not find it.")
            # The store took it, and its answer was lost: the client has asked again.
            if there.checksum == content.checksum:
                settled.append(content)
            else:
                others.append(content)
        # Nobody knows who put it there: an installation that was recovered has no record of what came after its state.
        # It is sent anew; not by whoever another took the content over from.
        mine = sent_contents.still_mine(self._row, {content.name: content.checksum for content in others})
        sending.late |= {content.name for content in others} - mine
        replaced = [content for content in others if content.name in mine]
        at_once(self._store, self._replace, replaced)
        return settled + replaced

    def _replace(self, content: SealedContent) -> None:
        if self._lock_until is not None:
            # What is there may be locked. Recovery tries all versions, and takes the one with the manifest's checksum.
            self._pace.spend(len(content.sealed))
            self._store.put_over(content.path, content.sealed, self._lock_until)
            return
        self._store.delete(content.path)
        if not self._put_one(content):
            raise StoreError("Somebody else writes contents into the store under the names of ours.")

    def _give_way(self, lost: Sequence[SealedContent], sending: Sending) -> None:
        """Look at contents that another took over while they were sent, which takes a worker that stood still.

        Where theirs had arrived, and this one was put in its place all the same, this one is what is there.
        """
        rows = copied_contents.known(self._row, [content.name for content in lost])
        for content in lost:
            row = rows.get(content.name)
            if row is None or not copied_contents.is_there(row):
                sending.late.add(content.name)
                continue
            there = self._look_at(content.path)
            if there is not None and there.checksum == content.checksum:
                sent_contents.adopt(self._row, row.name, row.checksum, (content.checksum, len(content.sealed)))
            sending.there.append(row)


def _note(sending: Sending, row: CopiedContent) -> None:
    if copied_contents.is_there(row):
        sending.there.append(row)
    else:
        sending.late.add(row.name)


def at_once(store: Store, do: Callable[[T], R], each: Sequence[T]) -> list[R]:
    """Do it for each, as many at a time as the store takes; the first error comes after all have ended."""
    if not each:
        return []
    with ThreadPoolExecutor(store.parallel) as threads:
        return list(threads.map(do, each))


def sealed(name: str, content_id: int, recipients: Sequence[object]) -> SealedContent:
    """Return a content, by its id here, as it is sent under its name.

    Raises Content.DoesNotExist, NotOpened, and GivenUp.
    """
    plain = opened(content_id)
    return SealedContent(name, sealing.seal(plain, recipients), hashlib.sha256(plain).hexdigest(), len(plain))


def opened(content_id: int) -> bytes:
    """Return the JSON of a content. Raises Content.DoesNotExist, NotOpened, and GivenUp."""
    content = Content.get_by_id(content_id)
    if lost_bodies.is_lost(content):
        raise GivenUp(
            CONTENT_LOST,
            "A content of this set was lost: no store had it when this installation was recovered. The next backup of "
            "the tenant is copied.",
        )
    try:
        return zlib.decompress(snapshots.packed_content(content))
    except (SealError, zlib.error) as e:
        raise NotOpened(content_id, e) from e
