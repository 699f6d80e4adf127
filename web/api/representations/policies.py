"""Policies, their snapshots, and what these hold: masked, as pages show it."""

from collections.abc import Sequence
from typing import Any

from typing_extensions import TypedDict

from actors.facade.snapshot_diff import Masking
from db.models import Policy, Snapshot
from db.policies import snapshots
from db.states import PolicyState
from web.api.representations.values import Id, ReferenceJson, Time, time, time_or_none


class PolicyJson(TypedDict):
    """A policy of a tenant. `is_changed`: the tenant shows it to be otherwise than its newest snapshot."""

    id: Id
    tenant: ReferenceJson
    policy_type: str
    graph_id: str
    name: str
    platform: str | None
    is_built_in: bool
    state: PolicyState
    is_changed: bool
    snapshots: int
    modified_at: Time | None
    first_seen_at: Time
    last_seen_at: Time
    last_captured_at: Time | None
    gone_at: Time | None


class SnapshotJson(TypedDict):
    """A capture of a policy. `confirmed_at`: the last time that the tenant had just this content still."""

    id: Id
    tenant: ReferenceJson
    policy: Id
    policy_type: str
    graph_id: str
    name: str
    captured_at: Time
    confirmed_at: Time
    modified_at: Time | None
    run: Id | None


class ContentJson(TypedDict):
    """The content of a snapshot with its secrets masked, and how many of these there are.

    `fingerprint` is that of the content; null where there is something masked, since it would tell who guesses that
    they guessed right.
    """

    snapshot: Id
    fingerprint: str | None
    masked: int
    document: dict[str, Any]


def policy(row: Policy) -> PolicyJson:
    return {
        "id": row.id,
        "tenant": {"id": row.tenant_id, "name": row.tenant.name},
        "policy_type": row.policy_type,
        "graph_id": row.graph_id,
        "name": row.name,
        "platform": row.platform,
        "is_built_in": row.is_built_in,
        "state": row.state,
        "is_changed": _is_changed(row),
        "snapshots": row.snapshot_count,
        "modified_at": time_or_none(row.modified_at),
        "first_seen_at": time(row.first_seen_at),
        "last_seen_at": time(row.last_seen_at),
        "last_captured_at": time_or_none(row.last_captured_at),
        "gone_at": time_or_none(row.gone_at),
    }


def _is_changed(row: Policy) -> bool:
    """Say what db.models.IS_CHANGED says of a row."""
    is_there, read = row.state == PolicyState.PRESENT, row.last_captured_at
    return is_there and (read is None or (row.modified_at is not None and row.modified_at > read))


def many(rows: Sequence[Policy]) -> list[PolicyJson]:
    return [policy(row) for row in rows]


def snapshot(row: Snapshot) -> SnapshotJson:
    return {
        "id": row.id,
        "tenant": {"id": row.tenant_id, "name": row.tenant.name},
        "policy": row.policy_id,
        "policy_type": row.policy.policy_type,
        "graph_id": row.policy.graph_id,
        "name": row.name,
        "captured_at": time(row.captured_at),
        "confirmed_at": time(row.confirmed_at),
        "modified_at": time_or_none(row.modified_at),
        "run": row.run_id,
    }


def many_snapshots(rows: Sequence[Snapshot]) -> list[SnapshotJson]:
    return [snapshot(row) for row in rows]


def content(row: Snapshot) -> ContentJson:
    """Raises SealError."""
    hide = Masking()
    document = hide(snapshots.with_own_id(snapshots.read_snapshot(row), row.policy.graph_id))
    return {
        "snapshot": row.id,
        "fingerprint": None if hide.count else row.content.fingerprint,
        "masked": hide.count,
        "document": document,
    }
