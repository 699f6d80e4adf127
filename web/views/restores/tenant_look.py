"""The last look at a tenant: when it was, and whether one is on its way or failed."""

from dataclasses import dataclass
from datetime import datetime

from markupsafe import Markup

from db.models import Run, Tenant
from db.runs import run_history
from db.states import ACTIVE, RunKind, RunState
from web.views.backups.run_page import progress_of


@dataclass(frozen=True)
class TenantLook:
    """The newest look at a tenant, however it stands; `last` is None where nobody has looked."""

    tenant: Tenant
    last: Run | None

    @property
    def at(self) -> datetime | None:
        """The time at which the tenant's lists were read last."""
        times = [at for at in (self.tenant.last_synced_at, self.tenant.last_backup_at) if at]
        return max(times, default=None)

    @property
    def active(self) -> Run | None:
        return self.last if self.last and self.last.state in ACTIVE else None

    @property
    def progress(self) -> Markup:
        return progress_of(self.active) if self.active else Markup("")

    @property
    def failed(self) -> Run | None:
        """The last look, where it did not come to its end."""
        return self.last if self.last and self.last.state in (RunState.FAILED, RunState.CANCELLED) else None


def tenant_look(tenant: Tenant) -> TenantLook:
    looks = (Run.tenant == tenant) & (Run.kind == RunKind.LOOK)
    return TenantLook(tenant, next(iter(run_history.newest_runs(looks, 1)), None))
