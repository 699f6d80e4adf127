"""Deleting what a store has of a tenant that is no longer here, once its day has come: manifests first, then contents.

It is done by whoever tidies the store up, who has made sure that the store is ours. A manifest goes with its signature
and its row, and a content with its row: whatever crashes, the next look goes on. What the store still locks stays, and
is tried again each day. No other tenant's set can need a content that goes: its name is of its tenant.
"""

from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import timedelta

from actors.copies import layout, sending
from actors.copies.stores.store import (
    Store,
    StoredObject,
    StoreRefused,
    as_file,
    checksum_of,
    delete_unless_locked,
)
from db.clock import utcnow
from db.copies import copied_contents, erasures, signer, stores
from db.models import CopiedContent, CopyErasure, CopyStore

# Of contents, at one look; and of those, together on record as gone.
PORTION = 1000
TOGETHER = 32
CLOCKS_DIFFER = timedelta(hours=1)


def erase_due(row: CopyStore, store: Store, before_each: Callable[[], object] = lambda: None) -> bool:
    """Go on with what is due. Return whether there is more that could go now.

    `before_each` is called before each few are deleted. Raises StoreError where the store does not answer.
    """
    is_more = False
    for erasure in erasures.due(row, utcnow()):
        try:
            is_more |= _Erasing(row, store, erasure, before_each).go_on()
        except StoreRefused as e:
            # A store that refuses to delete gets its copies all the same, and is looked after.
            erasures.note_refusal(erasure, e.sentence)
    return is_more


class _Erasing:
    """One look's work at one erasure."""

    def __init__(self, row: CopyStore, store: Store, erasure: CopyErasure, before_each: Callable[[], object]) -> None:
        self._row, self._store, self._erasure, self._before_each = row, store, erasure, before_each
        self._left: list[StoredObject] = []

    def go_on(self) -> bool:
        """Delete what the store lets go. Return whether there may be more of it."""
        names = list(self._store.all_names(layout.sets_of(self._erasure.directory_id)))
        # Only now: if the tenant is not here after the names were listed, none of them is of one that came back.
        if not self._is_wanted():
            return False
        self._leave_note()
        self._delete_sets(names)
        if self._delete_contents():
            return True
        self._note_rest()
        return False

    def _is_wanted(self) -> bool:
        """Tell whether nobody took it back until now."""
        self._before_each()
        return erasures.begin(self._erasure)

    def _leave_note(self) -> None:
        """Leave a signed note, so that who recovers an older state takes for no damage what is gone from here.

        It is kept as long as the states of before it.
        """
        about = (self._erasure.directory_id, self._erasure.due_at)
        path, note = layout.erased_path(*about), layout.erased_note(*about)
        until = utcnow().replace(microsecond=0) + timedelta(days=self._row.copy_days)
        locked_until = until if stores.is_locking(self._row) else None
        self._store.put(path, note, locked_until)
        signature = signer.own_signer().sign(path, checksum_of(as_file(note)))
        self._store.put(layout.signature_path(path), signature, locked_until)

    def _delete_sets(self, names: Sequence[str]) -> None:
        """Delete the sets that the store has, and forget them with those that never came there."""
        by_number = defaultdict[str, list[str]](list)
        for name in names:
            by_number[name.removeprefix(layout.sets_of(self._erasure.directory_id)).partition("/")[0]].append(name)
        for number in sorted(by_number.keys() | erasures.set_numbers(self._erasure)):
            if not self._is_wanted():
                return
            # By name, the signature is last: a manifest without one is no copy to whoever recovers.
            left = [told for name in sorted(by_number.get(number, ())) if (told := self._left_of(name))]
            self._left += left
            if not left:
                erasures.forget_set(self._erasure, number, was_there=number in by_number)

    def _delete_contents(self) -> bool:
        """Delete a portion of the contents. Return whether there may be more."""
        last, gone = 0, 0
        while gone < PORTION:
            some = copied_contents.take_all_of(self._erasure, last, TOGETHER) if self._is_wanted() else []
            if not some:
                return False
            last = some[-1].id
            gone += self._delete_some(some)
        return True

    def _delete_some(self, contents: Sequence[CopiedContent]) -> int:
        """Delete contents that were taken, and return how many are gone."""
        told = sending.at_once(self._store, lambda each: self._left_of(layout.content_path(each.name)), contents)
        left = [(content, stored) for content, stored in zip(contents, told, strict=True) if stored is not None]
        for content, stored in left:
            copied_contents.let_stay(content, stored.locked_until)
        self._left += [stored for _, stored in left]
        gone = [content.id for content, stored in zip(contents, told, strict=True) if stored is None]
        erasures.forget_contents(self._erasure, gone)
        return len(gone)

    def _left_of(self, name: str) -> StoredObject | None:
        """Delete an object with all its versions. Return what the store keeps of it: its lock has not run out."""
        if delete_unless_locked(self._store, name):
            return None
        # Where somebody hid it, the store says nothing of it.
        return self._store.head(name) or StoredObject(name, 0)

    def _note_rest(self) -> None:
        """Finish where nothing is left; else note until when the store keeps what is, or that it does not say."""
        if not self._left and not erasures.has_contents(self._erasure):
            erasures.finish(self._erasure)
            return
        locks = [stored.locked_until for stored in self._left if stored.locked_until]
        erasures.note_rest(self._erasure, max(locks, default=None))
        over = utcnow() - CLOCKS_DIFFER
        held = [stored.name for stored in self._left if not stored.locked_until or stored.locked_until < over]
        if held:
            sentence = f"The store keeps {held[0]}, and no lock of ours is on it. Has somebody put a legal hold there?"
            erasures.note_refusal(self._erasure, sentence)
