"""A content that a standard takes holds no secret of its tenant, and none of its ids."""

import base64
import json

import pytest

from graph.content.secrets import settle_secrets
from graph.policy_types.table import POLICY_TYPES
from graph.references.references import NOTHING_KNOWN
from graph.standards.taking import ABSENT, take

DIRECTORY, UID = "d1d1d1d1-1111-4111-8111-111111111111", "99999999-1111-4111-8111-111111111111"
GROUP, OF_STANDARD = "aaaaaaaa-0000-4000-8000-000000000001", "bbbbbbbb-0000-4000-8000-000000000001"


def encoded(text):
    return base64.b64encode(text.encode()).decode()


def taken(policy_type, body, known=NOTHING_KNOWN, **how):
    ids = {GROUP: OF_STANDARD, DIRECTORY: UID}
    assignments = [{"id": "1", "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}}]
    content = {"body": {"id": "own", "displayName": "It", **body}, "assignments": assignments}
    return take(policy_type, content, "key", lambda reference: ids.get(reference.id, reference.id), known, **how)


CATALOG_SECRET = {
    "settings": [
        {
            "settingInstance": {
                "@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
                "settingDefinitionId": "device_password",
                "simpleSettingValue": {
                    "@odata.type": "#microsoft.graph.deviceManagementConfigurationSecretSettingValue",
                    "value": "hush~7",
                    "valueState": "notEncrypted",
                },
            }
        }
    ]
}
WIFI = "#microsoft.graph.windowsWifiConfiguration"
# policy type, body with the secret hush~7
SECRETS = (
    ("deviceConfigurations", {"@odata.type": WIFI, "wifiSecurityType": "wpa2Personal", "preSharedKey": "hush~7"}),
    ("configurationPolicies", CATALOG_SECRET),
    ("intents", {"settings": [{"definitionId": "d--x", "valueJson": json.dumps({"adminPassword": "hush~7"})}]}),
    ("mobileAppConfigurations", {"settings": [{"appConfigKey": "apiKey", "appConfigKeyValue": "hush~7"}]}),
)


@pytest.mark.parametrize(("policy_type", "body"), SECRETS)
def test_a_secret_stays_behind_and_a_plan_knows_that_it_is_missing(policy_type, body):
    found = taken(policy_type, body)
    assert not found.refused
    assert "hush~7" not in json.dumps(found.content)
    assert found.left_out
    assert ABSENT in json.dumps(found.content, ensure_ascii=False)
    if policy_type != "mobileAppConfigurations":
        assert settle_secrets(POLICY_TYPES[policy_type], found.content["body"]).not_held


OMA = "#microsoft.graph.omaSettingStringXml"
CLOSED = (
    ("deviceManagementScripts", {"scriptContent": encoded('$secret = "x"\nConnect -Password "hush~7"')}),
    ("deviceConfigurations", {"payload": encoded("<key>Password</key>\n<string>hush~7</string>")}),
    ("deviceConfigurations", {"omaSettings": [
        {"@odata.type": OMA, "omaUri": "./a", "displayName": "Wi-Fi",
         "value": encoded("<sharedKey><keyMaterial>hush~7</keyMaterial></sharedKey>")}]}),
    ("deviceConfigurations", {"omaSettings": [
        {"@odata.type": OMA, "omaUri": "./a", "displayName": "Wi-Fi", "isEncrypted": True, "value": "hush~7"}]}),
    ("mobileAppConfigurations", {
        "payloadJson": encoded('{"managedProperty": [{"key": "token", "valueString": "hush~7"}]}')}),
)  # fmt: skip


@pytest.mark.parametrize(("policy_type", "body"), CLOSED)
def test_what_would_be_broken_without_its_secret_is_refused_and_says_where_it_is(policy_type, body):
    assert taken(policy_type, body).refused


def test_a_script_that_only_looks_so_is_taken_when_a_person_has_looked_at_it():
    body = {"scriptContent": encoded("Set-Policy -PasswordLength 12 # password: see the vault")}
    assert taken("deviceManagementScripts", body).refused
    found = taken("deviceManagementScripts", body, is_harmless=True)
    assert (found.refused, found.content["body"]["scriptContent"]) == ("", body["scriptContent"])
    plain = {"scriptContent": encoded("Write-Host hello"), "description": "no password: none"}
    assert taken("deviceManagementScripts", plain).content["body"] == {"id": "key", "displayName": "It", **plain}


def test_ids_become_the_standards_and_assignments_go_along_only_where_wanted():
    known = {DIRECTORY: "directories"}
    found = taken("deviceConfigurations", {"text": DIRECTORY, "roleScopeTagIds": ["0"]}, known)
    assert found.content["body"] == {"id": "key", "displayName": "It", "text": UID, "roleScopeTagIds": ["0"]}
    assert found.content["assignments"][0]["target"]["groupId"] == OF_STANDARD
    assert taken("deviceConfigurations", {}, with_assignments=False).content["assignments"] is None
