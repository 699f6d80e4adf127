"""What a person reads of a difference: settings, choices, groups and filters by their names."""

import copy

import pytest

from graph.display.diff import compare
from graph.display.labels import names_by_id, readable_name
from graph.policy_types.table import POLICY_TYPES

CATALOG = POLICY_TYPES["configurationPolicies"]
SCAN = "device_vendor_msft_policy_config_defender_allowrealtimemonitoring"
NAMES = {"1": "SG-Sales", "2": "SG-Leavers", "3": None, "f": "Corporate devices"}


def to(kind, group=None, **filtered):
    target = {"@odata.type": f"#microsoft.graph.{kind}AssignmentTarget"} | ({"groupId": group} if group else {})
    return {"id": "made anew", "target": {**target, **filtered}}


def by_filter(mode):
    return {"deviceAndAppManagementAssignmentFilterId": "f", "deviceAndAppManagementAssignmentFilterType": mode}


@pytest.mark.parametrize(
    ("name", "read"),
    [
        ("passwordMinimumLength", "Password minimum length"),
        (SCAN, "Defender: Allow Real Time Monitoring"),
        ("device_vendor_msft_policy_config_microsoft_edgev83diff~policy~microsoft_edge_configureshare",
         "Microsoft Edge Configure Share"),
        ("com.apple.applicationaccess_allowscreenshot", "Application Access: Allow Screenshot"),
        ("./Device/Vendor/MSFT/Policy", "./Device/Vendor/MSFT/Policy"),
        ("en-us", "en-us"),
    ],
)  # fmt: skip
def test_names_are_read_as_words(name, read):
    assert readable_name(name) == read


def test_a_choice_is_said_without_the_name_of_its_setting():
    def policy(value):
        instance = {"settingDefinitionId": SCAN, "choiceSettingValue": {"value": f"{SCAN}_{value}"}}
        return {"body": {"settings": [{"settingInstance": instance}]}, "assignments": []}

    [found] = compare(CATALOG, policy(1), policy(0))
    assert (found.label, found.before, found.after) == ("Defender: Allow Real Time Monitoring", "option 1", "option 0")


def test_what_depends_on_a_setting_is_not_called_by_its_name_twice():
    def policy(size):
        child = {"settingDefinitionId": f"{SCAN}_size", "simpleSettingValue": {"value": size}}
        instance = {"settingDefinitionId": SCAN, "choiceSettingValue": {"value": f"{SCAN}_1", "children": [child]}}
        return {"body": {"settings": [{"settingInstance": instance}]}, "assignments": []}

    [found] = compare(CATALOG, policy(1), policy(2))
    assert found.label == "Defender: Allow Real Time Monitoring › Size"


def test_a_setting_that_came_or_went_is_said_by_its_values():
    def policy(*settings):
        return {"body": {"settings": [{"settingInstance": instance} for instance in settings]}, "assignments": []}

    child = {"settingDefinitionId": f"{SCAN}_size", "simpleSettingValue": {"value": 8}}
    whole = {"settingDefinitionId": SCAN, "choiceSettingValue": {"value": f"{SCAN}_1", "children": [child]}}
    [found] = compare(CATALOG, policy(), policy(whole))
    assert (found.kind, found.before, found.after) == ("added", None, "option 1\nSize: 8")


def test_assignments_are_said_with_the_names_of_groups_and_filters():
    before = {"body": {}, "assignments": [to("allDevices"), to("group", "1"), to("exclusionGroup", "2")]}
    after = copy.deepcopy(before)
    after["assignments"] = [to("exclusionGroup", "2", **by_filter("include")), to("group", "1"), to("group", "3")]
    found = {
        (difference.label, difference.kind): (difference.before, difference.after)
        for difference in compare(CATALOG, before, after, NAMES)
    }
    assert found == {
        ("All devices", "removed"): ("All devices", None),
        ("Group 3 (deleted)", "added"): (None, "Group 3 (deleted)"),
        ("Without group SG-Leavers › Filter", "added"): (None, "Corporate devices"),
        ("Without group SG-Leavers › Filter mode", "added"): (None, "include"),
    }


def test_what_could_not_be_read_is_not_called_deleted():
    references = {"groups": {"1": "SG-Sales", "3": None}, "filters": {}}
    assert names_by_id(references) == {"1": "SG-Sales", "3": None}
    assert names_by_id(references, were_read=False) == {"1": "SG-Sales"}


def test_groups_inside_a_conditional_access_policy_are_named_as_well():
    def policy(*groups):
        return {"body": {"conditions": {"users": {"excludeGroups": list(groups)}}}, "assignments": None}

    [found] = compare(POLICY_TYPES["conditionalAccessPolicies"], policy("1", "2"), policy("2"), NAMES)
    assert (found.label, found.kind, found.before) == (
        "Conditions › Users › Exclude groups › SG-Sales",
        "removed",
        "SG-Sales",
    )
