"""Figures of single tenants, while there are not too many: each has a number of its own, and a name where one is asked
for.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from math import inf

import config
from db.clock import utcnow
from db.installation import figures
from web.metrics.exposition import Sample

DAY = timedelta(days=1)


def tenant_samples(count: int) -> list[Sample]:
    """Return the figures of each of `count` tenants, or how many have none: with more than the setting says, no tenant
    has any.
    """
    most = config.settings().metrics_tenants
    if count > most:
        return [Sample("tenant_series_left_out", count)]
    of_tenants = (sample for tenant in figures.tenant_figures(most) for sample in _of_tenant(tenant))
    return [Sample("tenant_series_left_out", 0), *of_tenants]


def _of_tenant(tenant: figures.TenantFigures) -> Iterator[Sample]:
    labels = {"tenant_id": str(tenant.id)}
    if config.settings().metrics_tenant_names:
        labels["tenant"] = tenant.name
    yield Sample("tenant_backup_age_seconds", _age_seconds(tenant.backed_up_at), labels)
    if tenant.is_watched:
        yield Sample("tenant_look_age_seconds", _age_seconds(tenant.fresh_at), labels)
    if tenant.credential_ends_at:
        yield Sample("tenant_credential_expires_days", (tenant.credential_ends_at - utcnow()) / DAY, labels)


def _age_seconds(at: datetime | None) -> float:
    return inf if at is None else round((utcnow() - at).total_seconds(), 1)
