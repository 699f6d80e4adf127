"""The keys of the audit log's keyed hashes, and from which event on each is used (docs/decisions/0018-audit-chain.md).

Sealed in with a key is the place in the chain where it begins, so that no event behind that place passes for one of
before. `tenantkeep keys rotate` seals the keys again, and begins a new one.
"""

import hmac
import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from typing import Any

from db.database import database
from db.encryption import SealError, keyring
from db.models import AuditHead, AuditKey

GONE = "The key of the audit log's keyed hashes is gone from the database. Restore the table audit_key from a copy."

CHANGED = "A key of the audit log's keyed hashes was changed. Restore the table audit_key from a copy."


@dataclass(frozen=True)
class Key:
    """A key, used for the events after number `after`, whose hash is `hash`.

    `until`: events up to that time may lack a keyed hash, since the version before wrote none; "" where none may.
    """

    after: int
    hash: str
    until: str
    secret: bytes = field(repr=False)

    def keyed_hash(self, purpose: str, text: str) -> str:
        """Return the keyed hash of a text. `purpose` keeps the hash of one sort of thing from passing for another's."""
        return hmac.digest(self.secret, f"{purpose} {text}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def matches(self, claimed_hash: object, purpose: str, text: str) -> bool:
        return isinstance(claimed_hash, str) and hmac.compare_digest(
            claimed_hash.encode("utf-8", "replace"), self.keyed_hash(purpose, text).encode()
        )


def seal_owner(key_id: int) -> str:
    """Return the owner that a key is sealed with."""
    return f"audit key {key_id}"


def create_sealed_key(key_id: int, after: int, last_hash: str, until: str = "") -> bytes:
    """Return a new key, sealed as the table holds it."""
    record = {"after": after, "hash": last_hash, "until": until, "secret": secrets.token_hex(32)}
    return keyring().seal(json.dumps(record).encode(), seal_owner(key_id))


def newest_key() -> Key:
    """Return the newest key, read anew for every event: another process may have begun one. Raises SealError."""
    rows = AuditKey.select(AuditKey.id, AuditKey.sealed).order_by(AuditKey.id.desc()).limit(1).tuples()
    return _open_all(rows)[0]


def all_keys() -> list[Key]:
    """Return all keys, the first one first. Raises SealError when they are not those that we made."""
    return _open_all(AuditKey.select(AuditKey.id, AuditKey.sealed).order_by(AuditKey.id).tuples())


def _open_all(rows: Any) -> list[Key]:
    try:
        keys = [_open(key_id, bytes(sealed)) for key_id, sealed in rows]
    except (TypeError, ValueError, KeyError, OverflowError) as e:  # SQLite lets anything stand there
        raise SealError(CHANGED) from e
    if not keys:
        raise SealError(GONE)
    return keys


@lru_cache(maxsize=50)
def _open(key_id: int, sealed: bytes) -> Key:
    record = json.loads(keyring().unseal(sealed, seal_owner(key_id)))
    return Key(record["after"], record["hash"], record["until"], bytes.fromhex(record["secret"]))


def key_of_event(keys: Sequence[Key], event_id: int) -> Key | None:
    """Return the key that this event must be hashed with, or None for an event from before keyed hashes."""
    return next((key for key in reversed(keys) if key.after < event_id), None)


def may_lack_keyed_hash(key: Key, at: object) -> bool:
    """Return whether an event of that time may have been written by a process of the version before."""
    return isinstance(at, datetime) and at.isoformat() < key.until


def installation_hash() -> str:
    """Return what names this installation elsewhere: two that share a Redis do not meet. Raises SealError."""
    return all_keys()[0].keyed_hash("installation", "")[:32]


def begin_new_key() -> None:
    """Use a new key from the next event on."""
    with database.atomic():
        # Whoever records an event meanwhile waits here, and then finds the new one.
        [(last_id, last_hash)] = (
            AuditHead.update(last_id=AuditHead.last_id).returning(AuditHead.last_id, AuditHead.hash).tuples().execute()
        )
        key = AuditKey.create(sealed=b"")
        AuditKey.update(sealed=create_sealed_key(key.id, last_id, last_hash)).where(AuditKey.id == key.id).execute()
