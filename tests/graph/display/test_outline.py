"""A content as a person reads it on the snapshot page."""

import base64

from graph.display.outline import Line, not_set, outline

KIND = "#microsoft.graph.deviceManagementConfiguration"


def test_a_setting_is_one_line_with_what_depends_on_it_below():
    child = {"@odata.type": f"{KIND}SimpleSettingInstance", "settingDefinitionId": "pin_length",
             "simpleSettingValue": {"@odata.type": f"{KIND}IntegerSettingValue", "value": 8}}  # fmt: skip
    parent = {"settingDefinitionId": "pin", "settingInstanceTemplateReference": {"settingInstanceTemplateId": "x"},
              "choiceSettingValue": {"value": "pin_1", "children": [child]}}  # fmt: skip
    assert outline({"settings": [{"id": "0", "settingInstance": parent}]}) == [
        Line(0, "settings", None),
        Line(1, "pin", "1"),
        Line(2, "pin_length", "8"),
    ]


def test_collections_of_values_are_one_line_and_of_groups_are_nested():
    many = {"settingDefinitionId": "paths", "simpleSettingCollectionValue": [{"value": "a"}, {"value": "b"}]}
    group = {"settingDefinitionId": "rules", "groupSettingCollectionValue": [{"children": [many]}]}
    assert outline({"settings": [{"settingInstance": group}]})[1:] == [Line(1, "rules", None), Line(2, "paths", "a, b")]


def test_scripts_are_text_and_elements_are_called_by_what_identifies_them():
    body = {"scriptContent": base64.b64encode(b"Get-Item C:\\").decode(),
            "omaSettings": [{"@odata.type": "x", "omaUri": "./Device/A", "value": True}]}  # fmt: skip
    assert outline(body) == [
        Line(0, "scriptContent", "Get-Item C:\\"),
        Line(0, "omaSettings", None),
        Line(1, "./Device/A", None),
        Line(2, "omaUri", "./Device/A"),
        Line(2, "value", "yes"),
    ]


def test_what_is_not_set_is_named_and_takes_no_line():
    body = {"a": None, "b": [], "c": 0, "d": ""}
    assert outline(body) == [Line(0, "c", "0"), Line(0, "d", "")]
    assert not_set(body) == ["a", "b"]
