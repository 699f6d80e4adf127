"""The current user's choices of tenant and columns. They narrow and arrange; they never give access."""

from flask import g
from flask_login import current_user

from db.accounts import preferences
from db.models import Tenant
from db.tenants import tenants
from web.security.access import can
from web.security.own_preferences import own_preferences
from web.security.permissions import Permission

TENANT = "tenant"


def chosen_tenant() -> Tenant | None:
    """Return the tenant that lists show alone; None for every tenant of this person."""
    tenant_id = own_preferences().get(TENANT)
    if tenant_id is None or not can(Permission.SEE, tenant_id):
        return None
    if "chosen_tenant" not in g:
        g.chosen_tenant = tenants.find_by_id(tenant_id)
    tenant: Tenant | None = g.chosen_tenant
    return tenant


def choose_tenant(tenant: Tenant | None) -> None:
    if tenant is None:
        preferences.remove(current_user.id, TENANT)
    else:
        preferences.save(current_user.id, TENANT, tenant.id)


def chosen_columns(list_name: str) -> list[str] | None:
    """Return the columns that this person chose; None for those that the list shows by itself."""
    names: list[str] | None = own_preferences().get(f"columns:{list_name}")
    return names


def choose_columns(list_name: str, columns: list[str] | None) -> None:
    name = f"columns:{list_name}"
    if columns is None:
        preferences.remove(current_user.id, name)
    else:
        preferences.save(current_user.id, name, columns)
