"""An S3-compatible bucket as a store, by boto3.

Facts are of Amazon's API reference: PutObject (`If-None-Match: *` writes only what is not there, ObjectLockMode and
ObjectLockRetainUntilDate lock with the writing, ChecksumSHA256 has the service check what arrived), HeadObject,
PutObjectRetention, ListObjectVersions, DeleteObject (one version; refused with 403 while it is locked).
"""

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, BinaryIO
from urllib.parse import parse_qs, unquote, urlsplit

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from actors.copies.stores import network
from actors.copies.stores.store import (
    FULL,
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
    in_base64,
    in_hex,
)

# Nobody can take back a lock of this mode, not even the owner of the account.
LOCK_MODE = "COMPLIANCE"
TRIES = 4
CONNECT_SECONDS, READ_SECONDS = 10, 60
ABSENT = {"404", "NoSuchKey", "NotFound", "NoSuchVersion"}
TAKEN = {"PreconditionFailed", "412", "ConditionalRequestConflict"}
# What a store answers to a header or an act that it does not know.
NOT_KNOWN = {"NotImplemented", "501"}
BUSY = {"SlowDown", "503", "ServiceUnavailable", "InternalError", "500", "RequestTimeout", "Throttling"}

# What boto3 knows of S3 takes it most of a tenth of a second to read: once in a process, for the clients of all stores.
# Of one session, two threads must not make clients at once (boto3's guide, Session: it is not thread safe).
_session = boto3.session.Session()
_making = threading.Lock()


