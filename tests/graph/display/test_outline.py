"""A content as a person reads it on the snapshot page."""

import base64

from graph.display.outline import OutlineLine, outline_body, unset_properties

KIND = "#microsoft.graph.deviceManagementConfiguration"


def test_a_setting_is_one_line_with_what_depends_on_it_below():
    child = {"@odata.type": f"{KIND}SimpleSettingInstance", "settingDefinitionId": "pin_length",
             "simpleSettingValue": {"@odata.type": f"{KIND}IntegerSettingValue", "value": 8}}  # fmt: skip
    parent = {"settingDefinitionId": "pin", "settingInstanceTemplateReference": {"settingInstanceTemplateId": "x"},
              "choiceSettingValue": {"value": "pin_1", "children": [child]}}  # fmt: skip
    assert outline_body({"settings": [{"id": "0", "settingInstance": parent}]}) == [
        OutlineLine(0, "settings", None),
        OutlineLine(1, "pin", "option 1", "pin_1"),
        OutlineLine(2, "pin_length", "8"),
    ]


def test_collections_of_values_are_one_line_and_of_groups_are_nested():
    many = {"settingDefinitionId": "paths", "simpleSettingCollectionValue": [{"value": "a"}, {"value": "b"}]}
    group = {"settingDefinitionId": "rules", "groupSettingCollectionValue": [{"children": [many]}]}
    assert outline_body({"settings": [{"settingInstance": group}]})[1:] == [
        OutlineLine(1, "rules", None),
        OutlineLine(2, "paths", "a, b"),
    ]


def test_scripts_are_text_and_elements_are_called_by_what_identifies_them():
    body = {"scriptContent": base64.b64encode(b"Get-Item C:\\").decode(),
            "omaSettings": [{"@odata.type": "x", "omaUri": "./Device/A", "value": True}]}  # fmt: skip
    assert outline_body(body) == [
        OutlineLine(0, "scriptContent", "Get-Item C:\\"),
        OutlineLine(0, "omaSettings", None),
        OutlineLine(1, "./Device/A", None),
        OutlineLine(2, "omaUri", "./Device/A"),
        OutlineLine(2, "value", "yes"),
    ]


def test_what_is_not_set_is_named_and_takes_no_line():
    body = {"a": None, "b": [], "c": 0, "d": ""}
    assert outline_body(body) == [OutlineLine(0, "c", "0"), OutlineLine(0, "d", "")]
    assert unset_properties(body) == ["a", "b"]
