"""Rotation of the encryption keys while everything runs: all is sealed again with the newest, and older keys can go.

A sealed value begins with the id of its key, so the database itself finds those under an older one.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import peewee as pw

from db import encryption
from db.accounts import entra_grants
from db.accounts.users import totp_owner
from db.assignments import look_ups
from db.audit import audit, audit_keys
from db.audit.audit import Action, Actor
from db.clock import is_recent, utcnow
from db.copies import signer
from db.copies import stores as copy_stores
from db.database import database
from db.documents import documents
from db.encryption import SealError, keyring
from db.errors import Invalid
from db.installation.installation import LIVE_WITHIN, SEAL_OWNER
from db.models import (
    AssignmentLookUp,
    AuditKey,
    Channel,
    Content,
    CopySigner,
    CopyStore,
    Credential,
    DocumentChunk,
    EntraToken,
    Heartbeat,
    RunAnswer,
    Seal,
    SharedAppCredential,
    StandardContent,
    Tenant,
    UploadChunk,
    User,
)
from db.notices import channels
from db.policies import policy_index
from db.policies.snapshots import content_owner
from db.runs import answer_cache, uploads
from db.standards import contents as standard_contents
from db.tenants import credentials, shared_apps
from db.tenants.tenants import credential_owner

ROWS_AT_ONCE = 200
MAX_NAMED = 20


@dataclass(frozen=True)
class SealedField:
    model: Any
    field: pw.Field
    owner: Callable[[Any], str]


# Everything that is sealed. The word of the installation last: a start without the old key is refused until then.
SEALED_FIELDS = (
    SealedField(Content, Content.sealed, lambda one: content_owner(one.tenant_id, one.fingerprint)),
    SealedField(RunAnswer, RunAnswer.sealed, answer_cache.seal_owner),
    SealedField(AssignmentLookUp, AssignmentLookUp.sealed, look_ups.seal_owner),
    SealedField(UploadChunk, UploadChunk.sealed, uploads.seal_owner),
    SealedField(DocumentChunk, DocumentChunk.sealed, documents.seal_owner),
    SealedField(Tenant, Tenant.credential, credential_owner),
    SealedField(Credential, Credential.sealed, credentials.seal_owner),
    SealedField(SharedAppCredential, SharedAppCredential.sealed, shared_apps.seal_owner),
    SealedField(User, User.totp_secret, lambda one: totp_owner(one.id)),
    SealedField(EntraToken, EntraToken.sealed, lambda one: entra_grants.token_owner(one.user_id)),
    SealedField(AuditKey, AuditKey.sealed, lambda one: audit_keys.seal_owner(one.id)),
    SealedField(Channel, Channel.sealed, channels.seal_owner),
    SealedField(CopyStore, CopyStore.sealed, copy_stores.seal_owner),
    SealedField(StandardContent, StandardContent.sealed, standard_contents.seal_owner),
    SealedField(CopySigner, CopySigner.sealed, signer.seal_owner),
    SealedField(Seal, Seal.word, lambda _one: SEAL_OWNER),
)


def rotate(actor: Actor) -> int:
    """Seal every value again that an older key seals. Return how many. Safe to stop and to start again.

    Raises Invalid while a working process does not know the newest key. Raises SealError when a key is missing, and at
    the end when some values do not open: by then all others are sealed again.
    """
    _require_newest_key_everywhere()
    _require_all_keys()
    # Somebody with an older encryption key and a copy of the database knows the key of the keyed hashes.
    is_known = AuditKey.select().where(_prefix_of(AuditKey.sealed) != keyring().prefix).exists()
    done = sum(_seal_field_again(field) for field in SEALED_FIELDS)
    # A process that has the keys in the old order went on sealing with the older one meanwhile.
    while later := sum(_seal_field_again(field) for field in SEALED_FIELDS):
        done += later
    if is_known:
        audit_keys.begin_new_key()
        policy_index.forget_marks()
    audit.record(Action.KEYS_ROTATED, actor, "installation", resealed=done)
    _require_all_open()
    return done


def _require_all_keys() -> None:
    missing = {key: count for key, count in count_by_key().items() if count and key not in keyring().ids}
    if missing:
        named = ", ".join(f"{key} (it seals {count} value(s))" for key, count in missing.items())
        raise SealError(f"TENANTKEEP_ENCRYPTION_KEYS lacks a key: {named}. Add it behind the others, then rotate.")


def _require_all_open() -> None:
    """Raises SealError for values that do not open.

    Last, since one that was changed must not keep the others from a new key.
    """
    older = ((field, row) for field in SEALED_FIELDS for rows in _rows_under_older_key(field) for row in rows)
    left = [f"{field.model.__name__} {row.id}" for field, row in older if _try_to_open(field, row) is None]
    if left:
        raise SealError(
            f"All else is sealed again, but these do not open: {', '.join(left[:MAX_NAMED])}. They were changed, or "
            "belong to another owner; restore them from a copy of the database, or keep the older key."
        )


def _require_newest_key_everywhere() -> None:
    newest = keyring().ids[0]
    blind = [process for process in live_processes() if newest not in (process.keys or "").split(",")]
    if blind:
        names = ", ".join(f"{process.kind} {process.process}" for process in blind)
        raise Invalid(
            f"{names}: does not know the key {newest} yet, and could not read what it seals. Add the new key behind "
            "the old one in TENANTKEEP_ENCRYPTION_KEYS of every process, restart them, then rotate. One that was ended "
            "counts for half a minute more: then try again."
        )


def live_processes() -> list[Heartbeat]:
    is_alive = is_recent(Heartbeat.at, LIVE_WITHIN, utcnow())
    return list(Heartbeat.select().where(is_alive).order_by(Heartbeat.kind, Heartbeat.process))


def processes_sealing_with_another_key() -> list[Heartbeat]:
    """Return processes that have the newest key, but not as their first."""
    return [process for process in live_processes() if not (process.keys or "").startswith(keyring().ids[0])]


def count_by_key() -> dict[str, int]:
    """Return key id -> how many values it seals."""
    counts: dict[str, int] = dict.fromkeys(keyring().ids, 0)
    for sealed in SEALED_FIELDS:
        begin = _prefix_of(sealed.field)
        rows = (
            sealed.model.select(begin, pw.fn.COUNT(sealed.model.id)).where(sealed.field.is_null(False)).group_by(begin)
        )
        for prefix, count in rows.tuples():
            key = encryption.key_id_in(bytes(prefix))
            counts[key] = counts.get(key, 0) + count
    return counts


def missing_keys(most: int) -> dict[str, int]:
    """Return the id of each key that is not given -> how many of the oldest and newest values it seals.

    `most` of each kind and end are looked at, for a table of contents has no index for keys.
    """
    counts: Counter[str] = Counter()
    for sealed in SEALED_FIELDS:
        rows = sealed.model.select(sealed.model.id, _prefix_of(sealed.field)).where(sealed.field.is_null(False))
        ends = [rows.order_by(order).limit(most).tuples() for order in (sealed.model.id, sealed.model.id.desc())]
        counts.update(
            encryption.key_id_in(bytes(prefix)) for prefix in dict(row for end in ends for row in end).values()
        )
    return {key: count for key, count in counts.items() if key not in keyring().ids}


def _prefix_of(field: pw.Field) -> Any:
    return pw.fn.SUBSTR(field, 1, encryption.PREFIX_BYTES)


def _seal_field_again(sealed: SealedField) -> int:
    return sum(_seal_row_again(sealed, row) for rows in _rows_under_older_key(sealed) for row in rows)


def _rows_under_older_key(sealed: SealedField) -> Iterator[list[Any]]:
    older = sealed.field.is_null(False) & (_prefix_of(sealed.field) != keyring().prefix)
    last = 0
    while rows := list(
        sealed.model.select().where(older & (sealed.model.id > last)).order_by(sealed.model.id).limit(ROWS_AT_ONCE)
    ):
        yield rows
        last = rows[-1].id


def _seal_row_again(sealed: SealedField, row: Any) -> bool:
    """Seal a row's value again. Return False when somebody else changed it meanwhile, or it does not open."""
    plain = _try_to_open(sealed, row)
    if plain is None:
        return False
    fresh = keyring().seal(plain, sealed.owner(row))
    same = (sealed.model.id == row.id) & (sealed.field == bytes(getattr(row, sealed.field.name)))
    with database.atomic():
        return bool(sealed.model.update({sealed.field: fresh}).where(same).execute())


def _try_to_open(sealed: SealedField, row: Any) -> bytes | None:
    try:
        return keyring().unseal(bytes(getattr(row, sealed.field.name)), sealed.owner(row))
    except SealError:
        return None
