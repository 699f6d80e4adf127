"""`policy.capture_snapshot`: read one policy whole and keep it as a snapshot."""

from collections.abc import Sequence

import dramatiq

from actors.queue.broker import INTERACTIVE
from actors.queue.enqueue import EnqueuedRun, enqueue_new
from actors.queue.run_actor import run_claimed
from actors.reading.answer_memory import RunMemory
from actors.reading.graph_errors import is_last_attempt, why_forbidden
from actors.reading.snapshot_drafts import make_draft
from actors.tenants.graph_clients import signed_in
from db.audit import audit
from db.audit.audit import Action, Actor
from db.database import database, lock_rows
from db.models import Policy, RunItem, Snapshot
from db.policies import policies, snapshots
from db.policies.snapshots import SavedSnapshot, SnapshotDraft
from db.runs import claims, run_items, runs
from db.runs.claims import Claim
from db.runs.run_items import NewRunItem
from db.states import ItemState, Outcome, RunKind
from graph.errors import Forbidden, GraphError, NotFound, Rejected
from graph.policy_types.table import POLICY_TYPES, get_policy_type
from graph.read.readings import Reading, read_policy
from graph.transport.batch_driver import drive_one


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
        row = get_policy_type(item.policy_type, with_members=claim.run.tenant.keeps_members)
        wanted = read_policy(row, item.graph_id, is_last_try=is_last_attempt(claim))
        memory = RunMemory(claim, "item")
        reading: Reading | GraphError
        try:
            reading = drive_one(signed_in(claim.run.tenant), wanted, memory, item.id)
        except Rejected as e:
            reading = e
        settled = [(item, prepared(item, reading, memory))]
        with database.atomic():  # snapshot, item and audit event: a crash leaves all of them or none
            claims.assert_claim(claim)
            for kept in settle_readings(claim, settled):
                _audit(claim, Snapshot.get_by_id(kept.snapshot_id), kept.outcome)


def prepared(item: RunItem, reading: Reading | GraphError, memory: RunMemory) -> SnapshotDraft | GraphError:
    """Ready to be kept; worked out before the transaction that keeps it. The memory knows the reading by the item."""
    if isinstance(reading, GraphError):
        return reading
    return make_draft(item.policy, reading, memory.read_at(item.id, reading))


def settle_readings(
    claim: Claim, readings: Sequence[tuple[RunItem, SnapshotDraft | GraphError]]
) -> list[SavedSnapshot]:
    """Keep what was read, and say of the rest why Graph finally refused it. Call it in a transaction."""
    reads: dict[int, SnapshotDraft] = {}
    lock_rows(Policy, Policy.id.in_([item.policy_id for item, _ in readings] or [-1]))
    for item, reading in readings:
        if isinstance(reading, NotFound):
            _gone(claim, item, reading)
        elif isinstance(reading, GraphError):
            _failed(claim, item, reading)
        else:
            reads[item.id] = reading
    kept = snapshots.save(claim.run.parent or claim.run, list(reads.values()))
    for outcome in (Outcome.CAPTURED, Outcome.UNCHANGED):
        settled = {
            item_id: kept[read.policy_id].snapshot_id
            for item_id, read in reads.items()
            if kept[read.policy_id].outcome == outcome
        }
        run_items.finish_captured_items(claim, outcome, settled)
    return list(kept.values())


def _failed(claim: Claim, item: RunItem, error: GraphError) -> None:
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


def _gone(claim: Claim, item: RunItem, error: NotFound) -> None:
    policies.mark_gone(item.policy)
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
