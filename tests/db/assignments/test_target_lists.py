"""Lists over targets: by object, by name, of what is gone, and filters that nothing uses."""

import pytest

from db.assignments import target_lists
from db.models import DirectoryName, Policy, PolicyTarget
from db.policies.policy_targets import IndexedTarget, TargetsOfPolicy, replace_targets


@pytest.fixture
def staff(cast):
    """Two policies of Contoso: for the group “Staff” with a filter, and without it; and a filter that nothing uses."""
    base = {"tenant": cast.contoso, "name": "P", "policy_type": "deviceConfigurations"}
    first, second = (Policy.create(**base, graph_id=graph_id) for graph_id in ("first", "second"))
    for name, graph_id in (("Laptops", "f1"), ("Phones", "f2")):
        Policy.create(tenant=cast.contoso, policy_type="assignmentFilters", graph_id=graph_id, name=name)
    DirectoryName.create(tenant=cast.contoso, kind="groups", object_id="G1", name="Staff 100% here")
    DirectoryName.create(tenant=cast.contoso, kind="groups", object_id="g2", name="staff")
    found = {
        first.id: TargetsOfPolicy([IndexedTarget("group", "g1", filter_id="f1", is_gone=True)]),
        second.id: TargetsOfPolicy([IndexedTarget("group", "g2", is_excluded=True), IndexedTarget("nobody")]),
    }
    replace_targets([first, second], found)
    return first, second


def test_targets_are_found_by_object_filter_and_loss(cast, staff):
    first, second = staff

    def policies(condition):
        return [target.policy_id for target in target_lists.listed(cast.contoso, condition, 10)]

    assert policies(target_lists.is_one_of([("group", "g1"), ("nobody", "")])) == [first.id, second.id]
    assert policies(target_lists.is_one_of([("filter", "f1")])) == [first.id]
    assert policies(target_lists.is_one_of([])) == []
    assert policies(target_lists.is_gone()) == [first.id]
    assert [row.kind for row in target_lists.beside([second.id])[second.id]] == ["group", "nobody"]
    assert [row.name for row in target_lists.unused_filters([cast.contoso.id])] == ["Phones"]
    assert len(target_lists.assigning(cast.contoso)) == PolicyTarget.select().count() == 3
    assert target_lists.listed(cast.fabrikam, target_lists.is_gone(), 10) == []
    other = Policy.create(tenant=cast.fabrikam, name="P", policy_type="deviceConfigurations", graph_id="other")
    replace_targets([other], {other.id: TargetsOfPolicy([IndexedTarget("group", "g1", filter_id="f2")])})
    unused = target_lists.unused_filters([cast.contoso.id])
    assert [row.name for row in unused] == ["Phones"], "another tenant's use is none"


def test_names_are_found_whole_first_and_in_the_readers_tenants_alone(cast, staff):
    here, there = [cast.contoso.id], [cast.fabrikam.id]

    def named(text, tenants=here, kinds=("group", "filter")):
        return [(row.kind, row.object_id) for row in target_lists.objects_named(tenants, text, kinds)]

    assert named("STAFF") == [("group", "g2")]
    assert named("aff") == [("group", "g2"), ("group", "g1")]
    assert named("100%") == [("group", "g1")], "no sign stands for others"
    assert named("Laptops") == [("filter", "f1")]
    assert named("staff", there) == []
    assert target_lists.proposed_names(cast.contoso.id, 10) == ["staff", "Staff 100% here"]
    assert target_lists.can_be_named(here) == here
