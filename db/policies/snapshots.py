"""Snapshots and the contents behind them: compressed, sealed, once per tenant and fingerprint.

Why not shared between tenants: docs/decisions/0009-contents-once-per-tenant.md.
"""

import json
import zlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from operator import attrgetter
from types import MappingProxyType
from typing import Any

import peewee as pw

from db.clock import utcnow
from db.database import Condition, database, lock_rows
from db.encryption import SealError, keyring
from db.models import Content, Policy, Run, Snapshot, Tenant
from db.policies import change_recording, lost_bodies, policy_index
from db.policies.change_recording import SavedReading
from db.policies.policy_index import PolicyIndex
from db.sql import upserts
from db.sql.inserts import insert_rows
from db.sql.updates import update_rows
from db.sql.value_lists import batched, is_in
from db.states import Outcome, PolicyState, RunKind

# Opening a content that was lost, changed or cut short raises one of these.
NOT_OPENED = (SealError, zlib.error, ValueError)
# A content that nobody refers to stays for so long: a capture under way may be about to refer to it.
MIN_CONTENT_AGE = timedelta(days=1)
# An older one that is about to be referred to is made young again: long before it could go, and not every time.
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
    # The index has it already: of the newest snapshot, which it is equal to.
    is_indexed: bool = False
    # What is indexed of it, and words to find it by. None: it stays where it `is_indexed`, else it is made later.
    index: PolicyIndex | None = None
    words: str | None = None

    @classmethod
    def of(
        cls, policy: Policy, content: Mapping[str, Any], fingerprint: str, text: str = "", **facts: Any
    ) -> "SnapshotDraft":
        """Make a draft. `text`: the content as JSON without spaces, where the caller has it."""
        return cls(policy.id, *_seal_content(policy.tenant_id, content, fingerprint, text), fingerprint, **facts)


def _seal_content(tenant_id: int, content: Mapping[str, Any], fingerprint: str, text: str = "") -> tuple[bytes, int]:
    plain = (text or json.dumps(content, ensure_ascii=False, separators=(",", ":"))).encode("utf-8", "surrogatepass")
    return keyring().seal(zlib.compress(plain, 6), content_owner(tenant_id, fingerprint)), len(plain)


def save_content(tenant_id: int, content: Mapping[str, Any], fingerprint: str) -> int:
    """Save a content without a snapshot, as a restore saw it or got it in a file. Return its id."""
    return save_contents(tenant_id, {fingerprint: content})[fingerprint]


def save_contents(
    tenant_id: int, contents: Mapping[str, Mapping[str, Any]], texts: Mapping[str, str] = MappingProxyType({})
) -> dict[str, int]:
    """Save contents without snapshots. Return fingerprint -> id. `texts`: as JSON without spaces, of those known so.

    They are saved in order of their fingerprints: two transactions that save the same ones cannot deadlock.
    """
    seal = partial(_seal_content, tenant_id)
    sealers = {mark: partial(seal, contents[mark], mark, texts.get(mark, "")) for mark in sorted(contents)}
    return _save_contents(tenant_id, sealers)


# Seals a content, once it is known that it is not there yet: (sealed, its plain size).
SealContent = Callable[[], tuple[bytes, int]]


def _save_contents(tenant_id: int, sealers: Mapping[str, SealContent]) -> dict[str, int]:
    """Return fingerprint -> content id, creating those that are not there. None of them is deleted soon."""
    known_ids = _ids_of_known_contents(tenant_id, list(sealers))
    lost_bodies.fill(tenant_id, {fingerprint: sealers[fingerprint] for fingerprint in known_ids}, packed_content)
    rows = [
        {"tenant": tenant_id, "fingerprint": fingerprint, "sealed": sealed, "plain_bytes": plain_bytes}
        for fingerprint, (sealed, plain_bytes) in (
            (fingerprint, make()) for fingerprint, make in sealers.items() if fingerprint not in known_ids
        )
    ]
    if not rows:
        return known_ids
    # Another may have made it since: then its row is taken, and held until we refer to it.
    taken = upserts.renewing((Content.tenant, Content.fingerprint), (Content.created_at,))
    return known_ids | dict(insert_rows(Content, rows, on_conflict=taken, returning=(Content.fingerprint, Content.id)))


