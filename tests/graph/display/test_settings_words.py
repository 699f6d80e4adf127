"""Settings say no more than the ids in a snapshot tell: the number of an option is no value."""

import pytest

from graph.display.diff import compare
from graph.display.outline import outline_body
from graph.policy_types.table import POLICY_TYPES

LOCK = "device_vendor_msft_policy_config_devicelock_devicepasswordenabled"


def choice(value):
    return {"value": value, "children": []}


@pytest.mark.parametrize(
    ("instance", "shown", "exact"),
    [
        ({"choiceSettingValue": choice(f"{LOCK}_0")}, "option 0", f"{LOCK}_0"),
        ({"choiceSettingValue": choice(f"{LOCK}_block")}, "block", f"{LOCK}_block"),
        ({"choiceSettingValue": choice("another_0")}, "another_0", "another_0"),
        ({"choiceSettingCollectionValue": [choice(f"{LOCK}_0"), choice(f"{LOCK}_12")]}, "option 0, option 12",
         f"{LOCK}_0, {LOCK}_12"),
        ({"simpleSettingValue": {"value": 0}}, "0", ""),
        ({"simpleSettingValue": {"value": True}}, "yes", ""),
        ({"simpleSettingValue": {"value": f"{LOCK}_0"}}, "0", ""),
        ({"simpleSettingCollectionValue": [{"value": "a"}, {"value": "b"}]}, "a, b", ""),
        ({"groupSettingCollectionValue": [{"children": []}]}, None, ""),
    ],
)  # fmt: skip
def test_every_kind_of_setting_is_shown_as_what_it_is(instance, shown, exact):
    _, line = outline_body({"settings": [{"settingInstance": {"settingDefinitionId": LOCK, **instance}}]})
    assert (line.value, line.exact, line.label) == (shown, exact, LOCK)


def test_a_changed_choice_is_called_an_option_and_a_changed_number_is_a_number():
    def policy(instance):
        instance = {"settingDefinitionId": LOCK, **instance}
        return {"body": {"settings": [{"settingInstance": instance}]}, "assignments": []}

    for key, before, after in (("choiceSettingValue", f"{LOCK}_1", f"{LOCK}_0"), ("simpleSettingValue", 1, 0)):
        [found] = compare(
            POLICY_TYPES["configurationPolicies"],
            *(policy({key: {"value": value}}) for value in (before, after)),
        )
        sides = ("option 1", "option 0") if "choice" in key else (1, 0)
        assert (found.label, found.before, found.after) == ("Device Lock: Device Password Enabled", *sides)
