"""Reading a sample of a store back: what is there has to be, byte by byte, what was pushed, and locked until its date.

Nothing is opened for it: the recovery key is not here. The checksums of what was sealed are. What is missing is looked
for in the store's lists: whoever deleted one object deleted others.
"""

import hashlib
import logging
import random
from collections.abc import Callable
from datetime import datetime
from typing import TypeVar

from actors.copies import layout, signed_notes
from actors.copies.stores.store import NotStored, Store, StoreDamaged
from db.clock import utcnow
from db.copies import copied_contents, copied_sets, loose_contents, signer, stores
from db.copies.signer import Signer
from db.installation import lost_contents
from db.models import CopiedContent, CopiedSet, CopyStore
from db.states import CopyState

logger = logging.getLogger(__name__)

CONTENTS_ASKED = 40
CONTENTS_READ = 8
SETS_READ = 3
# Folders of contents, 00 to ff, whose names are looked through each day.
FOLDERS = tuple(f"{number:02x}" for number in range(256))
FOLDERS_LISTED = 32
# So many names that a list lacks are asked for one by one: some stores' lists are late.
ASKED_SINGLY = 100

T = TypeVar("T")


def read_sample(row: CopyStore, store: Store) -> None:
    """Raises StoreError, which names the first object that is missing, changed, or locked too briefly."""
    own, locks = signer.own_signer(), stores.is_locking(row)
    _require_state(row, store, own, locks=locks)
    _require_manifests(row, store)
    if any(_missing_contents(row, store, folder) for folder in some_folders()):
        _send_contents_anew(row, store)
    for copied in copied_sets.of_store(row, SETS_READ, CopyState.COMPLETE):
        _read_manifest(store, own.public_key, copied, locks=locks)
    # The newest, the oldest, and others anywhere between: nobody knows before which.
    places = [0.0, 1.0, *(random.random() for _ in range(CONTENTS_ASKED - 2))]
    for number, content in enumerate(copied_contents.sample(row, places)):
        _check_content(row, store, content, is_read=number < CONTENTS_READ, locks=locks)


def follow_another(row: CopyStore, store: Store) -> None:
    """Bring what is on record in line with a store that another installation of our name had until now."""
    _forget_removed(row, store)
    # It numbered its sets as we do: ours are to have names there that are free.
    told = [layout.set_in(name) for name in store.all_names(layout.SETS)]
    lost_contents.keep_numbers(its_set[1] for its_set in told if its_set is not None)
    # What is in no set is of here from now on.
    stores.record(row, state_at=None)


def _forget_removed(row: CopyStore, store: Store) -> None:
    """Forget what the other one removed: that is no damage.

    It leaves sets whose date is still to come, but for those that somebody had erased: one that is missing otherwise is
    told by the next sample. Of contents nobody here knows until when it kept them.
    """
    erased = signed_notes.erased_since(store, signer.own_signer().public_key)
    for directory_id in copied_sets.directories_of(row):
        there = {stored.name for stored in store.list(layout.sets_of(directory_id))}
        for copied in copied_sets.complete_of(row, directory_id):
            is_erased = directory_id in erased and copied.copied_at < erased[directory_id]
            if layout.manifest_path(copied) not in there and (is_erased or copied.kept_until < utcnow()):
                copied_sets.lose(copied, again=False)
    count, _ = _forget_contents(row, store)
    logger.info("contents that another installation removed are forgotten", extra={"store": row.id, "count": count})


def some_folders() -> list[str]:
    return random.sample(FOLDERS, FOLDERS_LISTED)


def _require_state(row: CopyStore, store: Store, own: Signer, *, locks: bool) -> None:
    """Look at the newest state, without which nothing is recovered. One that is lost or changed is pushed anew."""
    if row.state_at is None:
        return
    path = layout.state_path(row.state_at)
    told, signature = store.head(path), store.head(layout.signature_path(path))
    if told is None or signature is None:
        stores.record(row, state_at=None)
        raise _missing(path)
    if told.checksum and not signer.is_signed(own.public_key, path, told.checksum, _read(store, signature.name)):
        stores.record(row, state_at=None)
        raise StoreDamaged(f"{path} in the store is not what was pushed. A new state is pushed.")
    if locks and not _is_locked(store, path, None):
        raise StoreDamaged(f"The store no longer locks {path}.")


