"""The field in which a person types which tenant they mean: by a part of its name that is only its own, or its id."""

from db.errors import Invalid
from db.models import Tenant
from db.tenants import tenants
from web.inputs import without_nul
from web.security.access import allowed_tenant_ids, fetch, parse_row_id
from web.security.permissions import Permission

# Names that the field proposes while one types; others are found by their whole name.
MOST_PROPOSED = 400


def proposed_names(permission: Permission) -> list[str]:
    """List the names of tenants in which something can start."""
    return tenants.names_switched_on(allowed_tenant_ids(permission), MOST_PROPOSED)


def typed_tenant(text: str, permission: Permission) -> Tenant:
    """Return the tenant that was typed. Raises Invalid; a number that is another tenant's id is refused as ever."""
    text = without_nul(text).strip()[:200]
    if not text:
        raise Invalid("Choose the tenant: type a part of its name.")
    ids = allowed_tenant_ids(permission)
    found = tenants.find_by_typed(text, ids, is_part=False)
    if not found and not parse_row_id(text):
        found = tenants.find_by_typed(text, ids, is_part=True)
        if len(found) != 1:
            raise Invalid(
                f"“{text}” is a part of more than one tenant's name. Type more of it."
                if found
                else f"No matching tenant: “{text}”."
            )
    tenant: Tenant = fetch(Tenant, found[0].id if found else text, permission)
    return tenant
