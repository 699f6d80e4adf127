"""A container of Azure Blob Storage as a store, by azure-storage-blob.

Facts are of Microsoft's reference, learn.microsoft.com/rest/api/storageservices: Put Blob (`If-None-Match: *`,
x-ms-immutability-policy-until-date and -mode lock with the writing, Content-MD5 has the service check what arrived),
Get Blob Properties, Set Blob Immutability Policy, Delete Blob (409 BlobImmutableDueToPolicy while it is locked). The
container needs version-level immutability.
"""

import base64
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import ContainerClient, ContentSettings, ImmutabilityPolicy

from actors.copies.stores import network
from actors.copies.stores.store import (
    PIECE_BYTES,
    Archived,
    NotStored,
    StillLocked,
    StoreBase,
    StoredObject,
    StoreError,
    StoreRefused,
    Write,
    as_file,
    checksum_of,
    size_of,
)

LOCKED = "Locked"
CHECKSUM = "sha256"
CONNECT_SECONDS, READ_SECONDS = 10, 60
TRIES = 3
IS_LOCKED = {"BlobImmutableDueToPolicy", "BlobImmutableDueToLegalHold"}


class AzureStore(StoreBase):
    can_lock, parallel = True, 8

    def __init__(self, address: str, credentials: Mapping[str, str]) -> None:
        parts, options = urlsplit(address), parse_qs(urlsplit(address).query)
        container, _, prefix = unquote(parts.path).strip("/").partition("/")
        self._prefix = prefix.strip("/")
        url = options.get("endpoint", [f"https://{parts.netloc}.blob.core.windows.net"])[0]
        way = network.way_to(url)
        credential: Any = credentials.get("sas_token") or {
            "account_name": parts.netloc,
            "account_key": _whole_key(credentials["account_key"]),
        }
        self._container = ContainerClient(
            url,
            container,
            credential=credential,
            transport=RequestsTransport(use_env_settings=False, connection_verify=way.ca_file),
            proxies=way.proxies,
            connection_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retry_total=TRIES,
            # One request for an object, so that its checksum is of all of it; beyond that in blocks.
            max_single_put_size=64 * PIECE_BYTES,
            max_block_size=8 * PIECE_BYTES,
        )

    def put(self, name: str, data: bytes | BinaryIO, locked_until: datetime | None = None) -> bool:
        with explained():
            try:
                self._upload(name, as_file(data), locked_until)
            except ResourceExistsError as e:
                if str(getattr(e, "error_code", "")) not in {"BlobAlreadyExists", "UnauthorizedBlobOverwrite"}:
                    raise
                return False
        return True

    def put_over(self, name: str, data: bytes | BinaryIO, locked_until: datetime) -> None:
        with explained():
            self._upload(name, as_file(data), locked_until, is_over=True)

    def _upload(self, name: str, file: BinaryIO, locked_until: datetime | None, *, is_over: bool = False) -> None:
        checksum = checksum_of(file)
        digest = hashlib.file_digest(file, "md5").digest()  # type: ignore[arg-type]
        asked: dict[str, Any] = {}
        if locked_until is not None:
            until = locked_until.replace(tzinfo=UTC)
            asked["immutability_policy"] = ImmutabilityPolicy(expiry_time=until, policy_mode=LOCKED)
        self._blob(name).upload_blob(
            file,
            length=size_of(file),
            overwrite=is_over,
            metadata={CHECKSUM: checksum},
            content_settings=ContentSettings(content_md5=bytearray(digest)),
            validate_content=True,
            **asked,
        )

    def fetch(self, name: str, out: BinaryIO) -> None:
        with explained():
            try:
                self._copy(name, out)
            except ResourceNotFoundError as e:
                numbers = self._version_numbers(name)
                if not numbers:
                    raise NotStored(f"The store has no {name}.") from e
                self._copy(name, out, version_id=numbers[-1])

    def _copy(self, name: str, out: BinaryIO, **version: str) -> None:
        for piece in self._blob(name).download_blob(validate_content=True, **version).chunks():
            out.write(piece)

    def versions(self, name: str) -> Iterator[Write]:
        with explained():
            numbers = self._version_numbers(name)
        if not numbers:
            yield from super().versions(name)
        for number in numbers:
            yield self._writer(name, number)

    def _writer(self, name: str, number: str) -> Write:
        def write(out: BinaryIO) -> None:
            with explained():
                self._copy(name, out, version_id=number)

        return write

    def head(self, name: str) -> StoredObject | None:
        with explained():
            try:
                found = self._blob(name).get_blob_properties()
            except ResourceNotFoundError:
                return None
        # The service checked its own MD5 of what arrived; ours stands beside it.
        checksum = (found.metadata or {}).get(CHECKSUM) if found.content_settings.content_md5 else None
        return StoredObject(name, found.size, checksum, _locked_until(found))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        with explained():
            for blob in self._container.list_blobs(name_starts_with=self._key(prefix)):
                yield StoredObject(self._name(blob.name), blob.size)

    def all_names(self, prefix: str) -> Iterator[str]:
        last = None
        with explained():
            for blob in self._container.list_blobs(name_starts_with=self._key(prefix), include=["versions"]):
                if blob.name != last:
                    last = blob.name
                    yield self._name(last)

    def lock_of(self, name: str) -> datetime | None:
        found = self.head(name)
        if found is None:
            raise NotStored(f"The store has no {name}.")
        return found.locked_until

    def _lock(self, name: str, until: datetime) -> None:
        policy = ImmutabilityPolicy(expiry_time=until.replace(tzinfo=UTC), policy_mode=LOCKED)
        with explained():
            self._blob(name).set_immutability_policy(policy)

    def delete(self, name: str) -> None:
        with explained():
            try:
                for number in reversed(self._version_numbers(name) or [""]):
                    self._blob(name).delete_blob(**({"version_id": number} if number else {}))
            except ResourceNotFoundError:
                return
            except HttpResponseError as e:
                if _code(e) in IS_LOCKED:
                    raise StillLocked(f"The store still locks {name}.") from e
                raise

    def _version_numbers(self, name: str) -> Sequence[str]:
        """Return the versions of exactly this object, oldest first; none where the account keeps no versions."""
        key = self._key(name)
        found = self._container.list_blobs(name_starts_with=key, include=["versions"])
        # A version's id is the time it was written at.
        return sorted(blob.version_id for blob in found if blob.name == key and blob.version_id)

    def close(self) -> None:
        self._container.close()

    def _blob(self, name: str) -> Any:
        return self._container.get_blob_client(self._key(name))

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _name(self, key: str) -> str:
        return key.removeprefix(f"{self._prefix}/") if self._prefix else key


