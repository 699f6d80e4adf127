"""`policy.sync`: read every policy type's list and take it over. One run item per policy type."""

import logging
from collections.abc import Sequence
from datetime import datetime

import dramatiq

from actors.queue.broker import BULK, PRIORITY
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.run_actor import run_claimed
from actors.reading.answer_memory import RunMemory
from actors.reading.cached_listings import record_listing
from actors.reading.graph_errors import next_to_read, postpone, settle_error, settle_not_offered, unfinished_items
from actors.reading.source_ids import save_domains
from actors.tenants import expiries
from actors.tenants.graph_clients import signed_in
from db.audit.audit import Actor
from db.clock import utcnow
from db.database import database
from db.models import RunItem, Tenant
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.sql import value_lists
from db.states import ItemState, Outcome, RunKind
from db.tenants import coverage
from graph.errors import GraphError
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import PolicyList, list_policies
from graph.transport.batch_driver import drive
from graph.transport.client import GraphClient

logger = logging.getLogger(__name__)

# As many lists as one $batch carries; between two of them a run can be cancelled.
TOGETHER = 20


def start(tenant: Tenant, actor: Actor) -> EnqueuedRun:
    listed = [policy_type for policy_type in POLICY_TYPES.values() if not policy_type.is_referred]
    items = [NewRunItem(policy_type.key, policy_type.title) for policy_type in listed]
    return enqueue_new(
        runs.start(tenant=tenant, kind=RunKind.SYNC, dedupe_key=f"{RunKind.SYNC}:{tenant.id}", items=items, actor=actor)
    )


@dramatiq.actor(actor_name=RunKind.SYNC, queue_name=BULK, priority=PRIORITY[BULK])
def sync(run_id: int) -> None:
    run_claimed(run_id, RunKind.SYNC, _sync)


def _sync(claim: Claim) -> None:
    tenant = claim.run.tenant
    graph = signed_in(tenant)
    _leave_out_what_is_not_offered(claim)
    while todo := next_to_read(run_items.unsettled_items(claim.run)):
        unfinished: dict[RunItem, GraphError] = {}
        for together in value_lists.batched(todo, TOGETHER):
            if claims.is_cancel_requested(claim):
                return
            unfinished |= _list(claim, graph, together)
        # What Graph refused for now stays pending: the run waits, and goes on with these alone.
        postpone(claim, unfinished)
    save_domains(tenant, graph)
    expiries.look(claim, graph)
    Tenant.update(last_synced_at=claim.run.started_at).where(Tenant.id == tenant.id).execute()


def _leave_out_what_is_not_offered(claim: Claim) -> None:
    known = coverage.not_offered(claim.run.tenant)
    for item in run_items.unsettled_items(claim.run):
        if item.policy_type in known:
            settle_not_offered(claim, item, known[item.policy_type])


def _list(claim: Claim, graph: GraphClient, together: Sequence[RunItem]) -> dict[RunItem, GraphError]:
    """Take over what was listed; returns what has to be asked for again."""
    memory, began = RunMemory(claim, "list"), utcnow()
    lists = drive(
        graph, {item.policy_type: list_policies(POLICY_TYPES[item.policy_type]) for item in together}, memory=memory
    )
    unfinished = unfinished_items(together, {item: lists[item.policy_type] for item in together})
    for item in together:
        answer = lists[item.policy_type]
        if isinstance(answer, PolicyList):
            _record(claim, item, answer, memory, began)
        elif item not in unfinished:
            settle_error(claim, item, answer, POLICY_TYPES[item.policy_type])
    return unfinished


def _record(claim: Claim, item: RunItem, listed: PolicyList, memory: RunMemory, began: datetime) -> None:
    began = memory.began.get(item.policy_type, began)
    with database.atomic():
        claims.assert_claim(claim)
        gone = record_listing(claim.run.tenant, item.policy_type, listed, began)
        run_items.finish_item(claim, item, ItemState.DONE, Outcome.LISTED, message=_said(listed, gone))
        memory.forget([item.policy_type])


def _said(listed: PolicyList, gone: int) -> str:
    count = len(listed.policies)
    said = f"{count} {'policy' if count == 1 else 'policies'}" + (f", {gone} gone since the last sync" if gone else "")
    names = ", ".join(f"“{one.name}”" for one in listed.without_id)
    return f"{said}. Microsoft Graph gave no usable id of {names}: that cannot be read." if names else said
