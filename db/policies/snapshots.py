"""Snapshots and the contents behind them: compressed, sealed, once per tenant and fingerprint.

Why not shared between tenants: docs/decisions/0009-contents-once-per-tenant.md.
"""

import json
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import database, lock_rows
from db.encryption import keyring
from db.models import Content, Policy, Run, Snapshot
from db.sql.value_lists import batched, is_in
from db.states import Outcome, PolicyState

# A content that nobody refers to stays for so long: a capture under way may be about to refer to it.
MIN_CONTENT_AGE = timedelta(days=1)
# Who is about to refer to an older one makes it young again. Long before it could go, and not at every turn.
RENEW_AFTER = MIN_CONTENT_AGE / 2


@dataclass(frozen=True)
class SnapshotDraft:
    """A policy as Graph gave it, to be saved.

    It is sealed before the transaction that saves it, which has to be short.
    """

    policy_id: int
    sealed: bytes
    plain_bytes: int
    fingerprint: str
    # Before the first request: what somebody changed later may not be in it.
    read_at: datetime
    assignments_mark: str
    name: str
    modified_at: datetime | None
    proof: Mapping[str, Any]
    references: Mapping[str, Any]
    # The newest snapshot's content, where that says the same by what is called equal today: its fingerprint may be of
    # an earlier version of the rules.
    same_as: int | None = None

    @classmethod
    def of(cls, policy: Policy, content: Mapping[str, Any], fingerprint: str, **facts: Any) -> "SnapshotDraft":
        sealed, plain_bytes = _seal_content(policy.tenant_id, content, fingerprint)
        return cls(policy.id, sealed, plain_bytes, fingerprint, **facts)


def _seal_content(tenant_id: int, content: Mapping[str, Any], fingerprint: str) -> tuple[bytes, int]:
    plain = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")
    return keyring().seal(zlib.compress(plain, 6), content_owner(tenant_id, fingerprint)), len(plain)


def save_content(tenant_id: int, content: Mapping[str, Any], fingerprint: str) -> int:
    """Save a content without a snapshot, as a restore saw it or got it in a file. Return its id."""
    return _save_contents(tenant_id, {fingerprint: lambda: _seal_content(tenant_id, content, fingerprint)})[fingerprint]


# What a content is kept as, once it is known that nobody has it yet: (sealed, how long it is without).
SealContent = Callable[[], tuple[bytes, int]]


def _save_contents(tenant_id: int, makes: Mapping[str, SealContent]) -> dict[str, int]:
    """Return fingerprint -> content id, creating those that are not there. None of them is deleted soon."""
    found = _ids_of_known_contents(tenant_id, list(makes))
    rows = [
        {"tenant": tenant_id, "fingerprint": mark, "sealed": sealed, "plain_bytes": plain_bytes}
        for mark, (sealed, plain_bytes) in ((mark, make()) for mark, make in makes.items() if mark not in found)
    ]
    if not rows:
        return found
    # Another may have made it since: then its row is taken, and held until we refer to it.
    made = Content.insert_many(rows).on_conflict(
        conflict_target=[Content.tenant, Content.fingerprint], update={Content.created_at: utcnow()}
    )
    return found | dict(made.returning(Content.fingerprint, Content.id).tuples().execute())


def _ids_of_known_contents(tenant_id: int, marks: Sequence[str]) -> dict[str, int]:
    """Return fingerprint -> content id for those that are there, and make old ones young again."""
    there = (Content.tenant == tenant_id) & Content.fingerprint.in_(list(marks))
    rows = Content.select(Content.fingerprint, Content.id, Content.created_at).where(there).order_by(Content.id)
    found = {mark: (content_id, created_at) for mark, content_id, created_at in rows.tuples()}
    oldest = utcnow() - RENEW_AFTER
    young = {mark: content_id for mark, (content_id, created_at) in found.items() if created_at > oldest}
    old = [content_id for content_id, created_at in found.values() if created_at <= oldest]
    # What goes in this very moment is not renewed, and is made anew.
    return young | _renew(old)


def _renew(content_ids: Sequence[int]) -> dict[str, int]:
    if not content_ids:
        return {}
    lock_rows(Content, Content.id.in_(list(content_ids)))
    renewed = Content.update(created_at=utcnow()).where(Content.id.in_(list(content_ids)))
    return dict(renewed.returning(Content.fingerprint, Content.id).tuples().execute())


@dataclass(frozen=True)
class SavedSnapshot:
    snapshot_id: int
    outcome: Outcome


def save(run: Run, reads: Sequence[SnapshotDraft]) -> dict[int, SavedSnapshot]:
    """Return policy id -> its snapshot. Content equal to the newest snapshot's confirms that one instead of adding
    another.

    All in a few statements, whatever their number: a backup saves twenty at a time.
    """
    if not reads:
        return {}
    now = utcnow()
    with database.atomic():
        lock_rows(Policy, Policy.id.in_([read.policy_id for read in reads]))
        newest = {one.policy_id: one for one in _newest_snapshots([read.policy_id for read in reads])}
        same = [read for read in reads if _is_same(read, newest.get(read.policy_id))]
        others = [read for read in reads if not _is_same(read, newest.get(read.policy_id))]
        _confirm([(newest[read.policy_id], read) for read in same])
        made = _add(run, others)
        _update_policies(now, reads, {read.policy_id for read in others})
    unchanged = {read.policy_id: SavedSnapshot(newest[read.policy_id].id, Outcome.UNCHANGED) for read in same}
    return unchanged | {
        policy_id: SavedSnapshot(snapshot_id, Outcome.CAPTURED) for policy_id, snapshot_id in made.items()
    }


