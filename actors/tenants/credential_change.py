"""`tenant.credential`: signs in with a tenant's next credential, and puts it in force; also with one that only writes.

Runs under way go on with the credential they began with: it becomes the previous one, and Entra accepts it until
somebody removes it there.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dramatiq

import config
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import run_claimed
from actors.tenants import graph_clients
from actors.tenants.connection_check import check_permissions
from actors.tenants.graph_clients import TriedSignIn
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import Credential, RunItem, Tenant
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import AppAccess, CredentialKind, CredentialPlace, ItemState, Outcome, RunKind
from db.tenants import credentials, shared_apps
from db.tenants.tenants import parse_guid
from graph.auth.certificate import certificate_end, parse_certificate_file
from graph.auth.new_certificate import make_certificate
from graph.errors import SignInFailed

# Stands at the run's one item where others have a policy type.
CREDENTIAL_ITEM = "credential"
WRITE_CREDENTIAL_ITEM = "write_credential"
# Kinds that hold no secret of their own.
SECRETLESS = frozenset({CredentialKind.SHARED, CredentialKind.FEDERATED, CredentialKind.MANAGED_IDENTITY})
_NEXT = {AppAccess.READ: CredentialPlace.NEXT, AppAccess.WRITE: CredentialPlace.WRITE_NEXT}
TO_END_OF_DAY = timedelta(days=1, seconds=-1)


@dataclass(frozen=True)
class NewCredential:
    """A credential as somebody gave it."""

    kind: CredentialKind
    values: dict[str, str] = field(repr=False)
    # None: unknown.
    expires_at: datetime | None


def parse_secret(text: str, last_day: datetime | None = None) -> NewCredential:
    """Make a credential of a client secret. It holds to the end of its last day: Entra shows no time of day.

    Raises Invalid for one that cannot be right.
    """
    text = text.strip()
    if not text:
        raise Invalid("The client secret is empty. Paste its value.")
    expires_at = _require_future(last_day and last_day + TO_END_OF_DAY, "secret")
    return NewCredential(CredentialKind.SECRET, {"secret": text}, expires_at)


def parse_certificate(data: bytes, passphrase: str | None = None) -> NewCredential:
    """Make a credential of a PEM file with key and certificate, or of a PFX. Raises Invalid."""
    try:
        parsed = parse_certificate_file(data, passphrase)
    except ValueError as e:
        raise Invalid(str(e)) from e
    values = {"private_key": parsed.private_key_pem, "certificate": parsed.certificate_pem}
    expires_at = _require_future(certificate_end(parsed.certificate_pem), "certificate")
    return NewCredential(CredentialKind.CERTIFICATE, values, expires_at)


def make_new_certificate(common_name: str) -> NewCredential:
    """Make a certificate whose private key nobody ever sees: its public part is uploaded to Entra."""
    private_key, certificate = make_certificate(common_name)
    values = {"private_key": private_key, "certificate": certificate}
    return NewCredential(CredentialKind.CERTIFICATE, values, certificate_end(certificate))


def without_secret(kind: CredentialKind, identity_client_id: str = "") -> NewCredential:
    """Make a credential of our own app's consent, of a federated token, or of the machine's identity. Raises Invalid.

    `identity_client_id`: of a managed identity that was assigned to the machine, where it has several.
    """
    if kind not in SECRETLESS:
        raise Invalid(f"A {kind} is given with its values.")
    if kind == CredentialKind.FEDERATED and not config.settings().federated_token_file:
        raise Invalid("Set TENANTKEEP_FEDERATED_TOKEN_FILE first: the file that the platform writes the token to.")
    is_named = kind == CredentialKind.MANAGED_IDENTITY and identity_client_id.strip()
    values = {"identity_client_id": parse_guid(identity_client_id, "client id of the identity")} if is_named else {}
    return NewCredential(kind, values, None)


def _require_future(expires_at: datetime | None, what: str) -> datetime | None:
    if expires_at and expires_at < utcnow():
        raise Invalid(f"This {what} ended on {expires_at:%Y-%m-%d}. Make a new one in Entra.")
    return expires_at


def submit(
    tenant: Tenant,
    new: NewCredential,
    actor: Actor,
    *,
    client_id: str = "",
    access: AppAccess = AppAccess.READ,
) -> EnqueuedRun:
    """Save the credential as the next one, and start the run that tries it. Raises Invalid while another is tried.

    WRITE: only live restores sign in with it, and the one in force is left to read. With `new.kind` SHARED, the app is
    our own to that access.
    """
    if new.kind == CredentialKind.SHARED:
        client_id = _shared_client_id(tenant, access)
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        _refuse_while_one_is_tried(tenant)
        credential = credentials.add_next(
            tenant,
            new.kind,
            new.values,
            actor,
            client_id=client_id,
            expires_at=new.expires_at,
            place=_NEXT[access],
        )
        started = _create_run(credential, actor)
    return enqueue_new(started)


def _shared_client_id(tenant: Tenant, access: AppAccess) -> str:
    app = shared_apps.find(tenant.cloud, access)
    if app is None:
        raise Invalid(f"This installation has no app of its own to {access}. An admin names it on the page “Our apps”.")
    return str(app.client_id)


def try_again(tenant: Tenant, actor: Actor, access: AppAccess = AppAccess.READ) -> EnqueuedRun:
    """Try the next credential again, after something was mended in Entra. Raises Invalid when there is none.

    WRITE: also the one in force, so that permissions that were granted since are known.
    """
    credential = credentials.find_at(tenant, _NEXT[access])
    if credential is None and access == AppAccess.WRITE:
        credential = credentials.find_at(tenant, CredentialPlace.WRITE)
    if credential is None:
        raise Invalid(f"{tenant.name} has no next credential to try.")
    return enqueue_new(_create_run(credential, actor))


def switch_back(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    """Start a run that signs in with the previous credential and puts it in force again. Raises Invalid."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        _refuse_while_one_is_tried(tenant)
        started = _create_run(credentials.switch_back(tenant, actor), actor)
    return enqueue_new(started)


