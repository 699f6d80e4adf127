"""`shared_app.try`: signs in with the next credential of one of our own apps, and puts it in force.

This is no run: a run is of one tenant. The message carries the credential's id; one that is lost is sent again by
whoever presses the button again.
"""

import logging

import dramatiq

from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import INTERACTIVE
from actors.tenants import graph_clients
from actors.tenants.credential_change import NewCredential, make_new_certificate
from db.audit.audit import Actor
from db.errors import Invalid
from db.models import SharedApp, SharedAppCredential
from db.states import AppAccess, CredentialKind, SharedPlace
from db.tenants import shared_apps
from graph.errors import GraphError

logger = logging.getLogger(__name__)


def make_certificate(cloud: str, access: AppAccess, actor: Actor) -> SharedAppCredential:
    """Make the next certificate of the app, also of one that is still to be registered with it."""
    new = make_new_certificate(f"Tenantkeep {access}")
    app = shared_apps.find_or_begin(cloud, access)
    return shared_apps.add_next(app, new.kind, new.values, actor, expires_at=new.expires_at)


def give(cloud: str, access: AppAccess, new: NewCredential, actor: Actor) -> SharedAppCredential:
    """Save the app's next credential. Raises Invalid for a consent, which is a tenant's."""
    if new.kind == CredentialKind.SHARED:
        raise Invalid("Our own app signs in with a certificate, a secret, or a token of the platform.")
    app = shared_apps.find_or_begin(cloud, access)
    return shared_apps.add_next(app, new.kind, new.values, actor, expires_at=new.expires_at)


def try_next(app: SharedApp) -> bool:
    """Have the next credential tried. Return False while the queue cannot be reached. Raises Invalid without one."""
    credential = shared_apps.find_at(app, SharedPlace.NEXT)
    if credential is None:
        raise Invalid("There is no next credential to try.")
    if not app.client_id:
        raise Invalid("Name the app first: its directory id and its client id.")
    return send(try_shared_credential, credential_id=credential.id)


@dramatiq.actor(broker=broker, actor_name="shared_app.try", queue_name=INTERACTIVE)
def try_shared_credential(*, credential_id: int) -> None:
    credential = shared_apps.find_next_by_id(credential_id)
    if credential is None:
        return
    try:
        graph_clients.try_out_shared(credential)
    except GraphError as e:
        shared_apps.record_refusal(credential, e.code, e.sentence)
    else:
        shared_apps.put_in_force(credential)
