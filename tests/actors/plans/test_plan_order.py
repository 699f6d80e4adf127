"""A plan is in the order of its writes; in an emergency removals come as soon as they are possible."""

from types import SimpleNamespace

from actors.plans.plan_order import after_what_they_refer_to, order_of, with_removals
from graph.references.references import Reference
from graph.write.emergency_order import ACCESS, LAST, PROTECTION, REST, emergency_order
from graph.write.write_rules import write_order


def pair(name, policy_type="configurationPolicies"):
    return SimpleNamespace(name=name, policy_type=policy_type), {}


def test_removals_come_last_but_in_an_emergency_as_soon_as_they_are_possible():
    waves = {"policy": ACCESS, "compliance": PROTECTION, "approval": LAST, "added policy": ACCESS,
             "added location": ACCESS, "added approval": LAST}  # fmt: skip
    planned = [pair(name) for name in ("a group", "policy", "compliance", "script", "approval")]
    removed = [pair("added approval"), pair("added script"), pair("added location", "namedLocations"),
               pair("added policy", "conditionalAccessPolicies")]  # fmt: skip
    assert with_removals(planned, removed, None) == [*planned, *removed]
    ordered = with_removals(planned, removed, lambda item: waves.get(item.name, REST))
    assert [item.name for item, _ in ordered] == [
        "added policy", "a group", "policy", "added location", "compliance", "script", "added script", "approval",
        "added approval",
    ]  # fmt: skip
    assert with_removals([], removed, lambda item: waves.get(item.name, REST)) == list(reversed(removed))
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
