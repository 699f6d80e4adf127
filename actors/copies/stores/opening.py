"""Opening a store by its address: `s3://bucket/prefix`, `azure://account/container/prefix`, `sftp://…`, `file:///…`."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from urllib.parse import unquote, urlsplit

from actors.copies.stores.folder_store import FolderStore
from actors.copies.stores.store import Store, StoreRefused
from db.copies import stores

# Scheme -> (module, class, the package that it needs). Imported when one is opened: they are large, and an extra.
KINDS = {
    "s3": ("actors.copies.stores.s3_store", "S3Store", "boto3"),
    "azure": ("actors.copies.stores.azure_store", "AzureStore", "azure-storage-blob"),
    "sftp": ("actors.copies.stores.sftp_store", "SftpStore", "paramiko"),
}
NOT_TAKEN = "The address, or what signs in, is not as this kind of store takes it. Is each of them whole?"


def open_store(address: str, credentials: Mapping[str, str]) -> Store:
    """Open the store of this address. Raises StoreError.

    Names of credentials by kind: docs/copies.md.
    """
    parts = urlsplit(address)
    if stores.is_git(address):
        raise StoreRefused(stores.NOT_FOR_RECOVERY)
    if parts.scheme == "file":
        return FolderStore(Path(unquote(parts.path)))
    if parts.scheme not in KINDS:
        raise StoreRefused("An address of a store begins with s3://, azure://, sftp:// or file:///.")
    module, name, package = KINDS[parts.scheme]
    try:
        kind = getattr(import_module(module), name)
    except ModuleNotFoundError as e:
        if e.name and e.name.split(".")[0] == "actors":
            raise
        raise StoreRefused(f"{package} is not installed here: install tenantkeep[copies].") from None
    try:
        opened: Store = kind(address, credentials)
    except ValueError:
        # Its text may hold what signs in.
        raise StoreRefused(NOT_TAKEN) from None
    return opened
