"""A Graph client for a tenant. Sign-ins are kept per process and credential: tokens live in memory, never elsewhere."""

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
from graph.auth.app_sign_in import AppSignIn, Secret
from graph.auth.certificate import Certificate, certificate_end
from graph.auth.clouds import Endpoints, endpoints
from graph.errors import Rejected, SignInFailed, register_secrets
from graph.transport.client import GraphClient

# That it still works is written down once a minute, not with every capture.
RECORD_INTERVAL = timedelta(minutes=1)

# What a sign-in is of: the app and its credential, as sealed. Another one took its place when they differ.
_CredentialInUse = tuple[str, bytes]
_sign_ins: dict[int, tuple[_CredentialInUse, AppSignIn]] = {}
_lock = Lock()


def client(tenant: Tenant) -> GraphClient:
    """Raises SignInFailed when the tenant has no credential; signing in itself happens at the first request.

    Also Rejected, when the tenant is switched off: whatever was under way stops asking.
    """
    if not tenant.is_active:
        raise Rejected("tenant_off", f"{tenant.name} is switched off: nothing is asked of it.")
    budget = TenantBudget(locks, tenant.directory_id)
    url = _endpoints(tenant).graph_url
    return GraphClient(url, sign_in_of(tenant).token, budget=budget, directory=tenant.directory_id)


def signed_in_client(tenant: Tenant) -> GraphClient:
    """As `client`, signed in already: a refused credential fails the run with one sentence, not with forty."""
    with recording_outcome(tenant):
        graph = client(tenant)
        graph.sign_in()
    return graph


@contextmanager
def recording_outcome(tenant: Tenant) -> Iterator[None]:
    """Around signing in: the tenant remembers whether it worked, and why it did not."""
    try:
        yield
    except SignInFailed as e:
        tenants.record_connection(tenant, e.sentence)
        raise
    if tenant.connection_error or tenant.connected_at is None or utcnow() - tenant.connected_at > RECORD_INTERVAL:
        tenants.record_connection(tenant, None)


def sign_in_of(tenant: Tenant) -> AppSignIn:
    """The process's one sign-in of this tenant; another one after its credential was changed."""
    credential = str(tenant.client_id), bytes(tenant.credential or b"")
    with _lock:
        cached = _sign_ins.get(tenant.id)
        if cached is None or cached[0] != credential:
            cached = (
                credential,
                AppSignIn(tenant.directory_id, tenant.client_id, _credential(tenant), _endpoints(tenant)),
            )
            _sign_ins[tenant.id] = cached
        return cached[1]


def try_out(credential: Credential) -> frozenset[str]:
    """Sign in with a credential that is not in force, once; the permissions that it was granted.

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
    """Return what ("graph" or "sign-in") is where, for these tenants; for none, what the settings say."""
    all_endpoints = [_endpoints(tenant) for tenant in tenants] or [_endpoints(Tenant())]
    pairs = (
        pair
        for endpoints_of_tenant in all_endpoints
        for pair in (("graph", endpoints_of_tenant.graph_url), ("sign-in", endpoints_of_tenant.login_url))
    )
    return sorted(set(pairs))


def _credential(tenant: Tenant) -> Secret | Certificate:
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


def _parse(kind: str, values: dict[str, str]) -> Secret | Certificate:
    register_secrets(values.values())
    if kind == CredentialKind.SECRET:
        return Secret(values["secret"])
    return Certificate(values["private_key"], values["certificate"], values.get("passphrase"))


def _endpoints(tenant: Tenant) -> Endpoints:
    settings = config.settings()
    return endpoints(tenant.cloud, login_url=settings.login_url, graph_url=settings.graph_url)
