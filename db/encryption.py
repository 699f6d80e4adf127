"""AES-GCM with named keys, for credentials and contents at rest.

A sealed value is `version | key id | nonce | ciphertext`. The owner is associated data: a ciphertext moved to another
row, or another tenant, does not open.
"""

import hashlib
import hmac
import secrets
from collections.abc import Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

VERSION = b"\x01"
KEY_ID_BYTES = 4
NONCE_BYTES = 12
PREFIX_BYTES = 1 + KEY_ID_BYTES
# Version, key id, nonce, and the tag that follows even an empty text.
MIN_SEALED_BYTES = PREFIX_BYTES + NONCE_BYTES + 16


class SealError(Exception):
    """A sealed value cannot be opened: its key is missing, or it was changed or moved."""


class KeyMissing(SealError):
    """The key that a value was sealed with is not among those that are set: with it, the value may open."""


def key_id(key: bytes) -> bytes:
    return hashlib.sha256(b"tenantkeep key id" + key).digest()[:KEY_ID_BYTES]


class Keyring:
    def __init__(self, keys: Sequence[bytes]) -> None:
        self._newest = key_id(keys[0])
        # Newest first, as pages and commands name them.
        self.ids = tuple(key_id(key).hex() for key in keys)
        # The first bytes of everything that the newest key seals.
        self.prefix = VERSION + self._newest
        self._keys = {key_id(key): AESGCM(key) for key in keys}
        self._mark_key = hashlib.sha256(b"tenantkeep mark" + keys[0]).digest()

    def mark(self, text: str) -> str:
        """Return 16 hex digits that are the same for equal texts, and tell nobody without the newest key anything."""
        return hmac.digest(self._mark_key, text.encode("utf-8", "surrogatepass"), "sha256").hex()[:16]

    def seal(self, plain: bytes, owner: str) -> bytes:
        nonce = secrets.token_bytes(NONCE_BYTES)
        return self.prefix + nonce + self._keys[self._newest].encrypt(nonce, plain, owner.encode())

    def unseal(self, sealed: bytes, owner: str) -> bytes:
        name, nonce, ciphertext = _split_sealed(sealed)
        if name not in self._keys:
            raise KeyMissing(f"TENANTKEEP_ENCRYPTION_KEYS lacks the key {name.hex()} that this value was sealed with.")
        try:
            return self._keys[name].decrypt(nonce, ciphertext, owner.encode())
        except InvalidTag as e:
            raise SealError("A sealed value was changed or belongs to another owner.") from e


def key_id_in(prefix: bytes) -> str:
    """Return the id of the key that a sealed value begins with."""
    return prefix[1:PREFIX_BYTES].hex()


def _split_sealed(sealed: bytes) -> tuple[bytes, bytes, bytes]:
    sealed = bytes(sealed)  # SQLite answers bytes, psycopg2 a memoryview
    if sealed[:1] != VERSION:
        raise SealError("A sealed value has an unknown format.")
    if len(sealed) < MIN_SEALED_BYTES:
        raise SealError("A sealed value was cut short.")
    start = PREFIX_BYTES
    return sealed[1:start], sealed[start : start + NONCE_BYTES], sealed[start + NONCE_BYTES :]


_keyring: Keyring | None = None


def use_keys(keys: Sequence[bytes]) -> None:
    global _keyring
    _keyring = Keyring(keys)


def keyring() -> Keyring:
    if _keyring is None:
        raise SealError("No encryption keys are set: call use_keys first.")
    return _keyring