def _whole_key(text: str) -> str:
    """Return an account key. Raises ValueError for half of one, with which the client tries to sign for minutes."""
    base64.b64decode(text, validate=True)
    return text


def _locked_until(found: Any) -> datetime | None:
    """Return until when the blob is locked: a policy that is not yet locked can be taken back by who set it."""
    policy = found.immutability_policy
    if not policy or not policy.expiry_time or str(policy.policy_mode).lower() != LOCKED.lower():
        return None
    moment: datetime = policy.expiry_time
    return moment.astimezone(UTC).replace(tzinfo=None)


def _code(error: HttpResponseError) -> str:
    code = getattr(error, "error_code", None)
    return str(getattr(code, "value", code) or "")


SENTENCES = {
    "ContainerNotFound": "There is no such container. Make it, with version-level immutability.",
    "AuthenticationFailed": "The store does not accept the account key or the token, or the clocks differ too much.",
    "AuthorizationFailure": "The store refuses: the key or token may not do this, or its network is closed to us.",
    "AuthorizationPermissionMismatch": "The store refuses: the token may not do this. Its rights: docs/copies.md.",
    "ContainerImmutableStorageWithVersioningNotEnabled": "The container has no version-level immutability.",
    "Md5Mismatch": "The store got something else than was sent. It is sent again.",
    "BlobArchived": "A rule of the account moved the object into the archive tier. Have it rehydrated, then go on.",
}
PASSING = {"Md5Mismatch", "ServerBusy", "OperationTimedOut", "InternalError"}


@contextmanager
def explained() -> Iterator[None]:
    """Turn the client's errors into StoreError, with nothing in it of what was sent or answered."""
    try:
        yield
    except HttpResponseError as e:
        code, status = _code(e), e.status_code or 0
        shown = code if code.isalnum() and len(code) <= 60 else f"status {status}"
        sentence = SENTENCES.get(code, f"The store refuses ({shown}).")
        is_passing = code in PASSING or status >= 500 or status == 429
        kind = Archived if code == "BlobArchived" else StoreRefused
        raise (StoreError if is_passing else kind)(sentence) from None
    except AzureError as e:
        raise StoreError(f"The store does not answer ({type(e).__name__}).") from None
