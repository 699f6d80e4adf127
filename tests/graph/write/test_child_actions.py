"""Writes of links, decisions and the service's own children."""

from graph.policy_types.driver_approvals import INVENTORY
from graph.write import child_actions

A, B = "0000000a-1111-4111-8111-111111111111", "0000000b-1111-4111-8111-111111111111"


def driver(name, status, **facts):
    return {"name": name, "version": "1", "manufacturer": "M", "driverClass": "C", "approvalStatus": status, **facts}


def test_reference_requests_removes_and_adds_links():
    removal, addition = child_actions.reference_requests("/p/categories", [A], [B], "/categories")
    assert (removal.method, removal.path) == ("DELETE", f"/p/categories/{A}/$ref")
    assert (addition.method, addition.path) == ("POST", "/p/categories/$ref")
    assert B in addition.body["@odata.id"]


def test_write_relationships_leaves_those_of_other_apps():
    links = [{"targetId": A, "targetType": "child"}, {"targetId": B, "targetType": "parent"}]
    [request] = child_actions.write_relationships("/a", {}, {"relationships": links})
    assert request.body == {"relationships": [{"targetId": A}]}


def test_write_driver_decisions_groups_drivers_by_action():
    live = {INVENTORY: [driver(name, "needsReview", id=f"id-{name}") for name in "abc"]}
    want = {INVENTORY: [driver("a", "declined"), driver("b", "declined"), driver("c", "needsReview")]}
    [request] = child_actions.write_driver_decisions("/d", live, want)
    assert request.body["driverIds"] == ["id-a", "id-b"]


def test_write_default_profile_needs_a_token():
    want = {"isDefaultEnrollmentProfile": True}
    assert child_actions.write_default_profile("/configurationPolicies/p", {}, want) == []
    live = {"creationSource": "DepTokenId_t"}
    [request] = child_actions.write_default_profile("/configurationPolicies/p", live, want)
    assert request.path.endswith("/t/enrollmentProfiles/t_p/setDefaultProfile")
