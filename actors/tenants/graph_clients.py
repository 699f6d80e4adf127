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
NEWS = timedelta(minutes=1)

# What a sign-in is of: the app and its credential, as sealed. Another one took its place when they differ.
_Held = tuple[str, bytes]
_sign_ins: dict[int, tuple[_Held, AppSignIn]] = {}
_lock = Lock()


def client(tenant: Tenant) -> GraphClient:
    """Raises SignInFailed when the tenant has no credential; signing in itself happens at the first request.

    Also Rejected, when the tenant is switched off: whatever was under way stops asking.
    """
    if not tenant.is_active:
        raise Rejected("tenant_off", f"{tenant.name} is switched off: nothing is asked of it.")
    budget = TenantBudget(locks, tenant.directory_id)
    url = _endpoints(tenant).graph_url
    return GraphClient(url, sign_in(tenant).token, budget=budget, directory=tenant.directory_id)


def signed_in(tenant: Tenant) -> GraphClient:
    """As `client`, signed in already: a refused credential fails the run with one sentence, not with forty."""
    with remembered(tenant):
        made = client(tenant)
        made.sign_in()
    return made


@contextmanager
def remembered(tenant: Tenant) -> Iterator[None]:
    """Around signing in: the tenant remembers whether it worked, and why it did not."""
    try:
        yield
    except SignInFailed as e:
        tenants.record_connection(tenant, e.sentence)
        raise
    if tenant.connection_error or tenant.connected_at is None or utcnow() - tenant.connected_at > NEWS:
        tenants.record_connection(tenant, None)


def sign_in(tenant: Tenant) -> AppSignIn:
    """The process's one sign-in of this tenant; another one after its credential was changed."""
    held = str(tenant.client_id), bytes(tenant.credential or b"")
    with _lock:
        kept = _sign_ins.get(tenant.id)
        if kept is None or kept[0] != held:
            kept = held, AppSignIn(tenant.directory_id, tenant.client_id, _credential(tenant), _endpoints(tenant))
            _sign_ins[tenant.id] = kept
        return kept[1]


def try_out(one: Credential) -> frozenset[str]:
    """Sign in with a credential that is not in force, once; the permissions that it was granted.

    Raises SignInFailed, Unavailable or Throttled.
    """
    tenant, values = one.tenant, credentials.open_values(one)
    held = AppSignIn(tenant.directory_id, one.client_id, _opened(one.kind, values), _endpoints(tenant))
    held.token(fresh=True)
    return held.roles()


def forget() -> None:
    """Drop every sign-in, as a new process has none."""
    with _lock:
        _sign_ins.clear()


def addresses(tenants: Iterable[Tenant]) -> list[tuple[str, str]]:
    """Return what ("graph" or "sign-in") is where, for these tenants; for none, what the settings say."""
    found = [_endpoints(tenant) for tenant in tenants] or [_endpoints(Tenant())]
    pairs = (pair for one in found for pair in (("graph", one.graph_url), ("sign-in", one.login_url)))
    return sorted(set(pairs))


def _credential(tenant: Tenant) -> Secret | Certificate:
    values = tenants.credential_values(tenant)
    if tenant.credential_kind not in (CredentialKind.SECRET, CredentialKind.CERTIFICATE):
        raise SignInFailed(
            "credential_missing",
            f"The tenant {tenant.name} has no credential. Give it one under “Administer” on its page, or with: "
            f"tenantkeep tenant credential “{tenant.name}”",
        )
    found = _opened(tenant.credential_kind, values)
    if isinstance(found, Certificate) and tenant.credential_expires_at is None:
        tenants.record_expiry(tenant, certificate_end(found.certificate_pem))
    return found


def _opened(kind: str, values: dict[str, str]) -> Secret | Certificate:
    register_secrets(values.values())
    if kind == CredentialKind.SECRET:
        return Secret(values["secret"])
    return Certificate(values["private_key"], values["certificate"], values.get("passphrase"))


def _endpoints(tenant: Tenant) -> Endpoints:
    settings = config.settings()
    return endpoints(tenant.cloud, login_url=settings.login_url, graph_url=settings.graph_url)
