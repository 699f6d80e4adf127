"""Index of a policy's newest snapshot (db/policies/policy_index.py): what is taken into it, and filling it in later.

VERSION grows whenever something else is taken into it: then the sweep indexes every policy anew.
"""

from collections.abc import Mapping
from typing import Any

from actors.reading.policy_targets import targets_in
from actors.reading.policy_words import words_of_policy
from db.encryption import SealError, keyring
from db.models import Policy
from db.policies import policy_index, snapshots
from db.policies.policy_index import PolicyIndex
from db.policies.policy_settings import IndexedSetting
from graph.policy_types.policy_type import PolicyType
from graph.policy_types.table import POLICY_TYPES
from graph.settings.conflicting import may_conflict
from graph.settings.set_values import set_values

VERSION = 1
# A step of the sweep looks at so many; there is one every two seconds.
AT_ONCE = 300


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


def index_later(policy: Policy) -> None:
    """Index a policy's newest snapshot. One whose content cannot be opened is remembered, and left out."""
    newest = snapshots.latest(policy)
    policy_type = POLICY_TYPES.get(policy.policy_type)
    if newest is None or policy_type is None:
        policy_index.set_aside(policy, VERSION)
        return
    try:
        content = snapshots.read_snapshot(newest)
    except SealError:
        policy_index.set_aside(policy, VERSION)
        return
    index = index_of(policy_type, content, newest.references, newest.proof)
    policy_index.record_later(policy, newest.id, index, words_of_policy(policy.policy_type, content))
