"""`policy.sync`: reads the list of every policy type and records it. One run item per policy type."""

import logging
from collections.abc import Callable, Sequence
from datetime import datetime

import dramatiq

from actors.changes import assessment
from actors.events import reading as tenant_logs
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import BULK, PRIORITY
from actors.queue.run_actor import run_claimed
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import record_listing
from actors.reading.graph_errors import finish_not_offered, finish_unlisted, next_to_read, postpone, unfinished_items
from actors.reading.source_ids import save_domains
from actors.tenants import expiries
from actors.tenants.graph_clients import signed_in_client
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database
from db.models import RunItem, Tenant
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.sql import value_lists
from db.states import ItemState, Outcome, RunKind
from db.tenants import coverage, tenants
from graph.errors import GraphError
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import PolicyList, list_policies
from graph.transport.batch_driver import drive
from graph.transport.client import GraphClient

logger = logging.getLogger(__name__)

# As many lists as one $batch carries; between two of them a run can be cancelled.
LISTS_PER_BATCH = 20
# What more is recorded of a policy type's list, in the transaction that takes the list over.
AlsoRecord = Callable[[str, PolicyList], None]


def start(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    return start_listing(tenant, RunKind.SYNC, actor)


def start_listing(tenant: Tenant, kind: RunKind, actor: Actor) -> EnqueuedRun:
    """Start a run of this kind, with an item for each policy type that a sync lists."""
    listed = [policy_type for policy_type in POLICY_TYPES.values() if not policy_type.is_referred]
    items = [NewRunItem(policy_type.key, policy_type.title) for policy_type in listed]
    return enqueue_new(runs.start(tenant=tenant, kind=kind, dedupe_key=f"{kind}:{tenant.id}", items=items, actor=actor))


@dramatiq.actor(actor_name=RunKind.SYNC, queue_name=BULK, priority=PRIORITY[BULK])
def sync(run_id: int) -> None:
    run_claimed(run_id, RunKind.SYNC, _sync)


def _sync(claim: Claim) -> None:
    tenant = claim.run.tenant
    graph = signed_in_client(tenant)
    if not list_policy_types(claim, graph):
        return
    save_domains(tenant, graph)
    tenant_logs.read_if_due(claim, graph)
    expiries.read_if_due(claim, graph)
    tenants.record_sync(tenant, claim.run.started_at)
    assessment.enqueue(tenant)


def list_policy_types(claim: Claim, graph: GraphClient, also_record: AlsoRecord | None = None) -> bool:
    """List the policy types that the run still has to list. Return False where it is to be cancelled."""
    _skip_types_not_offered(claim)
    while todo := next_to_read(_types_to_list(claim)):
        unfinished: dict[RunItem, GraphError] = {}
        for batch in value_lists.batched(todo, LISTS_PER_BATCH):
            if claims.is_cancel_requested(claim):
                return False
            unfinished |= _list_batch(claim, graph, batch, also_record)
        # Items that Graph refused for now stay pending: the run waits, and goes on with these alone.
        postpone(claim, unfinished)
    return True


def _types_to_list(claim: Claim) -> list[RunItem]:
    """Return the unsettled items that are a policy type: an item of a policy has its Graph id."""
    return [item for item in run_items.unsettled_items(claim.run) if item.graph_id is None]


def _skip_types_not_offered(claim: Claim) -> None:
    known = coverage.not_offered(claim.run.tenant)
    for item in _types_to_list(claim):
        if item.policy_type in known:
            finish_not_offered(claim, item, known[item.policy_type])


def _list_batch(
    claim: Claim, graph: GraphClient, batch: Sequence[RunItem], also_record: AlsoRecord | None
) -> dict[RunItem, GraphError]:
    """Record what was listed. Return the items that have to be listed again."""
    memory, began = RunMemory(claim, "list"), utcnow()
    lists = drive(
        graph, {item.policy_type: list_policies(POLICY_TYPES[item.policy_type]) for item in batch}, memory=memory
    )
    unfinished = unfinished_items(batch, {item: lists[item.policy_type] for item in batch})
    for item in batch:
        answer = lists[item.policy_type]
        if isinstance(answer, PolicyList):
            _record(claim, item, answer, memory, memory.began.get(item.policy_type, began), also_record)
        elif item not in unfinished:
            finish_unlisted(claim, item, answer, POLICY_TYPES[item.policy_type])
    return unfinished


def _record(
    claim: Claim,
    item: RunItem,
    listed: PolicyList,
    memory: RunMemory,
    began: datetime,
    also_record: AlsoRecord | None,
) -> None:
    with database.atomic():
        claims.assert_claim(claim)
        gone = record_listing(claim.run, item.policy_type, listed, began)
        if also_record:
            also_record(item.policy_type, listed)
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.LISTED, message=_summary(listed, gone))
        memory.forget([item.policy_type])


def _summary(listed: PolicyList, gone_count: int) -> str:
    count = len(listed.policies)
    summary = f"{count} {'policy' if count == 1 else 'policies'}"
    summary += f", {gone_count} gone since the last sync" if gone_count else ""
    names = ", ".join(f"“{policy.name}”" for policy in listed.without_id)
    return f"{summary}. Microsoft Graph gave no usable id of {names}: that cannot be read." if names else summary