class S3Store(StoreBase):
    can_lock, parallel = True, 8

    def __init__(self, address: str, credentials: Mapping[str, str]) -> None:
        parts, options = urlsplit(address), parse_qs(urlsplit(address).query)
        self._bucket, self._prefix = parts.netloc, unquote(parts.path).strip("/")
        endpoint = options.get("endpoint", [""])[0]
        region = options.get("region", ["us-east-1"])[0]
        way = network.way_to(endpoint or f"https://s3.{region}.amazonaws.com")
        with _making:
            self._client: Any = _session.client(
                "s3",
                aws_access_key_id=credentials["access_key"],
                aws_secret_access_key=credentials["secret_key"],
                aws_session_token=credentials.get("session_token"),
                region_name=region,
                endpoint_url=endpoint or None,
                verify=way.ca_file,
                config=self._config(has_endpoint=bool(endpoint), proxies=way.proxies),
            )
        self._client.meta.events.register("before-send.s3", _send_at_once)

    def _config(self, *, has_endpoint: bool, proxies: Mapping[str, str]) -> Config:
        return Config(
            # Named in the path: only the host that was looked at is spoken to.
            s3={"addressing_style": "path"} if has_endpoint else {},
            signature_version="s3v4",
            proxies=proxies,
            connect_timeout=CONNECT_SECONDS,
            read_timeout=READ_SECONDS,
            retries={"total_max_attempts": TRIES, "mode": "standard"},
            max_pool_connections=self.parallel,
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
        )

    def put(self, name: str, data: bytes | BinaryIO, locked_until: datetime | None = None) -> bool:
        file = as_file(data)
        asked = _asked(file, locked_until)
        with explained():
            try:
                self._client.put_object(**self._of(name), Body=file, IfNoneMatch="*", **asked)
            except ClientError as e:
                if _code(e) in TAKEN:
                    return False
                if _code(e) not in NOT_KNOWN:
                    raise
                return self._put_unconditionally(name, file, asked)
        return True

    def put_over(self, name: str, data: bytes | BinaryIO, locked_until: datetime) -> None:
        file = as_file(data)
        with explained():
            self._client.put_object(**self._of(name), Body=file, **_asked(file, locked_until))

    def _put_unconditionally(self, name: str, file: BinaryIO, asked: Mapping[str, Any]) -> bool:
        """Write to a store that knows no conditions: it is asked first, and a lock keeps what was there before."""
        if self.head(name) is not None:
            return False
        file.seek(0)
        self._client.put_object(**self._of(name), Body=file, **asked)
        return True

    def fetch(self, name: str, out: BinaryIO) -> None:
        with explained():
            try:
                self._copy(name, out)
            except ClientError as e:
                if _code(e) not in ABSENT:
                    raise
                # Whoever may delete only hides a locked object: its versions are there.
                numbers = self._version_numbers(name)
                if not numbers:
                    raise NotStored(f"The store has no {name}.") from e
                self._copy(name, out, VersionId=numbers[-1])

    def _copy(self, name: str, out: BinaryIO, **version: str) -> None:
        body = self._client.get_object(**self._of(name), **version)["Body"]
        for piece in body.iter_chunks(PIECE_BYTES):
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
                self._copy(name, out, VersionId=number)

        return write

    def head(self, name: str) -> StoredObject | None:
        with explained():
            try:
                found = self._client.head_object(**self._of(name), ChecksumMode="ENABLED")
            except ClientError as e:
                if _code(e) in ABSENT:
                    return None
                raise
        checksum = found.get("ChecksumSHA256")
        # Told only to who may GetObjectRetention. A lock of another mode can be lifted by who has the rights.
        until = found.get("ObjectLockRetainUntilDate") if found.get("ObjectLockMode") == LOCK_MODE else None
        return StoredObject(name, found["ContentLength"], in_hex(checksum) if checksum else None, _naive(until))

    def list(self, prefix: str) -> Iterator[StoredObject]:
        pages = self._client.get_paginator("list_objects_v2")
        with explained():
            for page in pages.paginate(Bucket=self._bucket, Prefix=self._key(prefix)):
                for entry in page.get("Contents", ()):
                    yield StoredObject(self._name(entry["Key"]), entry["Size"])

    def all_names(self, prefix: str) -> Iterator[str]:
        pages, last = self._client.get_paginator("list_object_versions"), None
        with explained():
            try:
                for page in pages.paginate(Bucket=self._bucket, Prefix=self._key(prefix)):
                    for version in page.get("Versions", ()):
                        if version["Key"] != last:
                            last = version["Key"]
                            yield self._name(last)
            except ClientError as e:
                # Not every service knows versions, and not every key may list them.
                if last is not None or _code(e) not in {*NOT_KNOWN, "AccessDenied", "403"}:
                    raise
                yield from super().all_names(prefix)

    def lock_of(self, name: str) -> datetime | None:
        found = self.head(name)
        if found is None:
            raise NotStored(f"The store has no {name}.")
        return found.locked_until

    def _lock(self, name: str, until: datetime) -> None:
        wanted = {"Mode": LOCK_MODE, "RetainUntilDate": until.replace(tzinfo=UTC)}
        with explained():
            self._client.put_object_retention(**self._of(name), Retention=wanted)

    def delete(self, name: str) -> None:
        with explained():
            numbers = self._version_numbers(name, ("Versions", "DeleteMarkers")) or self._current_version(name)
            # The newest first: what somebody put over a locked version goes, also where that one stays.
            for number in reversed(numbers):
                try:
                    self._client.delete_object(**self._of(name), **({"VersionId": number} if number else {}))
                except ClientError as e:
                    if _code(e) in {"AccessDenied", "403", "InvalidRequest"} and self._is_locked(name):
                        raise StillLocked(f"The store still locks {name}.") from e
                    raise

    def uncover(self, name: str) -> bool:
        with explained():
            for number in self._version_numbers(name, ("DeleteMarkers",)):
                self._client.delete_object(**self._of(name), VersionId=number)
        return self.head(name) is not None

    def _is_locked(self, name: str) -> bool:
        return self.lock_of(name) is not None

    def _version_numbers(self, name: str, kinds: Sequence[str] = ("Versions",)) -> Sequence[str]:
        """Return the versions of exactly this object, oldest first; none where the store keeps no versions."""
        pages = self._client.get_paginator("list_object_versions")
        key = self._key(name)
        try:
            found = [
                row
                for page in pages.paginate(Bucket=self._bucket, Prefix=key)
                for kind in kinds
                for row in page.get(kind, ())
                if row["Key"] == key
            ]
        except ClientError as e:
            if _code(e) in NOT_KNOWN:
                return []
            raise
        # What was written before the bucket kept versions is the version “null” (Amazon's user guide, How S3 Versioning
        # works). Alone it says that nothing keeps any.
        if all(row.get("VersionId") in (None, "null") for row in found):
            return []
        # Listed newest first; times are of whole seconds.
        found.reverse()
        return [row["VersionId"] for row in sorted(found, key=lambda row: row["LastModified"])]

    def _current_version(self, name: str) -> Sequence[str]:
        """Return the version that is there though no list has it: some services' lists are late.

        Without its number a deletion only hides it. "" is of a store that keeps no versions.
        """
        try:
            found = self._client.head_object(**self._of(name))
        except ClientError as e:
            if _code(e) in ABSENT:
                return []
            raise
        number = found.get("VersionId")
        return [""] if number in (None, "null") else [number]

    def close(self) -> None:
        self._client.close()

    def _of(self, name: str) -> dict[str, str]:
        return {"Bucket": self._bucket, "Key": self._key(name)}

    def _key(self, name: str) -> str:
        return f"{self._prefix}/{name}" if self._prefix else name

    def _name(self, key: str) -> str:
        return key.removeprefix(f"{self._prefix}/") if self._prefix else key


