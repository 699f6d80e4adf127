"""What other tools took for a change, or missed: each with the place where it was reported."""

import copy

import pytest

from graph.content.fingerprint import fingerprint
from graph.display.diff import compare
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.write_requests import change_requests, creation_request
from tests.graph.restore.test_planner import NOW

TYPE = "#microsoft.graph."


def content(body, assignments=()):
    return {"body": body, "assignments": list(assignments)}


def action(policy_type, want, live):
    return plan_item(PlanCase(policy_type, want, Match("1"), live, NOW), RestoreOptions(assignments="exact")).action


def guests(kinds):
    return {"conditions": {"users": {"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": kinds}}}}


PLACES = "allowedDataStorageLocations"
OTHERWISE = [
    # What KelvinTegelaar/CIPP-API and almenscorner/IntuneCD do not take for one: sets in another order.
    ("iosManagedAppProtections", {PLACES: ["sharePoint", "oneDriveForBusiness"]},
     {PLACES: ["oneDriveForBusiness", "sharePoint"]}),
    ("mobileApps", {"@odata.type": f"{TYPE}officeSuiteApp", "localesToInstall": ["de-de", "en-us"]},
     {"@odata.type": f"{TYPE}officeSuiteApp", "localesToInstall": ["en-us", "de-de", "de-de"]}),
    # hashicorp/terraform-provider-azuread#1794.
    ("conditionalAccessPolicies", guests("internalGuest,serviceProvider"), guests("serviceProvider, internalGuest")),
    ("authenticationStrengths", {"allowedCombinations": ["password,softwareOath", "fido2"]},
     {"allowedCombinations": ["fido2", "softwareOath,password"]}),
    # Microsoft365DSC/Microsoft365DSC#5736: null and an empty list come and go between two reads.
    ("conditionalAccessPolicies", {"conditions": {"locations": None, "platforms": {"includePlatforms": []}}},
     {"conditions": {"locations": {"includeLocations": [], "excludeLocations": None}}}),
]  # fmt: skip


@pytest.mark.parametrize(("key", "one", "other"), OTHERWISE)
def test_the_same_in_another_order_or_spelling_is_no_change(key, one, other):
    policy_type = POLICY_TYPES[key]
    assert fingerprint(policy_type, content(one)) == fingerprint(policy_type, content(other))
    assert action(policy_type, content(one), content(other)) == "matches"


def test_where_order_counts_another_order_is_a_change():
    extension = {"@odata.type": f"{TYPE}macOSKerberosSingleSignOnExtension", "preferredKDCs": ["a", "b"]}
    body = {"@odata.type": f"{TYPE}macOSDeviceFeaturesConfiguration", "macOSSingleSignOnExtension": extension}
    other = copy.deepcopy(body)
    other["macOSSingleSignOnExtension"]["preferredKDCs"].reverse()
    assert action(POLICY_TYPES["deviceConfigurations"], content(body), content(other)) == "update"


def frequency(**more):
    return content({"sessionControls": {"signInFrequency": {"value": 4, "type": "hours", "isEnabled": True, **more}}})


def test_what_the_service_added_deep_inside_is_no_difference_and_what_a_person_changed_there_is():
    """microsoftgraph/microsoft-graph-docs#16097."""
    policies = POLICY_TYPES["conditionalAccessPolicies"]
    added = {"authenticationType": "primaryAndSecondaryAuthentication", "frequencyInterval": "timeBased"}
    assert action(policies, frequency(), frequency(**added)) == "matches"
    assert change_requests(policies, "1", frequency(**added), frequency(), with_assignments=True) == []
    assert action(policies, frequency(), frequency(**added, value=8)) == "update"
    assert action(policies, frequency(authenticationType=None), frequency(**added)) == "update"


def test_names_that_look_like_the_services_own_are_content_where_a_person_gives_them():
    custom = POLICY_TYPES["deviceConfigurations"]
    setting = {"@odata.type": f"{TYPE}omaSettingInteger", "omaUri": "./a", "value": 1, "isReadOnly": True}
    want = content({"@odata.type": f"{TYPE}windows10CustomConfiguration", "version": 7, "omaSettings": [setting]})
    live = copy.deepcopy(want)
    live["body"]["omaSettings"][0]["isReadOnly"] = False
    assert action(custom, want, live) == "update"
    assert creation_request(custom, want).body["omaSettings"][0]["isReadOnly"] is True
    assert "version" not in creation_request(custom, want).body

    def app(version):
        settings = {"@odata.type": f"{TYPE}iosDdmVppAppAssignmentSettings", "version": version}
        return content({}, [{"target": {"@odata.type": f"{TYPE}allDevicesAssignmentTarget"}, "settings": settings}])

    [difference] = compare(POLICY_TYPES["mobileApps"], app("1.0"), app("2.0"))
    assert difference.path[-2:] == ("settings", "version")


def test_a_renamed_template_or_certificate_changes_no_policy_that_refers_to_it():
    wifi = {"@odata.type": f"{TYPE}windowsWifiEnterpriseEAPConfiguration"}
    one, other = (
        content({**wifi, "rootCertificatesForServerValidation": [{"id": "c", "displayName": name}]}) for name in "ab"
    )
    policy_type = POLICY_TYPES["deviceConfigurations"]
    assert fingerprint(policy_type, one) == fingerprint(policy_type, other)


def test_a_policys_namesake_is_found_whatever_the_order_of_its_flags():
    policies = POLICY_TYPES["configurationPolicies"]
    one, other = ({"name": "P", "technologies": flags} for flags in ("mdm,microsoftSense", "microsoftSense, mdm"))
    assert match_key(policies, one) == match_key(policies, other)
