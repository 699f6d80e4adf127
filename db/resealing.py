"""Rotating the encryption key: seal everything again with the newest, so that older keys can be taken away."""

from collections.abc import Iterator
from typing import Any

import peewee as pw

from db import audit
from db.audit import Action, Actor
from db.database import database
from db.installation import OWNER
from db.models import Content, Seal, Tenant
from db.sealing import keyring
from db.snapshots import content_owner
from db.tenants import credential_owner

TOGETHER = 200


def reseal(actor: Actor) -> int:
    """How many values were sealed again. Safe to stop and to start again; raises SealError when a key is missing."""
    done = 0
    for together in _ids_of_contents():
        contents = list(Content.select().where(Content.id.in_(together)))
        done += sum(_again(one, Content.sealed, content_owner(one.tenant_id, one.fingerprint)) for one in contents)
    for tenant in list(Tenant.select().where(Tenant.credential.is_null(False))):
        done += _again(tenant, Tenant.credential, credential_owner(tenant))
    # Last: a start without the old key is refused until everything else is done.
    done += sum(_again(seal, Seal.word, OWNER) for seal in list(Seal.select()))
    audit.record(Action.KEYS_ROTATED, actor, "installation", resealed=done)
    return done


def _again(row: Any, field: pw.Field, owner: str) -> bool:
    """False when the newest key sealed it already, or somebody else changed it meanwhile."""
    sealed = bytes(getattr(row, field.name))
    if keyring().is_newest(sealed):
        return False
    model = type(row)
    fresh = keyring().seal(keyring().unseal(sealed, owner), owner)
    with database.atomic():
        changed = model.update({field: fresh}).where((model.id == row.id) & (field == sealed)).execute()
    return bool(changed)


def _ids_of_contents() -> Iterator[list[int]]:
    last = 0
    while True:
        following = Content.select(Content.id).where(Content.id > last).order_by(Content.id).limit(TOGETHER)
        ids = [row.id for row in following]
        if not ids:
            return
        yield ids
        last = ids[-1]
