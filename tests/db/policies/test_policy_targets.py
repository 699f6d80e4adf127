"""Targets and references of a policy are replaced whole, and go with it."""

from db.models import Policy, PolicyReference, PolicyTarget
from db.policies.policy_targets import IndexedReference, IndexedTarget, TargetsOfPolicy, replace_targets


def test_targets_are_replaced_and_go_with_their_policy(captured):
    policy = captured[0][0]
    first = [IndexedTarget("group", f"g{n}", terms=[["a", "b"]]) for n in range(3)]
    twice = [IndexedReference("groups", "g1"), IndexedReference("groups", "g1")]
    replace_targets([policy], {policy.id: TargetsOfPolicy(first, twice), -1: TargetsOfPolicy(first)})
    assert [(row.object_id, row.policy_type, row.terms) for row in PolicyTarget.select().order_by(PolicyTarget.id)] == [
        (f"g{n}", policy.policy_type, [["a", "b"]]) for n in range(3)
    ]
    assert PolicyReference.select().count() == 1
    replace_targets([policy], {policy.id: TargetsOfPolicy([IndexedTarget("nobody")])})
    [row] = PolicyTarget.select()
    assert (row.kind, row.tenant_id, row.filter_id, row.is_gone) == ("nobody", policy.tenant_id, None, False)
    assert not PolicyReference.select().exists()
    Policy.delete().where(Policy.id == policy.id).execute()
    assert not PolicyTarget.select().exists()
