"""A policy's page leads to the lists of who else gets what its targets get."""

import pytest

from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_each_target_that_has_a_list_is_linked_once(client, sign_in, cast, captured):
    policy = captured[0][0]
    group = "11111111-1111-4111-8111-111111111111"
    targets = [IndexedTarget("group", group), IndexedTarget("group", group, is_excluded=True),
               IndexedTarget("all devices"), IndexedTarget("nobody"), IndexedTarget("collection", "c")]  # fmt: skip
    replace_targets([policy], {policy.id: TargetsOfPolicy(targets)})
    page = sign_in(client, cast.rita).get(f"/policies/{policy.id}").get_data(as_text=True)
    assert page.count(f"/assignments/?of=group&amp;whom={group}&amp;tenant={policy.tenant_id}") == 1
    assert page.count(f"/assignments/?of=all-devices&amp;tenant={policy.tenant_id}") == 1
    assert "of=collection" not in page
