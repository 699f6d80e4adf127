"""Once a day: let go of backup sets that no rule keeps, the items of old runs, and credentials of before."""

import logging
import uuid

import config
from db import credentials, installation, retention
from db.audit import SYSTEM
from db.models import Tenant

logger = logging.getLogger(__name__)

DAY_SECONDS = 24 * 3600


def prune_daily() -> None:
    """Whoever asks first in a day does it: nobody ever holds the lease twice."""
    if not installation.take_lease("pruning", uuid.uuid4().hex, DAY_SECONDS):
        return
    credentials.forget_old()
    # Of a tenant that is switched off nothing is let go.
    for tenant in list(Tenant.select().where(Tenant.is_active)):
        freed = retention.prune(tenant, SYSTEM)
        if freed.sets:
            logger.info("pruned", extra={"tenant": tenant.name, "sets": freed.sets, "snapshots": freed.snapshots})
        else:
            # Also where no set goes: restores leave contents that nobody reads any longer.
            retention.forget_unread_contents(tenant)
    while retention.prune_run_items(config.settings().run_item_days):
        logger.info("forgot items of old runs")
