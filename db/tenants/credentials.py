"""Replacing a tenant's credential: the new one has to sign in before it takes the place of the one in force.

    given --> next --signed in--> in force --the next one signed in--> previous --after a while--> forgotten
               ^                                                          |
               +----------------------- switched back --------------------+

The tenant's own row holds the one in force. A credential that is refused stays where it is, to be tried again or
forgotten, and the one in force stays in force.

A tenant may have another one, at `write`, with which live restores alone sign in (`write_next` until it signed in).
Without it, the one in force does both.
"""

import json
from collections.abc import Collection
from datetime import datetime, timedelta

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import database
from db.encryption import SealError, keyring
from db.errors import Invalid
from db.models import Credential, Tenant
from db.states import CredentialKind, CredentialPlace, Result
from db.tenants.tenants import credential_owner, credential_values, parse_guid

# How long one can switch back to the previous credential, and how long a refused one waits to be tried again.
KEEP_FOR = timedelta(days=14)

_KIND_WORDS = {
    CredentialKind.SHARED: "consent to our app",
    CredentialKind.FEDERATED: "federated identity",
    CredentialKind.MANAGED_IDENTITY: "managed identity",
}
TO_WRITE = (CredentialPlace.WRITE, CredentialPlace.WRITE_NEXT)


def kind_words(kind: str) -> str:
    """Return what people call a credential of this kind: “certificate”, “managed identity”."""
    return _KIND_WORDS.get(CredentialKind(kind), str(kind))


def place_word(place: str) -> str:
    """Return what people call this place."""
    return {CredentialPlace.WRITE: "current", CredentialPlace.WRITE_NEXT: "next"}.get(
        CredentialPlace(place), str(place)
    )


def words(credential: Credential) -> str:
    """Return what people call this credential."""
    return kind_words(credential.kind) + (" that only writes" if credential.place in TO_WRITE else "")


def seal_owner(credential: Credential) -> str:
    return f"tenant:{credential.tenant_id}:credential:{credential.id}"


def open_values(credential: Credential) -> dict[str, str]:
    """Return the credential's values, as `tenants.credential_values` does. Raises SealError when its key is missing."""
    values: dict[str, str] = json.loads(keyring().unseal(credential.sealed, seal_owner(credential)))
    return values


def find_at(tenant: Tenant, place: CredentialPlace) -> Credential | None:
    credential: Credential | None = Credential.get_or_none((Credential.tenant == tenant) & (Credential.place == place))
    return credential


def add_next(
    tenant: Tenant,
    kind: CredentialKind,
    values: dict[str, str],
    actor: Actor,
    *,
    client_id: str = "",
    expires_at: datetime | None = None,
    place: CredentialPlace = CredentialPlace.NEXT,
) -> Credential:
    """Save the next credential, in place of one that was there. `place`: NEXT or WRITE_NEXT. Raises Invalid."""
    client_id = parse_guid(client_id, "client id") if client_id.strip() else tenant.client_id
    with database.atomic():
        credential = _save(tenant, place, kind, client_id, values, expires_at)
        audit.record_of_tenant(
            Action.CREDENTIAL_GIVEN,
            actor,
            tenant,
            kind=words(credential),
            client_id=client_id,
            expires_at=expires_at.isoformat(timespec="minutes") if expires_at else None,
        )
    return credential


def _save(
    tenant: Tenant,
    place: CredentialPlace,
    kind: CredentialKind,
    client_id: str,
    values: dict[str, str],
    expires_at: datetime | None,
) -> Credential:
    _delete_at(tenant, place)
    # Sealed with its own row as owner: the row has to be there first.
    credential = Credential.create(
        tenant=tenant, place=place, kind=kind, client_id=client_id, sealed=b"", expires_at=expires_at
    )
    credential.sealed = keyring().seal(json.dumps(values).encode(), seal_owner(credential))
    credential.save(only=[Credential.sealed])
    return credential


def _delete_at(tenant: Tenant, place: CredentialPlace) -> int:
    return int(Credential.delete().where((Credential.tenant == tenant) & (Credential.place == place)).execute())


def put_in_force(credential: Credential, run_id: int) -> bool:
    """Put the next credential in force, since it signed in. Return False when it is no longer the next one."""
    values = open_values(credential)
    with database.atomic():
        if not _delete_if_next(credential):
            return False
        tenant = Tenant.get_by_id(credential.tenant_id)
        _keep_as_previous(tenant)
        sealed = keyring().seal(json.dumps(values).encode(), credential_owner(tenant))
        Tenant.update(
            credential_kind=credential.kind,
            credential=sealed,
            credential_expires_at=credential.expires_at,
            client_id=credential.client_id,
            connected_at=utcnow(),
            connection_error=None,
        ).where(Tenant.id == tenant.id).execute()
        audit.record_of_tenant(
            Action.CREDENTIAL_IN_FORCE,
            SYSTEM,
            tenant,
            run=run_id,
            kind=words(credential),
            client_id=credential.client_id,
        )
    return True


