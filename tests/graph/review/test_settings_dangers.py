"""Protection that is turned off, and compliance that asks for less."""

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.review.settings_dangers import (
    find_code_settings,
    find_disabled_protection,
    find_exclusions,
    find_weaker_settings,
)

COMPLIANCE = POLICY_TYPES["deviceCompliancePolicies"]
BLOCK = {"actionType": "block", "gracePeriodHours": 0}


def setting(definition_id, value):
    return [("", {"settingDefinitionId": definition_id, "choiceSettingValue": {"value": value}})]


@pytest.mark.parametrize(
    ("definition_id", "value", "is_danger"),
    [
        ("device_vendor_msft_policy_config_defender_allowrealtimemonitoring", "…_0", True),
        ("device_vendor_msft_policy_config_defender_allowrealtimemonitoring", "…_1", False),
        ("vendor_msft_firewall_mdmstore_domainprofile_enablefirewall", "…_false", True),
        ("device_vendor_msft_policy_config_experience_allowcortana", "…_0", False),
    ],
)
def test_find_disabled_protection_knows_setting_and_value(definition_id, value, is_danger):
    assert bool(list(find_disabled_protection(setting(definition_id, value)))) is is_danger


def test_find_exclusions_reads_settings_and_properties():
    by_setting = setting("device_vendor_msft_policy_config_defender_excludedpaths", "C:/")
    by_property = [("", {"defenderFilesAndFoldersToExclude": ["C:/"]})]
    assert [finding.code for finding in find_exclusions([*by_setting, *by_property])] == ["protection", "protection"]


def test_find_code_settings_reads_scripts_in_the_catalog():
    [finding] = find_code_settings(setting("linux_customconfig_script", "echo"))
    assert finding.code == "system"


@pytest.mark.parametrize(
    ("now", "then", "words"),
    [
        ({"passwordRequired": True}, None, "not be held to it"),
        ({"passwordRequired": True}, {}, "not ask for this any more"),
        ({"passwordMinimumLength": 8}, {"passwordMinimumLength": 6}, "maybe for less"),
    ],
)
def test_weaker_compliance_is_a_danger(now, then, words):
    [danger] = find_weaker_settings(COMPLIANCE, now, then)
    assert words in danger.sentence


def test_a_higher_minimum_is_no_danger():
    now, then = ({"passwordMinimumLength": length} for length in (6, 8))
    assert list(find_weaker_settings(COMPLIANCE, now, then)) == []


def test_a_longer_grace_period_is_a_danger():
    now, then = (
        {"scheduledActionsForRule": [{"scheduledActionConfigurations": [{**BLOCK, "gracePeriodHours": hours}]}]}
        for hours in (0, 24)
    )
    [danger] = find_weaker_settings(COMPLIANCE, now, then)
    assert "longer" in danger.sentence
