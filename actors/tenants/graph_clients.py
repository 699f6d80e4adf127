"""Graph clients, one per tenant. Sign-ins are cached per process and credential: tokens live in memory only."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from threading import Lock

import config
from actors.queue.broker import locks
from actors.tenants.request_budget import TenantBudget
from db.clock import utcnow
from db.models import Credential, Tenant
from db.states import CredentialKind
from db.tenants import credentials, tenants
from graph.auth.app_sign_in import AppSignIn, ClientSecret
from graph.auth.certificate import Certificate, certificate_end
from graph.auth.clouds import Endpoints, endpoints
from graph.errors import Rejected, SignInFailed, register_secrets
from graph.transport.client import GraphClient

# A sign-in that still works is recorded once a minute, not with every capture.
RECORD_INTERVAL = timedelta(minutes=1)

# App id and encrypted credential that a cached sign-in uses. When they differ from the tenant's, it is replaced.
_CredentialInUse = tuple[str, bytes]
_sign_ins: dict[int, tuple[_CredentialInUse, AppSignIn]] = {}
_lock = Lock()


def client(tenant: Tenant) -> GraphClient:
    """Return a client for the tenant, which signs in with its first request.

    Raises SignInFailed when the tenant has no credential, and Rejected when it is switched off: runs under way stop.
    """
    if not tenant.is_active:
        raise Rejected("tenant_off", f"{tenant.name} is switched off: nothing is asked of it.")
    budget = TenantBudget(locks, tenant.directory_id)
    url = _endpoints(tenant).graph_url
    return GraphClient(url, sign_in_of(tenant).token, budget=budget, directory=tenant.directory_id)


def signed_in_client(tenant: Tenant) -> GraphClient:
    """Return a client that has signed in: a refused credential fails the run with one sentence, not with forty."""
    with recording_outcome(tenant):
        graph = client(tenant)
        graph.sign_in()
    return graph


@contextmanager
def recording_outcome(tenant: Tenant) -> Iterator[None]:
    """Record at the tenant whether the sign-in inside worked, or why it did not."""
    try:
        yield
    except SignInFailed as e:
        tenants.record_connection(tenant, e.sentence)
        raise
    if tenant.connection_error or tenant.connected_at is None or utcnow() - tenant.connected_at > RECORD_INTERVAL:
        tenants.record_connection(tenant, None)


def sign_in_of(tenant: Tenant) -> AppSignIn:
    """Return the process's one sign-in of this tenant; a new one after its credential was changed."""
    credential = str(tenant.client_id), bytes(tenant.credential or b"")
    with _lock:
        cached = _sign_ins.get(tenant.id)
        if cached is None or cached[0] != credential:
            sign_in = AppSignIn(tenant.directory_id, tenant.client_id, _credential(tenant), _endpoints(tenant))
            cached = _sign_ins[tenant.id] = credential, sign_in
        return cached[1]


def try_out(credential: Credential) -> frozenset[str]:
    """Sign in once with a credential that is not in force. Return the permissions that it was granted.

    Raises SignInFailed, Unavailable or Throttled.
    """
    tenant, values = credential.tenant, credentials.open_values(credential)
    attempt = AppSignIn(tenant.directory_id, credential.client_id, _parse(credential.kind, values), _endpoints(tenant))
    attempt.token(fresh=True)
    return attempt.roles()


def clear_cache() -> None:
    """Drop every sign-in, as a new process has none."""
    with _lock:
        _sign_ins.clear()


def addresses(tenants: Iterable[Tenant]) -> list[tuple[str, str]]:
    """Return ("graph" or "sign-in", address) pairs of these tenants; for none, those of the settings."""
    all_endpoints = [_endpoints(tenant) for tenant in tenants] or [_endpoints(Tenant())]
    graph = {("graph", addresses.graph_url) for addresses in all_endpoints}
    return sorted(graph | {("sign-in", addresses.login_url) for addresses in all_endpoints})


def _credential(tenant: Tenant) -> ClientSecret | Certificate:
    values = tenants.credential_values(tenant)
    if tenant.credential_kind not in (CredentialKind.SECRET, CredentialKind.CERTIFICATE):
        raise SignInFailed(
            "credential_missing",
            f"The tenant {tenant.name} has no credential. Give it one under “Administer” on its page, or with: "
            f"tenantkeep tenant credential “{tenant.name}”",
        )
    credential = _parse(tenant.credential_kind, values)
    if isinstance(credential, Certificate) and tenant.credential_expires_at is None:
        tenants.record_expiry(tenant, certificate_end(credential.certificate_pem))
    return credential


def _parse(kind: str, values: dict[str, str]) -> ClientSecret | Certificate:
    register_secrets(values.values())
    if kind == CredentialKind.SECRET:
        return ClientSecret(values["secret"])
    return Certificate(values["private_key"], values["certificate"], values.get("passphrase"))


def _endpoints(tenant: Tenant) -> Endpoints:
    settings = config.settings()
    return endpoints(tenant.cloud, login_url=settings.login_url, graph_url=settings.graph_url)
