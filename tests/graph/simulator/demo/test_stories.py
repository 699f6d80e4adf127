"""What happens in a demo tenant: something each time, the gravest first, nothing twice that was not put back."""

import pytest

from graph.simulator.demo import demo_tenants, stories
from graph.simulator.store.state import State
from graph.simulator.writes import outside


@pytest.fixture
def told():
    """(the tenant, a function that lets something happen)."""
    state = State()
    tenant = demo_tenants()[0]
    state.add(tenant)

    def happen(spared=(), *, is_first=False):
        change = stories.next_change(tenant, spared, is_first)
        outside.change(state, tenant, change)
        return change

    return tenant, happen


def test_the_first_lets_somebody_past_multifactor_authentication(told):
    tenant, happen = told
    change = happen(is_first=True)
    policy = tenant.held(stories.ACCESS, change["id"])
    assert policy["displayName"].startswith("CA001")
    assert len(policy["conditions"]["users"]["excludeGroups"]) == 2
    assert change["by"]["kind"] == "person"


def test_something_happens_each_time_however_long_the_demo_runs(told):
    tenant, happen = told
    for _ in range(60):
        change = happen()
        assert set(change) - {"collection", "id", "by"} in ({"set"}, {"assignments"}, {"remove"})
    assert len(tenant.audit_logs["deviceManagement/auditEvents"]) > 40
    kinds = {row["record"]["actor"]["auditActorType"] for row in tenant.audit_logs["deviceManagement/auditEvents"]}
    assert kinds == {"ItPro", "Application"}, "people and an app"


def test_what_a_restore_has_in_hand_is_left_alone(told):
    tenant, happen = told
    all_but_one = set()
    while (change := stories.next_change(tenant, all_but_one, is_first=False)) is not None:
        last, all_but_one = change["id"], all_but_one | {change["id"]}
    assert happen(all_but_one - {last})["id"] == last
