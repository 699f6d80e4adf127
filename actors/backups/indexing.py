"""`policies.index`: indexes what a backup has read, once all of it is kept.

A backup ends sooner without: the searches that the index is for are found a moment later. This is no run, for nothing
of a tenant is read; what a crash leaves, the scheduler's sweep finds (actors/reading/policy_index.py).
"""

import dramatiq

from actors.queue.broker import broker
from actors.queue.enqueue import send
from actors.queue.queue_names import PRIORITY, UNDER_WAY
from actors.reading import policy_index
from db.models import Tenant
from db.sql.value_lists import batched


@dramatiq.actor(broker=broker, actor_name="policies.index", queue_name=UNDER_WAY, priority=PRIORITY[UNDER_WAY])
def index_policies(*, tenant_id: int) -> None:
    """Index the tenant's policies whose newest snapshot is not."""
    seen: set[int] = set()
    while policies := policy_index.find_missing(seen, tenant_id):
        for some in batched(policies, policy_index.RECORDED_AT_ONCE):
            policy_index.index_later(some)
        seen.update(policy.id for policy in policies)


def enqueue(tenant: Tenant) -> None:
    """Have the tenant's policies indexed, if any has to be. Call it after the commit that saved their snapshots."""
    if policy_index.is_any_missing(tenant.id):
        send(index_policies, tenant_id=tenant.id)
