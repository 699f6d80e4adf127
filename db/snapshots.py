"""Snapshots and the contents behind them: compressed, sealed, once per tenant and fingerprint."""

import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import peewee as pw

from db import policies, upserts
from db.clock import utcnow
from db.database import database
from db.models import Content, Policy, Run, Snapshot
from db.sealing import keyring
from db.states import Outcome, PolicyState

CONTENT_KEY = (Content.tenant, Content.fingerprint)


@dataclass(frozen=True)
class Read:
    """One policy as Graph gave it, to be kept. Sealed before the transaction that keeps it, which has to be short."""

    policy_id: int
    sealed: bytes
    plain_bytes: int
    fingerprint: str
    assignments_mark: str
    name: str
    modified_at: datetime | None
    proof: Mapping[str, Any]
    references: Mapping[str, Any]

    @classmethod
    def of(cls, policy: Policy, content: Mapping[str, Any], fingerprint: str, **facts: Any) -> "Read":
        sealed, plain_bytes = _sealed(policy.tenant_id, content, fingerprint)
        return cls(policy.id, sealed, plain_bytes, fingerprint, **facts)


def _sealed(tenant_id: int, content: Mapping[str, Any], fingerprint: str) -> tuple[bytes, int]:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return keyring().seal(zlib.compress(plain, 6), content_owner(tenant_id, fingerprint)), len(plain)


def keep_content(tenant_id: int, content: Mapping[str, Any], fingerprint: str) -> int:
    """The id of this content without a snapshot of it: what a restore saw, or was given as a file."""
    mine = (Content.tenant == tenant_id) & (Content.fingerprint == fingerprint)
    sealed, plain_bytes = _sealed(tenant_id, content, fingerprint)
    row = {"tenant": tenant_id, "fingerprint": fingerprint, "sealed": sealed, "plain_bytes": plain_bytes}
    upserts.add(Content, CONTENT_KEY, [row])
    return int(Content.select(Content.id).where(mine).tuples().first()[0])


@dataclass(frozen=True)
class Kept:
    snapshot_id: int
    outcome: Outcome


def keep(run: Run, reads: Sequence[Read]) -> dict[int, Kept]:
    """Policy id -> its snapshot. The same content as the newest snapshot's confirms that one instead of making another.

    All in a few statements, whatever their number: a backup keeps twenty at a time.
    """
    if not reads:
        return {}
    now = utcnow()
    with database.atomic():
        newest = {one.policy_id: one for one in _newest([read.policy_id for read in reads])}
        same = [read for read in reads if _is_same(read, newest.get(read.policy_id))]
        others = [read for read in reads if not _is_same(read, newest.get(read.policy_id))]
        _confirm(now, [(newest[read.policy_id], read) for read in same])
        made = _add(run, now, others)
        _follow(now, reads, {read.policy_id for read in others})
    unchanged = {read.policy_id: Kept(newest[read.policy_id].id, Outcome.UNCHANGED) for read in same}
    return unchanged | {policy_id: Kept(snapshot_id, Outcome.CAPTURED) for policy_id, snapshot_id in made.items()}


def _is_same(read: Read, newest: Snapshot | None) -> bool:
    return newest is not None and newest.content.fingerprint == read.fingerprint


def _newest(policy_ids: Sequence[int]) -> Any:
    ids = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(policy_ids)).group_by(Snapshot.policy)
    return _with_content().where(Snapshot.id.in_(ids))


def _confirm(now: datetime, pairs: Sequence[tuple[Snapshot, Read]]) -> None:
    if pairs:
        Snapshot.update(confirmed_at=now).where(Snapshot.id.in_([snapshot.id for snapshot, _ in pairs])).execute()
    for snapshot, read in pairs:
        told = {"modified_at": read.modified_at, "proof": read.proof, "references": read.references}
        if any(getattr(snapshot, name) != value for name, value in told.items()):
            Snapshot.update(**told).where(Snapshot.id == snapshot.id).execute()


def _add(run: Run, now: datetime, reads: Sequence[Read]) -> dict[int, int]:
    """Policy id -> the new snapshot's id."""
    if not reads:
        return {}
    contents = _contents(run.tenant_id, reads)
    rows = [
        {
            "tenant": run.tenant_id,
            "policy": read.policy_id,
            "content": contents[read.fingerprint],
            "run": run.id,
            "captured_by": run.requested_by_id,
            "captured_at": now,
            "confirmed_at": now,
            "name": read.name,
            "modified_at": read.modified_at,
            "proof": read.proof,
            "references": read.references,
        }
        for read in reads
    ]
    return dict(Snapshot.insert_many(rows).returning(Snapshot.policy, Snapshot.id).tuples().execute())


def _contents(tenant_id: int, reads: Sequence[Read]) -> dict[str, int]:
    """Fingerprint -> content id."""
    rows = [
        {"tenant": tenant_id, "fingerprint": mark, "sealed": read.sealed, "plain_bytes": read.plain_bytes}
        for mark, read in {read.fingerprint: read for read in reads}.items()
    ]
    upserts.add(Content, CONTENT_KEY, rows)
    of_tenant = Content.select(Content.fingerprint, Content.id).where(Content.tenant == tenant_id)
    return dict(of_tenant.where(Content.fingerprint.in_([read.fingerprint for read in reads])).tuples())


def _follow(now: datetime, reads: Sequence[Read], captured: set[int]) -> None:
    """The policies' rows say what their newest snapshots say."""
    ids = [read.policy_id for read in reads]
    policies.lock(Policy.id.in_(ids))
    Policy.update(
        last_captured_at=now,
        last_seen_at=now,
        name=pw.Case(Policy.id, [(read.policy_id, read.name) for read in reads], Policy.name),
        assignments_mark=pw.Case(Policy.id, [(read.policy_id, read.assignments_mark) for read in reads], None),
        state=PolicyState.PRESENT,
        gone_at=None,
    ).where(Policy.id.in_(ids)).execute()
    if captured:
        Policy.update(snapshot_count=Policy.snapshot_count + 1).where(Policy.id.in_(captured)).execute()


def content_owner(tenant_id: int, fingerprint: str) -> str:
    return f"tenant:{tenant_id}:content:{fingerprint}"


def body(snapshot: Snapshot) -> dict[str, Any]:
    """The content document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    return document(snapshot.content_id)


def document(content_id: int) -> dict[str, Any]:
    """As `body`, of a content."""
    content = Content.get_by_id(content_id)
    sealed = keyring().unseal(content.sealed, content_owner(content.tenant_id, content.fingerprint))
    found: dict[str, Any] = json.loads(zlib.decompress(sealed).decode("utf-8", "surrogatepass"))
    return found


def _with_content() -> Any:
    """Snapshots with their content's fingerprint and size, newest first; the sealed body stays in the database."""
    return (
        Snapshot.select(Snapshot, Content.id, Content.fingerprint, Content.plain_bytes)
        .join(Content)
        .order_by(Snapshot.id.desc())
    )


def latest(policy: Policy) -> Snapshot | None:
    return _with_content().where(Snapshot.policy == policy).first()


def of_policy(policy: Policy, limit: int, offset: int = 0) -> list[Snapshot]:
    """Newest first."""
    return list(_with_content().where(Snapshot.policy == policy).limit(limit).offset(offset))


def before(snapshot: Snapshot) -> Snapshot | None:
    """The snapshot of the same policy just before this one."""
    return _with_content().where((Snapshot.policy == snapshot.policy_id) & (Snapshot.id < snapshot.id)).first()
