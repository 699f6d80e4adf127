"""`policy.sync`: read every policy type's list and take it over. One run item per policy type."""

import logging
from collections.abc import Iterator, Sequence

import dramatiq

from actors.broker import BULK
from actors.connections import signed_in
from actors.starting import Start, started
from actors.trouble import settle_error
from actors.working import work
from db import policies, runs
from db.audit import Actor
from db.database import database
from db.models import RunItem, Tenant
from db.runs import Claim, NewItem
from db.states import ItemState, Outcome, RunKind
from graph.driving import drive
from graph.errors import GraphError, Rejected
from graph.policy_types import POLICY_TYPES
from graph.reading import Listed, list_policies

logger = logging.getLogger(__name__)

# As many lists as one $batch carries; between two of them a run can be cancelled.
TOGETHER = 20


def start(tenant: Tenant, actor: Actor) -> Start:
    items = [NewItem(policy_type.key, policy_type.title) for policy_type in POLICY_TYPES.values()]
    return started(
        runs.start(tenant=tenant, kind=RunKind.SYNC, dedupe_key=f"{RunKind.SYNC}:{tenant.id}", items=items, actor=actor)
    )


@dramatiq.actor(actor_name=RunKind.SYNC, queue_name=BULK)
def sync(run_id: int) -> None:
    work(run_id, _sync)


def _sync(claim: Claim) -> None:
    tenant = claim.run.tenant
    graph = signed_in(tenant)
    postponed: list[GraphError] = []
    for together in _by(TOGETHER, runs.unsettled_items(claim.run)):
        if runs.cancel_requested(claim):
            return
        lists = drive(graph, {item.id: list_policies(POLICY_TYPES[item.policy_type]) for item in together})
        postponed += _take_over(claim, together, lists)
    if postponed:
        # What Graph refused for now stays pending: the run waits, and goes on with these alone.
        raise postponed[0]
    Tenant.update(last_synced_at=claim.run.started_at).where(Tenant.id == tenant.id).execute()


def _take_over(
    claim: Claim, items: Sequence[RunItem], lists: dict[int, list[Listed] | GraphError]
) -> Iterator[GraphError]:
    for item in items:
        answer = lists[item.id]
        if not isinstance(answer, GraphError):
            _record(claim, item, answer)
        elif isinstance(answer, Rejected):
            settle_error(claim, item, answer, POLICY_TYPES[item.policy_type])
        else:
            yield answer


def _record(claim: Claim, item: RunItem, listed: Sequence[Listed]) -> None:
    rows = [one.facts() for one in listed]
    with database.atomic():
        gone = policies.record_listing(claim.run.tenant, item.policy_type, rows)
        message = f"{len(rows)} {'policy' if len(rows) == 1 else 'policies'}" + (
            f", {gone} gone since the last sync" if gone else ""
        )
        runs.settle(claim, item, ItemState.DONE, Outcome.LISTED, message=message)


def _by(size: int, items: Sequence[RunItem]) -> Iterator[Sequence[RunItem]]:
    return (items[begin : begin + size] for begin in range(0, len(items), size))
