"""What this person chose to see, read once per request. It narrows and arranges; it never gives access."""

from typing import Any

from flask import g
from flask_login import current_user

from db.accounts import preferences
from db.models import Tenant
from db.tenants import tenants
from web.security.access import can
from web.security.permissions import Permission

TENANT = "tenant"


def mine() -> dict[str, Any]:
    if "preferences" not in g:
        g.preferences = preferences.of_user(current_user.id)
    found: dict[str, Any] = g.preferences
    return found


def chosen_tenant() -> Tenant | None:
    """The tenant that lists show alone; None: every tenant of this person."""
    tenant_id = mine().get(TENANT)
    if tenant_id is None or not can(Permission.SEE, tenant_id):
        return None
    if "chosen_tenant" not in g:
        g.chosen_tenant = tenants.find_by_id(tenant_id)
    found: Tenant | None = g.chosen_tenant
    return found


def choose_tenant(tenant: Tenant | None) -> None:
    if tenant is None:
        preferences.remove(current_user.id, TENANT)
    else:
        preferences.save(current_user.id, TENANT, tenant.id)


def columns(list_name: str) -> list[str] | None:
    """None: as the list has them by itself."""
    found: list[str] | None = mine().get(f"columns:{list_name}")
    return found


def choose_columns(list_name: str, chosen: list[str] | None) -> None:
    name = f"columns:{list_name}"
    if chosen is None:
        preferences.remove(current_user.id, name)
    else:
        preferences.save(current_user.id, name, chosen)
