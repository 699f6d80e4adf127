"""Drafts of snapshots: what was read of a policy, made ready before the transaction that saves it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from actors.facade.wording import wording_of
from db.encryption import SealError
from db.models import Policy
from db.policies import snapshots
from db.policies.snapshots import SnapshotDraft
from graph.content.fingerprint import assignments_fingerprint, fingerprint
from graph.display import search_words
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import Reading
from graph.write import additions


def make_draft(policy: Policy, reading: Reading, read_at: datetime) -> SnapshotDraft:
    content_fingerprint = fingerprint(POLICY_TYPES[policy.policy_type], reading.content)
    return SnapshotDraft.of(
        policy,
        reading.content,
        content_fingerprint,
        read_at=read_at,
        assignments_mark=assignments_fingerprint(reading.content["assignments"]),
        name=reading.name,
        modified_at=reading.modified_at,
        proof=reading.proof,
        references=reading.references,
        words=policy_words(policy.policy_type, reading.content),
        same_as=_same_as(policy, reading, content_fingerprint),
    )


def policy_words(policy_type: str, content: Mapping[str, Any]) -> str:
    """Return the words by which a policy is found, Microsoft's for its settings among them."""
    return search_words.words_of(content["body"], wording=wording_of([(policy_type, content)]))


def _same_as(policy: Policy, reading: Reading, content_fingerprint: str) -> int | None:
    """Return the id of the newest snapshot's content if nothing has changed since, although its fingerprint differs.

    Fingerprints differ after an upgrade that calls more things equal, and when the service shows more unset properties.
    """
    newest = snapshots.latest(policy)
    if newest is None or newest.content.fingerprint == content_fingerprint:
        return None
    try:
        before = snapshots.read_snapshot(newest)
    except SealError:
        return None  # a key is gone: what is read now can be kept
    is_same = additions.is_unchanged(POLICY_TYPES[policy.policy_type], before, reading.content)
    return newest.content_id if is_same else None
