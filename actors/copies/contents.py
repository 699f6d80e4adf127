"""Pushing contents into a store: what is there already is only kept for longer, and locked for longer where it must."""

import hashlib
import zlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from actors.copies import layout, sealing
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import Store, StoreError, StoreRefused
from actors.queue.run_actor import Wait
from db.copies import copied_contents, copied_sets
from db.models import CopiedContent, CopiedSet, CopyStore
from db.policies import snapshots
from db.sql.value_lists import batched

# Recorded together: more would be sent again, or asked about, after a crash.
TOGETHER = 32
GOING_SECONDS = 60.0


@dataclass(frozen=True)
class SealedContent:
    name: str
    sealed: bytes
    sha256: str
    plain_bytes: int


class ContentsPush:
    def __init__(
        self,
        store: Store,
        row: CopyStore,
        directory_id: str,
        recipients: Sequence[object],
        until: datetime,
        *,
        locks: bool,
        pace: Pace,
        asks_first: bool,
        copied: CopiedSet | None = None,
    ) -> None:
        """`directory_id`: of the tenant whose contents they are. `copied`: the set that is told how much was sent."""
        self._store, self._row, self._directory_id, self._recipients = store, row, directory_id, recipients
        self._copied = copied
        self._needed_until, self._locks, self._pace, self._asks_first = until, locks, pace, asks_first
        self._until = until + copied_contents.stride(row)

    def push(self, content_ids: Mapping[str, int]) -> int:
        """Push contents (name -> id here) that are not there yet. Return how many those are. Raises StoreError."""
        known = copied_contents.known(self._row, list(content_ids))
        if any(content.is_going for content in known.values()):
            raise Wait("The store is being tidied up: some contents are needed again.", GOING_SECONDS)
        self._keep_longer([content for content in known.values() if content.kept_until < self._needed_until])
        return self._send_all({name: content_id for name, content_id in content_ids.items() if name not in known})

    def push_missing(self, content_ids: Mapping[str, int]) -> int:
        """Push contents that are not there, and leave those that are as they are. Return how many those were."""
        known = copied_contents.known(self._row, list(content_ids))
        return self._send_all({name: content_id for name, content_id in content_ids.items() if name not in known})

    def _send_all(self, content_ids: Mapping[str, int]) -> int:
        for names in batched(list(content_ids), TOGETHER):
            self._send([_sealed(name, content_ids[name], self._recipients) for name in names])
        return len(content_ids)

    def _keep_longer(self, known: Sequence[CopiedContent]) -> None:
        for some in batched(known, TOGETHER):
            if self._locks:
                list(self._at_once(lambda one: self._lock(one.name), some))
            for content in some:
                if not copied_contents.keep(content, self._until, self._until if self._locks else None):
                    raise Wait("The store is being tidied up: some contents are needed again.", GOING_SECONDS)

    def _lock(self, name: str) -> None:
        self._store.extend_lock(layout.content_path(name), self._until)

    def _send(self, some: Sequence[SealedContent]) -> None:
        rows = list(self._at_once(self._send_one, some))
        copied_contents.add([row for row, _ in rows])
        sent = [row["stored_bytes"] for row, is_new in rows if is_new]
        if self._copied is not None:
            copied_sets.count_pushed(self._copied, len(sent), sum(sent))

    def _send_one(self, content: SealedContent) -> tuple[dict[str, Any], bool]:
        """Return the content's row, and whether it was sent now."""
        path = layout.content_path(content.name)
        row = {
            "store": self._row.id,
            "directory_id": self._directory_id,
            "name": content.name,
            "sha256": content.sha256,
            "checksum": hashlib.sha256(content.sealed).hexdigest(),
            "plain_bytes": content.plain_bytes,
            "stored_bytes": len(content.sealed),
            "kept_until": self._until,
            "locked_until": self._until if self._locks else None,
        }
        there = self._store.head(path) if self._asks_first else None
        if there is None:
            self._pace.spend(len(content.sealed))
            if self._store.put(path, content.sealed, self._until if self._locks else None):
                return row, True
            if not self._locks:
                # Nobody knows who put it there: an installation that was recovered has no record of what came after
                # its state. Where somebody could have written over it, it is sent anew.
                self._store.delete(path)
                if self._store.put(path, content.sealed):
                    return row, True
            there = self._store.head(path)
        if there is None:
            raise StoreError("The store says that a content is there, and does not find it.")
        # Sent before, and not recorded: sealed anew it is another file each time.
        if self._locks:
            self._lock(content.name)
        if there.checksum is None:
            raise StoreRefused("The store tells no checksum of a content that was there already.")
        return row | {"checksum": there.checksum, "stored_bytes": there.size}, False

    def _at_once(self, do: Callable[[Any], Any], each: Iterable[Any]) -> Iterable[Any]:
        """Do it for each, as many at a time as the store takes; the first error comes after all have ended."""
        with ThreadPoolExecutor(self._store.parallel) as threads:
            return list(threads.map(do, each))


def _sealed(name: str, content_id: int, recipients: Sequence[object]) -> SealedContent:
    plain = zlib.decompress(snapshots.packed_content(content_id))
    return SealedContent(name, sealing.seal(plain, recipients), hashlib.sha256(plain).hexdigest(), len(plain))
