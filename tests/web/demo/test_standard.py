"""The demo's standard is of policies that the two tenants have, each once by its name. Its rows: test_history.py."""

from graph.simulator.demo import tenants
from web.demo import standard


def test_both_tenants_have_each_policy_of_the_standard_once():
    for tenant in tenants.demo_tenants()[:2]:
        names = [
            body.get("displayName") or body.get("name")
            for objects in tenant.collections.values()
            for body in objects.values()
        ]
        assert {name: names.count(name) for name in standard.ITEMS} == dict.fromkeys(standard.ITEMS, 1), tenant.name
