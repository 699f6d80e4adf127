"""Planning one item of a restore, and the reasons that block it."""

from datetime import datetime

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.restore.desired_content import desired_content
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import live_fingerprint, plan_item
from tests.support.told import shortfall_codes

NOW = datetime(2026, 11, 24)
SCRIPTS, CATALOG = POLICY_TYPES["deviceManagementScripts"], POLICY_TYPES["configurationPolicies"]
SCRIPT = {"body": {"displayName": "s", "scriptContent": "eA==", "description": None}, "assignments": []}


def decided(content, live=None, target=None, options=None, policy_type=SCRIPTS, **facts):
    case = PlanCase(policy_type, content, Match(target or (live and "x")), live, NOW, **facts)
    return plan_item(case, options or RestoreOptions(assignments="exact"))


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("groupPolicyUploadedDefinitionFiles", {"fileName": "a.admx"}, "not_restorable"),
        ("roleDefinitions", {"displayName": "r", "isBuiltIn": True}, "built_in"),
        ("roleScopeTags", {"id": "0", "displayName": "Default"}, "built_in"),
        ("mobileApps", {"@odata.type": "#microsoft.graph.win32LobApp", "displayName": "a"}, "cannot_create"),
        ("deviceEnrollmentConfigurations", {"priority": 0, "displayName": "All users"}, "cannot_create"),
        ("deviceConfigurations", {"@odata.type": "#microsoft.graph.unsupportedDeviceConfiguration"}, "cannot_create"),
        ("deviceConfigurations", {"omaSettings": [{"omaUri": "./x", "value": "****"}]}, "secret_missing"),
        ("configurationPolicies", {"name": "k", "settings": [{"settingInstance": {"simpleSettingValue": {
            "value": "t", "valueState": "encryptedValueToken"}}}]}, "secret_missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_blocked_with_a_sentence(key, body, reason):
    plan = decided({"body": body, "assignments": None}, policy_type=POLICY_TYPES[key])
    assert (plan.action, plan.reason) == ("blocked", reason)
    assert plan.message.endswith(".")


def test_a_secret_that_graph_keeps_is_noted_with_what_becomes_of_it():
    wifi = {"body": {"displayName": "w", "preSharedKeyIsSet": True, "ssid": "a"}, "assignments": []}
    [missing] = decided(wifi, policy_type=POLICY_TYPES["deviceConfigurations"]).shortfalls
    assert missing.code == "to_be_entered"
    live = {"body": {**wifi["body"], "ssid": "b"}, "assignments": []}
    plan = decided(wifi, live, policy_type=POLICY_TYPES["deviceConfigurations"])
    assert (plan.action, "stays as it is" in plan.notes[0], plan.shortfalls) == ("update", True, ())


def test_a_compliance_policy_without_an_action_gets_the_one_that_graph_demands_and_says_so():
    compliance = POLICY_TYPES["deviceCompliancePolicies"]
    content = {"body": {"displayName": "c", "scheduledActionsForRule": []}, "assignments": []}
    want = desired_content(compliance, content, RestoreOptions(assignments="exact"), ())
    assert want["body"]["scheduledActionsForRule"][0]["scheduledActionConfigurations"][0]["actionType"] == "block"
    assert "Graph demands one" in decided(content, policy_type=compliance).notes[0]


def test_priorities_that_move_with_other_policies_are_no_conflict():
    enrollment = POLICY_TYPES["deviceEnrollmentConfigurations"]
    one, two = ({"body": {"displayName": "e", "priority": number}, "assignments": []} for number in (1, 2))
    assert live_fingerprint(enrollment, one) == live_fingerprint(enrollment, two)


def test_a_policy_that_is_on_and_will_be_report_only_says_that_it_protects_nobody():
    live = {"body": {"displayName": "c", "state": "enabled"}, "assignments": None}
    want = {"body": {"displayName": "d", "state": "enabled"}, "assignments": None}
    plan = decided(want, live, policy_type=POLICY_TYPES["conditionalAccessPolicies"])
    assert shortfall_codes(plan) == ["on_to_report_only"]
