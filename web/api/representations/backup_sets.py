"""Backup sets: what one backup captured of one tenant, and what it could not."""

from collections.abc import Sequence
from typing import Any, NotRequired

from typing_extensions import TypedDict

from db.models import BackupSet
from db.states import SetState
from web.api.representations.values import Id, ReferenceJson, Time, time, time_or_none


class BackupSetJson(TypedDict):
    """A backup set. `policy_types` and `policies` say what was asked for; both null: the whole tenant."""

    id: Id
    tenant: ReferenceJson
    name: str | None
    state: SetState
    is_full: bool
    policy_types: list[str] | None
    policies: list[Id] | None
    items: int
    run: Id | None
    created_at: Time
    completed_at: Time | None
    pinned_reason: str | None


class SetTypeJson(TypedDict):
    """A policy type of a backup set: how many policies were listed, and how many had each outcome."""

    policy_type: str
    state: str
    listed: int
    outcomes: dict[str, int]
    message: str | None


class SetProblemJson(TypedDict):
    """A policy that could not be read, and why."""

    policy_type: str
    policy: Id | None
    name: str
    reason: str | None
    message: str | None


class WholeSetJson(BackupSetJson):
    """A backup set with what was read of each policy type, and everything that could not be."""

    types: list[SetTypeJson]
    problems: list[SetProblemJson]


class _Selection(TypedDict):
    policy_types: NotRequired[list[str]]
    policies: NotRequired[list[int]]


# Of a type's row: no counts of outcomes.
_NO_OUTCOMES = {"state", "offer", "listed", "message", "known", "before"}


def many(rows: Sequence[BackupSet]) -> list[BackupSetJson]:
    return [backup_set(row) for row in rows]


def backup_set(row: BackupSet) -> BackupSetJson:
    selection: _Selection = row.selection or {}
    return {
        "id": row.id,
        "tenant": {"id": row.tenant_id, "name": row.tenant.name},
        "name": row.name,
        "state": row.state,
        "is_full": row.is_full,
        "policy_types": selection.get("policy_types"),
        "policies": selection.get("policies"),
        "items": row.manifest.count if row.manifest_id else 0,
        "run": row.run_id,
        "created_at": time(row.created_at),
        "completed_at": time_or_none(row.completed_at),
        "pinned_reason": row.pinned_reason,
    }


def whole(row: BackupSet) -> WholeSetJson:
    return {
        **backup_set(row),
        "types": [_type(policy_type, facts) for policy_type, facts in sorted(row.types.items())],
        "problems": [
            {
                "policy_type": problem["policy_type"],
                "policy": problem["policy"],
                "name": problem["name"],
                "reason": problem["reason"],
                "message": problem["message"],
            }
            for problem in row.problems
        ],
    }


def _type(policy_type: str, facts: dict[str, Any]) -> SetTypeJson:
    outcomes = {name: count for name, count in facts.items() if name not in _NO_OUTCOMES and isinstance(count, int)}
    return {
        "policy_type": policy_type,
        "state": facts.get("state", ""),
        "listed": facts.get("listed", 0),
        "outcomes": outcomes,
        "message": facts.get("message"),
    }
