"""What a preview decides, and why it says no."""

from datetime import datetime

import pytest

from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy
from graph.references.references import Reference
from graph.restore.desired_content import desired_content
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.planner import PlanCase, live_fingerprint, plan_item
from graph.restore.resolver import Resolution, Resolver, replace_references
from graph.restore.target_directory import SourceObject, TargetDirectory
from graph.review.lockout_guard import find_lockout

NOW = datetime(2026, 11, 24)
SCRIPTS, CATALOG = POLICY_TYPES["deviceManagementScripts"], POLICY_TYPES["configurationPolicies"]
SCRIPT = {"body": {"displayName": "s", "scriptContent": "eA==", "description": None}, "assignments": []}
ALL = {
    "conditions": {"users": {"includeUsers": ["All"], "excludeUsers": ["u"], "excludeGroups": ["g"]}},
    "state": "enabled",
}


def decided(content, live=None, target=None, options=None, policy_type=SCRIPTS, **facts):
    case = PlanCase(policy_type, content, Match(target or (live and "x")), live, NOW, **facts)
    return plan_item(case, options or RestoreOptions(assignments="exact"))


# --- deciding --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "body", "reason"),
    [
        ("groupPolicyUploadedDefinitionFiles", {"fileName": "a.admx"}, "not_restorable"),
        ("roleDefinitions", {"displayName": "r", "isBuiltIn": True}, "built_in"),
        ("roleScopeTags", {"id": "0", "displayName": "Default"}, "built_in"),
        ("mobileApps", {"@odata.type": "#microsoft.graph.win32LobApp", "displayName": "a"}, "cannot_create"),
        ("deviceEnrollmentConfigurations", {"priority": 0, "displayName": "All users"}, "cannot_create"),
        ("deviceConfigurations", {"@odata.type": "#microsoft.graph.unsupportedDeviceConfiguration"}, "cannot_create"),
        ("deviceConfigurations", {"omaSettings": [{"omaUri": "./x", "value": "****"}]}, "secret_missing"),
        ("configurationPolicies", {"name": "k", "settings": [{"settingInstance": {"simpleSettingValue": {
            "value": "t", "valueState": "encryptedValueToken"}}}]}, "secret_missing"),
    ],
)  # fmt: skip
def test_what_cannot_be_made_is_blocked_with_a_sentence(key, body, reason):
    plan = decided({"body": body, "assignments": None}, policy_type=POLICY_TYPES[key])
    assert (plan.action, plan.reason) == ("blocked", reason)
    assert plan.message.endswith(".")


@pytest.mark.parametrize("how", ["unresolved", "dropped"])
def test_what_an_uploaded_file_calls_something_is_told_as_its_word(how):
    group = "11111111-2222-4333-8444-555555555555"
    target = {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": group}
    missing = Resolution("groups", group, "SG-Test-lab", how, is_assignment=True, why="It is not there.")
    script = {**SCRIPT, "assignments": [{"target": target}]}
    ours, uploaded = (decided(script, resolutions=[missing], is_uploaded=one) for one in (False, True))
    assert "the group “SG-Test-lab”" in " ".join((ours.message or "", *ours.notes))
    assert f"the group “{group}” (its source calls it “SG-Test-lab”)" in " ".join(
        (uploaded.message or "", *uploaded.notes)
    )


def test_a_secret_that_graph_keeps_is_noted_with_what_becomes_of_it():
    wifi = {"body": {"displayName": "w", "preSharedKeyIsSet": True, "ssid": "a"}, "assignments": []}
    assert "has to be entered again" in decided(wifi, policy_type=POLICY_TYPES["deviceConfigurations"]).notes[0]
    live = {"body": {**wifi["body"], "ssid": "b"}, "assignments": []}
    plan = decided(wifi, live, policy_type=POLICY_TYPES["deviceConfigurations"])
    assert (plan.action, "stays as it is" in plan.notes[0]) == ("update", True)


def test_a_compliance_policy_without_an_action_gets_the_one_that_graph_demands_and_says_so():
    compliance = POLICY_TYPES["deviceCompliancePolicies"]
    content = {"body": {"displayName": "c", "scheduledActionsForRule": []}, "assignments": []}
    want = desired_content(compliance, content, RestoreOptions(assignments="exact"), ())
    assert want["body"]["scheduledActionsForRule"][0]["scheduledActionConfigurations"][0]["actionType"] == "block"
    assert "Graph demands one" in decided(content, policy_type=compliance).notes[0]


def test_priorities_that_move_with_other_policies_are_no_conflict():
    enrollment = POLICY_TYPES["deviceEnrollmentConfigurations"]
    one, two = ({"body": {"displayName": "e", "priority": number}, "assignments": []} for number in (1, 2))
    assert live_fingerprint(enrollment, one) == live_fingerprint(enrollment, two)


# --- the guard -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "named", "is_dangerous"),
    [
        (ALL, [{"id": "u", "name": "one"}, {"id": "g", "name": "two"}], False),
        (ALL, [{"id": "u", "name": "one"}, {"id": "x", "name": "two"}], True),
        (ALL, [{"kind": "users", "id": "u"}, {"kind": "groups", "id": "g"}], False),
        (ALL, [{"kind": "groups", "id": "u"}], True),
        (ALL, [{"kind": "users", "id": "g"}], True),
        (ALL, [], True),
        ({**ALL, "state": "Enabled"}, [], True),
        ({**ALL, "state": "enabledForReportingButNotEnforced"}, [], False),
        ({**ALL, "state": "disabled"}, [], False),
        ({"state": "enabled", "conditions": {"users": {"includeGroups": ["g"]}}}, [], False),
    ],
)
def test_the_guard_asks_for_every_named_account_where_a_policy_is_on_for_all_users(body, named, is_dangerous):
    assert bool(find_lockout("conditionalAccessPolicies", {"body": body}, named)) is is_dangerous


