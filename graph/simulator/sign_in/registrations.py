"""App registrations: a directory's own, and those of another directory that it consented to."""

import time
from dataclasses import dataclass
from typing import Any

from graph.simulator.store.state import Object, State, Tenant


@dataclass(frozen=True)
class AppRegistration:
    """`home`: the directory that it is registered in. `roles`: the app roles that it asks for."""

    home: Tenant
    client_id: str
    name: str
    is_multi_tenant: bool
    secrets: tuple[str, ...]
    certificates: tuple[str, ...]
    federated: tuple[Object, ...]
    redirect_uris: tuple[str, ...]
    roles: frozenset[str]


def find(state: State, tenant: Tenant, client_id: str) -> AppRegistration | None:
    """Return the registration that a client id names in a directory, whether or not it was consented to there."""
    if client_id == tenant.client_id:
        return _own(tenant)
    for home in list(state.tenants.values()):
        for raw in home.apps:
            if raw["client_id"] == client_id:
                return _shared(home, raw)
    return None


def _own(tenant: Tenant) -> AppRegistration:
    return AppRegistration(
        home=tenant,
        client_id=tenant.client_id,
        name=tenant.name,
        is_multi_tenant=False,
        secrets=(tenant.client_secret,),
        certificates=tuple(tenant.certificates),
        federated=tuple(tenant.federated),
        redirect_uris=tuple(tenant.return_addresses),
        roles=frozenset(tenant.permissions),
    )


def _shared(home: Tenant, raw: dict[str, Any]) -> AppRegistration:
    return AppRegistration(
        home=home,
        client_id=raw["client_id"],
        name=raw.get("name", "Tenantkeep"),
        is_multi_tenant=raw.get("is_multi_tenant", True),
        secrets=tuple(raw.get("secrets", ())),
        certificates=tuple(raw.get("certificates", ())),
        federated=tuple(raw.get("federated", ())),
        redirect_uris=tuple(raw.get("redirect_uris", ())),
        roles=frozenset(raw.get("roles", ())),
    )


def consent(state: State, tenant: Tenant, registration: AppRegistration) -> None:
    """Grant the app in a directory what it asks for now. What it asks for later needs consent again."""
    with state.lock_of(tenant):
        granted = {"roles": sorted(registration.roles), "at": time.time()}
        tenant.consents = {**tenant.consents, registration.client_id: granted}
    state.changed()


def granted_roles(tenant: Tenant, registration: AppRegistration) -> frozenset[str] | None:
    """Return the roles that a token of the app has in a directory now; None while the app is not known there.

    Consent reaches Entra's servers one after the other, in seconds to minutes: flags["app_known_after_s"] until the app
    is known, flags["roles_after_s"] until its tokens have roles.
    """
    if registration.home is tenant and not registration.is_multi_tenant:
        return registration.roles
    granted = tenant.consents.get(registration.client_id)
    if granted is None:
        # In its home the app has its service principal, and no roles before somebody consents.
        return frozenset() if registration.home is tenant else None
    age = time.time() - granted["at"]
    if age < float(tenant.flags.get("app_known_after_s", 0)):
        return None
    return frozenset(granted["roles"]) if age >= float(tenant.flags.get("roles_after_s", 0)) else frozenset()
