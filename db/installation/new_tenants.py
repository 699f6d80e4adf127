"""New tenants, each with what new ones get by default: db/installation/tenant_defaults.py."""

from collections.abc import Iterable

from db.audit.audit import Actor
from db.database import database
from db.installation import tenant_defaults
from db.models import Tenant
from db.tenants import tags, tenants


def add(
    name: str, directory_id: str, client_id: str, actor: Actor, *, cloud: str = "global", more_tags: Iterable[str] = ()
) -> Tenant:
    """Add a tenant with these tags, and with everything that a new one with them gets. Raises Invalid."""
    with database.atomic():
        tenant = tenants.add(name, directory_id, client_id, actor, cloud=cloud)
        given_tags = {tags.fold(tag): tag for tag in more_tags}
        of_defaults = tenant_defaults.given_to(given_tags.values()).row.tags or ()
        given_tags = {tags.fold(tag): tag for tag in of_defaults} | given_tags
        tenant_defaults.give(tenant, tenant_defaults.given_to(given_tags.values()), actor)
        tags.add_and_remove(tenant, given_tags.values(), (), actor)
    return tenant


def add_waiting(
    name: str, directory_id: str, client_id: str, actor: Actor, *, cloud: str = "global", more_tags: Iterable[str] = ()
) -> Tenant:
    """Add a tenant that is off until it is connected. It gets these tags beside the defaults. Raises Invalid."""
    with database.atomic():
        tenant = add(name, directory_id, client_id, actor, cloud=cloud, more_tags=more_tags)
        Tenant.update(is_active=False).where(Tenant.id == tenant.id).execute()
    tenant.is_active = False
    return tenant