def _ids_of_known_contents(tenant_id: int, fingerprints: Sequence[str]) -> dict[str, int]:
    """Return fingerprint -> content id for those that are there, and make old ones young again."""
    is_known = (Content.tenant == tenant_id) & is_in(Content.fingerprint, fingerprints)
    rows = Content.select(Content.fingerprint, Content.id, Content.created_at).where(is_known).order_by(Content.id)
    known = {fingerprint: (content_id, created_at) for fingerprint, content_id, created_at in rows.tuples()}
    oldest = utcnow() - RENEW_AFTER
    young = {fingerprint: content_id for fingerprint, (content_id, created_at) in known.items() if created_at > oldest}
    old = [content_id for content_id, created_at in known.values() if created_at <= oldest]
    # One that is deleted at this very moment is not renewed, and is created anew.
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


def save(run: Run, drafts: Sequence[SnapshotDraft]) -> dict[int, SavedSnapshot]:
    """Save the drafts. Return policy id -> its snapshot.

    A draft that equals the policy's newest snapshot confirms that one. Any other is added, and is recorded as a change
    in the same transaction. It takes a few statements, whatever their number: a backup saves eighty at a time.
    """
    if not drafts:
        return {}
    now = utcnow()
    with database.atomic():
        ids = [draft.policy_id for draft in drafts]
        lock_rows(Policy, is_in(Policy.id, ids))
        known = {policy.id: policy for policy in _as_known(ids)}
        newest = change_recording.newest_snapshots([policy.id for policy in known.values() if policy.last_captured_at])
        overtaken = {draft.policy_id for draft in drafts if _is_overtaken(run, draft, newest.get(draft.policy_id), now)}
        timely = [draft for draft in drafts if draft.policy_id not in overtaken]
        unchanged_drafts = [draft for draft in timely if _is_same(draft, newest.get(draft.policy_id))]
        changed_drafts = [draft for draft in timely if not _is_same(draft, newest.get(draft.policy_id))]
        policy_index.record({draft.policy_id: draft.index for draft in timely if draft.index is not None})
        unindexed = [draft.policy_id for draft in timely if draft.index is None and not draft.is_indexed]
        policy_index.forget([policy_id for policy_id in unindexed if known[policy_id].index_version is not None])
        _confirm([(newest[draft.policy_id], draft) for draft in unchanged_drafts])
        lost_bodies.fill(run.tenant_id, _sealers(unchanged_drafts), packed_content)
        added = _add(run, changed_drafts)
        _update_policies(now, timely, known, added.keys())
        readings = [_saved_reading(draft, known, newest, added) for draft in timely]
        change_recording.record_saved(run, readings)
    unchanged_ids = set(ids) - added.keys()
    unchanged = {policy_id: SavedSnapshot(newest[policy_id].id, Outcome.UNCHANGED) for policy_id in unchanged_ids}
    return unchanged | {policy_id: SavedSnapshot(number, Outcome.CAPTURED) for policy_id, number in added.items()}


def _as_known(policy_ids: Sequence[int]) -> Any:
    columns = (Policy.id, Policy.state, Policy.gone_at, Policy.last_seen_at, Policy.assignments_mark,
               Policy.last_captured_at, Policy.snapshot_count, Policy.index_version)  # fmt: skip
    return Policy.select(*columns).where(is_in(Policy.id, policy_ids))


def _is_overtaken(run: Run, draft: SnapshotDraft, newest: Snapshot | None, now: datetime) -> bool:
    """Tell whether a reading that began later was saved already, with other content.

    Saving the older one now would record two changes that nobody made. A time ahead of now was set by a clock that was
    set back since. What a restore read always counts: it belongs to what the restore wrote.
    """
    if newest is None or run.kind == RunKind.RESTORE or _is_same(draft, newest):
        return False
    return bool(draft.read_at < newest.captured_at <= now)


def _is_same(draft: SnapshotDraft, newest: Snapshot | None) -> bool:
    return newest is not None and (
        newest.content.fingerprint == draft.fingerprint or newest.content_id == draft.same_as
    )


