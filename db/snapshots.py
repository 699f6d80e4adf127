"""Snapshots and the contents behind them: compressed, sealed, once per tenant and fingerprint."""

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from db.clock import utcnow
from db.database import database
from db.models import Content, Policy, Run, Snapshot
from db.sealing import keyring
from db.states import Outcome, PolicyState


def store(
    policy: Policy,
    run: Run,
    *,
    content: Mapping[str, Any],
    fingerprint: str,
    assignments_mark: str,
    name: str,
    modified_at: datetime | None,
    proof: Mapping[str, Any],
    references: Mapping[str, Any],
) -> tuple[Snapshot, Outcome]:
    """Keep a reading. The same content as the newest snapshot's confirms that one instead of making another."""
    now = utcnow()
    with database.atomic():
        newest = latest(policy)
        if newest and newest.content.fingerprint == fingerprint:
            Snapshot.update(confirmed_at=now, modified_at=modified_at, proof=proof, references=references).where(
                Snapshot.id == newest.id
            ).execute()
            _follow(policy, now, name, assignments_mark, added=0)
            return newest, Outcome.UNCHANGED
        snapshot = Snapshot.create(
            tenant=policy.tenant_id,
            policy=policy,
            content=_content(policy.tenant_id, fingerprint, content),
            run=run,
            captured_by=run.requested_by_id,
            captured_at=now,
            confirmed_at=now,
            name=name,
            modified_at=modified_at,
            proof=proof,
            references=references,
        )
        _follow(policy, now, name, assignments_mark, added=1)
    return snapshot, Outcome.CAPTURED


def _follow(policy: Policy, now: datetime, name: str, assignments_mark: str, added: int) -> None:
    Policy.update(
        last_captured_at=now,
        last_seen_at=now,
        name=name,
        assignments_mark=assignments_mark,
        state=PolicyState.PRESENT,
        gone_at=None,
        snapshot_count=Policy.snapshot_count + added,
    ).where(Policy.id == policy.id).execute()


def _content(tenant_id: int, fingerprint: str, content: Mapping[str, Any]) -> int:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    sealed = keyring().seal(zlib.compress(plain, 6), content_owner(tenant_id, fingerprint))
    Content.insert(
        tenant=tenant_id, fingerprint=fingerprint, sealed=sealed, plain_bytes=len(plain)
    ).on_conflict_ignore().execute()
    return int(
        Content.select(Content.id).where((Content.tenant == tenant_id) & (Content.fingerprint == fingerprint)).scalar()
    )


def content_owner(tenant_id: int, fingerprint: str) -> str:
    return f"tenant:{tenant_id}:content:{fingerprint}"


def body(snapshot: Snapshot) -> dict[str, Any]:
    """The content document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    content = Content.get_by_id(snapshot.content_id)
    sealed = keyring().unseal(content.sealed, content_owner(content.tenant_id, content.fingerprint))
    document: dict[str, Any] = json.loads(zlib.decompress(sealed).decode("utf-8", "surrogatepass"))
    return document


def _with_content() -> Any:
    """Snapshots with their content's fingerprint and size, newest first; the sealed body stays in the database."""
    return (
        Snapshot.select(Snapshot, Content.id, Content.fingerprint, Content.plain_bytes)
        .join(Content)
        .order_by(Snapshot.id.desc())
    )


def latest(policy: Policy) -> Snapshot | None:
    return _with_content().where(Snapshot.policy == policy).first()


def of_policy(policy: Policy, limit: int = 100) -> list[Snapshot]:
    return list(_with_content().where(Snapshot.policy == policy).limit(limit))


def before(snapshot: Snapshot) -> Snapshot | None:
    """The snapshot of the same policy just before this one."""
    return _with_content().where((Snapshot.policy == snapshot.policy_id) & (Snapshot.id < snapshot.id)).first()
