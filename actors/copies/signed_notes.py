"""Signed notes in a store: small files that are not sealed, of turns and of deletions. One that nobody signed is none.

Each name is written once: the oldest version that is signed is the note, whatever somebody put over it.
"""

import hashlib
import json
from collections.abc import Iterator
from datetime import datetime
from io import BytesIO

from actors.copies import layout
from actors.copies.stores.store import NotStored, Store
from db.copies.signer import is_signed


def read(store: Store, path: str, public_key: str) -> bytes | None:
    """Return the note of this name; None where there is none that the owner of the key signed."""
    for data in _versions(store, path):
        checksum = hashlib.sha256(data).hexdigest()
        signatures = _versions(store, layout.signature_path(path))
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


def _versions(store: Store, path: str) -> Iterator[bytes]:
    for write in store.versions(path):
        out = BytesIO()
        try:
            write(out)
        except NotStored:
            continue
        yield out.getvalue()
