"""The limits of an API token: it takes rights away from the person behind it, and gives none.

web/security/access.py asks for them; nobody else decides by them.
"""

from collections.abc import Collection
from dataclasses import dataclass

from flask import current_app, request
from flask_login import current_user

from db.states import Scope


@dataclass(frozen=True)
class TokenLimits:
    """`tenant_ids` None: every tenant in which the person has a role."""

    token_id: int
    token_name: str
    scopes: frozenset[Scope]
    tenant_ids: frozenset[int] | None

    def allows_tenant(self, tenant_id: int) -> bool:
        return self.tenant_ids is None or tenant_id in self.tenant_ids


def current_limits() -> TokenLimits | None:
    """Return the limits of the token that the request came with; None for a person in a browser, who has none."""
    limits: TokenLimits | None = getattr(current_user, "limits", None)
    return limits


def lacks_scope() -> bool:
    """Is the request one with a token that lacks the scope of its route? A route that declares none is open to none."""
    limits, scopes = current_limits(), route_scopes()
    return limits is not None and not scopes & limits.scopes


def route_scopes() -> frozenset[Scope]:
    """Return the scopes that the route of this request declares: a token with one of them will do."""
    view = current_app.view_functions.get(request.endpoint or "")
    scopes: frozenset[Scope] = getattr(view, "scopes", frozenset())
    return scopes


def is_of_some_tenants() -> bool:
    """Is the request one with a token that is limited to some tenants? It reaches nothing of the installation."""
    limits = current_limits()
    return limits is not None and limits.tenant_ids is not None


def allows(tenant_id: int | None) -> bool:
    """May the request's token be used for its route in this tenant? Without a tenant: in any at all?"""
    limits = current_limits()
    if limits is None:
        return True
    if lacks_scope():
        return False
    if limits.tenant_ids is None:
        return True
    return bool(limits.tenant_ids) if tenant_id is None else tenant_id in limits.tenant_ids


def within_limits(tenant_ids: Collection[int] | None) -> list[int] | None:
    """Return those of the tenants that the request may reach with its token; None stands for all, before and after."""
    limits = current_limits()
    if limits is None or (limits.tenant_ids is None and not lacks_scope()):
        return None if tenant_ids is None else list(tenant_ids)
    if tenant_ids is None and not lacks_scope():
        return sorted(limits.tenant_ids or ())
    return [tenant_id for tenant_id in tenant_ids or () if allows(tenant_id)]
