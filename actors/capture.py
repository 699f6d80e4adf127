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
from db.models import Policy, RunItem
from db.runs import Claim, NewItem
from db.states import ItemState, Outcome, RunKind
from graph.errors import Forbidden, NotFound, Rejected
from graph.fingerprint import fingerprint
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
        try:
            reading = run_one(client(claim.run.tenant), read_policy(policy_type, item.graph_id))
        except NotFound as e:
            _gone(claim, item, e)
        except Rejected as e:
            sentence = missing_permission(policy_type) if isinstance(e, Forbidden) else e.sentence
            runs.settle(
                claim,
                item,
                ItemState.FAILED,
                Outcome.ERROR,
                reason=e.code,
                message=sentence,
                request_id=e.request_id,
            )
        else:
            keep(claim, item, reading)


def keep(claim: Claim, item: RunItem, reading: Reading) -> None:
    """Snapshot, item and audit event in one transaction: a crash leaves all of them or none."""
    mark = fingerprint(POLICY_TYPES[item.policy_type], reading.content)
    with database.atomic():
        snapshot, outcome = snapshots.store(
            item.policy,
            claim.run,
            content=reading.content,
            fingerprint=mark,
            name=reading.name,
            modified_at=reading.modified_at,
            proof=reading.proof,
            references=reading.references,
        )
        message = f"Nothing changed since snapshot {snapshot.id}." if outcome == Outcome.UNCHANGED else None
        runs.settle(claim, item, ItemState.DONE, outcome, snapshot=snapshot, message=message)
        audit.record(
            Action.SNAPSHOT_CAPTURED,
            _requester(claim),
            f"policy {item.policy_id} “{reading.name}”",
            tenant=claim.run.tenant,
            run=claim.run.id,
            fingerprint=mark,
            outcome=str(outcome),
        )


def _requester(claim: Claim) -> Actor:
    user = claim.run.requested_by
    return Actor.person(user, None, claim.run.origin) if user else SYSTEM


def _gone(claim: Claim, item: RunItem, error: NotFound) -> None:
    with database.atomic():
        policies.mark_gone(item.policy)
        runs.settle(
            claim,
            item,
            ItemState.DONE,
            Outcome.GONE,
            message="This policy is no longer in the tenant. Its snapshots are kept.",
            request_id=error.request_id,
        )
