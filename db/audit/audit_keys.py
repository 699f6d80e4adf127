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
    """`after`, `hash`: the event before the first that it is used for. `until`: who runs the version before, which
    knows no keys, may still have written events without; "" where nobody did."""

    after: int
    hash: str
    until: str
    secret: bytes = field(repr=False)

    def mark(self, what: str, text: str) -> str:
        """`what`: so that the mark of one sort of thing is none of another."""
        return hmac.digest(self.secret, f"{what} {text}".encode("utf-8", "surrogatepass"), "sha256").hex()

    def fits(self, mark: object, what: str, text: str) -> bool:
        return isinstance(mark, str) and hmac.compare_digest(
            mark.encode("utf-8", "replace"), self.mark(what, text).encode()
        )


def seal_owner(key_id: int) -> str:
    """Whose a sealed key is."""
    return f"audit key {key_id}"


def create_sealed_key(key_id: int, after: int, last_hash: str, until: str = "") -> bytes:
    """A new key, as it is kept."""
    record = {"after": after, "hash": last_hash, "until": until, "secret": secrets.token_hex(32)}
    return keyring().seal(json.dumps(record).encode(), seal_owner(key_id))


def newest_key() -> Key:
    """Asked for at every event: another process may have begun a new one. Raises SealError."""
    rows = AuditKey.select(AuditKey.id, AuditKey.sealed).order_by(AuditKey.id.desc()).limit(1).tuples()
    return _open_all(rows)[0]


def all_keys() -> list[Key]:
    """All of them, the first one first. Raises SealError when they are not those that we made."""
    return _open_all(AuditKey.select(AuditKey.id, AuditKey.sealed).order_by(AuditKey.id).tuples())


def _open_all(rows: Any) -> list[Key]:
    try:
        keys = [_open(key_id, bytes(one)) for key_id, one in rows]
    except (TypeError, ValueError, KeyError, OverflowError) as e:  # SQLite lets anything stand there
        raise SealError(CHANGED) from e
    if not keys:
        raise SealError(GONE)
    return keys


@lru_cache(maxsize=50)
def _open(key_id: int, one: bytes) -> Key:
    record = json.loads(keyring().unseal(one, seal_owner(key_id)))
    return Key(record["after"], record["hash"], record["until"], bytes.fromhex(record["secret"]))


def key_of_event(keys: Sequence[Key], event_id: int) -> Key | None:
    """The one that this event must be marked with; None: it is older than keyed hashes."""
    return next((key for key in reversed(keys) if key.after < event_id), None)


def may_lack_keyed_hash(key: Key, at: object) -> bool:
    """Whether an event of that time may have been written by a process of the version before."""
    return isinstance(at, datetime) and at.isoformat() < key.until


def installation_hash() -> str:
    """What names this installation elsewhere: two that share a Redis do not meet. Raises SealError."""
    return all_keys()[0].mark("installation", "")[:32]


def begin_new_key() -> None:
    """A new one, from the next event on."""
    with database.atomic():
        # Whoever records an event meanwhile waits here, and then finds the new one.
        [(last_id, last_hash)] = (
            AuditHead.update(last_id=AuditHead.last_id).returning(AuditHead.last_id, AuditHead.hash).tuples().execute()
        )
        made = AuditKey.create(sealed=b"")
        AuditKey.update(sealed=create_sealed_key(made.id, last_id, last_hash)).where(AuditKey.id == made.id).execute()
