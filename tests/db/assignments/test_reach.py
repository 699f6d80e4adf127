"""A policy reaches a group that it includes and does not exclude."""

import pytest

from db.assignments.reach import policies_reaching
from db.models import Policy
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets

GROUP = ("group", "g")


@pytest.mark.parametrize(
    ("targets", "is_reached"),
    [
        ([IndexedTarget(*GROUP)], True),
        ([IndexedTarget(*GROUP), IndexedTarget(*GROUP, is_excluded=True, place="condition")], False),
        ([IndexedTarget(*GROUP, place="scope"), IndexedTarget("all users")], False),
        ([IndexedTarget(*GROUP, place="mention")], False),
        ([IndexedTarget(*GROUP, place="member")], True),
        ([IndexedTarget("user", "g")], False),
    ],
)
@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_policies_reaching(cast, targets, is_reached):
    policy = Policy.create(tenant=cast.contoso, policy_type="intents", graph_id="i", name="I")
    replace_targets([policy], {policy.id: TargetsOfPolicy(targets)})
    assert policies_reaching(cast.contoso, GROUP) == ({policy.id} if is_reached else set())
    assert policies_reaching(cast.fabrikam.id, GROUP) == set()
