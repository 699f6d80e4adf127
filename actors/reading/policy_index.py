"""Index of a policy's newest snapshot (db/policies/policy_index.py): what is taken into it, and filling it in later.

VERSION grows whenever something else is taken into it: then the sweep indexes every policy anew.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from actors.reading.policy_targets import targets_in
from actors.reading.policy_words import words_of_policies
from db.encryption import SealError, keyring
from db.models import Policy, Snapshot
from db.policies import change_recording, policy_index, snapshots
from db.policies.policy_index import LaterIndex, PolicyIndex
from db.policies.policy_settings import IndexedSetting
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.table import POLICY_TYPES
from graph.settings.conflicting import may_conflict
from graph.settings.set_values import set_values

VERSION = 1
# A step of the sweep looks at so many; there is one every two seconds.
AT_ONCE = 300
# So many are recorded in one transaction.
RECORDED_AT_ONCE = 20


def index_of(
    policy_type: PolicyType, content: dict[str, Any], references: Mapping[str, Any], proof: Mapping[str, Any]
) -> PolicyIndex:
    """Return what is indexed of a content. `references` and `proof`: as a snapshot has them."""
    were_read = proof.get("names", "read") == "read"
    targets = targets_in(policy_type.key, content, references, were_read=were_read)
    return PolicyIndex(VERSION, _settings(policy_type, content["body"]), targets)


def _settings(policy_type: PolicyType, body: Mapping[str, Any]) -> list[IndexedSetting]:
    mark = keyring().mark
    return [
        IndexedSetting(
            value.key,
            value.title,
            None if value.is_secret else mark(value.exact),
            value.plain,
            may_conflict(policy_type, value),
        )
        for value in set_values(policy_type, body)
    ]


def find_missing(apart: Any, tenant_id: int | None = None) -> list[Policy]:
    """Return some policies, of one tenant or of all, whose newest snapshot is not indexed by today's rules.

    `apart`: ids of policies to leave out.
    """
    return policy_index.missing(VERSION, apart, AT_ONCE, tenant_id)


def is_any_missing(tenant_id: int) -> bool:
    return bool(policy_index.missing(VERSION, (), 1, tenant_id))


def index_later(policies: Sequence[Policy]) -> None:
    """Index the newest snapshots of policies. One whose content cannot be opened is remembered, and left out."""
    newest = change_recording.newest_snapshots([policy.id for policy in policies])
    opened = [(policy, newest.get(policy.id), _open(policy, newest.get(policy.id))) for policy in policies]
    read = [(policy, snapshot, content) for policy, snapshot, content in opened if snapshot and content is not None]
    words = words_of_policies([(policy.policy_type, content) for policy, _, content in read])
    policy_index.record_later(
        {
            policy.id: LaterIndex(
                snapshot.id,
                index_of(POLICY_TYPES[policy.policy_type], content, snapshot.references, snapshot.proof),
                of_policy,
            )
            for (policy, snapshot, content), of_policy in zip(read, words, strict=True)
        }
    )


def _open(policy: Policy, newest: Snapshot | None) -> dict[str, Any] | None:
    """Return the content to index. A policy without one, or with one that does not open, is set aside."""
    if newest is not None and policy.policy_type in POLICY_TYPES:
        try:
            return snapshots.read_snapshot(newest)
        except SealError:
            pass
    policy_index.set_aside(policy, VERSION)
    return None
