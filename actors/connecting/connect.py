"""`tenant.connect`: signs in to a new tenant, makes sure which directory that is, and starts its first backup.

Until then the tenant is switched off, and nothing else is asked of it. Microsoft knows of a new consent, and of the
permissions in it, only after seconds or minutes: the run waits for that, and holds no thread.
"""

import dramatiq

from actors.backups import back_up
from actors.queue.enqueue import EnqueuedRun, enqueue, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import Completion, GivenUp, Wait, run_claimed
from actors.tenants import graph_clients
from actors.tenants.connection_check import TypeAccess, access_by_type, missing_look_ups
from db.audit.audit import Actor, requester
from db.database import database, lock_rows
from db.models import Credential, RunItem, Tenant
from db.runs import claims, completion, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.runs.runs import StartedRun
from db.states import ItemState, Outcome, RunKind
from db.tenants import connections
from graph.auth.app_sign_in import AppSignIn, is_not_there_yet
from graph.errors import SignInFailed
from graph.policy_types.table import POLICY_TYPES

# Stand at items of the run where others have a policy type.
CONNECTION_ITEM, BACKUP_ITEM = "connection", "first_backup"
# Seconds between two tries: five minutes in all. Microsoft says minutes; most often it is seconds.
WAITS = (2, 4, 8, *[15] * 19)
# Early tokens lack permissions that were consented to. After so many tries what is missing is missing.
TRIES_FOR_MISSING = 3
NO_PERMISSIONS = "Microsoft has given no permissions yet."
WRONG_DIRECTORY = "wrong_directory"
DIRECTORY_CHANGED = (
    "The tenant was given another directory meanwhile, or is being removed. Nothing was kept: try again."
)