def _saved_reading(
    draft: SnapshotDraft, known: Mapping[int, Policy], newest: Mapping[int, Snapshot], added: Mapping[int, int]
) -> SavedReading:
    policy, before = known[draft.policy_id], newest.get(draft.policy_id)
    is_new = draft.policy_id in added or before is None
    was_gone = policy.state == PolicyState.GONE
    return SavedReading(
        policy.id,
        before,
        after_id=added[policy.id] if before is None or is_new else before.id,
        after_mark=draft.fingerprint if before is None or is_new else before.content.fingerprint,
        is_new_content=is_new,
        gone_at=(policy.gone_at or policy.last_seen_at) if was_gone else None,
        was_not_read=policy.assignments_mark is None,
    )


def _confirm(pairs: Sequence[tuple[Snapshot, SnapshotDraft]]) -> None:
    if pairs:
        update_rows([Snapshot.confirmed_at], {snapshot.id: [draft.read_at] for snapshot, draft in pairs})
    for snapshot, draft in pairs:
        columns = {"modified_at": draft.modified_at, "proof": draft.proof, "references": draft.references}
        if any(getattr(snapshot, name) != value for name, value in columns.items()):
            Snapshot.update(**columns).where(Snapshot.id == snapshot.id).execute()


def _add(run: Run, drafts: Sequence[SnapshotDraft]) -> dict[int, int]:
    """Return policy id -> the new snapshot's id."""
    if not drafts:
        return {}
    contents = _save_contents(run.tenant_id, _sealers(drafts))
    rows = [
        {
            "tenant": run.tenant_id,
            "policy": draft.policy_id,
            "content": contents[draft.fingerprint],
            "run": run.id,
            "captured_by": run.requested_by_id,
            "captured_at": draft.read_at,
            "confirmed_at": draft.read_at,
            "name": draft.name,
            "modified_at": draft.modified_at,
            "proof": draft.proof,
            "references": draft.references,
        }
        for draft in drafts
    ]
    return dict(insert_rows(Snapshot, rows, returning=(Snapshot.policy, Snapshot.id)))


def _sealers(drafts: Sequence[SnapshotDraft]) -> dict[str, SealContent]:
    ordered = sorted(drafts, key=attrgetter("fingerprint"))
    return {draft.fingerprint: partial(attrgetter("sealed", "plain_bytes"), draft) for draft in ordered}


def _update_policies(
    now: datetime, drafts: Sequence[SnapshotDraft], known: Mapping[int, Policy], captured_ids: Collection[int]
) -> None:
    """Make the policies' rows, which are locked, say what their newest snapshots say."""
    if not drafts:
        return
    fields = [Policy.last_captured_at, Policy.name, Policy.assignments_mark, Policy.modified_at, Policy.words,
              Policy.snapshot_count]  # fmt: skip
    values = {
        draft.policy_id: [draft.read_at, draft.name, draft.assignments_mark, draft.modified_at, draft.words,
                          known[draft.policy_id].snapshot_count + (draft.policy_id in captured_ids)]
        for draft in drafts
    }  # fmt: skip
    of_all = {Policy.last_seen_at: now, Policy.state: PolicyState.PRESENT, Policy.gone_at: None}
    # A time or words that were not read stay what they were.
    update_rows(fields, values, of_all, kept=[Policy.modified_at, Policy.words])


def content_owner(tenant_id: int, fingerprint: str) -> str:
    return f"tenant:{tenant_id}:content:{fingerprint}"


def read_snapshot(snapshot: Snapshot) -> dict[str, Any]:
    """Return the snapshot's document: {"body": {...}, "assignments": [...] or None}. Raises SealError."""
    return read_content(snapshot.content_id)


def read_content(content_id: int) -> dict[str, Any]:
    """Return the document of a content. Raises SealError."""
    return open_content(Content.get_by_id(content_id))


def contents_by_id(content_ids: Iterable[int | None]) -> dict[int, Content]:
    """Return the rows of these contents, still sealed, by their ids."""
    rows = Content.select().where(is_in(Content.id, set(filter(None, content_ids))))
    return {content.id: content for content in rows}


def open_content(content: Content) -> dict[str, Any]:
    """Return the document of a row that was read. Raises SealError; zlib.error or ValueError for a damaged one."""
    document: dict[str, Any] = json.loads(zlib.decompress(packed_content(content)).decode("utf-8", "surrogatepass"))
    return document


def packed_content(content: Content) -> bytes:
    """Return the JSON of a content as it is kept: packed by zlib. Raises SealError."""
    return keyring().unseal(content.sealed, content_owner(content.tenant_id, content.fingerprint))


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


