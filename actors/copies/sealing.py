"""Sealing what goes into a store: packed with gzip, then age, to public recovery keys alone. Nothing here opens any."""

import gzip
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import BinaryIO

from actors.copies.stores.store import StoreRefused

COMPRESSION_LEVEL = 6


def read_recipients(keys: Sequence[str]) -> list[object]:
    """Return the recipients that these public keys name. Raises StoreRefused for what is none."""
    import pyrage  # a library in Rust: no command but a push waits for it

    found: list[object] = []
    for key in keys:
        try:
            found.append(pyrage.x25519.Recipient.from_str(key.strip()))
        except pyrage.RecipientError as e:
            raise StoreRefused("A recovery key is no public key of age: it begins with age1.") from e
    return found


def seal(plain: bytes, recipients: Sequence[object]) -> bytes:
    """Return the bytes packed and sealed: the same every time they are opened, and another each time they are made."""
    import pyrage

    sealed: bytes = pyrage.encrypt(gzip.compress(plain, COMPRESSION_LEVEL, mtime=0), list(recipients))
    return sealed


def seal_stream(write: Callable[[gzip.GzipFile], object], out: BinaryIO, recipients: Sequence[object]) -> None:
    """Seal what `write` writes, however much, a piece at a time: no plain text is ever on a disk."""
    reading, writing = os.pipe()
    with ThreadPoolExecutor(1) as thread:
        sealing = thread.submit(_seal_pipe, reading, out, list(recipients))
        # A broken pipe is an error of the sealing, which tells it.
        with suppress(BrokenPipeError), os.fdopen(writing, "wb") as sink, _packing(sink) as lines:
            write(lines)
        sealing.result()


def _packing(sink: BinaryIO) -> gzip.GzipFile:
    return gzip.GzipFile(fileobj=sink, mode="wb", compresslevel=COMPRESSION_LEVEL, filename="", mtime=0)


def _seal_pipe(reading: int, out: BinaryIO, recipients: list[object]) -> None:
    import pyrage

    with os.fdopen(reading, "rb") as source:
        pyrage.encrypt_io(source, out, recipients)
