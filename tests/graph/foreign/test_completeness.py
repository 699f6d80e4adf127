"""Whether a policy is whole."""

from graph.foreign.completeness import count_secrets, find_lack


def test_lines_of_lists_and_cut_settings_are_not_whole():
    assert "has no settings" in find_lack("configurationPolicies", {"name": "a"})
    assert "says 2 settings, and has 1" in find_lack("configurationPolicies", {"settings": [{}], "settingCount": 2})
    assert "has no scriptContent" in find_lack("deviceShellScripts", {"scriptContent": None})
    assert not find_lack("deviceConfigurations", {})


def test_a_token_of_the_services_and_a_script_are_no_secrets_in_clear():
    secret = {
        "settingDefinitionId": "x_password",
        "simpleSettingValue": {"value": "t", "valueState": "encryptedValueToken"},
    }
    assert count_secrets({"body": {"settings": [secret], "scriptContent": "cGFzc3dvcmQ="}}) == 0
