"""The demo's people and devices are in groups that are there."""

from graph.simulator.demo.tenants import demo_tenants


def test_everybody_is_in_groups_of_the_tenant():
    for tenant in demo_tenants():
        people = [user for user in tenant.collections["users"].values() if "memberOf" in user]
        members = [*people, *tenant.collections["devices"].values()]
        assert len(members) == 6
        for member in members:
            assert set(member["memberOf"]) <= set(tenant.collections["groups"])
