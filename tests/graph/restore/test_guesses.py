"""A plan tells nothing of secrets: a right guess in a file and a wrong one have the same plan."""

import base64
import copy

import pytest

from graph.content.timestamps import parse_time
from graph.display.masking import Masking, mask_secrets
from graph.policy_types.table import POLICY_TYPES
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.write_rules import WRITE_RULES
from tests.graph.display.test_masking import SCRIPT, SECRET
from tests.graph.write.test_write_requests import written_policies

EXACT = RestoreOptions("exact", conditional_access="as captured")
NOW = parse_time("2026-11-24T00:00:00Z")
OTHER = base64.b64encode(b"net user helpdesk wrong-guess /add").decode()
TYPE = "#microsoft.graph."
CATALOGUE = f"{TYPE}deviceManagementConfiguration"
SORTS = {
    "a property": ("deviceConfigurations", {
        "@odata.type": f"{TYPE}iosikEv2VpnConfiguration", "displayName": "VPN",
        "authenticationMethod": "sharedSecret", "sharedSecret": SECRET}),
    "an OMA-URI": ("deviceConfigurations", {
        "@odata.type": f"{TYPE}windows10CustomConfiguration", "displayName": "Custom", "omaSettings": [
            {"@odata.type": f"{TYPE}omaSettingString", "omaUri": "./x/Password", "value": SECRET}]}),
    "a pair": ("mobileAppConfigurations", {
        "@odata.type": f"{TYPE}iosMobileAppConfiguration", "displayName": "App", "settings": [
            {"appConfigKey": "Password", "appConfigKeyType": "stringType", "appConfigKeyValue": SECRET}]}),
    "an intent": ("intents", {
        "displayName": "Intent", "templateId": "x", "settings": [
            {"id": "1", "definitionId": "x_recoveryPassword", "valueJson": f'"{SECRET}"'}]}),
    "a setting": ("configurationPolicies", {
        "name": "Wi-Fi", "settings": [{"settingInstance": {
            "@odata.type": f"{CATALOGUE}SimpleSettingInstance", "settingDefinitionId": "x_passphrase",
            "simpleSettingValue": {"@odata.type": f"{CATALOGUE}StringSettingValue", "value": SECRET}}}]}),
    "a script": ("deviceManagementScripts", {"displayName": "Script", "scriptContent": SCRIPT}),
}  # fmt: skip


class Guess(Masking):
    """A content with another secret in each place of one."""

    def _mask(self):
        return "wrong-guess"

    def _blob(self, value, what):
        return '"wrong-guess"' if value.startswith('"') else OTHER


def plan(key, live, body, **changes):
    want, live = ({"body": copy.deepcopy(side), "assignments": []} for side in (body, live))
    return plan_item(PlanCase(POLICY_TYPES[key], want, Match("x", how="id"), live, NOW, **changes), EXACT)


@pytest.mark.parametrize(("key", "body"), SORTS.values(), ids=SORTS)
def test_a_right_guess_and_a_wrong_one_have_the_same_plan(key, body):
    wrong = Guess()(body)
    assert wrong != body
    right_plan, wrong_plan = (plan(key, body, wanted_body, is_uploaded=True) for wanted_body in (body, wrong))
    assert right_plan == wrong_plan
    assert right_plan.action == "update"
    assert any("whether they are the same there is not told" in note for note in right_plan.notes)


@pytest.mark.parametrize(("key", "body"), SORTS.values(), ids=SORTS)
def test_what_we_captured_ourselves_is_compared_with_its_secrets(key, body):
    assert plan(key, body, body).action == "matches"
    assert plan(key, body, Guess()(body)).action == "update"


def test_no_demo_policys_plan_tells_of_a_guess_and_what_has_no_secrets_matches_as_ever():
    for row, _, content in written_policies():
        body = content["body"]
        if mask_secrets(body) == body:
            assert plan(row.key, body, body, is_uploaded=True).action in ("matches", "exists"), row.key
        else:
            right, wrong = (plan(row.key, body, wanted_body, is_uploaded=True) for wanted_body in (body, Guess()(body)))
            assert right == wrong, row.key


def test_what_cannot_be_changed_anyway_is_not_told_either():
    body = {"@odata.type": f"{TYPE}officeSuiteApp", "displayName": "Office", "officeConfigurationXml": OTHER}
    assert "officeConfigurationXml" in WRITE_RULES["mobileApps"].create_only
    plans = [
        plan("mobileApps", body, body | {"officeConfigurationXml": configuration}, is_uploaded=True)
        for configuration in (OTHER, SCRIPT)
    ]
    assert plans[0] == plans[1]
