"""Rotating the encryption keys while everything runs: seal again with the newest, so that older ones can be taken away.

A sealed value begins with the id of its key, so the database itself finds those under an older one.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import peewee as pw

from db import encryption
from db.accounts import entra_grants
from db.accounts.users import totp_owner
from db.audit import audit, audit_keys
from db.audit.audit import Action, Actor
from db.clock import utcnow
from db.database import database
from db.encryption import SealError, keyring
from db.errors import Invalid
from db.installation.installation import OWNER
from db.models import AuditKey, Content, Credential, EntraToken, Heartbeat, RunAnswer, Seal, Tenant, UploadChunk, User
from db.policies.snapshots import content_owner
from db.runs import answer_cache, uploads
from db.tenants import credentials
from db.tenants.tenants import credential_owner

TOGETHER = 200
MOST_NAMED = 20
LIVE = timedelta(seconds=30)


@dataclass(frozen=True)
class Sealed:
    model: Any
    field: pw.Field
    owner: Callable[[Any], str]


# Everything that is sealed. The word of the installation last: a start without the old key is refused until then.
SEALED = (
    Sealed(Content, Content.sealed, lambda one: content_owner(one.tenant_id, one.fingerprint)),
    Sealed(RunAnswer, RunAnswer.sealed, answer_cache.owner),
    Sealed(UploadChunk, UploadChunk.sealed, uploads.owner),
    Sealed(Tenant, Tenant.credential, credential_owner),
    Sealed(Credential, Credential.sealed, credentials.owner),
    Sealed(User, User.totp_secret, lambda one: totp_owner(one.id)),
    Sealed(EntraToken, EntraToken.sealed, lambda one: entra_grants.token_owner(one.user_id)),
    Sealed(AuditKey, AuditKey.sealed, lambda one: audit_keys.owner(one.id)),
    Sealed(Seal, Seal.word, lambda _one: OWNER),
)


def rotate(actor: Actor) -> int:
    """How many values were sealed again. Safe to stop and to start again.

    Raises Invalid while a process at work does not know the newest key, and SealError when a key is missing, or, after
    all others were sealed again, for values that do not open.
    """
    _refuse_while_somebody_could_not_read()
    _refuse_while_a_key_is_missing()
    # Who learned an older encryption key, and has a copy of the database, knows what keyed hashes are made with.
    is_known = AuditKey.select().where(_begin(AuditKey.sealed) != keyring().prefix).exists()
    done = sum(_again(one) for one in SEALED)
    # A process that has the keys in the old order went on sealing with the older one meanwhile.
    while later := sum(_again(one) for one in SEALED):
        done += later
    if is_known:
        audit_keys.begin()
    audit.record(Action.KEYS_ROTATED, actor, "installation", resealed=done)
    _name_what_does_not_open()
    return done


def _refuse_while_a_key_is_missing() -> None:
    missing = {key: count for key, count in counts().items() if count and key not in keyring().ids}
    if missing:
        named = ", ".join(f"{key} (it seals {count} value(s))" for key, count in missing.items())
        raise SealError(f"TENANTKEEP_ENCRYPTION_KEYS lacks a key: {named}. Add it behind the others, then rotate.")


def _name_what_does_not_open() -> None:
    """A value that was changed or moved must not keep all others from the newest key."""
    older = ((one, row) for one in SEALED for rows in _under_an_older_key(one) for row in rows)
    left = [f"{one.model.__name__} {row.id}" for one, row in older if _opened(one, row) is None]
    if left:
        raise SealError(
            f"All else is sealed again, but these do not open: {', '.join(left[:MOST_NAMED])}. They were changed, or "
            "belong to another owner; restore them from a copy of the database, or keep the older key."
        )


def _refuse_while_somebody_could_not_read() -> None:
    newest = keyring().ids[0]
    blind = [one for one in at_work() if newest not in (one.keys or "").split(",")]
    if blind:
        names = ", ".join(f"{one.kind} {one.process}" for one in blind)
        raise Invalid(
            f"{names}: does not know the key {newest} yet, and could not read what it seals. Add the new key behind "
            "the old one in TENANTKEEP_ENCRYPTION_KEYS of every process, restart them, then rotate. One that was ended "
            "counts for half a minute more: then try again."
        )


def at_work() -> list[Heartbeat]:
    return list(Heartbeat.select().where(Heartbeat.at > utcnow() - LIVE).order_by(Heartbeat.kind, Heartbeat.process))


def still_sealing_with_another() -> list[Heartbeat]:
    """Processes that have the newest key, but not in front."""
    return [one for one in at_work() if not (one.keys or "").startswith(keyring().ids[0])]


def counts() -> dict[str, int]:
    """Key id -> how many values it seals."""
    found: dict[str, int] = dict.fromkeys(keyring().ids, 0)
    for one in SEALED:
        begin = _begin(one.field)
        rows = one.model.select(begin, pw.fn.COUNT(one.model.id)).where(one.field.is_null(False)).group_by(begin)
        for prefix, count in rows.tuples():
            key = encryption.key_of(bytes(prefix))
            found[key] = found.get(key, 0) + count
    return found


def _begin(field: pw.Field) -> Any:
    return pw.fn.SUBSTR(field, 1, encryption.PREFIX_BYTES)


def _again(sealed: Sealed) -> int:
    return sum(_seal_again(sealed, row) for rows in _under_an_older_key(sealed) for row in rows)


def _under_an_older_key(sealed: Sealed) -> Iterator[list[Any]]:
    older = sealed.field.is_null(False) & (_begin(sealed.field) != keyring().prefix)
    last = 0
    while rows := list(
        sealed.model.select().where(older & (sealed.model.id > last)).order_by(sealed.model.id).limit(TOGETHER)
    ):
        yield rows
        last = rows[-1].id


def _seal_again(sealed: Sealed, row: Any) -> bool:
    """False when somebody else changed it meanwhile, or it does not open."""
    plain = _opened(sealed, row)
    if plain is None:
        return False
    fresh = keyring().seal(plain, sealed.owner(row))
    same = (sealed.model.id == row.id) & (sealed.field == bytes(getattr(row, sealed.field.name)))
    with database.atomic():
        return bool(sealed.model.update({sealed.field: fresh}).where(same).execute())


def _opened(sealed: Sealed, row: Any) -> bytes | None:
    try:
        return keyring().unseal(bytes(getattr(row, sealed.field.name)), sealed.owner(row))
    except SealError:
        return None
