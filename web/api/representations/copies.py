"""Copies elsewhere: the stores, the sets in them and on their way, and recovery keys. Nothing that signs in."""

from collections.abc import Sequence

from typing_extensions import TypedDict

from db.clock import utcnow
from db.copies import copied_contents, copied_sets, recovery_keys, standing
from db.models import CopiedSet, CopyStore, RecoveryKey
from db.states import CopyState, LockState
from web.api.representations.values import Id, ReferenceJson, Time, reference, time, time_or_none


class StoreJson(TypedDict):
    """A store of copies. `sets`: state to number of backup sets. `findings`: what is wrong, in sentences.

    `state_at`: when everything that is in no set was pushed last; null where it was not, or was asked for anew.
    """

    id: Id
    name: str
    address: str
    is_active: bool
    needs_lock: bool
    copy_days: int
    lock: LockState
    checked_at: Time | None
    verified_at: Time | None
    state_at: Time | None
    newest_copy_at: Time | None
    sets: dict[str, int]
    contents: int
    bytes: int
    recovery_keys: list[ReferenceJson]
    error: str | None
    findings: list[str]


class CopiedSetJson(TypedDict):
    """A backup set in a store, or on its way there. `number` stays when the set is deleted here.

    `run` pushes it, or did. `message`: why that failed, or what the copy lacks. `left_out`: how many policies are not
    in it, since their contents could not be opened here.
    """

    id: Id
    number: Id
    backup_set: Id | None
    directory_id: str
    tenant_name: str
    state: CopyState
    set_at: Time
    copied_at: Time | None
    kept_until: Time | None
    locked_until: Time | None
    contents: int
    pushed_contents: int
    pushed_bytes: int
    left_out: int
    run: Id | None
    message: str | None


class RecoveryKeyJson(TypedDict):
    """The public half of a recovery key, the stores that are sealed to it, and when somebody last proved to have it."""

    id: Id
    name: str
    public_key: str
    stores: list[ReferenceJson]
    created_at: Time
    proven_at: Time | None
    is_proven: bool
    retired_at: Time | None


def stores(rows: Sequence[CopyStore]) -> list[StoreJson]:
    keys = recovery_keys.all_keys()
    return [_store(row, keys) for row in rows]


def store(row: CopyStore) -> StoreJson:
    return stores([row])[0]


def _store(row: CopyStore, keys: Sequence[RecoveryKey]) -> StoreJson:
    count, stored_bytes = copied_contents.totals(row)
    newest, states = copied_sets.newest(row), copied_sets.count_by_state(row)
    return {
        "id": row.id,
        "name": row.name,
        "address": row.address,
        "is_active": row.is_active,
        "needs_lock": row.needs_lock,
        "copy_days": row.copy_days,
        "lock": LockState(row.lock_state),
        "checked_at": time_or_none(row.checked_at),
        "verified_at": time_or_none(row.verified_at),
        "state_at": time_or_none(row.state_at),
        "newest_copy_at": time_or_none(newest.copied_at) if newest else None,
        "sets": {str(state): states.get(state, 0) for state in CopyState},
        "contents": count,
        "bytes": stored_bytes,
        "recovery_keys": [reference(key) for key in keys if key.recipient in row.recipients],
        "error": row.error,
        "findings": [finding.sentence for finding in standing.of_store(row, utcnow())],
    }


def sets(rows: Sequence[CopiedSet]) -> list[CopiedSetJson]:
    return [
        {
            "id": row.id,
            "number": row.set_number,
            "backup_set": row.backup_set_id,
            "directory_id": row.directory_id,
            "tenant_name": row.tenant_name,
            "state": CopyState(row.state),
            "set_at": time(row.set_at),
            "copied_at": time_or_none(row.copied_at),
            "kept_until": time_or_none(row.kept_until),
            "locked_until": time_or_none(row.locked_until),
            "contents": row.contents,
            "pushed_contents": row.pushed_contents,
            "pushed_bytes": row.pushed_bytes,
            "left_out": row.left_out,
            "run": row.run_id,
            "message": row.message,
        }
        for row in rows
    ]


def keys(rows: Sequence[RecoveryKey]) -> list[RecoveryKeyJson]:
    now = utcnow()
    return [
        {
            "id": row.id,
            "name": row.name,
            "public_key": row.recipient,
            "stores": [reference(sealed) for sealed in recovery_keys.stores_of(row)],
            "created_at": time(row.created_at),
            "proven_at": time_or_none(row.proven_at),
            "is_proven": recovery_keys.is_proven(row, now),
            "retired_at": time_or_none(row.retired_at),
        }
        for row in rows
    ]
