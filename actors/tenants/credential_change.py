"""`tenant.credential`: signs in with a tenant's next credential, and puts it in force.

Runs under way go on with the credential they began with: it becomes the previous one, and Entra accepts it until
somebody removes it there.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

import dramatiq

from actors.queue.broker import INTERACTIVE
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.run_actor import run_claimed
from actors.tenants import graph_clients
from actors.tenants.connection_check import check_permissions
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database, lock_rows
from db.errors import Invalid
from db.models import Credential, RunItem, Tenant
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import CredentialKind, CredentialPlace, ItemState, Outcome, RunKind
from db.tenants import credentials
from graph.auth.certificate import certificate_end, parse_certificate_file
from graph.errors import SignInFailed

# Stands at the run's one item where others have a policy type.
CREDENTIAL_ITEM = "credential"
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


def _require_future(expires_at: datetime | None, what: str) -> datetime | None:
    if expires_at and expires_at < utcnow():
        raise Invalid(f"This {what} ended on {expires_at:%Y-%m-%d}. Make a new one in Entra.")
    return expires_at


def submit(tenant: Tenant, new: NewCredential, actor: Actor, *, client_id: str = "") -> EnqueuedRun:
    """Save the credential as the next one, and start the run that tries it. Raises Invalid while another is tried."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        _refuse_while_one_is_tried(tenant)
        credential = credentials.add_next(
            tenant, new.kind, new.values, actor, client_id=client_id, expires_at=new.expires_at
        )
        started = _create_run(credential, actor)
    return enqueue_new(started)


def try_again(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    """Try the next credential again, after something was mended in Entra. Raises Invalid when there is none."""
    credential = credentials.find_at(tenant, CredentialPlace.NEXT)
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
        raise Invalid(f"{tenant.name} has no {place} credential.")
    if place == CredentialPlace.NEXT:
        _refuse_while_one_is_tried(tenant)
    credentials.forget(credential, actor)


def _refuse_while_one_is_tried(tenant: Tenant) -> None:
    active = runs.find_active(_key(tenant))
    if active:
        raise Invalid(f"Run {active.id} is trying a credential of {tenant.name}. Wait for its end, or cancel it.")


def _key(tenant: Tenant) -> str:
    return f"{RunKind.CREDENTIAL}:{tenant.id}"


def _create_run(credential: Credential, actor: Actor) -> runs.StartedRun:
    item = NewRunItem(CREDENTIAL_ITEM, f"{credential.kind} of the app {credential.client_id}".capitalize())
    return runs.start(
        tenant=credential.tenant, kind=RunKind.CREDENTIAL, dedupe_key=_key(credential.tenant), items=[item], actor=actor
    )


@dramatiq.actor(actor_name=RunKind.CREDENTIAL, queue_name=INTERACTIVE)
def try_credential(run_id: int) -> None:
    run_claimed(run_id, RunKind.CREDENTIAL, _try)


def _try(claim: Claim) -> None:
    for item in run_items.unsettled_items(claim.run):
        credential = credentials.find_at(claim.run.tenant, CredentialPlace.NEXT)
        if credential is None:
            _finish_replaced(claim, item)
            return
        try:
            granted = graph_clients.try_out(credential)
        except SignInFailed as e:
            _finish_refused(claim, item, credential, e)
        else:
            _finish_signed_in(claim, item, credential, granted)


def _finish_signed_in(claim: Claim, item: RunItem, credential: Credential, granted: frozenset[str]) -> None:
    message = f"In force from now on. {check_permissions(granted).sentence}"
    with database.atomic():
        lock_rows(Tenant, Tenant.id == credential.tenant_id)
        lock_rows(Credential, Credential.tenant == credential.tenant_id)
        claims.assert_claim(claim)
        if credentials.put_in_force(credential, claim.run.id):
            run_items.finish_item(claim, item, ItemState.DONE, Outcome.UPDATED, message=message)
        else:
            _finish_replaced(claim, item)


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