def start(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    """Start connecting a tenant with the credential that it has, or find the run that does."""
    return enqueue_new(create_run(tenant, actor))


def create_run(tenant: Tenant, actor: Actor) -> StartedRun:
    """Like `start`, for a caller that commits more with the run, and enqueues it after that."""
    items = [
        NewRunItem(CONNECTION_ITEM, "Sign-in and directory"),
        *(NewRunItem(row.key, row.title) for row in POLICY_TYPES.values() if not row.is_referred),
        NewRunItem(BACKUP_ITEM, "First backup"),
    ]
    return runs.start(tenant=tenant, kind=RunKind.CONNECT, dedupe_key=key(tenant), items=items, actor=actor)


def key(tenant: Tenant) -> str:
    return f"{RunKind.CONNECT}:{tenant.id}"


@dramatiq.actor(actor_name=RunKind.CONNECT, queue_name=INTERACTIVE)
def connect_tenant(run_id: int) -> None:
    run_claimed(run_id, RunKind.CONNECT, _connect, Completion(fail=_fail))


def _connect(claim: Claim) -> None:
    items = {item.policy_type: item for item in run_items.unsettled_items(claim.run)}
    if CONNECTION_ITEM in items:
        roles = _try(claim, items[CONNECTION_ITEM])
        organization = _require_directory(claim.run.tenant)
        _record_connected(claim, items, roles, organization)
    if BACKUP_ITEM in items and not claims.is_cancel_requested(claim):
        _start_backup(claim, items[BACKUP_ITEM])


def _try(claim: Claim, item: RunItem) -> frozenset[str]:
    """Sign in, and return the permissions in the token. Raises Wait while Microsoft needs more time."""
    try:
        sign_in = graph_clients.sign_in_of(claim.run.tenant)
        sign_in.token(fresh=True)
    except SignInFailed as e:
        if not is_not_there_yet(e):
            raise
        raise _wait_or_give_up(claim, item, e.code, e.sentence) from e
    roles = sign_in.roles()
    if not roles:
        raise _wait_or_give_up(claim, item, "permission_missing", NO_PERMISSIONS)
    missing = sorted({row.read_permission for row in access_by_type(roles, roles) if _is_lacking(row)})
    if missing and item.tries < TRIES_FOR_MISSING:
        raise _wait_or_give_up(claim, item, "permission_missing", f"Permissions are missing: {', '.join(missing)}.")
    _require_same(claim.run.tenant, sign_in)
    return roles


def _wait_or_give_up(claim: Claim, item: RunItem, code: str, sentence: str) -> Wait | GivenUp:
    if item.tries >= len(WAITS):
        return GivenUp(code, f"{sentence} It stayed so for five minutes. Grant admin consent there, and try again.")
    run_items.count_try(claim, [item.id])
    return Wait(f"Waiting until Microsoft has spread the consent. {sentence}", WAITS[item.tries])


def _require_same(tenant: Tenant, sign_in: AppSignIn) -> None:
    """Raises GivenUp when the token is of another directory than the tenant's."""
    if sign_in.directory_claim() != tenant.directory_id:
        raise _wrong_directory(tenant, sign_in.directory_claim())


def _require_directory(tenant: Tenant) -> str:
    """Return the name of the directory, as Graph says it. Raises GivenUp when Graph names another one."""
    answer = graph_clients.connecting_client(tenant).get("/organization?$select=id,displayName,verifiedDomains")
    found = answer.get("value") or [{}]
    if str(found[0].get("id", "")).lower() != tenant.directory_id:
        raise _wrong_directory(tenant, found[0].get("id"))
    return str(found[0].get("displayName") or tenant.name)


def _wrong_directory(tenant: Tenant, found: object) -> GivenUp:
    return GivenUp(
        WRONG_DIRECTORY,
        f"The directory that answered is {found or 'unknown'}, and {tenant.directory_id} is meant. Nothing was kept: "
        "check the directory id, and begin again.",
    )


def _record_connected(claim: Claim, items: dict[str, RunItem], roles: frozenset[str], organization: str) -> None:
    """In one transaction: the tenant is on, and each policy type's item says what may be read of it."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == claim.run.tenant_id)
        claims.assert_claim(claim)
        if not connections.record_connected(claim.run.tenant, organization, claim.run.id):
            raise GivenUp("directory_changed", DIRECTORY_CHANGED)
        message = _signed_in(organization, roles)
        run_items.finish_item(
            claim, items[CONNECTION_ITEM], ItemState.DONE, Outcome.CONNECTED, message=message
        )  # fmt: skip
        for row in access_by_type(roles, roles):
            if row.policy_type in items:
                run_items.finish_item(claim, items[row.policy_type], *_outcome(row), **_details(row))


def _signed_in(organization: str, roles: frozenset[str]) -> str:
    """Say whose directory it is, and what beside policies cannot be read for lack of a permission."""
    missing = missing_look_ups(roles)
    if not missing:
        return f"Signed in. The directory is called “{organization}”."
    lacking = "; ".join(f"{', '.join(what)} ({permission})" for permission, what in missing.items())
    return f"Signed in. The directory is called “{organization}”. Not granted, and so not known: {lacking}."


def _is_lacking(row: TypeAccess) -> bool:
    return not row.can_read and not row.is_optional


def _outcome(row: TypeAccess) -> tuple[ItemState, Outcome]:
    if row.can_read:
        return ItemState.DONE, Outcome.PERMITTED
    return ItemState.SKIPPED, Outcome.FORBIDDEN if _is_lacking(row) else Outcome.NOT_AVAILABLE


def _details(row: TypeAccess) -> run_items.ItemDetails:
    return {"message": unlocks(row), "reason": "permission_missing" if _is_lacking(row) else None}


def unlocks(row: TypeAccess) -> str:
    """Say what may be done with policies of the type, and what is missing for more."""
    if not row.can_read:
        beginning = "Optional, and not granted" if row.is_optional else "Not granted"
        return f"{beginning}: {row.read_permission}. Without it this policy type is not backed up."
    if row.write_permission is None:
        return "Can be backed up. It is never written."
    if row.can_write:
        return "Can be backed up and restored."
    return f"Can be backed up. Restoring it needs {row.write_permission} too."


def _start_backup(claim: Claim, item: RunItem) -> None:
    """Start the first backup, which is the first sync too: the run and what is noted of it are one transaction."""
    tenant = Tenant.get_by_id(claim.run.tenant_id)
    actor = requester(claim.run.requested_by, claim.run.origin)
    with database.atomic():
        lock_rows(Tenant, Tenant.id == tenant.id)
        started = back_up.create_run(tenant, actor)
        claims.assert_claim(claim)
        message = f"Run {started.run.id} reads everything that may be read."
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.STARTED, message=message)
    if started.is_new:
        enqueue(started.run)


def _fail(claim: Claim, code: str, message: str, request_id: str | None = None) -> None:
    """End the run. A tenant that is not connected keeps nothing of a directory that was not meant."""
    with database.atomic():
        lock_rows(Tenant, Tenant.id == claim.run.tenant_id)
        lock_rows(Credential, Credential.tenant == claim.run.tenant_id)
        claims.assert_claim(claim)
        connections.record_not_connected(claim.run.tenant, claim.run.id, code, message, forget=code == WRONG_DIRECTORY)
        completion.fail(claim, code, message, request_id)
