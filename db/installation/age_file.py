"""Age files (age-encryption.org, format v1): any standard tool opens what leaves the installation sealed.

To a passphrase they are sealed and opened here, in pieces: pyrage takes and gives those as a whole, and an export may
be larger than memory. To keys pyrage does it. The format: https://c2sp.org/age.
"""

import base64
import hmac
import io
import os
import re
import secrets
import threading
import unicodedata
from collections.abc import Iterator, Sequence
from contextlib import suppress
from typing import Any, BinaryIO

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

from db.errors import Invalid

TITLE = b"age-encryption.org/v1\n"
CHUNK_BYTES = 64 * 1024
SEALED_CHUNK_BYTES = CHUNK_BYTES + 16
MAX_LINE_BYTES = 64 * 1024
# 128 MB and a quarter of a second for every guess.
WORK_FACTOR = 17
# A gigabyte: a file that asks for more is meant to stop us.
MAX_WORK_FACTOR = 20
_SALT_LABEL = b"age-encryption.org/v1/scrypt"
_STANZA = re.compile(rb"-> scrypt ([A-Za-z0-9+/]{22}) ([1-9][0-9]?)\n")

WRONG_WORDS = "The passphrase is wrong, or the beginning of the file was changed."
DAMAGED = "The file is damaged: something in it was changed or moved, or its end is missing."
WRONG_KEY = "The recovery key is another one: it does not open what is sealed here."
NO_HEADER = "The file is damaged: its header cannot be read."


class AgeWriter:
    """Seals what is written to it and writes that to `out`. `close` writes the last chunk, and leaves `out` open."""

    def __init__(self, out: BinaryIO, passphrase: str) -> None:
        file_key, nonce = secrets.token_bytes(16), secrets.token_bytes(16)
        out.write(_header(file_key, passphrase) + nonce)
        self._out, self._chunks, self._waiting = out, _ChunkCipher(file_key, nonce), bytearray()

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._out.write(self._chunks.seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False))
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a chunk is written when it is full."""

    def close(self) -> None:
        self._out.write(self._chunks.seal(bytes(self._waiting), is_last=True))


def is_age(file: BinaryIO) -> bool:
    """Tell whether it is an age file, and go back to its beginning."""
    first = file.read(len(TITLE))
    file.seek(0)
    return first == TITLE


def open_with_passphrase(file: BinaryIO, passphrase: str) -> BinaryIO:
    """Return what was sealed, as it is read. Raises Invalid, also while it is read: only its end shows it is whole."""
    file_key = _open_header(file, passphrase)
    nonce = file.read(16)
    if len(nonce) != 16:
        raise Invalid(DAMAGED)
    return io.BufferedReader(_Pieces(_open_chunks(file, _ChunkCipher(file_key, nonce))), CHUNK_BYTES)


def open_with_keys(file: BinaryIO, identities: Sequence[object]) -> BinaryIO:
    """Return what was sealed, as `open_with_passphrase` does. Close it when it is not read to its end."""
    return io.BufferedReader(_KeyReader(file, identities), CHUNK_BYTES)


# --- the header -------------------------------------------------------------------------------------------------------


def _header(file_key: bytes, passphrase: str) -> bytes:
    salt = secrets.token_bytes(16)
    wrapped = ChaCha20Poly1305(_wrapping_key(_normal(passphrase), salt, WORK_FACTOR)).encrypt(bytes(12), file_key, None)
    text = TITLE + b"-> scrypt %b %d\n%b\n---" % (_encode(salt), WORK_FACTOR, _encode(wrapped))
    return text + b" " + _encode(_mac(file_key, text)) + b"\n"


def _open_header(file: BinaryIO, passphrase: str) -> bytes:
    """Return the file's key, and leave the file behind its header. Raises Invalid."""
    title, stanza, body, end = (file.readline(MAX_LINE_BYTES) for _ in range(4))
    if title != TITLE:
        raise Invalid("This is no age file.")
    if stanza.startswith(b"-> ") and not stanza.startswith(b"-> scrypt "):
        raise Invalid("The file is sealed to keys and not to a passphrase: what opens it is a recovery key.")
    found = _STANZA.fullmatch(stanza)
    if found is None or not end.startswith(b"--- ") or not end.endswith(b"\n"):
        raise Invalid(NO_HEADER)
    factor = int(found[2])
    if factor > MAX_WORK_FACTOR:
        raise Invalid("The file asks for more memory than Tenantkeep gives to opening one: seal it anew with age.")
    file_key = _unwrap(_decode(body[:-1], 32), passphrase, _decode(found[1], 16), factor)
    if not hmac.compare_digest(_mac(file_key, title + stanza + body + b"---"), _decode(end[4:-1], 32)):
        raise Invalid(WRONG_WORDS)
    return file_key


