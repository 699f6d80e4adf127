"""Words by which a policy is found: of texts and of names, never of values."""

from graph.display.search_words import LONGEST, words_of


def test_words_are_of_descriptions_and_of_what_is_set_and_never_of_its_value():
    setting = {
        "settingInstance": {
            "@odata.type": "#microsoft.graph.deviceManagementConfigurationSimpleSettingInstance",
            "settingDefinitionId": "device_vendor_msft_bitlocker_requiredeviceencryption",
            "simpleSettingValue": {"value": "hush~1"},
        }
    }
    body = {"description": "Für Laptops, ISO-27001", "settings": [setting], "passwordRequired": True,
            "passwordBlockSimple": False, "secret": "hush~2"}  # fmt: skip
    words = set(words_of(body).split())
    assert words >= {"für", "laptops", "iso", "27001", "bitlocker", "requiredeviceencryption", "passwordrequired",
                     "password", "required"}  # fmt: skip
    assert not words & {"hush", "vendor", "simple", "passwordblocksimple"}


def test_words_of_a_long_policy_are_each_kept_once_and_no_more_than_are_needed():
    body = {"settings": [{"settingDefinitionId": f"defender_rule{number % 7000}"} for number in range(9000)]}
    words = words_of(body)
    assert len(words) <= LONGEST
    assert words.split().count("defender") == 1
