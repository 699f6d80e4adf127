"""The writer of exports as they were before age files, as it was in the product: what it wrote must still open."""

import json
import secrets
from collections.abc import Mapping
from itertools import count
from typing import Any, BinaryIO

from db.installation.passphrase_file import CHUNK_BYTES, TITLE, _cipher, _nonce


class SealingWriter:
    """Seals what is written to it and writes that to `out`. `close` writes the last chunk, and leaves `out` open."""

    def __init__(self, out: BinaryIO, passphrase: str, header: Mapping[str, Any]) -> None:
        salt = secrets.token_bytes(16)
        self._out, self._cipher = out, _cipher(passphrase, salt)
        self._lines = TITLE + json.dumps({**header, "salt": salt.hex()}).encode() + b"\n"
        self._numbers, self._waiting = count(), bytearray()
        out.write(self._lines)
        self._seal(b"", is_last=False)

    def write(self, data: bytes) -> int:
        self._waiting += data
        while len(self._waiting) > CHUNK_BYTES:
            self._seal(bytes(self._waiting[:CHUNK_BYTES]), is_last=False)
            del self._waiting[:CHUNK_BYTES]
        return len(data)

    def flush(self) -> None:
        """Do nothing: a chunk is written when it is full."""

    def close(self) -> None:
        self._seal(bytes(self._waiting), is_last=True)

    def _seal(self, plain: bytes, is_last: bool) -> None:
        sealed = self._cipher.encrypt(_nonce(next(self._numbers), is_last), plain, self._lines)
        self._out.write(len(sealed).to_bytes(4) + sealed)
