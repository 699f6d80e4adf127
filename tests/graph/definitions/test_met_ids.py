import pytest

from graph.definitions.met_ids import LONGEST_ID, Catalogue, met_in
from tests.support.simulated_tenant import catalog_policy

NESTED = {"settings": [{"settingInstance": {"settingDefinitionId": "Com.Apple.X", "groupSettingCollectionValue": [
    {"children": [{"settingDefinitionId": "com.apple.x_y"}, {"settingDefinitionId": "com.apple.X"}]}]}}]}  # fmt: skip


@pytest.mark.parametrize(
    ("policy_type", "body", "met"),
    [
        ("configurationPolicies", NESTED, dict.fromkeys(("com.apple.x", "com.apple.x_y"), Catalogue.CONFIGURATION)),
        ("compliancePolicies", NESTED, dict.fromkeys(("com.apple.x", "com.apple.x_y"), Catalogue.COMPLIANCE)),
        ("reusablePolicySettings", {"settingDefinitionId": "Linux_X"}, {"linux_x": Catalogue.REUSABLE}),
        ("inventoryPolicies", {"settingDefinitionId": "cpu_x"}, {"cpu_x": Catalogue.INVENTORY}),
        (
            "intents",
            {"templateId": "D0", "settings": [{"definitionId": "deviceConfiguration--A_b", "value": True}]},
            {"d0": Catalogue.TEMPLATE, "deviceconfiguration--a_b": Catalogue.INTENT},
        ),
        # Written by people, or damaged: no ids.
        ("configurationPolicies", {"settingDefinitionId": ["x"], "definitionId": "", "templateId": "T"}, {}),
        ("configurationPolicies", {"settingDefinitionId": "x" * (LONGEST_ID + 1)}, {}),
        ("configurationPolicies", {"settingDefinitionId": "x\u202ey"}, {}),
        ("configurationPolicies", None, {}),
    ],
)
def test_the_ids_in_a_content_are_found_folded_each_with_its_list(policy_type, body, met):
    found = met_in(policy_type, {"body": body, "assignments": []})
    assert {setting_id: each.catalogue for setting_id, each in found.items()} == met
    assert {each.spelling.lower() for each in found.values()} == {*met}


def test_a_policy_of_the_simulator_meets_its_settings():
    assert len(met_in("configurationPolicies", {"body": catalog_policy("x", "x", count=3)})) == 3
