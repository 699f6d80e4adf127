"""Our own app registrations, to which tenants consent: one to read and one to write, for each cloud.

A credential of such an app serves every tenant that consented to it, so it is never replaced at once: the next one
stands beside the current one, and each sign-in takes the first that is not refused.

    given --> next --signed in--> current --the next one signed in--> previous --after a while--> forgotten
"""

import json
from collections.abc import Mapping
from datetime import datetime

from db.audit import audit
from db.audit.audit import SYSTEM, Action, Actor
from db.clock import utcnow
from db.database import Condition, database, lock_rows
from db.encryption import keyring
from db.errors import Invalid
from db.models import Credential, SharedApp, SharedAppCredential, Tenant
from db.states import AppAccess, CredentialKind, Result, SharedPlace
from db.tenants.credentials import KEEP_FOR, kind_words
from db.tenants.tenants import parse_guid

# The order in which a sign-in tries them.
_ORDER = tuple(SharedPlace)


def find(cloud: str, access: AppAccess) -> SharedApp | None:
    """Return the app that tenants of this cloud can consent to; None before it has its client id."""
    app = find_begun(cloud, access)
    return app if app and app.client_id else None


def find_begun(cloud: str, access: AppAccess) -> SharedApp | None:
    """Return the app, also one that has a certificate already and is still to be registered with it."""
    app: SharedApp | None = SharedApp.get_or_none((SharedApp.cloud == cloud) & (SharedApp.access == access))
    return app


def find_or_begin(cloud: str, access: AppAccess) -> SharedApp:
    """Return the app; a new one has no client id yet, and is named by `set_app`."""
    with database.atomic():
        app = find_begun(cloud, access)
        return app or SharedApp.create(cloud=cloud, access=access, client_id="", directory_id="")


def find_by_client_id(cloud: str, client_id: str) -> SharedApp | None:
    """Return the app that a tenant with this client id consented to; None when it is none of ours."""
    app: SharedApp | None = SharedApp.get_or_none((SharedApp.cloud == cloud) & (SharedApp.client_id == client_id))
    return app


def subject(app: SharedApp) -> str:
    """Return what the audit log calls it."""
    return f"our app to {app.access}" + ("" if app.cloud == "global" else f" ({app.cloud})")


def set_app(cloud: str, access: AppAccess, client_id: str, directory_id: str, actor: Actor) -> SharedApp:
    """Name the app registration that tenants of this cloud consent to. `directory_id`: where it is registered.

    Raises Invalid for what is no GUID, for the app of the other access, and while tenants sign in with another one.
    """
    client_id, directory_id = parse_guid(client_id, "client id"), parse_guid(directory_id, "directory id")
    with database.atomic():
        app = find_begun(cloud, access)
        if app is not None and app.client_id and app.client_id != client_id:
            _require_unused(app)
            SharedAppCredential.delete().where(SharedAppCredential.app == app).execute()
        if SharedApp.get_or_none((SharedApp.client_id == client_id) & (SharedApp.access != access)):
            raise Invalid("The app to read and the app to write must be two: tenants consent to each by itself.")
        if app is None:
            app = SharedApp(cloud=cloud, access=access)
        elif (app.client_id, app.directory_id) == (client_id, directory_id):
            return app
        app.client_id, app.directory_id = client_id, directory_id
        app.save()
        audit.record(Action.SHARED_APP_SET, actor, subject(app), client_id=client_id, directory_id=directory_id)
    return app


def remove_app(app: SharedApp, actor: Actor) -> None:
    """Remove the app with its credentials. Raises Invalid while tenants sign in with it."""
    with database.atomic():
        _require_unused(app)
        SharedApp.delete().where(SharedApp.id == app.id).execute()
        audit.record(Action.SHARED_APP_REMOVED, actor, subject(app), client_id=app.client_id)


def _require_unused(app: SharedApp) -> None:
    number = count_tenants(app)
    if number:
        raise Invalid(
            f"{number} tenant(s) sign in with {subject(app)}, {app.client_id}. "
            "Connect them with another credential first: without it they could not be backed up any more."
        )


def count_tenants(app: SharedApp) -> int:
    """Return how many tenants sign in with the app, to read or to write."""
    in_force = Tenant.select(Tenant.id).where(
        (Tenant.credential_kind == CredentialKind.SHARED)
        & (Tenant.client_id == app.client_id)
        & (Tenant.cloud == app.cloud)
    )
    kept = Credential.select(Credential.tenant).where(
        (Credential.kind == CredentialKind.SHARED) & (Credential.client_id == app.client_id)
    )
    return len({row[0] for row in (in_force | kept).tuples()})


# --- credentials -----------------------------------------------------------------------------------------------------


def seal_owner(credential: SharedAppCredential) -> str:
    return f"shared-app:{credential.app_id}:credential:{credential.id}"


def open_values(credential: SharedAppCredential) -> dict[str, str]:
    """Return the credential's values. Raises SealError when its key is missing."""
    values: dict[str, str] = json.loads(keyring().unseal(credential.sealed, seal_owner(credential)))
    return values


