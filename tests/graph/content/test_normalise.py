"""Normalising and comparing: what is a change, and what is not."""

import json
import random
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.content.fingerprint import fingerprint
from graph.content.normalise import normalise
from graph.content.places import body_place
from graph.content.service_made import _BY_NAME
from graph.content.unordered_lists import _SETS
from graph.display.diff import compare
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.imports.exported_files import NotAPolicy, read_policy_file
from tests.support.simulated_tenant import catalog_policy
from tests.support.strategies import json_of

REAL = Path(__file__).parents[4] / "shared" / "realdata" / "policies"
CATALOG = POLICY_TYPES["configurationPolicies"]
DEVICE = POLICY_TYPES["deviceConfigurations"]


def content(body, assignments=()):
    return {"body": body, "assignments": list(assignments)}


def same(policy_type, before, after):
    return fingerprint(policy_type, content(before)) == fingerprint(policy_type, content(after))


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"description": None}, {"description": ""}),
        ({"description": ""}, {}),
        ({"roleScopeTagIds": []}, {"roleScopeTagIds": ["0"]}),
        ({"a": 1, "version": 1}, {"a": 1, "version": 2, "lastModifiedDateTime": "2025-01-01T00:00:00Z"}),
        ({"id": "1", "a": 1}, {"id": "2", "a": 1}),
        ({"start": "08:00:00.0000000"}, {"start": "08:00:00"}),
        ({"x@odata.context": "https://…", "a": 1}, {"a": 1}),
        ({"a": 1}, {"a": 1, "new": None}),
        (
            {"omaSettings": [{"omaUri": "./a", "value": "s", "isEncrypted": True, "secretReferenceValueId": "1"}]},
            {"omaSettings": [{"omaUri": "./a", "value": "s", "isEncrypted": True, "secretReferenceValueId": "2"}]},
        ),
        ({"roleScopeTagIds": ["1", "2"]}, {"roleScopeTagIds": ["2", "1"]}),
        ({"featureUpdatesPauseExpiryDateTime": "2025-01-01T00:00:00Z"}, {}),
    ],
)
def test_these_are_no_change(before, after):
    assert same(DEVICE, before, after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({"displayName": "a"}, {"displayName": "b"}),
        ({"roleScopeTagIds": ["0"]}, {"roleScopeTagIds": ["1"]}),
        ({"on": True}, {"on": False}),
        ({"urls": ["a", "b"]}, {"urls": ["b", "c"]}),
        ({"rules": [{"a": 1}, {"a": 2}]}, {"rules": [{"a": 2}, {"a": 1}]}),
        ({"n": 1}, {"n": "1"}),
        ({"unknownToUs": {"deep": [1]}}, {"unknownToUs": {"deep": [2]}}),
        (
            {"omaSettings": [{"omaUri": "./a", "value": "s"}]},
            {"omaSettings": [{"omaUri": "./a", "value": "t"}]},
        ),
    ],
)
def test_these_are_changes(before, after):
    assert not same(DEVICE, before, after)


def test_settings_may_come_in_any_order_and_are_named_in_the_difference():
    before, after = catalog_policy("1", "P", 30), catalog_policy("1", "P", 30)
    random.Random(1).shuffle(after["settings"])
    assert same(CATALOG, before, after)
    changed = next(s for s in after["settings"] if s["id"] == "7")
    changed["settingInstance"]["simpleSettingValue"]["value"] = 99
    [difference] = compare(CATALOG, content(before), content(after))
    assert difference.label == "Test: 7"
    assert (difference.kind, difference.before, difference.after) == ("changed", 7, 99)


def test_what_depends_on_a_setting_may_come_in_any_order_too():
    def policy(*children):
        value = {"value": "x_1", "children": [{"settingDefinitionId": one, "simpleSettingValue": {"value": worth}}
                                              for one, worth in children]}  # fmt: skip
        return content({"settings": [{"settingInstance": {"settingDefinitionId": "x", "choiceSettingValue": value}}]})

    before = policy(("size", 1), ("age", 2))
    assert compare(CATALOG, before, policy(("age", 2), ("size", 1))) == []
    [difference] = compare(CATALOG, before, policy(("age", 3), ("size", 1)))
    assert (difference.path[-4:], difference.after) == (("children", "age", "simpleSettingValue", "value"), 3)


def test_a_secret_token_that_differs_at_each_read_is_no_change():
    def policy(token):
        value = {"value": token, "valueState": "encryptedValueToken"}
        return {"settings": [{"settingInstance": {"settingDefinitionId": "x", "simpleSettingValue": value}}]}

    assert same(CATALOG, policy("one"), policy("two"))


def test_assignments_are_compared_by_target_and_a_filter_counts():
    def to(group, **more):
        return {
            "id": "random",
            "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group, **more},
        }

    none = {"deviceAndAppManagementAssignmentFilterType": "none", "deviceAndAppManagementAssignmentFilterId": None}
    one, other = content({}, [to("a"), to("b", **none)]), content({}, [to("b"), to("a")])
    assert fingerprint(DEVICE, one) == fingerprint(DEVICE, other)
    filtered = {
        "deviceAndAppManagementAssignmentFilterType": "include",
        "deviceAndAppManagementAssignmentFilterId": "f",
    }
    assert fingerprint(DEVICE, one) != fingerprint(DEVICE, content({}, [to("a"), to("b", **filtered)]))


