"""A finished capture without Graph."""

import secrets

from db.clock import utcnow
from db.models import Snapshot
from db.policies import snapshots
from db.runs import claims, completion, run_items, runs
from db.states import RunKind


def capture_by_hand(policy, actor, body=None, assignments=(), groups=None):
    """Do to the database what the capture actor does, without Graph. Return (run, snapshot)."""
    item = run_items.NewRunItem(policy.policy_type, policy.name, policy.id, policy.graph_id)
    started = runs.start(
        tenant=policy.tenant,
        kind=RunKind.CAPTURE_SNAPSHOT,
        dedupe_key=f"policy.capture_snapshot:{policy.tenant_id}:{policy.id}",
        items=[item],
        actor=actor,
        policy=policy,
    )
    claim = claims.take_claim(started.run.id, started.run.kind)
    body = body or {"name": policy.name, "settings": []}
    read = snapshots.SnapshotDraft.of(
        policy,
        {"body": body, "assignments": None if assignments is None else list(assignments)},
        secrets.token_hex(32),
        read_at=utcnow(),
        assignments_mark="",
        name=policy.name,
        modified_at=None,
        proof={
            "settings": {"stored": 0, "declared": 0},
            "pages": 1,
            "assignments": "read",
            "assignment_count": 0,
            "secrets": {"revealed": 0, "withheld": []},
        },
        references={"groups": groups or {}, "filters": {}, "scope_tags": {}},
    )
    kept = snapshots.save(claim.run, [read])[policy.id]
    [row] = run_items.unsettled_items(claim.run)
    run_items.finish_captured_items(claim, kept.outcome, {row.id: kept.snapshot_id})
    completion.finish(claim)
    return started.run, Snapshot.get_by_id(kept.snapshot_id)
