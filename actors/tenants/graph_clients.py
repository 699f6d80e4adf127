"""Graph clients, one per tenant. Sign-ins are cached per process and credential: tokens live in memory only."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from threading import Lock

import config
from actors.process.meters import GRAPH_METER
from actors.queue.broker import locks
from actors.tenants.request_budget import TenantBudget
from db.clock import utcnow
from db.models import Credential, SharedAppCredential, Tenant
from db.states import AppAccess, CredentialKind, CredentialPlace
from db.tenants import credentials, shared_apps, tenants
from graph.auth import secret_expiry
from graph.auth.app_sign_in import AppCredential, AppSignIn, ClientSecret
from graph.auth.certificate import Certificate, certificate_end
from graph.auth.client_assertions import AUDIENCES, FederatedTokenFile, ManagedIdentity
from graph.auth.clouds import Cloud, Endpoints, endpoints
from graph.errors import GraphError, Rejected, SignInFailed, register_secrets
from graph.transport.client import GraphClient

# A sign-in that still works is recorded once a minute, not with every capture.
RECORD_INTERVAL = timedelta(minutes=1)

# App id and sealed credentials that a cached sign-in uses. When they differ from the tenant's, it is replaced.
_CredentialsInUse = tuple[str, tuple[bytes, ...]]
_sign_ins: dict[tuple[int, AppAccess], tuple[_CredentialsInUse, AppSignIn]] = {}
_lock = Lock()


@dataclass(frozen=True)
class _Login:
    """The app that a tenant is signed in to with, and its credentials in the order in which they are tried.

    `open_values`: one function for each, called only for a new sign-in.
    """

    client_id: str
    kinds: tuple[str, ...]
    sealed: tuple[bytes, ...]
    open_values: tuple[Callable[[], dict[str, str]], ...]


def client(tenant: Tenant, access: AppAccess = AppAccess.READ) -> GraphClient:
    """Return a client for the tenant, which signs in with its first request. WRITE is for live restores alone.

    Raises SignInFailed when the tenant has no credential, and Rejected when it is switched off: runs under way stop.
    """
    if not tenant.is_active:
        raise Rejected("tenant_off", f"{tenant.name} is switched off: nothing is asked of it.")
    return connecting_client(tenant, access)


def connecting_client(tenant: Tenant, access: AppAccess = AppAccess.READ) -> GraphClient:
    """Return a client even for a tenant that is off, since it is being connected. Raises SignInFailed."""
    budget = TenantBudget(locks, tenant.directory_id)
    url = _endpoints(tenant).graph_url
    token, directory = sign_in_of(tenant, access).token, tenant.directory_id
    return GraphClient(url, token, budget=budget, directory=directory, observer=GRAPH_METER)


def signed_in_client(tenant: Tenant, access: AppAccess = AppAccess.READ) -> GraphClient:
    """Return a client that has signed in: a refused credential fails the run with one sentence, not with forty."""
    with recording_outcome(tenant, access):
        graph = client(tenant, access)
        graph.sign_in()
        _require_consent(sign_in_of(tenant, access))
    return graph


def _require_consent(sign_in: AppSignIn) -> None:
    """Raise SignInFailed for a token without any role: it is one fact about the tenant, not one of each policy type.

    learn.microsoft.com, Admin consent: such a token is issued even where nothing was consented, or was taken back.
    """
    if not sign_in.roles():
        raise SignInFailed(
            "consent_missing",
            "The app signed in, and has no permission at all in this tenant: admin consent was never given, or was "
            "taken back. Grant it in Entra, then try again.",
        )


@contextmanager
def recording_outcome(tenant: Tenant, access: AppAccess = AppAccess.READ) -> Iterator[None]:
    """Record whether the sign-in inside worked, or why not: at the tenant, or at its credential that only writes."""
    writing = write_credential(tenant) if access == AppAccess.WRITE else None
    try:
        yield
    except SignInFailed as e:
        if writing:
            credentials.record_write_sign_in(writing, e.sentence)
        else:
            tenants.record_connection(tenant, e.sentence)
        raise
    if writing:
        credentials.record_write_sign_in(writing, None)
    elif tenant.connection_error or tenant.connected_at is None or utcnow() - tenant.connected_at > RECORD_INTERVAL:
        tenants.record_connection(tenant, None)


def write_credential(tenant: Tenant) -> Credential | None:
    """Return the credential with which live restores alone sign in; None where the one in force does both."""
    return credentials.find_at(tenant, CredentialPlace.WRITE)


def write_roles(tenant: Tenant) -> frozenset[str]:
    """Return the permissions that a live restore would have, without signing in with what only writes."""
    writing = write_credential(tenant)
    return frozenset(writing.roles or ()) if writing else sign_in_of(tenant).roles()


def sign_in_of(tenant: Tenant, access: AppAccess = AppAccess.READ) -> AppSignIn:
    """Return the process's one sign-in of this tenant; a new one after its credential was changed.

    WRITE: with the credential that only writes, where the tenant has one. Raises SignInFailed without a credential.
    """
    writing = write_credential(tenant) if access == AppAccess.WRITE else None
    login = _write_login(tenant, writing) if writing else _login(tenant)
    key = tenant.id, access if writing else AppAccess.READ
    in_use = login.client_id, login.sealed
    with _lock:
        cached = _sign_ins.get(key)
        if cached is None or cached[0] != in_use:
            cached = _sign_ins[key] = in_use, _new_sign_in(tenant, login)
        return cached[1]


def _login(tenant: Tenant) -> _Login:
    kind = tenant.credential_kind
    if kind == CredentialKind.SHARED:
        return _shared_login(tenant, tenant.client_id, bytes(tenant.credential or b""))
    if tenant.credential is None or kind == CredentialKind.NONE:
        raise SignInFailed(
            "credential_missing",
            f"The tenant {tenant.name} has no credential. Give it one under “Administer” on its page, or with: "
            f"tenantkeep tenant credential “{tenant.name}”",
        )
    return _Login(
        str(tenant.client_id), (kind,), (bytes(tenant.credential),), (lambda: tenants.credential_values(tenant),)
    )


def _write_login(tenant: Tenant, writing: Credential) -> _Login:
    sealed = bytes(writing.sealed)
    if writing.kind == CredentialKind.SHARED:
        return _shared_login(tenant, writing.client_id, sealed)
    return _Login(writing.client_id, (writing.kind,), (sealed,), (lambda: credentials.open_values(writing),))


def _shared_login(tenant: Tenant, client_id: str, own: bytes) -> _Login:
    """Return the login of our own app. `own`: sealed at the tenant, empty, and another each time it is given."""
    app = shared_apps.find_by_client_id(tenant.cloud, client_id)
    held = shared_apps.credentials_of(app) if app else []
    if not held:
        raise SignInFailed(
            "shared_app_missing",
            f"{tenant.name} consented to our app {client_id}, which has no credential here. An admin gives it one on "
            "the page “Our apps”.",
        )
    return _Login(
        client_id,
        tuple(row.kind for row in held),
        (own, *(bytes(row.sealed) for row in held)),
        tuple(partial(shared_apps.open_values, row) for row in held),
    )


def _new_sign_in(tenant: Tenant, login: _Login) -> AppSignIn:
    first, *spares = [
        _parse(tenant.cloud, kind, open_values())
        for kind, open_values in zip(login.kinds, login.open_values, strict=True)
    ]
    if login.sealed == (bytes(tenant.credential or b""),):
        _note_end(tenant, first)
    return AppSignIn(tenant.directory_id, login.client_id, first, _endpoints(tenant), spares)


def _note_end(tenant: Tenant, credential: AppCredential) -> None:
    """Note when the tenant's certificate ends, of one that was given before that was noted."""
    if isinstance(credential, Certificate) and tenant.credential_expires_at is None:
        tenants.record_expiry(tenant, certificate_end(credential.certificate_pem))


