"""Pushing contents into a store: what is there already is only kept for longer, and locked for longer where it must."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from actors.copies import layout, sending
from actors.copies.sending import NotOpened, SealedContent, Sender
from actors.copies.stores.pace import Pace
from actors.copies.stores.store import Store
from actors.queue.run_actor import Wait
from db.copies import copied_contents, copied_sets, stores
from db.models import CopiedContent, CopiedSet, CopyStore
from db.sql.value_lists import batched

# Recorded together: the store is asked about so many after a crash.
TOGETHER = 32
GOING_SECONDS = 60.0
# Another sends a few at a time, which takes it seconds.
ON_THEIR_WAY_SECONDS = 10.0


class ContentsPush:
    def __init__(
        self,
        store: Store,
        row: CopyStore,
        directory_id: str,
        recipients: Sequence[object],
        until: datetime,
        *,
        pace: Pace,
        copied: CopiedSet | None = None,
        before_each: Callable[[], object] = lambda: None,
    ) -> None:
        """`directory_id`: of the tenant whose contents they are. `copied`: the set that is told how much was sent.
        `before_each`: called before each few are sent or locked; it raises where they are not to be."""
        self._store, self._row, self._recipients, self._copied = store, row, recipients, copied
        self._needed_until, self._locks, self._before_each = until, stores.is_locking(row), before_each
        self._until = until + copied_contents.stride(row)
        # Name -> why: contents that cannot be opened here. The others are pushed without them.
        self.unopened: dict[str, NotOpened] = {}
        set_id = copied.id if copied else None
        self._sender = Sender(store, row, directory_id, self._until, pace=pace, copied_set_id=set_id)

    def push(self, content_ids: Mapping[str, int]) -> int:
        """Push contents (name -> id here) that are not there yet. Return how many are pushed. Raises StoreError."""
        known = copied_contents.known(self._row, list(content_ids))
        if any(content.is_going for content in known.values()):
            raise Wait("The store is being tidied up: some contents are needed again.", GOING_SECONDS)
        there = {name: content for name, content in known.items() if copied_contents.is_there(content)}
        self.keep_longer(list(there.values()))
        missing = {name: content_id for name, content_id in content_ids.items() if name not in there}
        late, came = self._send_all(missing)
        self.keep_longer(came)
        # Only now: two that wait for each other have nothing of their own on its way.
        if late:
            raise Wait("Another push has some of the contents on their way.", ON_THEIR_WAY_SECONDS)
        return len(missing) - len(self.unopened)

    def push_missing(self, content_ids: Mapping[str, int]) -> bool:
        """Push contents that are not there, and leave those that are as they are. Return False where another has some
        on their way."""
        known = copied_contents.known(self._row, list(content_ids))
        late, _ = self._send_all(
            {
                name: content_id
                for name, content_id in content_ids.items()
                if name not in known or known[name].on_its_way_since is not None
            }
        )
        return not late

    def _send_all(self, content_ids: Mapping[str, int]) -> tuple[set[str], list[CopiedContent]]:
        """Send contents. Return the names that another has on their way, or is removing, and what another brought."""
        late, came = set[str](), list[CopiedContent]()
        for names in batched(list(content_ids), TOGETHER):
            self._before_each()
            sent = self._sender.send(list(self._sealed({name: content_ids[name] for name in names})))
            if self._copied is not None:
                copied_sets.count_pushed(self._copied, len(sent.new), sum(len(content.sealed) for content in sent.new))
            late |= sent.late
            came += sent.there
        return late, came

    def _sealed(self, content_ids: Mapping[str, int]) -> Iterator[SealedContent]:
        for name, content_id in content_ids.items():
            try:
                yield sending.sealed(name, content_id, self._recipients)
            except NotOpened as e:
                self.unopened[name] = e

    def keep_longer(self, there: Sequence[CopiedContent]) -> None:
        """Keep contents for as long as they are needed, and have the store lock them. Raises StoreError."""
        for some in batched([content for content in there if self._is_kept_too_briefly(content)], TOGETHER):
            self._before_each()
            if self._locks:
                sending.at_once(self._store, self._lock, some)
            for content in some:
                if not copied_contents.keep(content, self._until, self._until if self._locks else None):
                    raise Wait("The store is being tidied up: some contents are needed again.", GOING_SECONDS)

    def _is_kept_too_briefly(self, content: CopiedContent) -> bool:
        # What came before the store proved that it locks is not locked, however long it is kept.
        ends = (content.kept_until, content.locked_until) if self._locks else (content.kept_until,)
        return any(end is None or end < self._needed_until for end in ends)

    def _lock(self, content: CopiedContent) -> None:
        self._store.extend_lock(layout.content_path(content.name), self._until)
