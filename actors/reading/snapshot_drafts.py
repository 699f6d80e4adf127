"""Drafts of snapshots: what was read of policies, made ready before the transaction that saves it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from actors.reading import policy_index
from actors.reading.policy_targets import NamesByKind
from actors.reading.policy_words import words_of_policies
from db.encryption import SealError
from db.models import Policy, Snapshot
from db.policies import change_recording, snapshots
from db.policies.policy_index import PolicyIndex
from db.policies.snapshots import SnapshotDraft
from graph.content.fingerprint import fingerprints
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading
from graph.write import additions


@dataclass(frozen=True)
class ReadPolicy:
    """A policy of ours and what was read of it. `read_at`: a time before the first request."""

    policy: Policy
    reading: Reading
    read_at: datetime


def make_draft(policy: Policy, reading: Reading, read_at: datetime) -> SnapshotDraft:
    return make_drafts([ReadPolicy(policy, reading, read_at)])[policy.id]


def make_drafts(read: Sequence[ReadPolicy], *, is_indexed_later: bool = False) -> dict[int, SnapshotDraft]:
    """Return policy id -> its draft. One look into the database for all newest snapshots.

    `is_indexed_later`: nobody waits for the searches that the index is for; the work is left to whoever fills it in.
    """
    newest = change_recording.newest_snapshots([each.policy.id for each in read if each.policy.last_captured_at])
    drafts = {each.policy.id: _draft(each, newest.get(each.policy.id)) for each in read}
    return drafts if is_indexed_later else _with_index(read, drafts)


def _with_index(read: Sequence[ReadPolicy], drafts: Mapping[int, SnapshotDraft]) -> dict[int, SnapshotDraft]:
    """Return the drafts with the words and the index that they lack. One look into the database for all words."""
    words = words_of_policies([(each.policy.policy_type, each.reading.content) for each in read])
    return {
        each.policy.id: replace(
            drafts[each.policy.id],
            words=of_policy,
            index=None if drafts[each.policy.id].is_indexed else _index(each.policy.policy_type, each.reading),
        )
        for each, of_policy in zip(read, words, strict=True)
    }


def _draft(read: ReadPolicy, newest: Snapshot | None) -> SnapshotDraft:
    policy, reading = read.policy, read.reading
    policy_type = POLICY_TYPES[policy.policy_type]
    content_fingerprint, assignments_mark = fingerprints(policy_type, reading.content)
    is_same = newest is not None and newest.content.fingerprint == content_fingerprint
    is_indexed = is_same and policy.index_version == policy_index.VERSION and _is_as_gone(newest, reading)
    return SnapshotDraft.of(
        policy,
        reading.content,
        content_fingerprint,
        reading.text,
        read_at=read.read_at,
        assignments_mark=assignments_mark,
        name=reading.name,
        modified_at=reading.modified_at,
        proof=reading.proof,
        references=reading.references,
        same_as=None if is_same else _same_as(policy, reading, newest),
        is_indexed=is_indexed,
    )


def _is_as_gone(newest: Snapshot | None, reading: Reading) -> bool:
    """Tell whether the same groups and filters are deleted as when the index was made: that is no part of a content."""
    known: NamesByKind = newest.references if newest else {}
    return all(_deleted(known, kind) == _deleted(reading.references, kind) for kind in ("groups", "filters"))


def _deleted(references: Mapping[str, Mapping[str, str | None]], kind: str) -> set[str]:
    return {object_id for object_id, name in references.get(kind, {}).items() if name is None}


def _index(policy_type: str, reading: Reading) -> PolicyIndex:
    return policy_index.index_of(POLICY_TYPES[policy_type], reading.content, reading.references, reading.proof)


def _same_as(policy: Policy, reading: Reading, newest: Snapshot | None) -> int | None:
    """Return the id of the newest snapshot's content if nothing has changed since, although its fingerprint differs.

    Fingerprints differ after an upgrade that calls more things equal, and when the service shows more unset properties.
    """
    if newest is None:
        return None
    try:
        before = snapshots.read_snapshot(newest)
    except SealError:
        return None  # a key is gone: what is read now can be kept
    is_same = additions.is_unchanged(POLICY_TYPES[policy.policy_type], before, reading.content)
    return newest.content_id if is_same else None
