"""Reading a sample of a store back: what is there has to be, byte by byte, what was pushed, and locked until its date.

Nothing is opened for it: the recovery key is not here. The checksums of what was sealed are.
"""

import hashlib
import random
from datetime import datetime

from actors.copies import layout
from actors.copies.stores.store import NotStored, Store, StoreRefused
from db.copies import copied_contents, copied_sets, loose_contents, signer
from db.models import CopiedContent, CopiedSet, CopyStore
from db.states import CopyState, LockState

CONTENTS_ASKED = 40
CONTENTS_READ = 8
SETS_READ = 3


def read_sample(row: CopyStore, store: Store) -> None:
    """Raises StoreError, which names the first object that is missing, changed, or locked too briefly."""
    own, locks = signer.own_signer(), row.lock_state == LockState.PROVEN
    for copied in copied_sets.of_store(row, SETS_READ, CopyState.COMPLETE):
        _read_manifest(store, own.public_key, copied, locks=locks)
    # The newest, the oldest, and others anywhere between: nobody knows before which.
    places = [0.0, 1.0, *(random.random() for _ in range(CONTENTS_ASKED - 2))]
    for number, content in enumerate(copied_contents.sample(row, places)):
        _check_content(store, content, is_read=number < CONTENTS_READ, locks=locks)


def _read_manifest(store: Store, public_key: str, copied: CopiedSet, *, locks: bool) -> None:
    path = layout.manifest_path(copied)
    checksum = hashlib.sha256(_read(store, path)).hexdigest()
    if checksum != copied.manifest_checksum:
        raise _changed(path)
    if not signer.is_signed(public_key, path, checksum, _read(store, layout.signature_path(path))):
        raise StoreRefused(f"The signature of {path} is not ours: somebody changed it in the store.")
    if locks and not _is_locked(store, path, copied.locked_until):
        raise StoreRefused(f"The store no longer locks {path} for as long as it said.")


def _check_content(store: Store, content: CopiedContent, *, is_read: bool, locks: bool) -> None:
    path = layout.content_path(content.name)
    told = store.head(path)
    if told is None:
        # Whatever else of the tenant is missing is found, and sent anew, by a push of its newest set; this one by a
        # look at all snapshots, for no set may have it.
        copied_contents.forget_lost(content)
        copied_sets.push_again(content.store_id, content.directory_id)
        loose_contents.look_again(content.store_id)
        raise StoreRefused(f"{path} was missing in the store. It is sent anew, as long as it is here.")
    if told.size != content.stored_bytes or (told.checksum or content.checksum) != content.checksum:
        raise _changed(path)
    if is_read and hashlib.sha256(_read(store, path)).hexdigest() != content.checksum:
        raise _changed(path)
    if locks and content.locked_until and not _is_locked(store, path, content.locked_until):
        raise StoreRefused(f"The store no longer locks {path} for as long as it said.")


def _read(store: Store, path: str) -> bytes:
    try:
        return store.get(path)
    except NotStored:
        raise StoreRefused(f"{path} is missing in the store.") from None


def _is_locked(store: Store, path: str, until: datetime | None) -> bool:
    locked_until = store.lock_of(path)
    return locked_until is not None and (until is None or locked_until >= until)


def _changed(path: str) -> StoreRefused:
    return StoreRefused(f"{path} in the store is not what was pushed: it was changed, or is damaged.")