def of_policies(policies: Sequence[Policy], limit: int, offset: int = 0) -> list[Snapshot]:
    """Return the snapshots of one policy, or of all its lives, newest first."""
    ids = Snapshot.select(Snapshot.id).where(is_in(Snapshot.policy, [policy.id for policy in policies]))
    page = [row[0] for row in ids.order_by(Snapshot.id.desc()).limit(limit).offset(offset).tuples()]
    return list(_with_content().where(is_in(Snapshot.id, page)))


def newest_of_present(tenant: Tenant) -> list[Snapshot]:
    """Return the newest snapshot of each policy that the tenant has, with its policy; no content is opened."""
    is_present = (Policy.tenant == tenant) & (Policy.state == PolicyState.PRESENT)
    ids = Snapshot.select(pw.fn.MAX(Snapshot.id)).join(Policy).where(is_present).group_by(Snapshot.policy)
    query = Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_(ids))
    return list(query.order_by(Policy.policy_type, Policy.name, Policy.id))


def previous(snapshot: Snapshot) -> Snapshot | None:
    """Return the snapshot of the same policy just before this one."""
    return _with_content().where((Snapshot.policy == snapshot.policy_id) & (Snapshot.id < snapshot.id)).first()


def with_policies(ids: Sequence[int], policy_type: str = "", words: Iterable[str] = ()) -> Any:
    """Return a query of these snapshots, each with its policy, its fingerprint and its size; without an order.

    Narrowed to a policy type, and to those that have all words in their names.
    """
    fields = (Snapshot, Policy, Content.id, Content.fingerprint, Content.plain_bytes)
    joined = Snapshot.select(*fields).join(Policy).switch(Snapshot).join(Content)
    return joined.where(_is_listed(ids, policy_type, words))


def count_by_type(ids: Sequence[int], words: Iterable[str] = ()) -> dict[str, int]:
    """Return policy type -> how many of these snapshots are of it, and have all words in their names."""
    rows = Snapshot.select(Policy.policy_type, pw.fn.COUNT(Snapshot.id)).join(Policy)
    return dict(rows.where(_is_listed(ids, "", words)).group_by(Policy.policy_type).tuples())


def listed_ids(ids: Sequence[int], policy_type: str = "", words: Iterable[str] = ()) -> set[int]:
    """Return the ids of the snapshots of the policy type that have all words in their names."""
    rows = Snapshot.select(Snapshot.id).join(Policy).where(_is_listed(ids, policy_type, words))
    return {row[0] for row in rows.tuples()}


def _is_listed(ids: Sequence[int], policy_type: str, words: Iterable[str]) -> Condition:
    condition: Any = is_in(Snapshot.id, ids)
    if policy_type:
        condition &= Policy.policy_type == policy_type
    for word in words:
        condition &= Snapshot.name.contains(word)
    return condition


def load_with_tenants(ids: Sequence[int]) -> list[Snapshot]:
    """Return these snapshots by their ids, each with its policy and its tenant."""
    rows = Snapshot.select(Snapshot, Policy, Tenant).join(Policy).switch(Snapshot).join(Tenant)
    return list(rows.where(is_in(Snapshot.id, ids)).order_by(Snapshot.id))


def of_types(ids: Sequence[int], policy_types: Sequence[str]) -> list[Snapshot]:
    """Return the snapshots of these policy types, each with its policy, however many there are."""
    rows: list[Snapshot] = []
    for some_ids in batched(ids):
        query = Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_(some_ids))
        rows += list(query.where(Policy.policy_type.in_(list(policy_types))).order_by(Snapshot.id))
    return rows


def load_with_contents(ids: Sequence[int]) -> list[Snapshot]:
    """Return these few snapshots by their ids, each with its policy and its sealed content."""
    rows = Snapshot.select(Snapshot, Policy, Content).join(Policy).switch(Snapshot).join(Content)
    return list(rows.where(is_in(Snapshot.id, ids)).order_by(Snapshot.id))


def load_with_policies(ids: Sequence[int]) -> list[Snapshot]:
    """Return these snapshots, however many, each with its policy."""
    rows: list[Snapshot] = []
    for some_ids in batched(ids):
        query = Snapshot.select(Snapshot, Policy).join(Policy).where(Snapshot.id.in_(some_ids))
        rows += list(query.order_by(Snapshot.id))
    return rows
