"""Exports as they were written until age files took their place, read only: numbered chunks sealed with a passphrase.

    line    what this file is
    line    a header in JSON, readable by anybody; the key's salt is in it
    chunk   four bytes of length, then AES-GCM; the first holds nothing and tells whether the passphrase is right
    …
    chunk   the last one; its nonce says so

The key is of this file alone, so a chunk's number can be its nonce. Both lines are associated data of every chunk: what
was changed, moved, repeated, added or cut off does not open.
"""

import io
import json
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import count
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from db.errors import Invalid

TITLE = b"Tenantkeep export 1\n"
MAX_LINE_BYTES = 64 * 1024
CHUNK_BYTES = 1024 * 1024
MAX_CHUNK_BYTES = CHUNK_BYTES + 16
# 128 MB and a quarter of a second for every guess. Part of the format, so that no file can ask for more.
SCRYPT = {"length": 32, "n": 2**17, "r": 8, "p": 1}


@dataclass(frozen=True)
class FileHead:
    header: Mapping[str, Any]
    # Both lines as they are in the file.
    lines: bytes


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # The same words typed on another machine may come in another normal form.
    words = unicodedata.normalize("NFC", passphrase).encode("utf-8", "surrogateescape")
    return AESGCM(Scrypt(salt=salt, **SCRYPT).derive(words))


def _nonce(number: int, is_last: bool) -> bytes:
    return number.to_bytes(11) + bytes([is_last])


def read_head(file: BinaryIO) -> FileHead:
    """Read the two lines before the chunks. Raises Invalid when this is no file of ours."""
    if file.readline(len(TITLE)) != TITLE:
        raise Invalid("This is no export of Tenantkeep.")
    line = file.readline(MAX_LINE_BYTES)
    try:
        header = json.loads(line)
        bytes.fromhex(header["salt"])
    except (ValueError, KeyError, TypeError) as e:
        raise Invalid("The export is damaged: its header cannot be read.") from e
    return FileHead(header, TITLE + line)


def open_sealed(file: BinaryIO, head: FileHead, passphrase: str) -> BinaryIO:
    """Return what was sealed.

    Raises Invalid, also while it is read: only its end shows it is whole.
    """
    chunks = _open_chunks(file, head, _cipher(passphrase, bytes.fromhex(head.header["salt"])))
    next(chunks)
    return io.BufferedReader(_Chunks(chunks), CHUNK_BYTES)


def _open_chunks(file: BinaryIO, head: FileHead, cipher: AESGCM) -> Iterator[bytes]:
    following = file.read(4)
    for number in count():
        length = int.from_bytes(following)
        sealed = file.read(min(length, MAX_CHUNK_BYTES))
        following = file.read(4)
        is_last = not following
        if len(sealed) != length:
            raise Invalid(_damage(number))
        try:
            plain = cipher.decrypt(_nonce(number, is_last), sealed, head.lines)
        except InvalidTag as e:
            raise Invalid(_damage(number)) from e
        yield plain
        if is_last:
            return


def _damage(number: int) -> str:
    if number == 0:
        return "The passphrase is wrong, or the beginning of the file was changed."
    return f"The export is damaged: part {number} of it was changed or moved, or what follows it is missing."


class _Chunks(io.RawIOBase):
    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._chunks, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
