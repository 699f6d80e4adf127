"""New connections of tenants: with an app of their own, or by a link that asks for consent to ours.

A new tenant is off until a run has made sure of its directory (actors/connecting/connect.py).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from actors.connecting import connect
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.tenants import credential_change
from actors.tenants.credential_change import NewCredential
from db.audit.audit import Actor, requester
from db.database import database, lock_rows
from db.errors import Invalid
from db.installation import new_tenants
from db.models import ConsentRequest, SharedApp, Tenant
from db.runs.runs import StartedRun
from db.states import AppAccess, ConsentState, CredentialKind
from db.tenants import connections, consents, shared_apps, tenants
from db.tenants.consents import WantedConsent

# Stands for the client id of an app that is yet to be made.
NO_APP_YET = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True)
class NewTenant:
    """A tenant as somebody named it. `directory_id` "": whichever directory answers."""

    name: str
    directory_id: str = ""
    tags: Sequence[str] = ()
    cloud: str = "global"


def our_app(cloud: str, access: AppAccess) -> SharedApp:
    """Return the installation's own app. Raises Invalid where it has none."""
    app = shared_apps.find(cloud, access)
    if app is None:
        raise Invalid(f"This installation has no app of its own to {access}. An admin names it on the page “Our apps”.")
    return app


def add_with_own_app(new: NewTenant, client_id: str, credential: NewCredential, actor: Actor) -> Tenant:
    """Add a tenant with an app of its own, and start connecting it where that app is there. Raises Invalid."""
    with database.atomic():
        tenant = new_tenants.add_waiting(
            new.name, new.directory_id, client_id or NO_APP_YET, actor, cloud=new.cloud, more_tags=new.tags
        )
        tenants.set_credential(tenant, credential.kind, credential.values, actor, expires_at=credential.expires_at)
        started = connect.create_run(tenant, actor) if has_app(tenant) else None
    if started:
        enqueue_new(started)
    return tenant


def has_app(tenant: Tenant) -> bool:
    return str(tenant.client_id) != NO_APP_YET


def name_app(tenant: Tenant, client_id: str, actor: Actor) -> EnqueuedRun:
    """Name the app registration that was made for a waiting tenant, and start connecting it. Raises Invalid."""
    with database.atomic():
        _require_waiting(tenant)
        connections.set_client_id(tenant, client_id, actor)
        started = connect.create_run(tenant, actor)
    return enqueue_new(started)


def _require_waiting(tenant: Tenant) -> None:
    """Raises Invalid unless the tenant waits to be connected. In a transaction: keeps it so."""
    lock_rows(Tenant, Tenant.id == tenant.id)
    if Tenant.get_by_id(tenant.id).is_active:
        raise Invalid(f"{tenant.name} is connected already.")


def ask(new: NewTenant, access: AppAccess, actor: Actor) -> tuple[ConsentRequest, str]:
    """Make a link for the administrator of a directory, and the tenant that waits for it. Raises Invalid."""
    app = our_app(new.cloud, access)
    if not new.directory_id:
        return consents.ask(WantedConsent(new.name, access, None, new.tags, new.cloud), actor)
    directory_id = tenants.parse_guid(new.directory_id, "directory id")
    with database.atomic():
        tenant = tenants.find_by_directory_id(directory_id) or new_tenants.add_waiting(
            new.name, directory_id, app.client_id, actor, cloud=new.cloud, more_tags=new.tags
        )
        return ask_of_tenant(tenant, access, actor)


def ask_of_tenant(tenant: Tenant, access: AppAccess, actor: Actor) -> tuple[ConsentRequest, str]:
    """Make a link for a tenant that is there: to connect it, or to let live restores write. Raises Invalid."""
    our_app(tenant.cloud, access)
    if access == AppAccess.READ and tenant.is_active:
        raise Invalid(f"The directory {tenant.directory_id} is the tenant “{tenant.name}” already.")
    return consents.ask(WantedConsent(tenant.name, access, tenant), actor)


def take_answer(request: ConsentRequest, directory_id: str, actor: Actor) -> bool:
    """Take over which directory agreed, as the answer claims. Return whether connecting goes on by itself.

    Raises Invalid.
    """
    with database.atomic():
        started = None
        lock_rows(Tenant, Tenant.id == request.tenant_id)
        if consents.record_answer(request, directory_id, actor):
            started = _go_on(request, request.tenant)
    return _enqueue(request, started)


def confirm(request: ConsentRequest, actor: Actor) -> Tenant:
    """Take the directory that answered for the one that is meant, and go on. Raises Invalid.

    A directory that is a tenant here already is never taken over.
    """
    known = tenants.find_by_directory_id(request.answered_id)
    if known is not None and known != request.tenant:
        raise Invalid(
            f"The directory {request.answered_id} is the tenant “{known.name}” already: nothing was changed. Reject it."
        )
    with database.atomic():
        tenant = request.tenant
        if tenant is None:
            app = our_app(request.cloud, AppAccess.READ)
            tenant = new_tenants.add_waiting(
                request.name, request.answered_id, app.client_id, actor, cloud=request.cloud,
                more_tags=request.tags or (),
            )  # fmt: skip
        else:
            _require_waiting(tenant)
            connections.set_directory_id(tenant, request.answered_id, actor)
        consents.confirm(request, tenant, actor)
        started = _go_on(request, tenant)
    _enqueue(request, started)
    return tenant


def _go_on(request: ConsentRequest, tenant: Tenant) -> StartedRun | None:
    """Let the tenant sign in with our app, and make the run that connects it; None where only writing was asked for."""
    if request.access == AppAccess.WRITE:
        return None
    _require_waiting(tenant)
    asker = requester(request.asked_by, "web")
    tenants.set_credential(tenant, CredentialKind.SHARED, {}, asker)
    connections.set_client_id(tenant, our_app(tenant.cloud, AppAccess.READ).client_id, asker)
    return connect.create_run(tenant, asker)


def _enqueue(request: ConsentRequest, started: StartedRun | None) -> bool:
    if started:
        enqueue_new(started)
        return True
    if request.access == AppAccess.WRITE and request.state == ConsentState.ACCEPTED:
        shared = credential_change.without_secret(CredentialKind.SHARED)
        credential_change.submit(
            request.tenant, shared, requester(request.asked_by, "web"), access=AppAccess.WRITE
        )  # fmt: skip
        return True
    return False