def _unwrap(wrapped: bytes, passphrase: str, salt: bytes, factor: int) -> bytes:
    """Return the key of the file, whichever way its words were written. Raises Invalid."""
    # The same words typed on another machine may come in another normal form, and age takes them as they come.
    for words in dict.fromkeys([_normal(passphrase), passphrase, unicodedata.normalize("NFD", passphrase)]):
        with suppress(InvalidTag):
            return ChaCha20Poly1305(_wrapping_key(words, salt, factor)).decrypt(bytes(12), wrapped, None)
    raise Invalid(WRONG_WORDS)


def _normal(passphrase: str) -> str:
    return unicodedata.normalize("NFC", passphrase)


def _wrapping_key(words: str, salt: bytes, factor: int) -> bytes:
    secret = words.encode("utf-8", "surrogateescape")
    return Scrypt(_SALT_LABEL + salt, length=32, n=2**factor, r=8, p=1).derive(secret)


def _derived(file_key: bytes, salt: bytes | None, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=salt, info=purpose).derive(file_key)


def _mac(file_key: bytes, header: bytes) -> bytes:
    return hmac.digest(_derived(file_key, None, b"header"), header, "sha256")


def _encode(data: bytes) -> bytes:
    return base64.b64encode(data).rstrip(b"=")


def _decode(text: bytes, length: int) -> bytes:
    """Return the bytes of a text in base64 without padding. Raises Invalid when they are written in another way."""
    try:
        data = base64.b64decode(text + b"=" * (-len(text) % 4), validate=True)
    except ValueError:
        raise Invalid(NO_HEADER) from None
    if len(data) != length or _encode(data) != text:
        raise Invalid(NO_HEADER)
    return data


# --- what follows it --------------------------------------------------------------------------------------------------


class _ChunkCipher:
    """The chunks of one file in their order. A chunk's number is its nonce, and whether it is the last."""

    def __init__(self, file_key: bytes, nonce: bytes) -> None:
        self._cipher, self._number = ChaCha20Poly1305(_derived(file_key, nonce, b"payload")), 0

    def seal(self, plain: bytes, is_last: bool) -> bytes:
        return self._cipher.encrypt(self._next_nonce(is_last), plain, None)

    def open(self, sealed: bytes, is_last: bool) -> bytes:
        return self._cipher.decrypt(self._next_nonce(is_last), sealed, None)

    def _next_nonce(self, is_last: bool) -> bytes:
        self._number += 1
        return (self._number - 1).to_bytes(11) + bytes([is_last])


def _open_chunks(file: BinaryIO, chunks: _ChunkCipher) -> Iterator[bytes]:
    sealed, is_first = file.read(SEALED_CHUNK_BYTES), True
    while True:
        following = file.read(SEALED_CHUNK_BYTES)
        try:
            plain = chunks.open(sealed, is_last=not following)
        except (InvalidTag, ValueError):
            raise Invalid(DAMAGED) from None
        if not plain and not is_first:
            raise Invalid(DAMAGED)
        yield plain
        if not following:
            return
        sealed, is_first = following, False


class _Pieces(io.RawIOBase):
    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces, self._rest = pieces, memoryview(b"")

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = memoryview(next(self._pieces, b""))
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


class _KeyReader(io.RawIOBase):
    """Reads what pyrage, which only pushes, opens in a thread of its own."""

    def __init__(self, file: BinaryIO, identities: Sequence[object]) -> None:
        reading, writing = os.pipe()
        self._error: str | None = None
        self._pipe = os.fdopen(reading, "rb", buffering=0)
        self._thread = threading.Thread(target=self._open, args=(file, os.fdopen(writing, "wb"), list(identities)))
        self._thread.daemon = True
        self._thread.start()

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        size = self._pipe.readinto(buffer) or 0
        if not size and len(buffer):
            self._thread.join()
            if self._error:
                raise Invalid(self._error)
        return size

    def close(self) -> None:
        if not self.closed:
            self._pipe.close()
            self._thread.join()
        super().close()

    def _open(self, file: BinaryIO, sink: BinaryIO, identities: list[object]) -> None:
        import pyrage

        try:
            pyrage.decrypt_io(file, sink, identities)
        except (pyrage.DecryptError, OSError) as e:
            self._error = DAMAGED
            if "No matching keys" in str(e):
                self._error = WRONG_KEY
        finally:
            # A broken pipe: nobody reads on.
            with suppress(OSError):
                sink.close()
