"""A plan is in the order of its writes; in an emergency removals of what decides who gets in come first."""

from types import SimpleNamespace

from actors.plans.plan_order import after_what_they_refer_to, order_of, with_removals
from graph.references.references import Reference
from graph.write.emergency_order import ACCESS, REST, emergency_order
from graph.write.write_rules import write_order


def test_removals_come_last_but_for_urgent_ones():
    planned, first, other = [("written", {})], ("access", {}), ("configuration", {})
    waves = {"access": ACCESS, "configuration": REST}
    assert with_removals(planned, [other, first], None) == [*planned, other, first]
    assert with_removals(planned, [other, first], waves.get) == [first, *planned, other]
    assert (order_of(is_emergency=True), order_of(is_emergency=False)) == (emergency_order, write_order)


def test_what_others_refer_to_comes_before_them():
    scope = SimpleNamespace(id=2, policy_type="namedLocations", graph_id="B")
    policy = SimpleNamespace(id=1, policy_type="conditionalAccessPolicies", graph_id="A")
    refers = {1: [Reference("namedLocations", "B")], 2: []}
    items = [Hashed(policy), Hashed(scope)]
    assert [item.id for item in after_what_they_refer_to(items, refers)] == [2, 1]


class Hashed(SimpleNamespace):
    def __init__(self, row):
        super().__init__(**vars(row))

    def __hash__(self):
        return self.id
