"""`policy.look`: a sync that also reads what is not as it was captured last, so that the differences can be shown.

What it reads it keeps as snapshots, as a capture does. It makes no backup set: the last good backup stays what it is.
"""

from collections.abc import Sequence

import dramatiq

from actors.backups import sync
from actors.backups.capture import drafts_or_errors, save_readings
from actors.changes import assessment
from actors.events import reading as tenant_logs
from actors.queue.enqueue import EnqueuedRun
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import run_claimed
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import listed_policies
from actors.reading.graph_errors import is_last_try, next_to_read, postpone, unfinished_items
from actors.tenants.graph_clients import signed_in_client
from db.audit.audit import Actor
from db.backups import backup_sets
from db.database import database
from db.models import RunItem, Tenant
from db.runs import claims, name_cache, run_items
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import RunKind
from db.tenants import tenants
from graph.policy_types.table import get_policy_type
from graph.read.readings import PolicyList, Reading, read_policy
from graph.transport.batch_driver import drive
from graph.transport.client import BATCH_SIZE, GraphClient

# Somebody waits: what its list shows to be unchanged is not read, however long ago it was.
LISTS_TRUSTED_DAYS = 3650


def start(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    return sync.start_listing(tenant, RunKind.LOOK, actor)


@dramatiq.actor(actor_name=RunKind.LOOK, queue_name=INTERACTIVE)
def look(run_id: int) -> None:
    run_claimed(run_id, RunKind.LOOK, _look)


def _look(claim: Claim) -> None:
    graph = signed_in_client(claim.run.tenant)

    def add_items(key: str, listed: PolicyList) -> None:
        _add_what_may_differ(claim, key, listed)

    if not sync.list_policy_types(claim, graph, add_items):
        return
    tenants.record_sync(claim.run.tenant, claim.run.started_at)
    tenant_logs.read_if_due(claim, graph)
    read_items(claim, graph)
    assessment.enqueue(claim.run.tenant)


def read_items(claim: Claim, graph: GraphClient) -> None:
    """Read the policies that the run's items name, and save what was read. Raises what has to be waited for."""
    while items := next_to_read(run_items.unsettled_items(claim.run))[:BATCH_SIZE]:
        if claims.is_cancel_requested(claim):
            return
        _read(claim, graph, items)


def _add_what_may_differ(claim: Claim, key: str, listed: PolicyList) -> None:
    """Add an item for each policy that its list does not show to be unchanged.

    What was never captured is left out: there is nothing to compare it with.
    """
    present = listed_policies(claim.run.tenant, {key: listed.policies})[key]
    known = [policy for policy in present if policy.last_captured_at]
    unchanged = backup_sets.unchanged_snapshots(known, LISTS_TRUSTED_DAYS)
    to_read = [policy for policy in known if policy.id not in unchanged]
    run_items.add_items(claim.run, [NewRunItem(key, policy.name, policy.id, policy.graph_id) for policy in to_read])


def _read(claim: Claim, graph: GraphClient, items: Sequence[RunItem]) -> None:
    """Read the items, and save what was read. Raises what has to be waited for."""
    tenant, memory = claim.run.tenant, RunMemory(claim, "item")
    known = name_cache.seen_since(tenant, claim.run.started_at)
    steps = {
        item.id: read_policy(
            get_policy_type(item.policy_type, with_members=tenant.keeps_members),
            item.graph_id,
            known,
            is_last_try=is_last_try(item),
        )
        for item in items
    }
    readings = drive(graph, steps, memory=memory)
    unfinished = unfinished_items(items, {item: readings[item.id] for item in items})
    final = [item for item in items if item not in unfinished]
    drafts = drafts_or_errors({item: readings[item.id] for item in final}, memory)
    found = [reading.references for reading in readings.values() if isinstance(reading, Reading)]
    with database.atomic():
        claims.assert_claim(claim)
        save_readings(claim, drafts)
        name_cache.save_names(tenant, name_cache.merge_names(found))
        memory.forget([item.id for item in final])
    postpone(claim, unfinished)