def _require_manifests(row: CopyStore, store: Store) -> None:
    """Look whether every copy has its manifest. Those that have none are pushed anew, or forgotten."""
    lost: list[CopiedSet] = []
    for directory_id in copied_sets.directories_of(row):
        copies = copied_sets.complete_of(row, directory_id)
        there = {stored.name for stored in store.list(layout.sets_of(directory_id))}
        lost += [copied for copied in copies if layout.manifest_path(copied) not in there]
    lost = _without_late_ones(store, lost, layout.manifest_path)
    for copied in lost:
        path = layout.manifest_path(copied)
        if not store.uncover(path):
            # A signature of the manifest that is gone is none of the one that comes.
            store.delete(layout.signature_path(path))
            copied_sets.lose(copied)
    if lost:
        raise _missing(layout.manifest_path(lost[0]), len(lost) - 1)


def _missing_contents(row: CopyStore, store: Store, folder: str) -> list[CopiedContent]:
    # The rows first: what is pushed meanwhile is not among them.
    rows = copied_contents.in_folder(row, folder)
    there = {stored.name for stored in store.list(f"contents/{folder}/")} if rows else set()
    missing = [content for content in rows if layout.content_path(content.name) not in there]
    return _without_late_ones(store, missing, _path)


def _without_late_ones(store: Store, missing: list[T], path: Callable[[T], str]) -> list[T]:
    """Ask for the first of what a list lacks: some stores' lists come late."""
    asked, others = missing[:ASKED_SINGLY], missing[ASKED_SINGLY:]
    return [each for each in asked if store.head(path(each)) is None] + others


def _path(content: CopiedContent) -> str:
    return layout.content_path(content.name)


def _send_contents_anew(row: CopyStore, store: Store) -> None:
    """Have every content that is missing pushed by whoever still has it. Raises StoreDamaged."""
    count, first = _forget_contents(row, store)
    raise _missing(first, count - 1)


def _forget_contents(row: CopyStore, store: Store) -> tuple[int, str]:
    """Forget every content that is missing, so that whoever still has it pushes it. Return how many, and the first."""
    count, first, directory_ids = 0, "", set()
    for folder in FOLDERS:
        missing = _missing_contents(row, store, folder)
        if missing:
            count, first = count + len(missing), first or _path(missing[0])
            gone = [content for content in missing if not store.uncover(_path(content))]
            directory_ids |= {content.directory_id for content in gone}
            copied_contents.forget_lost(gone)
    for directory_id in directory_ids:
        copied_sets.push_again(row.id, directory_id)
    # What no newest set has is found by a look at all snapshots.
    loose_contents.look_again(row.id)
    return count, first


def _missing(path: str, others: int = 0) -> StoreDamaged:
    if others > 0:
        return StoreDamaged(
            f"{path} and {others} more were missing in the store. They are sent anew, as long as they are here."
        )
    return StoreDamaged(f"{path} was missing in the store. It is sent anew, as long as it is here.")


def _read_manifest(store: Store, public_key: str, copied: CopiedSet, *, locks: bool) -> None:
    path = layout.manifest_path(copied)
    checksum = hashlib.sha256(_read(store, path)).hexdigest()
    if checksum != copied.manifest_checksum:
        raise _changed(path)
    if not signer.is_signed(public_key, path, checksum, _read(store, layout.signature_path(path))):
        raise StoreDamaged(
            f"The signature of {path} is not ours: somebody changed it in the store. Delete that file there: it is "
            "sent anew."
        )
    if locks and not _is_locked(store, path, copied.locked_until):
        raise StoreDamaged(f"The store no longer locks {path} for as long as it said.")


def _check_content(row: CopyStore, store: Store, content: CopiedContent, *, is_read: bool, locks: bool) -> None:
    path = layout.content_path(content.name)
    told = store.head(path)
    if told is None:
        _send_contents_anew(row, store)
        return
    if told.size != content.stored_bytes or (told.checksum or content.checksum) != content.checksum:
        raise _changed(path)
    if is_read and hashlib.sha256(_read(store, path)).hexdigest() != content.checksum:
        raise _changed(path)
    if locks and content.locked_until and not _is_locked(store, path, content.locked_until):
        raise StoreDamaged(f"The store no longer locks {path} for as long as it said.")


def _read(store: Store, path: str) -> bytes:
    try:
        return store.get(path)
    except NotStored:
        raise StoreDamaged(f"{path} is missing in the store.") from None


def _is_locked(store: Store, path: str, until: datetime | None) -> bool:
    locked_until = store.lock_of(path)
    return locked_until is not None and (until is None or locked_until >= until)


def _changed(path: str) -> StoreDamaged:
    return StoreDamaged(
        f"{path} in the store is not what was pushed: it was changed, or is damaged. Delete it there: it is sent anew, "
        "or what it hid is there again."
    )