def test_an_app_list_that_microsoft_computes_is_no_content():
    mam = POLICY_TYPES["androidManagedAppProtections"]
    apps = [{"mobileAppIdentifier": {"packageId": "a"}}]
    assert same(mam, {"appGroupType": "allApps", "apps": apps}, {"appGroupType": "allApps", "apps": []})
    assert not same(mam, {"appGroupType": "selectedPublicApps", "apps": apps}, {"appGroupType": "selectedPublicApps"})


def test_a_script_is_compared_as_text():
    scripts = POLICY_TYPES["deviceManagementScripts"]
    [difference] = compare(scripts, content({"scriptContent": "YQ=="}), content({"scriptContent": "Yg=="}))
    assert (difference.before, difference.after) == ("a", "b")


@pytest.mark.parametrize(
    "weird", [None, [], "x", {}, {"body": None}, {"body": [], "assignments": {}}, {"body": {"settings": "x"}}]
)
def test_nothing_makes_it_raise(weird):
    normalise(CATALOG, weird)
    fingerprint(CATALOG, weird)
    compare(CATALOG, weird, {"body": {"a": 1}})


def real_policies():
    if not REAL.exists():
        return []
    found = []
    for path in sorted(REAL.rglob("*.json")):
        try:
            found.append(read_policy_file(path))
        except NotAPolicy:
            continue
    return found


def shuffled(value, place, chance):
    if isinstance(value, dict):
        items = list(value.items())
        chance.shuffle(items)
        return {name: shuffled(inner, place.inside(value, name), chance) for name, inner in items}
    if isinstance(value, list):
        made = [shuffled(inner, place, chance) for inner in value]
        has_objects = any(isinstance(inner, dict) for inner in value)
        if place.keys is not None if has_objects else place.is_set:
            chance.shuffle(made)
        return made
    return value


def test_on_every_real_policy_normalising_is_idempotent_and_blind_to_what_has_no_order():
    policies = real_policies()
    if not policies:
        pytest.skip("the real exported policies are not beside this checkout")
    chance = random.Random(7)
    for collection, body in policies:
        policy_type = POLICY_TYPES.get(collection.split("/")[-1], DEVICE)
        whole = content(body)
        once = normalise(policy_type, whole)
        assert normalise(policy_type, once) == once
        other = {"body": shuffled(body, body_place(policy_type), chance), "assignments": []}
        assert fingerprint(policy_type, other) == fingerprint(policy_type, whole), body.get("displayName")
        assert compare(policy_type, whole, json.loads(json.dumps(other))) == []


# Names that some rule knows, and some that none does.
OTHERS = ("id", "body", "assignments", "target", "description", "value", "valueJson", "omaUri", "valueState",
          "@odata.type", "appGroupType", "settingInstance", "settingDefinitionId", "definitionId", "none")  # fmt: skip
KEYS = {key for keys in _SETS.values() for key in keys}
LISTS = ("settings", "omaSettings", "apps", "items", "roleScopeTagIds", "roleScopeTags", "platforms", "children",
         "presentationValues", "definitionValues", "conditions", "users", "includeUsers")  # fmt: skip
names = st.sampled_from([*sorted(KEYS | set(_BY_NAME)), *LISTS, *OTHERS])
contents = st.fixed_dictionaries({"body": json_of(names), "assignments": json_of(names, 6)}) | json_of(names)
kinds = st.sampled_from(sorted(POLICY_TYPES)).map(POLICY_TYPES.__getitem__)


def turned(value):
    """The same JSON with the names of every object in another order."""
    if isinstance(value, dict):
        return {name: turned(inner) for name, inner in reversed(value.items())}
    return [turned(inner) for inner in value] if isinstance(value, list) else value


@given(kinds, contents)
def test_normalising_any_json_is_idempotent_and_blind_to_the_order_of_names(policy_type, found):
    clean = normalise(policy_type, found)
    assert normalise(policy_type, clean) == clean
    assert fingerprint(policy_type, turned(found)) == fingerprint(policy_type, found) == fingerprint(policy_type, clean)


@given(kinds, contents)
def test_nothing_differs_from_itself(policy_type, found):
    assert compare(policy_type, found, turned(found)) == []


@given(kinds, contents, contents)
def test_any_two_can_be_compared_and_equal_prints_mean_no_difference(policy_type, one, other):
    differences = compare(policy_type, one, other)
    if fingerprint(policy_type, one) == fingerprint(policy_type, other):
        assert differences == []
    # What was added may be a null.
    assert all(isinstance(difference.label, str) for difference in differences)
    assert all(
        repr(difference.before) != repr(difference.after) for difference in differences if difference.kind == "changed"
    )
