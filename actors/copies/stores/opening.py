"""Opening a store by its address: `s3://bucket/prefix`, `azure://account/container/prefix`, `sftp://…`, `file:///…`."""

from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote, urlsplit

from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.store import Store, StoreRefused


def open_store(address: str, credentials: Mapping[str, str]) -> Store:
    """Open the store of this address. Raises StoreError.

    Names of credentials by kind: docs/copies.md.
    """
    parts = urlsplit(address)
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)))
    raise StoreRefused("An address of a store begins with s3://, azure://, sftp:// or file:///.")