def _send_at_once(request: Any, **_told: object) -> None:
    """Send the body without asking whether it may come: what botocore does with the answer is not sound.

    A connection that breaks amid that answer is read for ever (botocore's awsrequest.py, _consume_headers), and one on
    which a refusal came instead is used again, and stands still for a minute (boto/botocore issues 3010 and 3613).
    """
    request.headers.pop("Expect", None)


def _asked(file: BinaryIO, locked_until: datetime | None) -> dict[str, Any]:
    """Return what is asked for with a writing: that the service checks what arrives, and locks it."""
    asked: dict[str, Any] = {"ChecksumAlgorithm": "SHA256", "ChecksumSHA256": in_base64(checksum_of(file))}
    if locked_until is not None:
        asked |= {"ObjectLockMode": LOCK_MODE, "ObjectLockRetainUntilDate": locked_until.replace(tzinfo=UTC)}
    return asked


def _naive(moment: datetime | None) -> datetime | None:
    return moment.astimezone(UTC).replace(tzinfo=None) if moment else None


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


# Code -> what to do about it. Never the service's own text: it may repeat what was sent.
SENTENCES = {
    "NoSuchBucket": "There is no such bucket. Make it, with object lock and versions.",
    "AccessDenied": "The store refuses: the key may not do this. Its rights: docs/copies.md.",
    "403": "The store refuses: the key may not do this. Its rights: docs/copies.md.",
    "InvalidAccessKeyId": "The store does not know this access key.",
    "SignatureDoesNotMatch": "The secret key is not the access key's.",
    "RequestTimeTooSkewed": "The clocks of this machine and the store differ by too much. Set this machine's clock.",
    "ExpiredToken": "The session token has expired. Give another one.",
    "InvalidObjectState": "A rule of the bucket moved the object into an archive. Have it restored there, then go on.",
    "InvalidRequest": "The store refuses what was asked. Has the bucket object lock? It comes with the bucket.",
    "BadDigest": "The store got something else than was sent. It is sent again.",
    "XAmzContentChecksumMismatch": "The store got something else than was sent. It is sent again.",
}
# Amazon's words (InvalidArgument) and MinIO's (InvalidRequest; cmd/api-errors.go) for a lock of minutes, where this
# machine's clock is behind: their codes say it of much else.
PAST_LOCK = "retain until date must be in the future"
# Ceph's answer (403; rgw_common.cc) and MinIO's (507 and 400; cmd/api-errors.go). 507 says it of every service.
NO_ROOM_CODES = {"QuotaExceeded", "XMinioStorageFull", "XMinioAdminBucketQuotaExceeded"}
INSUFFICIENT_STORAGE = 507
PASSING = {"RequestTimeTooSkewed", "BadDigest", "XAmzContentChecksumMismatch"}
_KINDS: Mapping[str, type[StoreError]] = {**dict.fromkeys(PASSING, StoreError), "InvalidObjectState": Archived}


@contextmanager
def explained() -> Iterator[None]:
    """Turn the client's errors into StoreError, with nothing in it of what was sent or answered."""
    try:
        yield
    except ClientError as e:
        code = _code(e)
        if PAST_LOCK in str(e.response.get("Error", {}).get("Message", "")).lower():
            code = "RequestTimeTooSkewed"
        shown = code if code.isalnum() and len(code) <= 40 else "?"
        status = e.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        if code in NO_ROOM_CODES or status == INSUFFICIENT_STORAGE:
            raise StoreError(FULL) from None
        if code in BUSY or status >= 500:
            raise StoreError(f"The store is busy, or broken ({shown}).") from None
        sentence = SENTENCES.get(code, f"The store refuses ({shown}).")
        raise _KINDS.get(code, StoreRefused)(sentence) from None
    except ParamValidationError:
        raise StoreRefused("No bucket can have the name that the address gives.") from None
    except BotoCoreError as e:
        raise StoreError(f"The store does not answer ({type(e).__name__}).") from None