def put_write_in_force(credential: Credential, run_id: int, roles: Collection[str], principal_id: str | None) -> bool:
    """Let live restores sign in with this credential from now on. Return False when it is no longer at its place.

    `roles`: what its token allows, for the preview, which does not sign in with it.
    """
    columns = {
        "refusal": None,
        "roles": sorted(roles),
        "principal_id": principal_id,
        "expires_at": credential.expires_at,
    }
    with database.atomic():
        is_there = (Credential.id == credential.id) & (Credential.place == credential.place)
        if not Credential.update(columns).where(is_there).execute():
            return False
        if credential.place == CredentialPlace.WRITE_NEXT:
            _delete_at(credential.tenant, CredentialPlace.WRITE)
            Credential.update(place=CredentialPlace.WRITE, since=utcnow()).where(is_there).execute()
            audit.record_of_tenant(
                Action.CREDENTIAL_IN_FORCE,
                SYSTEM,
                credential.tenant,
                run=run_id,
                kind=words(credential),
                client_id=credential.client_id,
            )
    return True


def record_write_sign_in(credential: Credential, error: str | None) -> None:
    """Record that a live restore could sign in with the credential that only writes, or why it could not."""
    refusal = error[:500] if error else None
    if credential.refusal != refusal:
        Credential.update(refusal=refusal).where(
            (Credential.id == credential.id) & (Credential.sealed == bytes(credential.sealed))
        ).execute()


def _delete_if_next(credential: Credential) -> bool:
    is_next = (Credential.id == credential.id) & (Credential.place == CredentialPlace.NEXT)
    return bool(Credential.delete().where(is_next).execute())


def _keep_as_previous(tenant: Tenant) -> None:
    _delete_at(tenant, CredentialPlace.PREVIOUS)
    try:
        values = credential_values(tenant)
    except SealError:
        return  # the key that sealed it is gone: nobody can switch back to it
    if tenant.credential is not None:
        kind = CredentialKind(tenant.credential_kind)
        _save(tenant, CredentialPlace.PREVIOUS, kind, tenant.client_id, values, tenant.credential_expires_at)


def record_refusal(credential: Credential, run_id: int, code: str, sentence: str) -> None:
    """Record why the next credential could not sign in. It stays the next one."""
    with database.atomic():
        Credential.update(refusal=sentence[:500]).where(Credential.id == credential.id).execute()
        audit.record_of_tenant(
            Action.CREDENTIAL_TRIED,
            SYSTEM,
            credential.tenant,
            result=Result.FAILED,
            run=run_id,
            kind=words(credential),
            code=code,
        )


def switch_back(tenant: Tenant, actor: Actor) -> Credential:
    """Make the previous credential the next one: it has to sign in again. Raises Invalid when there is none."""
    with database.atomic():
        credential = find_at(tenant, CredentialPlace.PREVIOUS)
        if credential is None:
            raise Invalid(f"{tenant.name} has no previous credential to switch back to.")
        _delete_at(tenant, CredentialPlace.NEXT)
        is_there = (Credential.id == credential.id) & (Credential.place == CredentialPlace.PREVIOUS)
        if not Credential.update(place=CredentialPlace.NEXT, since=utcnow()).where(is_there).execute():
            raise Invalid(f"{tenant.name}'s previous credential was forgotten just now.")
        audit.record_of_tenant(
            Action.CREDENTIAL_SWITCHED_BACK, actor, tenant, kind=words(credential), client_id=credential.client_id
        )
    return credential


def forget(credential: Credential, actor: Actor) -> bool:
    """Delete a credential. Return False when it is gone, or somebody switched back to it meanwhile."""
    with database.atomic():
        as_it_was = (
            (Credential.id == credential.id)
            & (Credential.place == credential.place)
            & (Credential.since == credential.since)
        )
        if not Credential.delete().where(as_it_was).execute():
            return False
        audit.record_of_tenant(
            Action.CREDENTIAL_FORGOTTEN,
            actor,
            credential.tenant,
            place=place_word(credential.place),
            kind=words(credential),
        )
    return True


def forget_old() -> int:
    """Delete credentials that were kept long enough. Return how many."""
    is_spare = Credential.place != CredentialPlace.WRITE
    old = list(Credential.select().where(is_spare & (Credential.since < utcnow() - KEEP_FOR)))
    return sum(forget(credential, SYSTEM) for credential in old)
