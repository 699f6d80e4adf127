"""`policy.capture_snapshot`: reads one policy whole and saves it as a snapshot."""

from collections.abc import Mapping, Sequence

import dramatiq

from actors.changes import assessment
from actors.events import reading as tenant_logs
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.queue_names import INTERACTIVE
from actors.queue.run_actor import run_claimed
from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_attempt, why_forbidden
from actors.reading.snapshot_drafts import ReadPolicy, make_drafts
from actors.tenants.graph_clients import signed_in_client
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database, lock_rows
from db.models import Policy, RunItem, Snapshot
from db.policies import policies, policy_index, snapshots
from db.policies.snapshots import SavedSnapshot, SnapshotDraft
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import ItemState, Outcome, RunKind
from graph.errors import Forbidden, GraphError, NotFound, Rejected
from graph.policy_types.table import POLICY_TYPES, get_policy_type
from graph.read.readings import Reading, read_policy
from graph.transport.batch_driver import drive_one

# Somebody waits: the rest of a long log is left to the next backup.
PAGES_OF_LOGS = 3


def start(policy: Policy, actor: Actor) -> EnqueuedRun:
    item = NewRunItem(policy.policy_type, policy.name, policy.id, policy.graph_id)
    return enqueue_new(
        runs.start(
            tenant=policy.tenant,
            kind=RunKind.CAPTURE_SNAPSHOT,
            dedupe_key=f"{RunKind.CAPTURE_SNAPSHOT}:{policy.tenant_id}:{policy.id}",
            items=[item],
            actor=actor,
            policy=policy,
        )
    )


@dramatiq.actor(actor_name=RunKind.CAPTURE_SNAPSHOT, queue_name=INTERACTIVE)
def capture_snapshot(run_id: int) -> None:
    run_claimed(run_id, RunKind.CAPTURE_SNAPSHOT, _capture)


def _capture(claim: Claim) -> None:
    for item in run_items.unsettled_items(claim.run):
        policy_type = get_policy_type(item.policy_type, with_members=claim.run.tenant.keeps_members)
        steps = read_policy(policy_type, item.graph_id, is_last_try=is_last_attempt(claim))
        memory = RunMemory(claim, "item")
        reading: Reading | GraphError
        try:
            graph = signed_in_client(claim.run.tenant)
            # Before the policy: what is seen to have changed then has its author at once.
            tenant_logs.read_if_due(claim, graph, most_pages=PAGES_OF_LOGS)
            reading = drive_one(graph, steps, memory, item.id)
        except Rejected as e:
            reading = e
        drafts = drafts_or_errors({item: reading}, memory)
        with database.atomic():  # snapshot, item and audit event: a crash leaves all of them or none
            claims.assert_claim(claim)
            for saved_snapshot in save_readings(claim, drafts):
                _audit(claim, Snapshot.get_by_id(saved_snapshot.snapshot_id), saved_snapshot.outcome)
    assessment.enqueue(claim.run.tenant)


def drafts_or_errors(
    readings: Mapping[RunItem, Reading | GraphError], memory: RunMemory, *, is_indexed_later: bool = False
) -> list[tuple[RunItem, SnapshotDraft | GraphError]]:
    """Make drafts of readings, before the transaction that saves them. `memory` knows each by its item's id."""
    read = [
        ReadPolicy(item.policy, reading, memory.read_at(item.id, reading))
        for item, reading in readings.items()
        if isinstance(reading, Reading)
    ]
    drafts = make_drafts(read, is_indexed_later=is_indexed_later)
    return [
        (item, reading if isinstance(reading, GraphError) else drafts[item.policy_id])
        for item, reading in readings.items()
    ]


def save_readings(claim: Claim, readings: Sequence[tuple[RunItem, SnapshotDraft | GraphError]]) -> list[SavedSnapshot]:
    """Save the drafts, and finish the other items with Graph's final refusal. Call it in a transaction."""
    lock_rows(Policy, Policy.id.in_([item.policy_id for item, _ in readings] or [-1]))
    drafts = {item.id: reading for item, reading in readings if isinstance(reading, SnapshotDraft)}
    # Policies and their index before contents, and these before items: db/sql/lock_order.py.
    policy_index.forget([item.policy_id for item, reading in readings if isinstance(reading, NotFound)])
    saved = snapshots.save(claim.run.parent or claim.run, list(drafts.values()))
    for item, reading in readings:
        if isinstance(reading, NotFound):
            policies.mark_gone(item.policy, claim.run.parent or claim.run)
    for item, reading in readings:
        if isinstance(reading, NotFound):
            _finish_gone(claim, item, reading)
        elif isinstance(reading, GraphError):
            _finish_failed(claim, item, reading)
    for outcome in (Outcome.CAPTURED, Outcome.UNCHANGED):
        snapshot_ids = {
            item_id: saved[draft.policy_id].snapshot_id
            for item_id, draft in drafts.items()
            if saved[draft.policy_id].outcome == outcome
        }
        run_items.finish_captured_items(claim, outcome, snapshot_ids)
    return list(saved.values())


def _finish_failed(claim: Claim, item: RunItem, error: GraphError) -> None:
    is_forbidden = isinstance(error, Forbidden)
    run_items.finish_item(
        claim,
        item,
        ItemState.FAILED,
        Outcome.ERROR,
        reason=error.code,
        message=why_forbidden(POLICY_TYPES[item.policy_type].access, claim.run.tenant)
        if is_forbidden
        else error.sentence,
        request_id=error.request_id,
    )


def _finish_gone(claim: Claim, item: RunItem, error: NotFound) -> None:
    run_items.finish_item(
        claim,
        item,
        ItemState.DONE,
        Outcome.GONE,
        message="This policy is no longer in the tenant. Its snapshots are kept.",
        request_id=error.request_id,
    )


def _audit(claim: Claim, snapshot: Snapshot, outcome: Outcome) -> None:
    user = claim.run.requested_by
    audit.record(
        Action.SNAPSHOT_CAPTURED,
        audit.requester(user, claim.run.origin),
        f"policy {snapshot.policy_id} “{snapshot.name}”",
        tenant=claim.run.tenant,
        run=claim.run.id,
        fingerprint=snapshot.content.fingerprint,
        outcome=str(outcome),
    )
