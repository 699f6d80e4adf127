"""Access to standards: the whole of it, or how one's own tenants follow it, and nothing of others."""

from flask import abort

from db.models import Standard, StandardAdoption, StandardVersion, Tenant
from db.standards import adoptions, standards
from db.states import StandardSource
from web.security.access import allowed_tenant_ids, deny, fetch, parse_row_id
from web.security.permissions import Permission


def seen_tenant_ids() -> list[int] | None:
    """Return the tenants of which the current user sees how they follow; None: every tenant.

    Editors and approvers of standards see all of them, by their names, states and counts.
    """
    return allowed_tenant_ids(Permission.SEE_STANDARDS)


def fetch_standard(row_id: object, permission: Permission = Permission.SEE_STANDARDS) -> Standard:
    """Return the standard: 404 when there is none, 403 for whoever does not see it.

    Who sees no more than some tenants has to hold the permission in one that follows the standard.
    """
    number = parse_row_id(str(row_id))
    standard: Standard | None = Standard.get_or_none(Standard.id == number) if number else None
    if standard is None:
        abort(404)
    if seen_tenant_ids() is not None and not adoptions.followers(standard, None, allowed_tenant_ids(permission)):
        deny(permission, everywhere=True)
    return standard


def fetch_adoption(standard_id: object, tenant_id: object, permission: Permission) -> StandardAdoption:
    """Return how the tenant follows the standard: 404 where it does not, 403 without the permission in the tenant."""
    standard = fetch_standard(standard_id, permission)
    tenant = fetch(Tenant, tenant_id, permission)
    adoption = adoptions.find(standard, tenant)
    return adoption if adoption is not None else abort(404)


def seen_standards() -> list[Standard]:
    """Return the standards that the current user sees, by name; archived ones last."""
    tenant_ids, found = seen_tenant_ids(), standards.listed(with_archived=True)
    if tenant_ids is None:
        return found
    followed = adoptions.follower_counts([row.id for row in found], tenant_ids)
    return [row for row in found if followed.get(row.id)]


def source_name(version: StandardVersion) -> str:
    """Return the name of the tenant or the import that a version is from; "" for whoever may not know it."""
    tenant_ids = seen_tenant_ids()
    if tenant_ids is not None and (version.source_tenant_id is None or version.source_tenant_id not in tenant_ids):
        return ""
    if version.source == StandardSource.VERSION:
        return str(version.source_tenant.name) if version.source_tenant_id else ""
    return str(version.source_name)