def credentials_of(app: SharedApp) -> list[SharedAppCredential]:
    """Return the app's credentials, in the order in which a sign-in tries them."""
    rows = SharedAppCredential.select().where(SharedAppCredential.app == app)
    return sorted(rows, key=lambda row: _ORDER.index(SharedPlace(row.place)))


def find_at(app: SharedApp, place: SharedPlace) -> SharedAppCredential | None:
    is_there = (SharedAppCredential.app == app) & (SharedAppCredential.place == place)
    credential: SharedAppCredential | None = SharedAppCredential.get_or_none(is_there)
    return credential


def find_next_by_id(credential_id: int) -> SharedAppCredential | None:
    """Return the credential while it is the next one of its app."""
    is_next = (SharedAppCredential.id == credential_id) & (SharedAppCredential.place == SharedPlace.NEXT)
    credential: SharedAppCredential | None = SharedAppCredential.get_or_none(is_next)
    return credential


def public_certificate(credential: SharedAppCredential) -> str:
    """Return the public part of a certificate, in PEM, which is uploaded to Entra; "" of another kind."""
    is_certificate = credential.kind == CredentialKind.CERTIFICATE
    return open_values(credential)["certificate"] if is_certificate else ""


def add_next(
    app: SharedApp, kind: CredentialKind, values: Mapping[str, str], actor: Actor, *, expires_at: datetime | None = None
) -> SharedAppCredential:
    """Save the app's next credential, in place of one that was there."""
    with database.atomic():
        lock_rows(SharedApp, SharedApp.id == app.id)
        _delete_at(app, SharedPlace.NEXT)
        # Sealed with its own row as owner: the row has to be there first.
        credential = SharedAppCredential.create(
            app=app, place=SharedPlace.NEXT, kind=kind, sealed=b"", expires_at=expires_at
        )
        credential.sealed = keyring().seal(json.dumps(dict(values)).encode(), seal_owner(credential))
        credential.save(only=[SharedAppCredential.sealed])
        audit.record(
            Action.SHARED_CREDENTIAL_GIVEN,
            actor,
            subject(app),
            kind=kind_words(kind),
            client_id=app.client_id,
            expires_at=expires_at.isoformat(timespec="minutes") if expires_at else None,
        )
    return credential


def _delete_at(app: SharedApp, place: SharedPlace) -> None:
    is_there = (SharedAppCredential.app == app) & (SharedAppCredential.place == place)
    SharedAppCredential.delete().where(is_there).execute()


def put_in_force(credential: SharedAppCredential) -> bool:
    """Make the next credential the current one, since it signed in, and the current one the previous.

    Return False when it is no longer the next one. No sign-in fails meanwhile: each row keeps what it seals.
    """
    app = credential.app
    with database.atomic():
        lock_rows(SharedApp, SharedApp.id == app.id)
        is_next = (SharedAppCredential.id == credential.id) & (SharedAppCredential.place == SharedPlace.NEXT)
        if not SharedAppCredential.select().where(is_next).exists():
            return False
        _delete_at(app, SharedPlace.PREVIOUS)
        _move(SharedAppCredential.app == app, SharedPlace.CURRENT, SharedPlace.PREVIOUS)
        _move(SharedAppCredential.id == credential.id, SharedPlace.NEXT, SharedPlace.CURRENT)
        kind = kind_words(credential.kind)
        audit.record(Action.SHARED_CREDENTIAL_IN_FORCE, SYSTEM, subject(app), kind=kind, client_id=app.client_id)
    return True


def _move(which: Condition, old: SharedPlace, new: SharedPlace) -> None:
    columns = {"place": new, "since": utcnow(), "refusal": None}
    SharedAppCredential.update(columns).where(which & (SharedAppCredential.place == old)).execute()


def record_refusal(credential: SharedAppCredential, code: str, sentence: str) -> None:
    """Record why the next credential could not sign in. It stays the next one."""
    with database.atomic():
        SharedAppCredential.update(refusal=sentence[:500]).where(SharedAppCredential.id == credential.id).execute()
        audit.record(
            Action.SHARED_CREDENTIAL_TRIED,
            SYSTEM,
            subject(credential.app),
            result=Result.FAILED,
            kind=kind_words(credential.kind),
            code=code,
        )


def forget(credential: SharedAppCredential, actor: Actor) -> bool:
    """Delete a credential that is not the current one. Return False when it is gone, or became that meanwhile."""
    with database.atomic():
        as_it_was = (SharedAppCredential.id == credential.id) & (SharedAppCredential.place == credential.place)
        is_spare = SharedAppCredential.place != SharedPlace.CURRENT
        if not SharedAppCredential.delete().where(as_it_was & is_spare).execute():
            return False
        audit.record(
            Action.SHARED_CREDENTIAL_FORGOTTEN,
            actor,
            subject(credential.app),
            place=str(credential.place),
            kind=kind_words(credential.kind),
        )
    return True


def forget_old() -> int:
    """Delete previous credentials that were kept long enough. Return how many."""
    is_old = (SharedAppCredential.place == SharedPlace.PREVIOUS) & (SharedAppCredential.since < utcnow() - KEEP_FOR)
    return sum(forget(credential, SYSTEM) for credential in SharedAppCredential.select().where(is_old))
