"""The index of newest snapshots: what each policy sets, whom it reaches, and what it refers to, without opening any.

It holds policies that are in their tenant and were captured. `record` keeps it in the transaction that saves a
snapshot. What it lacks (databases of a version before this one, changed rules, new keys) is filled in by the
scheduler's sweep, some policies at a time: actors/reading/policy_index.py.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

import peewee as pw

from db.database import lock_rows, transaction
from db.models import IS_INDEXABLE, KnownSetting, Policy, PolicyReference, PolicySetting, PolicyTarget, Snapshot
from db.policies import policy_settings, policy_targets
from db.policies.policy_settings import IndexedSetting
from db.policies.policy_targets import TargetsOfPolicy
from db.sql.value_lists import batched, is_in


@dataclass(frozen=True)
class PolicyIndex:
    """The parts of a policy's newest snapshot that are indexed, and the version of the rules that chose them."""

    version: int
    settings: Sequence[IndexedSetting] = ()
    targets: TargetsOfPolicy = field(default_factory=TargetsOfPolicy)


def record(indexes: Mapping[int, PolicyIndex]) -> None:
    """Replace what is indexed of these policies (policy id -> index), which the caller's transaction has locked."""
    if not indexes:
        return
    ids = sorted(indexes)
    policies = list(Policy.select(Policy.id, Policy.tenant, Policy.policy_type).where(Policy.id.in_(ids)))
    versions = pw.Case(Policy.id, [(policy_id, indexes[policy_id].version) for policy_id in ids], None)
    Policy.update(index_version=versions).where(Policy.id.in_(ids)).execute()
    tenants = {policy.id: policy.tenant_id for policy in policies}
    policy_settings.replace(tenants, {policy_id: index.settings for policy_id, index in indexes.items()})
    policy_targets.replace_targets(policies, {policy_id: index.targets for policy_id, index in indexes.items()})


def forget(policy_ids: Collection[int]) -> None:
    """Take policies out of the index that are no longer in their tenant, or whose newest snapshot it does not have."""
    for some in batched(sorted(policy_ids)):
        was_indexed = Policy.index_version.is_null(False)
        if not Policy.update(index_version=None).where(is_in(Policy.id, some) & was_indexed).execute():
            continue
        for model in (PolicySetting, PolicyTarget, PolicyReference):
            model.delete().where(model.policy.in_(some)).execute()


def missing(version: int, apart: Collection[int], limit: int, tenant_id: int | None = None) -> list[Policy]:
    """Return policies, of one tenant or of all, that are not indexed by this version of the rules.

    `apart`: ids of policies to leave out.
    """
    found: list[Policy] = []
    is_older = (Policy.index_version > -version) & (Policy.index_version < version)
    for is_due in (Policy.index_version.is_null(), is_older):
        if len(found) < limit:
            query = Policy.select().where(IS_INDEXABLE & is_due & ~is_in(Policy.id, apart))
            if tenant_id is not None:
                query = query.where(Policy.tenant == tenant_id)
            found.extend(query.order_by(Policy.index_version).limit(limit - len(found)))
    return found


@dataclass(frozen=True)
class LaterIndex:
    """The index of a policy's snapshot, and the words by which the policy is found (actors/reading/policy_words.py)."""

    snapshot_id: int
    index: PolicyIndex
    words: str


@transaction
def record_later(made: Mapping[int, LaterIndex]) -> set[int]:
    """Record the indexes of policies' newest snapshots (policy id -> index). Return whose index was recorded.

    Left out is a policy of which another snapshot was saved meanwhile, or that went.
    """
    ids = sorted(made)
    lock_rows(Policy, Policy.id.in_(ids))
    of_policies = Snapshot.select(Snapshot.policy, pw.fn.MAX(Snapshot.id)).where(Snapshot.policy.in_(ids))
    newest = dict(of_policies.group_by(Snapshot.policy).tuples())
    there = [row[0] for row in Policy.select(Policy.id).where(Policy.id.in_(ids) & IS_INDEXABLE).tuples()]
    kept = {policy_id for policy_id in there if newest.get(policy_id) == made[policy_id].snapshot_id}
    record({policy_id: made[policy_id].index for policy_id in sorted(kept)})
    if kept:
        words = pw.Case(Policy.id, [(policy_id, made[policy_id].words) for policy_id in sorted(kept)], Policy.words)
        Policy.update(words=words).where(Policy.id.in_(sorted(kept))).execute()
    return kept


def index_anew(setting_keys: Collection[str]) -> None:
    """Have the policies indexed again that set one of these: there are other words for it by now."""
    for some in batched(sorted(setting_keys)):
        settings = KnownSetting.select(KnownSetting.id).where(is_in(KnownSetting.key, some))
        users = PolicySetting.select(PolicySetting.policy).where(PolicySetting.setting.in_(settings)).distinct()
        ids = sorted(row[0] for row in users.tuples())
        for policy_ids in batched(ids):
            is_one = is_in(Policy.id, policy_ids) & (Policy.index_version > 0)
            Policy.update(index_version=0).where(is_one).execute()


def set_aside(policy: Policy, version: int) -> None:
    """Remember that this policy's content cannot be opened, until the rules change or it is captured anew."""
    Policy.update(index_version=-version).where(Policy.id == policy.id).execute()


def forget_marks() -> None:
    """Have everything indexed again: the keys changed, and marks are made with them."""
    ids = [row[0] for row in Policy.select(Policy.id).where(Policy.index_version.is_null(False)).tuples()]
    for some in batched(ids):
        Policy.update(index_version=0).where(is_in(Policy.id, some)).execute()
