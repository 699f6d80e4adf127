"""Properties that the service has added since a backup was made."""

from graph.policy_types.table import POLICY_TYPES
from graph.write.additions import is_unchanged, without_additions

ACCESS = POLICY_TYPES["conditionalAccessPolicies"]


def content(**session):
    return {"body": {"displayName": "c", "sessionControls": {"signInFrequency": session}}, "assignments": None}


def test_without_additions_drops_a_property_that_no_backup_has():
    live = content(value=4, frequencyInterval="timeBased")["body"]
    assert without_additions(ACCESS, live, content(value=8)["body"]) == content(value=4)["body"]


def test_without_additions_keeps_a_property_that_one_backup_has_as_null():
    live = content(value=4, frequencyInterval="timeBased")["body"]
    assert without_additions(ACCESS, live, content(value=8)["body"], content(frequencyInterval=None)["body"]) == live


def test_is_unchanged_where_only_an_unset_property_appeared():
    assert is_unchanged(ACCESS, content(value=4), content(value=4, type=None))
    assert is_unchanged(ACCESS, content(value=4, type=None), content(value=4))


def test_a_property_that_appears_with_a_value_is_a_change():
    assert not is_unchanged(ACCESS, content(value=4), content(value=4, type="hours"))


CATALOG = POLICY_TYPES["configurationPolicies"]


def test_of_settings_with_one_id_each_is_held_against_its_own_of_the_backup():
    def setting(value, **more):
        return {"settingInstance": {"settingDefinitionId": "a", "simpleSettingValue": {"value": value}, **more}}

    live = {"settings": [setting(1, added="later"), setting(2), setting(2, added="later")]}
    backup = {"settings": [setting(2), setting(1), setting(2)]}
    kept = without_additions(CATALOG, live, backup)["settings"]
    assert kept == [setting(1), setting(2), setting(2)]
