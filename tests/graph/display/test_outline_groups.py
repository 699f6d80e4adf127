"""Groups of lines: folded by area, searched in place, and nothing of a body lost."""

from graph.display.outline import outline_body
from graph.display.outline_groups import group_lines, search_lines

AREA = "device_vendor_msft_policy_config_{}_{}"


def setting(area, name, value):
    choice = AREA.format(area, name)
    return {"settingInstance": {"settingDefinitionId": choice, "choiceSettingValue": {"value": f"{choice}_{value}"}}}


BODY = {
    "name": "P",
    "conditions": {"users": {"includeUsers": ["All"]}},
    "settings": [setting("devicelock", "devicepasswordenabled", 0), setting("defender", "allowcamera", "block"),
                 setting("devicelock", "mindevicepasswordlength", 8)],
    "platforms": "windows10",
}  # fmt: skip


def test_settings_are_grouped_by_area_and_no_value_is_lost():
    lines = outline_body(BODY)
    groups = group_lines(lines)
    assert [(group.title, len(group.lines)) for group in groups] == [
        ("General", 2), ("Conditions", 2), ("Device Lock", 2), ("Defender", 1)]  # fmt: skip
    grouped = [line for group in groups for line in group.lines if line.value is not None]
    assert sorted(map(str, grouped)) == sorted(str(line) for line in lines if line.value is not None)


def test_a_search_finds_names_values_and_ids_in_any_case():
    groups = group_lines(outline_body(BODY))
    for words, found in (
        ("device PASSWORD", 2),
        ("option 8", 1),
        ("allowcamera", 1),
        ("lock_devicepass", 1),
        ("x y", 0),
    ):
        assert sum(len(group.lines) for group in search_lines(groups, words)) == found, words
