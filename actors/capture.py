"""`policy.capture_snapshot`: read one policy whole and keep it as a snapshot."""

import dramatiq

from actors.broker import INTERACTIVE
from actors.connections import client
from actors.starting import Start, started
from actors.trouble import missing_permission
from actors.working import work
from db import audit, policies, runs, snapshots
from db.audit import SYSTEM, Action, Actor
from db.database import database
from db.models import Policy, RunItem, Snapshot
from db.runs import Claim, NewItem
from db.states import ItemState, Outcome, RunKind
from graph.errors import Forbidden, GraphError, NotFound, Rejected
from graph.fingerprint import assignments_mark, fingerprint
from graph.policy_types import POLICY_TYPES
from graph.reading import Reading, read_policy, run_one


def start(policy: Policy, actor: Actor) -> Start:
    item = NewItem(policy.policy_type, policy.name, policy.id, policy.graph_id)
    return started(
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
    work(run_id, _capture)


def _capture(claim: Claim) -> None:
    for item in runs.unsettled_items(claim.run):
        policy_type = POLICY_TYPES[item.policy_type]
        reading: Reading | GraphError
        try:
            reading = run_one(client(claim.run.tenant), read_policy(policy_type, item.graph_id))
        except Rejected as e:
            reading = e
        with database.atomic():  # snapshot, item and audit event: a crash leaves all of them or none
            snapshot, outcome = settle_reading(claim, item, reading)
            if snapshot:
                _audit(claim, snapshot, outcome)


def settle_reading(claim: Claim, item: RunItem, reading: Reading | GraphError) -> tuple[Snapshot | None, Outcome]:
    """Keep what was read, or what Graph finally refused. Call it in a transaction."""
    policy_type = POLICY_TYPES[item.policy_type]
    if isinstance(reading, NotFound):
        return None, _gone(claim, item, reading)
    if isinstance(reading, GraphError):
        sentence = missing_permission(policy_type) if isinstance(reading, Forbidden) else reading.sentence
        runs.settle(
            claim,
            item,
            ItemState.FAILED,
            Outcome.ERROR,
            reason=reading.code,
            message=sentence,
            request_id=reading.request_id,
        )
        return None, Outcome.ERROR
    return _keep(claim, item, reading)


def _keep(claim: Claim, item: RunItem, reading: Reading) -> tuple[Snapshot, Outcome]:
    snapshot, outcome = snapshots.store(
        item.policy,
        claim.run.parent or claim.run,
        content=reading.content,
        fingerprint=fingerprint(POLICY_TYPES[item.policy_type], reading.content),
        assignments_mark=assignments_mark(reading.content["assignments"]),
        name=reading.name,
        modified_at=reading.modified_at,
        proof=reading.proof,
        references=reading.references,
    )
    message = f"Nothing changed since snapshot {snapshot.id}." if outcome == Outcome.UNCHANGED else None
    runs.settle(claim, item, ItemState.DONE, outcome, snapshot=snapshot, message=message)
    return snapshot, outcome


def _gone(claim: Claim, item: RunItem, error: NotFound) -> Outcome:
    policies.mark_gone(item.policy)
    runs.settle(
        claim,
        item,
        ItemState.DONE,
        Outcome.GONE,
        message="This policy is no longer in the tenant. Its snapshots are kept.",
        request_id=error.request_id,
    )
    return Outcome.GONE


def _audit(claim: Claim, snapshot: Snapshot, outcome: Outcome) -> None:
    user = claim.run.requested_by
    audit.record(
        Action.SNAPSHOT_CAPTURED,
        Actor.person(user, None, claim.run.origin) if user else SYSTEM,
        f"policy {snapshot.policy_id} “{snapshot.name}”",
        tenant=claim.run.tenant,
        run=claim.run.id,
        fingerprint=snapshot.content.fingerprint,
        outcome=str(outcome),
    )