@dataclass(frozen=True)
class TriedSignIn:
    """The app roles that a credential was granted when it signed in, and the id of its service principal.

    `secret_ends_at`: of a client secret whose end nobody typed, as Entra says, where we may ask.
    """

    roles: frozenset[str]
    principal_id: str | None
    secret_ends_at: datetime | None = None


def try_out(credential: Credential) -> TriedSignIn:
    """Sign in once with a credential that is not in force. Raises SignInFailed, Unavailable or Throttled."""
    tenant = credential.tenant
    attempt = _new_sign_in(tenant, _write_login(tenant, credential))
    tried = _tried(attempt)
    if credential.kind != CredentialKind.SECRET or credential.expires_at or not secret_expiry.may_ask(tried.roles):
        return tried
    budget = TenantBudget(locks, tenant.directory_id)
    graph = GraphClient(_endpoints(tenant).graph_url, attempt.token, budget=budget, directory=tenant.directory_id)
    secret = credentials.open_values(credential)["secret"]
    try:
        return replace(tried, secret_ends_at=secret_expiry.find_secret_end(graph, credential.client_id, secret))
    except GraphError:
        return tried  # it signs in all the same; nobody knows when it ends


def try_out_shared(credential: SharedAppCredential) -> TriedSignIn:
    """Sign in with a credential of our own app, in the directory that it is registered in. Raises as `try_out`."""
    app = credential.app
    parsed = _parse(app.cloud, credential.kind, shared_apps.open_values(credential))
    return _tried(AppSignIn(app.directory_id, app.client_id, parsed, endpoints_of_cloud(app.cloud)))


def _tried(attempt: AppSignIn) -> TriedSignIn:
    attempt.token(fresh=True)
    return TriedSignIn(attempt.roles(), attempt.principal_id())


def clear_cache() -> None:
    """Drop every sign-in, as a new process has none."""
    with _lock:
        _sign_ins.clear()


def addresses(tenants: Iterable[Tenant]) -> list[tuple[str, str]]:
    """Return ("graph" or "sign-in", address) pairs of these tenants; for none, those of the settings."""
    all_endpoints = [_endpoints(tenant) for tenant in tenants] or [_endpoints(Tenant())]
    graph = {("graph", addresses.graph_url) for addresses in all_endpoints}
    return sorted(graph | {("sign-in", addresses.login_url) for addresses in all_endpoints})


def _parse(cloud: str, kind: str, values: dict[str, str]) -> AppCredential:
    settings = config.settings()
    if kind == CredentialKind.FEDERATED:
        return FederatedTokenFile(settings.federated_token_file)
    if kind == CredentialKind.MANAGED_IDENTITY:
        return ManagedIdentity(settings.identity_url, AUDIENCES[Cloud(cloud)], values.get("identity_client_id", ""))
    register_secrets(values.values())
    if kind == CredentialKind.SECRET:
        return ClientSecret(values["secret"])
    return Certificate(values["private_key"], values["certificate"], values.get("passphrase"))


def endpoints_of_cloud(cloud: str) -> Endpoints:
    """Return where to sign in to a cloud, and where its Graph is."""
    settings = config.settings()
    return endpoints(cloud, login_url=settings.login_url, graph_url=settings.graph_url)


def _endpoints(tenant: Tenant) -> Endpoints:
    return endpoints_of_cloud(tenant.cloud)
