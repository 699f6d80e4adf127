"""The switch of a tenant: while it is off, nothing starts in it and nothing is asked of it. What is kept stays."""

from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database, transaction
from db.errors import Invalid
from db.models import IS_ACTIVE, Run, Tenant
from db.runs import completion
from db.tenants import connections, consents


def switch_off(tenant: Tenant, actor: Actor) -> int:
    """Switch the tenant off and cancel its runs, which stop at their next items. Return how many. Raises Invalid."""
    count = _switch_off(tenant, actor)
    tenant.is_active = False
    return count


@transaction
def _switch_off(tenant: Tenant, actor: Actor) -> int:
    # First: a start that comes meanwhile waits here, or is found.
    if not Tenant.update(is_active=False).where((Tenant.id == tenant.id) & Tenant.is_active).execute():
        raise Invalid(f"{tenant.name} is switched off already.")
    going = active_runs(tenant)
    completion.lock_ending_rows(*going)
    for run in going:
        completion.request_cancel(run, actor)
    audit.record_of_tenant(Action.TENANT_SWITCHED_OFF, actor, tenant, cancelled_runs=len(going))
    return len(going)


@transaction
def disconnect(tenant: Tenant, actor: Actor) -> int:
    """Switch the tenant off, and forget every credential: its backups stay. Return how many credentials there were.

    It can be connected again. Raises Invalid while it is being removed.
    """
    # First: a start that comes meanwhile waits here, or is found.
    if not Tenant.update(is_active=False).where((Tenant.id == tenant.id) & Tenant.removing_since.is_null()).execute():
        raise Invalid(f"{tenant.name} is being removed.")
    count = connections.forget_credentials(tenant)
    consents.withdraw_of_tenant(tenant, actor)
    going = active_runs(tenant)
    completion.lock_ending_rows(*going)
    for run in going:
        completion.request_cancel(run, actor)
    audit.record_of_tenant(Action.TENANT_DISCONNECTED, actor, tenant, cancelled_runs=len(going), credentials=count)
    return count


def switch_on(tenant: Tenant, actor: Actor) -> None:
    """Switch the tenant on. Its schedules make up once for what they missed. Raises Invalid."""
    with database.atomic():
        is_off = (Tenant.id == tenant.id) & ~Tenant.is_active & Tenant.removing_since.is_null()
        if not Tenant.update(is_active=True).where(is_off).execute():
            if Tenant.get_by_id(tenant.id).removing_since:
                raise Invalid(f"{tenant.name} is being removed.")
            raise Invalid(f"{tenant.name} is switched on already.")
        audit.record_of_tenant(Action.TENANT_SWITCHED_ON, actor, tenant)
    tenant.is_active = True


def active_runs(tenant: Tenant) -> list[Run]:
    return list(Run.select().where((Run.tenant == tenant) & IS_ACTIVE & Run.parent.is_null()).order_by(Run.id))
