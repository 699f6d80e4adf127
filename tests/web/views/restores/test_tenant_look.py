"""The last look at a tenant."""

from datetime import timedelta

from db.clock import utcnow
from db.models import Run
from db.states import RunKind, RunState
from web.views.restores.tenant_look import TenantLook, tenant_look


def test_a_tenant_was_looked_at_by_a_sync_or_by_a_backup_and_a_look_runs_failed_or_ended(cast):
    tenant, now = cast.contoso, utcnow()
    assert tenant_look(tenant) == TenantLook(tenant, None)
    tenant.last_synced_at, tenant.last_backup_at = now - timedelta(hours=2), None
    assert TenantLook(tenant, None).at == tenant.last_synced_at
    tenant.last_backup_at = now
    assert TenantLook(tenant, None).at == now
    for state, is_active, has_failed in (
        (RunState.QUEUED, True, False),
        (RunState.SUCCEEDED, False, False),
        (RunState.CANCELLED, False, True),
    ):
        look = TenantLook(tenant, Run(kind=RunKind.LOOK, state=state))
        assert (bool(look.active), bool(look.failed)) == (is_active, has_failed)