def forget(tenant: Tenant, place: CredentialPlace, actor: Actor) -> None:
    """Forget the credential at this place. Raises Invalid when there is none, or while the next one is being tried."""
    credential = credentials.find_at(tenant, place)
    if credential is None:
        raise Invalid(f"{tenant.name} has no {credentials.place_word(place)} credential.")
    if place != CredentialPlace.PREVIOUS:
        _refuse_while_one_is_tried(tenant)
    credentials.forget(credential, actor)


def _refuse_while_one_is_tried(tenant: Tenant) -> None:
    active = runs.find_active(_key(tenant))
    if active:
        raise Invalid(f"Run {active.id} is trying a credential of {tenant.name}. Wait for its end, or cancel it.")


def _key(tenant: Tenant) -> str:
    return f"{RunKind.CREDENTIAL}:{tenant.id}"


def _create_run(credential: Credential, actor: Actor) -> runs.StartedRun:
    what = f"{credentials.words(credential)} of the app {credential.client_id}"
    kind = WRITE_CREDENTIAL_ITEM if credential.place in credentials.TO_WRITE else CREDENTIAL_ITEM
    item = NewRunItem(kind, what[0].upper() + what[1:])
    return runs.start(
        tenant=credential.tenant, kind=RunKind.CREDENTIAL, dedupe_key=_key(credential.tenant), items=[item], actor=actor
    )


@dramatiq.actor(actor_name=RunKind.CREDENTIAL, queue_name=INTERACTIVE)
def try_credential(run_id: int) -> None:
    run_claimed(run_id, RunKind.CREDENTIAL, _try)


def _try(claim: Claim) -> None:
    for item in run_items.unsettled_items(claim.run):
        credential = _tried_by(claim.run.tenant, item)
        if credential is None:
            _finish_replaced(claim, item)
            return
        try:
            granted = graph_clients.try_out(credential)
        except SignInFailed as e:
            _finish_refused(claim, item, credential, e)
        else:
            _finish_signed_in(claim, item, credential, granted)


def _tried_by(tenant: Tenant, item: RunItem) -> Credential | None:
    if item.policy_type == CREDENTIAL_ITEM:
        return credentials.find_at(tenant, CredentialPlace.NEXT)
    places = (CredentialPlace.WRITE_NEXT, CredentialPlace.WRITE)
    return next(filter(None, (credentials.find_at(tenant, place) for place in places)), None)


def _finish_signed_in(claim: Claim, item: RunItem, credential: Credential, granted: TriedSignIn) -> None:
    check = check_permissions(granted.roles)
    writes = credential.place in credentials.TO_WRITE
    credential.expires_at = credential.expires_at or granted.secret_ends_at
    message = f"In force from now on. {check.write_sentence if writes else check.sentence}"
    with database.atomic():
        lock_rows(Tenant, Tenant.id == credential.tenant_id)
        lock_rows(Credential, Credential.tenant == credential.tenant_id)
        claims.assert_claim(claim)
        if _put_in_force(credential, claim.run.id, granted):
            run_items.finish_item(claim, item, ItemState.DONE, Outcome.UPDATED, message=message)
        else:
            _finish_replaced(claim, item)


def _put_in_force(credential: Credential, run_id: int, granted: TriedSignIn) -> bool:
    if credential.place in credentials.TO_WRITE:
        return credentials.put_write_in_force(credential, run_id, granted.roles, granted.principal_id)
    return credentials.put_in_force(credential, run_id)


def _finish_refused(claim: Claim, item: RunItem, credential: Credential, error: SignInFailed) -> None:
    message = f"{error.sentence} The one in force stays in force; this one is kept, to be tried again."
    with database.atomic():
        lock_rows(Credential, Credential.id == credential.id)
        claims.assert_claim(claim)
        credentials.record_refusal(credential, claim.run.id, error.code, error.sentence)
        run_items.finish_item(claim, item, ItemState.FAILED, Outcome.ERROR, reason=error.code, message=message)


def _finish_replaced(claim: Claim, item: RunItem) -> None:
    message = "This credential was forgotten, or another one given, before it was tried. The one in force stays."
    run_items.finish_item(claim, item, ItemState.FAILED, Outcome.ERROR, reason="replaced", message=message)