def test_a_policy_that_is_on_and_will_be_report_only_says_that_it_stops_being_enforced():
    live = {"body": {"displayName": "c", "state": "enabled"}, "assignments": None}
    want = {"body": {"displayName": "d", "state": "enabled"}, "assignments": None}
    plan = decided(want, live, policy_type=POLICY_TYPES["conditionalAccessPolicies"])
    assert "not enforced any more" in plan.notes[0]


# --- references ------------------------------------------------------------------------------------------------------

GROUP = Reference("groups", "g", is_assignment=True)
TAG = Reference("roleScopeTags", "7")


def resolver(*, mapped=None, same_tenant=False, drop_missing=False, groups=(), tags=()):
    there = {"roleScopeTags": [ListedPolicy(one, name, None, None, False, None) for one, name in tags]}
    names = {}
    for one, name in groups:
        names.setdefault(("groups", name), []).append((one, name))
    directory = TargetDirectory(there, by_id={("groups", one): name for one, name in groups}, by_name=names)
    sources = {("groups", "g"): SourceObject("SG-Pilot"), ("roleScopeTags", "7"): SourceObject("Berlin")}
    return Resolver(directory, sources, mapped or {}, same_tenant=same_tenant, drop_missing=drop_missing)


@pytest.mark.parametrize(
    ("facts", "reference", "how", "to"),
    [
        ({"same_tenant": True, "groups": [("g", "renamed")]}, GROUP, "same", "g"),
        ({"groups": [("h", "SG-Pilot")]}, GROUP, "name", "h"),
        ({"groups": [("h", "SG-Pilot"), ("i", "SG-Pilot")]}, GROUP, "unresolved", None),
        ({"groups": [("h", "SG-Pilot"), ("i", "other")], "mapped": {("groups", "g"): "i"}}, GROUP, "mapping", "i"),
        ({"groups": [("h", "SG-Pilot")], "mapped": {("groups", "g"): "gone"}}, GROUP, "name", "h"),
        ({}, GROUP, "unresolved", None),
        ({"drop_missing": True}, GROUP, "dropped", None),
        ({"drop_missing": True}, TAG, "unresolved", None),
        # A scope tag's number means another tag in another tenant.
        ({"tags": [("7", "Vienna"), ("9", "Berlin")]}, TAG, "name", "9"),
        ({"tags": [("7", "Vienna")]}, TAG, "unresolved", None),
        ({"tags": [("7", "Vienna")], "same_tenant": True}, TAG, "same", "7"),
    ],
)
def test_a_reference_is_resolved_by_mapping_id_or_unique_name_and_never_otherwise(facts, reference, how, to):
    found = resolver(**facts).resolve(reference)
    assert (found.how, found.to) == (how, to)


def test_what_the_policy_refers_to_just_so_stays_as_it_is_unless_a_mapping_says_otherwise():
    assert resolver(same_tenant=True).resolve(GROUP, stands=True).how == "stands"
    assert resolver(same_tenant=True, drop_missing=True).resolve(GROUP, stands=True).how == "stands"
    made_again = resolver(same_tenant=True, groups=[("h", "SG-Pilot")])
    assert (made_again.resolve(GROUP, stands=True).how, made_again.resolve(GROUP).to) == ("stands", "h")
    mapped = resolver(same_tenant=True, groups=[("h", "other")], mapped={("groups", "g"): "h"})
    assert mapped.resolve(GROUP, stands=True).to == "h"


def test_a_namesake_that_stands_for_another_object_is_not_what_a_reference_means():
    directory = TargetDirectory({"roleScopeTags": [ListedPolicy("9", "Berlin", None, None, False, None)]})
    sources = {("roleScopeTags", "7"): SourceObject("Berlin")}
    others = Resolver(directory, sources, {}, same_tenant=False, drop_missing=False,
                      is_anothers=lambda kind, source, target: (kind, target) == ("roleScopeTags", "9"))  # fmt: skip
    assert others.resolve(TAG).how == "unresolved"


def test_what_this_restore_makes_itself_comes_first_and_is_filled_in_once_it_is_made():
    resolving = resolver(tags=[("9", "Berlin")])
    resolving.made["roleScopeTags", "7"] = (41, None)
    found = resolving.resolve(TAG)
    assert (found.how, found.item, found.to) == ("restored", 41, None)
    content = {"body": {"roleScopeTagIds": ["0", "7"]}, "assignments": None}
    assert replace_references("intents", content, [found], {})["body"] == {"roleScopeTagIds": ["0", "7"]}
    assert replace_references("intents", content, [found], {41: "12"})["body"] == {"roleScopeTagIds": ["0", "12"]}
