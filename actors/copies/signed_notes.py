"""Signed notes in a store: small files that are not sealed, of turns and of deletions. One that nobody signed is none.

Each name is written once: the oldest version that is signed is the note, whatever somebody put over it.
"""

import hashlib
import json
from datetime import datetime

from actors.copies import layout
from actors.copies.stores.store import Store, read_each
from db.copies.signer import is_signed

# A note has some hundred.
MOST_BYTES = 64 * 1024


def read(store: Store, path: str, public_key: str, most: int = MOST_BYTES) -> bytes | None:
    """Return the file of this name, of no more bytes than `most`; None: the owner of the key signed none."""
    for data in read_each(store.versions(path), most):
        checksum = hashlib.sha256(data).hexdigest()
        signatures = read_each(store.versions(layout.signature_path(path)), most)
        if any(is_signed(public_key, path, checksum, signature) for signature in signatures):
            return data
    return None


def erased_since(store: Store, public_key: str) -> dict[str, datetime]:
    """Return directory id -> since when somebody had its copies deleted, the last time."""
    found: dict[str, datetime] = {}
    for path in store.all_names(layout.ERASED):
        data = read(store, path, public_key) if path.endswith(".json") else None
        if data is not None:
            told = json.loads(data)
            since = datetime.fromisoformat(told["erased_from"])
            found[told["directory_id"]] = max(since, found.get(told["directory_id"], since))
    return found
