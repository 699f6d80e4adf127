"""The settings of a body: each once, by an id that is the same in every tenant, with no secret and no text of it."""

import json

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.settings.set_values import LONGEST_KEY, MOST_SETTINGS, set_values
from tests.support.simulated_tenant import REAL

CATALOGUE = "configurationPolicies"
OMA = "deviceConfigurations"


def rows(policy_type, body):
    return {
        value.key: (value.plain, value.exact, value.is_secret) for value in set_values(POLICY_TYPES[policy_type], body)
    }


def catalogue(*instances):
    return {
        "name": "P",
        "platforms": "windows10",
        "settings": [{"id": "0", "settingInstance": each} for each in instances],
    }


def choice(key, item, *children):
    return {"settingDefinitionId": key, "choiceSettingValue": {"value": item, "children": list(children)}}


def simple(key, value):
    return {"settingDefinitionId": key, "simpleSettingValue": {"value": value}}


def test_what_an_intent_says_and_nobody_can_look_into_is_a_secret_and_stops_nothing():
    for text in ("[" * 100_000, "[" * 900 + "]" * 900, '{"password": "x", "password": ""}'):
        settings = [{"definitionId": "a_b", "valueJson": text}, {"definitionId": "a_c", "valueJson": "7"}]
        assert rows("intents", {"settings": settings}) == {"a_b": (None, "", True), "a_c": ("7", "[7]", False)}


def test_a_setting_of_each_kind_gives_its_id_and_of_its_value_what_is_no_text_and_no_secret():
    group = {"settingDefinitionId": "Rules", "groupSettingCollectionValue": [
        {"children": [choice("Rules_Action", "rules_action_block")]},
        {"children": [choice("rules_action", "Rules_Action_allow")]},
    ]}  # fmt: skip
    body = catalogue(
        choice(
            "Device_Camera", "device_camera_0", simple("device_camera_minutes", 5), simple("device_camera_note", "Hi")
        ),
        simple("device_lock_password", "hush hush"),
        group,
    )
    assert rows(CATALOGUE, body) == {
        "device_camera": ("~0", '["~0"]', False),
        "device_camera_minutes": ("5", "[5]", False),
        "device_camera_note": (None, '["Hi"]', False),
        "device_lock_password": (None, "", True),
        "rules_action": ("~block, ~allow", '["~block"],["~allow"]', False),
    }
    template = {"enabled": True, "definition": {"id": "GUID-1", "displayName": "Home page"},
                "presentationValues": [{"value": "https://a.example"}]}  # fmt: skip
    [home] = set_values(POLICY_TYPES["groupPolicyConfigurations"], {"definitionValues": [template]})
    assert (home.key, home.title, home.plain) == ("guid-1", "Home page", "true")
    other = {**template, "presentationValues": [{"value": "https://b.example"}]}
    assert home.exact != set_values(POLICY_TYPES["groupPolicyConfigurations"], {"definitionValues": [other]})[0].exact
    intent = [{"definitionId": "deviceConfiguration--x_Camera", "valueJson": "true"},
              {"definitionId": "deviceConfiguration--x_Text", "valueJson": '"words"'},
              {"definitionId": "deviceConfiguration--x_Unset", "valueJson": "null"}]  # fmt: skip
    assert rows("intents", {"settings": intent}) == {
        "deviceconfiguration--x_camera": ("true", "[true]", False),
        "deviceconfiguration--x_text": (None, '["words"]', False),
    }
    custom = [{"omaUri": "./Device/A", "value": 3}, {"omaUri": "./Device/B", "value": "text", "isEncrypted": True}]
    assert rows(OMA, {"@odata.type": "#microsoft.graph.windows10CustomConfiguration", "omaSettings": custom}) == {
        "./device/a": ("3", "[3]", False),
        "./device/b": (None, "", True),
    }


def test_a_property_is_a_setting_where_it_is_set_and_is_known_by_its_policys_type_and_the_way_to_it():
    body = {"@odata.type": "#microsoft.graph.windows10GeneralConfiguration", "displayName": "P",
            "passwordRequired": True,
            "passwordMinimumLength": 0, "passwordRequiredType": "alphanumeric", "cameraBlocked": False,
            "edgeHomepageUrls": ["https://a.example"], "wirelessDisplayBlockProjectionToThisDevice": None,
            "bluetoothAllowedServices": [], "edgeCookiePolicy": "userDefined"}  # fmt: skip
    typed = "windows10generalconfiguration"
    assert rows(OMA, body) == {
        f"{typed}/passwordrequired": ("true", "[true]", False),
        f"{typed}/passwordminimumlength": ("0", "[0]", False),
        f"{typed}/passwordrequiredtype": ("alphanumeric", '["alphanumeric"]', False),
        f"{typed}/edgehomepageurls": (None, '["https://a.example"]', False),
    }
    access = {
        "displayName": "P",
        "state": "enabled",
        "conditions": {"clientAppTypes": ["browser"], "users": {"includeUsers": ["All"]}},
    }
    found = {
        value.key: (value.title, value.plain) for value in set_values(POLICY_TYPES["conditionalAccessPolicies"], access)
    }
    assert found == {
        "conditionalaccesspolicy/state": ("State", "enabled"),
        "conditionalaccesspolicy/conditions/clientapptypes": ("Conditions › Client app types", "browser"),
        "conditionalaccesspolicy/conditions/users/includeusers": ("Conditions › Users › Include users", None),
    }


def test_what_a_body_holds_too_much_of_is_cut():
    many = [
        simple(f"{'long' * 200}{number}" if number % 2 else f"s{number}", "x") for number in range(MOST_SETTINGS * 3)
    ]
    found = set_values(POLICY_TYPES[CATALOGUE], catalogue(*many))
    assert len(found) <= MOST_SETTINGS
    assert max(len(value.key) for value in found) == LONGEST_KEY
    items = [{"value": f"many_{number}"} for number in range(99)]
    all_of_them = {"settingDefinitionId": "many", "choiceSettingCollectionValue": items}
    [long] = set_values(POLICY_TYPES[CATALOGUE], catalogue(all_of_them))
    assert (long.plain, long.exact.count("~")) == (None, 99)


@pytest.mark.skipif(not REAL.exists(), reason="no real policies here")
def test_every_setting_of_real_catalog_policies_is_found():
    count = 0
    for path in REAL.rglob("*.json"):
        try:
            body = json.loads(path.read_text(encoding="utf-8-sig"))
        except ValueError:
            continue
        if (
            isinstance(body, dict)
            and isinstance(body.get("settings"), list)
            and "settingInstance" in str(body["settings"])[:400]
        ):
            text = json.dumps(body).lower()
            found = {value.key for value in set_values(POLICY_TYPES[CATALOGUE], body)}
            tops = {str(row["settingInstance"]["settingDefinitionId"]).lower() for row in body["settings"]
                    if "groupSettingCollectionValue" not in row["settingInstance"]}  # fmt: skip
            assert tops <= found, path
            assert all(key in text for key in found if "/" not in key), path
            count += 1
    assert count > 20
