"""The part of a wanted body that a tenant can have, and the notes on the rest."""

from graph.policy_types.driver_approvals import INVENTORY
from graph.policy_types.enrollment import IS_DEFAULT
from graph.write.attainable import limit_to_attainable

DRIVERS, CATALOG = "windowsDriverUpdateProfiles", "configurationPolicies"


def driver(name, status):
    return {"name": name, "version": "1", "manufacturer": "M", "driverClass": "C", "approvalStatus": status}


def test_a_driver_that_the_tenant_does_not_list_is_left_out_and_named():
    want = {INVENTORY: [driver("listed", "approved"), driver("unlisted", "approved")]}
    live = {INVENTORY: [driver("listed", "needsReview")]}
    limited = limit_to_attainable(DRIVERS, want, live)
    assert [entry["name"] for entry in limited.body[INVENTORY]] == ["listed"]
    [note] = limited.notes
    assert "unlisted" in note


def test_a_decision_of_the_tenant_stays_and_is_named():
    limited = limit_to_attainable(DRIVERS, {INVENTORY: []}, {INVENTORY: [driver("theirs", "declined")]})
    assert [entry["name"] for entry in limited.body[INVENTORY]] == ["theirs"]
    assert "takes no decision back" in limited.notes[0]


def test_a_policy_under_no_token_cannot_become_a_default_profile():
    limited = limit_to_attainable(CATALOG, {IS_DEFAULT: True}, {IS_DEFAULT: False, "creationSource": None})
    assert limited.body[IS_DEFAULT] is False
    assert "Apple token" in limited.notes[0]


def test_compliance_without_a_block_action_leaves_the_tenants_actions():
    live = {"scheduledActionsForRule": [{"scheduledActionConfigurations": [{"actionType": "block"}]}]}
    limited = limit_to_attainable("compliancePolicies", {"name": "c", "scheduledActionsForRule": []}, live)
    assert limited.body == {"name": "c", **live}
    assert limited.notes == ()


def test_a_body_without_limits_is_as_wanted():
    want = {"displayName": "t"}
    assert limit_to_attainable("termsAndConditions", want, None).body == want
