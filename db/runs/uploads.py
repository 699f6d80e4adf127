"""Uploaded files: each is kept sealed, a chunk at a time, until the run that reads it ends.

They are in the database, which is all that web and the workers share. None is ever whole in memory, or written in one
long transaction.
"""

import io
from collections.abc import Mapping
from datetime import timedelta
from functools import lru_cache
from typing import IO, Any

from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database
from db.encryption import keyring
from db.errors import Invalid
from db.models import Run, Tenant, Upload, UploadChunk
from db.runs import runs
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.states import RunKind

MAX_BYTES = 64 * 1024 * 1024
CHUNK_BYTES = 256 * 1024
# The age at which an upload without a run is deleted: its process was killed in between.
MAX_AGE_WITHOUT_RUN = timedelta(days=1)
# The number of chunks in memory at once.
CHUNKS_IN_MEMORY = 4


# Kinds of runs that read an upload.
KINDS = (RunKind.UPLOAD, RunKind.IMPORT)


def dedupe_key(actor: Actor, kind: RunKind = RunKind.UPLOAD) -> str:
    """Return the key of the person's one active upload of this kind."""
    return f"{kind}:{actor.user_id}"


def receive(tenant: Tenant, options: Mapping[str, Any], stream: IO[bytes]) -> Upload:
    """Save what the stream holds. Raises Invalid when it is too large."""
    upload = Upload.create(tenant=tenant, options=dict(options))
    try:
        size = sum(_save_chunk(upload, number, piece) for number, piece in enumerate(_read_pieces(stream)))
    except BaseException:
        delete(upload)
        raise
    Upload.update(size=size).where(Upload.id == upload.id).execute()
    return Upload.get_by_id(upload.id)


def _read_pieces(stream: IO[bytes]) -> Any:
    received = 0
    while piece := stream.read(CHUNK_BYTES):
        received += len(piece)
        if received > MAX_BYTES:
            raise Invalid(f"The file has more than {MAX_BYTES // 1024**2} MB.")
        yield piece


def _save_chunk(upload: Upload, number: int, piece: bytes) -> int:
    UploadChunk.create(upload=upload, number=number, sealed=keyring().seal(piece, _seal_owner(upload.id, number)))
    return len(piece)


def seal_owner(row: UploadChunk) -> str:
    return _seal_owner(row.upload_id, row.number)


def _seal_owner(upload_id: int, number: int) -> str:
    return f"upload:{upload_id}:{number}"


def start(upload: Upload, item: NewRunItem, actor: Actor, kind: RunKind = RunKind.UPLOAD) -> StartedRun:
    """Start the run that reads the upload. When the person has one under way, return that and delete this file."""
    with database.atomic():
        started = runs.start(
            tenant=upload.tenant, kind=kind, dedupe_key=dedupe_key(actor, kind), items=[item], actor=actor
        )
        if started.is_new:
            Upload.update(run=started.run).where(Upload.id == upload.id).execute()
    if not started.is_new:
        delete(upload)
    return started


def find_of_run(run: Run) -> Upload | None:
    upload: Upload | None = Upload.get_or_none(Upload.run == run)
    return upload


def delete(upload: Upload) -> None:
    Upload.delete().where(Upload.id == upload.id).execute()


def delete_of_run(run: Run) -> None:
    """Delete the file of a run that ends."""
    if run.kind in KINDS:
        Upload.delete().where(Upload.run == run).execute()


def delete_abandoned() -> None:
    old = (Upload.created_at < utcnow() - MAX_AGE_WITHOUT_RUN) & Upload.run.is_null()
    Upload.delete().where(old).execute()


class UploadReader(io.RawIOBase):
    """An upload's bytes as a file, read from the database some chunks at a time."""

    def __init__(self, upload: Upload) -> None:
        self._upload, self._at = upload, 0
        self._piece = lru_cache(CHUNKS_IN_MEMORY)(self._opened)

    def _opened(self, number: int) -> bytes:
        row = UploadChunk.get((UploadChunk.upload == self._upload) & (UploadChunk.number == number))
        return keyring().unseal(row.sealed, seal_owner(row))

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        begins = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._upload.size}
        self._at = max(begins[whence] + offset, 0)
        return self._at

    def tell(self) -> int:
        return self._at

    def read(self, size: int = -1) -> bytes:
        left = max(self._upload.size - self._at, 0)
        end = self._at + (left if size is None or size < 0 else min(size, left))
        if end == self._at:
            return b""
        first, last = self._at // CHUNK_BYTES, (end - 1) // CHUNK_BYTES
        begin = self._at - first * CHUNK_BYTES
        data = b"".join(self._piece(number) for number in range(first, last + 1))[begin : begin + end - self._at]
        self._at = end
        return data
