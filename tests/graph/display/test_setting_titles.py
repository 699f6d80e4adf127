"""Settings in Microsoft’s words: on a page, in a difference, in a search. Ids in any case; odd titles made fit."""

from graph.definitions.wording import SettingDefinition, Wording, property_key
from graph.display.diff import compare
from graph.display.labels import readable_name
from graph.display.outline import outline_body
from graph.display.outline_groups import group_lines, search_lines
from graph.display.search_words import words_of
from graph.display.setting_titles import about, full_title, title_of
from graph.policy_types.table import POLICY_TYPES

CAMERA = "device_vendor_msft_policy_config_privacy_letappsaccesscamera"
LOCK = "device_vendor_msft_policy_config_devicelock_maxinactivitytimedevicelock"
ROOT, CHILD = "com.apple.applicationaccess_com.apple.applicationaccess", "com.apple.applicationaccess_allowcamera"
INTENT = "deviceConfiguration--windows10EndpointProtectionConfiguration_applicationGuardEnabled"
COMPLIANCE = "#microsoft.graph.windows10CompliancePolicy"


def definition(setting_id, title, category="", **more):
    return SettingDefinition(setting_id.lower(), title, category_id=category, **more)


WORDING = Wording(
    {
        found.id: found
        for found in (
            definition(CAMERA, "\u202fLet Apps  Access Camera ", "privacy", description="Says whether apps may.",
                       options={f"{CAMERA}_0": "User in control", f"{CAMERA}_2": "Force deny"}),
            definition(LOCK, "Max Inactivity Time Device Lock", "lock", unit="minutes", minimum=0, maximum=999),
            definition(ROOT, "Top Level Setting Group Collection", "apple"),
            definition(CHILD, "Allow Camera", "apple", options={f"{CHILD}_true": "True"}),
            definition(INTENT, "Application Guard", options={"true": "Enabled"}),
            definition(property_key(COMPLIANCE, "bitLockerEnabled"), "Require BitLocker", options={"true": "Require"}),
        )
    },
    {"privacy": ("Privacy",), "lock": ("Device", "Lock"), "apple": ("Restrictions",)},
    {"lock": 2, "privacy": 1, "apple": 3},
)  # fmt: skip


def setting(setting_id, **value):
    return {"settingInstance": {"settingDefinitionId": setting_id, **value}}


def catalogue(camera=2, minutes=15, **more):
    return {
        "name": "P",
        "settings": [
            setting(LOCK.upper(), simpleSettingValue={"value": minutes}),
            setting(CAMERA, choiceSettingValue={"value": f"{CAMERA}_{camera}", "children": []}),
            setting(ROOT, groupSettingCollectionValue=[{"children": [
                {"settingDefinitionId": CHILD, "choiceSettingValue": {"value": f"{CHILD}_true"}}]}]),
            setting("device_vendor_msft_policy_config_defender_allowcamera", choiceSettingValue={"value": "x_1"}),
        ],
        **more,
    }  # fmt: skip


def shown(body):
    groups = group_lines(outline_body(body, wording=WORDING), wording=WORDING)
    return {
        group.title: [(line.depth, line.title or readable_name(line.label), line.value) for line in group.lines]
        for group in groups
    }


def test_settings_stand_in_their_categories_in_the_portals_order_and_what_has_no_words_keeps_todays():
    assert list(shown(catalogue()).items()) == [
        ("General", [(0, "Name", "P")]),
        ("Privacy", [(1, "Let Apps Access Camera", "Force deny")]),
        ("Device › Lock", [(1, "Max Inactivity Time Device Lock", "15 minutes")]),
        # The root of an Apple payload is called by its category.
        ("Restrictions", [(1, "Allow Camera", "True")]),
        ("Defender", [(1, "Defender: Allow Camera", "x_1")]),
    ]


def test_a_search_inside_finds_microsofts_words_and_raw_ids():
    groups = group_lines(outline_body(catalogue(), wording=WORDING), wording=WORDING)
    for words in ("apps camera", "letappsaccesscamera", "force DENY", f"{CAMERA}_2", "privacy"):
        assert [line.label for group in search_lines(groups, words) for line in group.lines] == [CAMERA], words


def test_a_title_that_stands_alone_has_its_category_before_it():
    assert full_title(CAMERA.upper(), WORDING) == "Privacy: Let Apps Access Camera"
    assert (title_of(ROOT, WORDING), full_title(ROOT, WORDING)) == ("Restrictions", "Restrictions")
    assert (full_title("unknown_id", WORDING), about("unknown_id", WORDING)) == ("", "")
    assert about(LOCK, WORDING) == "From 0 to 999 minutes."


def test_differences_are_said_in_words_with_what_stands_behind_them():
    contents = ({"body": body, "assignments": []} for body in (catalogue(0, 15), catalogue(2, 20)))
    found = {
        difference.label: (difference.before, difference.after, difference.exact)
        for difference in compare(POLICY_TYPES["configurationPolicies"], *contents, wording=WORDING)
    }
    assert found == {
        "Privacy: Let Apps Access Camera": ("User in control", "Force deny", (f"{CAMERA}_0", f"{CAMERA}_2")),
        "Lock: Max Inactivity Time Device Lock": ("15 minutes", "20 minutes", (15, 20)),
    }


def test_intents_administrative_templates_custom_settings_and_actions_read_naturally():
    intent = {"settings": [{"definitionId": INTENT, "valueJson": "true", "value": True}]}
    assert shown(intent) == {"Windows10 endpoint protection configuration": [(1, "Application Guard", "Enabled")]}
    template = {"definitionValues": [{
        "enabled": True, "definition": {"id": "d", "displayName": "\u202fSend feedback", "categoryPath": "\\One\\Two"},
        "presentationValues": [{"value": "Always", "presentation": {"id": "p", "label": "When:"}}],
    }]}  # fmt: skip
    assert shown(template) == {"One › Two": [(1, "Send feedback", "Enabled"), (2, "When", "Always")]}
    custom = {"omaSettings": [{"displayName": "Kiosk", "omaUri": "./Device/Kiosk", "value": 3}]}
    assert shown(custom) == {"Oma settings": [(1, "Kiosk", "3")]}
    compliance = {
        "@odata.type": COMPLIANCE,
        "bitLockerEnabled": True,
        "scheduledActionsForRule": [{"ruleName": "R", "scheduledActionConfigurations": [
            {"actionType": "block", "gracePeriodHours": 0}, {"actionType": "retire", "gracePeriodHours": 72}]}],
    }  # fmt: skip
    assert shown(compliance) == {
        "General": [(0, "Require BitLocker", "Require")],
        "Scheduled actions for rule": [
            (1, "Mark device noncompliant", "immediately"),
            (1, "Add device to retire list", "after 3 days"),
        ],
    }


def test_masked_values_stay_masked_whatever_the_words():
    body = {"settings": [setting(CAMERA, choiceSettingValue={"value": "•••••• (masked)"})]}
    assert shown(body)["Privacy"] == [(1, "Let Apps Access Camera", "•••••• (masked)")]


def test_a_policy_is_found_by_microsofts_words():
    words = words_of(catalogue(), wording=WORDING).split()
    assert {"let", "apps", "access", "camera", "privacy", "letappsaccesscamera"} <= {*words}
    assert "deny" not in words, "a value"
