"""Access to a roll-out: the whole of it, or the parts of one's own tenants, and nothing of others."""

from collections.abc import Sequence

from flask import abort

from db.errors import Invalid
from db.models import RollOut, RollOutTenant, Tenant
from db.rollouts import rollout_tenants, rollouts
from web.acts.standard_access import seen_tenant_ids
from web.security.access import allowed_tenant_ids, can, deny, fetch, parse_row_id
from web.security.permissions import Permission

STOPPED_BY_APPROVERS = "A roll-out that was confirmed is stopped by somebody who may confirm one."


def fetch_rollout(row_id: object) -> RollOut:
    """Return the roll-out: 404 when there is none, 403 for whoever is in none of its tenants."""
    number = parse_row_id(str(row_id))
    rollout = rollouts.find(number) if number else None
    if rollout is None:
        abort(404)
    tenant_ids = seen_tenant_ids()
    if tenant_ids is not None and not parts_of(rollout, tenant_ids):
        deny(Permission.SEE_STANDARDS, everywhere=True)
    return rollout


def parts_of(rollout: RollOut, tenant_ids: Sequence[int] | None) -> list[RollOutTenant]:
    """Return the parts of these tenants alone; None: all."""
    return rollout_tenants.all_of(rollout, tenant_ids)


def require_may_stop(rollout: RollOut) -> None:
    """Raise Invalid where the roll-out was confirmed, and the current user may not confirm one."""
    if rollout.confirmed_at is not None and not can(Permission.APPROVE_STANDARDS):
        raise Invalid(STOPPED_BY_APPROVERS)


def fetch_part(rollout_id: object, tenant_id: object, permission: Permission) -> RollOutTenant:
    """Return a tenant's part in a roll-out: 404 when it is none, 403 without the permission in that tenant."""
    rollout = fetch_rollout(rollout_id)
    tenant_ids = allowed_tenant_ids(permission)
    if tenant_ids is not None and not parts_of(rollout, tenant_ids):
        deny(permission, everywhere=True)
    tenant = fetch(Tenant, tenant_id, permission)
    parts = parts_of(rollout, [tenant.id])
    if not parts:
        abort(404)
    parts[0].rollout = rollout
    return parts[0]