def _is_same(read: SnapshotDraft, newest: Snapshot | None) -> bool:
    return newest is not None and (newest.content.fingerprint == read.fingerprint or newest.content_id == read.same_as)


def _newest_snapshots(policy_ids: Sequence[int]) -> Any:
    ids = Snapshot.select(pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(policy_ids)).group_by(Snapshot.policy)
    return _with_content().where(Snapshot.id.in_(ids))


def _confirm(pairs: Sequence[tuple[Snapshot, SnapshotDraft]]) -> None:
    if pairs:
        when = pw.Case(Snapshot.id, [(snapshot.id, read.read_at) for snapshot, read in pairs], Snapshot.confirmed_at)
        Snapshot.update(confirmed_at=when).where(Snapshot.id.in_([snapshot.id for snapshot, _ in pairs])).execute()
    for snapshot, read in pairs:
        told = {"modified_at": read.modified_at, "proof": read.proof, "references": read.references}
        if any(getattr(snapshot, name) != value for name, value in told.items()):
            Snapshot.update(**told).where(Snapshot.id == snapshot.id).execute()


def _add(run: Run, reads: Sequence[SnapshotDraft]) -> dict[int, int]:
    """Return policy id -> the new snapshot's id."""
    if not reads:
        return {}
    makes = {read.fingerprint: partial(_sealed_content, read) for read in sorted(reads, key=attrgetter("fingerprint"))}
    contents = _save_contents(run.tenant_id, makes)
    rows = [
        {
            "tenant": run.tenant_id,
            "policy": read.policy_id,
            "content": contents[read.fingerprint],
            "run": run.id,
            "captured_by": run.requested_by_id,
            "captured_at": read.read_at,
            "confirmed_at": read.read_at,
            "name": read.name,
            "modified_at": read.modified_at,
            "proof": read.proof,
            "references": read.references,
        }
        for read in reads
    ]
    return dict(Snapshot.insert_many(rows).returning(Snapshot.policy, Snapshot.id).tuples().execute())


def _sealed_content(read: SnapshotDraft) -> tuple[bytes, int]:
    return read.sealed, read.plain_bytes


def _update_policies(now: datetime, reads: Sequence[SnapshotDraft], captured: set[int]) -> None:
    """Make the policies' rows say what their newest snapshots say."""
    ids = [read.policy_id for read in reads]
    Policy.update(
        last_captured_at=pw.Case(Policy.id, [(read.policy_id, read.read_at) for read in reads], now),
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


def read_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot's document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    return read_content(snapshot.content_id)


def read_content(content_id: int) -> dict[str, Any]:
    """Return the document of a content. Raises SealError."""
    content = Content.get_by_id(content_id)
    sealed = keyring().unseal(content.sealed, content_owner(content.tenant_id, content.fingerprint))
    found: dict[str, Any] = json.loads(zlib.decompress(sealed).decode("utf-8", "surrogatepass"))
    return found


def with_own_id(document: dict[str, Any], graph_id: str) -> dict[str, Any]:
    """Put the policy's own id into the document: equal contents are stored once, with the id of their first policy."""
    if isinstance(document["body"].get("id"), str):
        document["body"]["id"] = graph_id.rpartition("/")[2]
    return document


def _with_content() -> Any:
    """Return a query of snapshots with fingerprint and size, newest first; the sealed body stays in the database."""
    return (
        Snapshot.select(Snapshot, Content.id, Content.fingerprint, Content.plain_bytes)
        .join(Content)
        .order_by(Snapshot.id.desc())
    )


def latest(policy: Policy) -> Snapshot | None:
    return _with_content().where(Snapshot.policy == policy).first()


def of_policy(policy: Policy, limit: int, offset: int = 0) -> list[Snapshot]:
    """Return the policy's snapshots, newest first."""
    return list(_with_content().where(Snapshot.policy == policy).limit(limit).offset(offset))


def previous(snapshot: Snapshot) -> Snapshot | None:
    """Return the snapshot of the same policy just before this one."""
    return _with_content().where((Snapshot.policy == snapshot.policy_id) & (Snapshot.id < snapshot.id)).first()


def with_policies(ids: Sequence[int]) -> Any:
    """Return a query of these snapshots, each with its policy, its fingerprint and its size; without an order."""
    fields = (Snapshot, Policy, Content.id, Content.fingerprint, Content.plain_bytes)
    joined = Snapshot.select(*fields).join(Policy).switch(Snapshot).join(Content)
    return joined.where(is_in(Snapshot.id, ids))


def load_with_policies(ids: Sequence[int]) -> list[Snapshot]:
    """Return these snapshots, however many, each with its policy."""
    rows: list[Snapshot] = []
    for some_ids in batched(ids):
        query = Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_(some_ids))
        rows += list(query.order_by(Snapshot.id))
    return rows
