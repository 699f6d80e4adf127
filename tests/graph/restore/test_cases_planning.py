"""Plans of all types that are written: only what would be written can stand in the way."""

from datetime import datetime

import pytest

from graph.content.places import root_type
from graph.microsoft.model import properties
from graph.policy_types.table import POLICY_TYPES
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.restore.resolver import Resolution
from graph.restore.shortfalls import ShortfallCode
from graph.write.write_rules import WRITE_RULES

NOW = datetime(2026, 11, 26)
GROUP = "00000901-1111-4111-8111-111111111111"
MISSING = Resolution("groups", GROUP, None, "unresolved", is_assignment=True, why="It is not there.")
ASSIGNED = [{"id": "x", "target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": GROUP}}]
BLOCK = [{"scheduledActionConfigurations": [{"actionType": "block", "gracePeriodHours": 0}]}]
LIKE = {
    "mobileApps": {"@odata.type": "#microsoft.graph.webApp"},
    "deviceEnrollmentConfigurations": {
        "@odata.type": "#microsoft.graph.deviceEnrollmentLimitConfiguration",
        "priority": 1,
    },
    "intents": {"templateId": "t"},
    "deviceCompliancePolicies": {"scheduledActionsForRule": BLOCK},
    "compliancePolicies": {"scheduledActionsForRule": BLOCK},
}
ASSIGNABLE = [key for key, rule in WRITE_RULES.items() if rule.assign and not rule.cannot_restore]


TAGGED = [
    key
    for key, rule in WRITE_RULES.items()
    if not rule.cannot_restore and "roleScopeTagIds" in properties(root_type(POLICY_TYPES[key]))
]


def content(key, text="as captured", assignments=ASSIGNED):
    policy_type = POLICY_TYPES[key]
    return {
        "body": {policy_type.name_property: "p", "description": text, **LIKE.get(key, {})},
        "assignments": assignments,
    }


def decided(key, want, live, resolutions=(), now=NOW, **options):
    facts = {"was_here": True, "resolutions": list(resolutions)}
    case = PlanCase(POLICY_TYPES[key], want, Match(live and "x", how="id"), live, now, **facts)
    return plan_item(case, RestoreOptions(**{"assignments": "exact", **options}))


# --- references ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ASSIGNABLE)
def test_a_group_that_is_gone_stands_in_the_way_only_of_what_would_name_it(key):
    want, changed, unassigned = content(key), content(key, "changed by hand"), content(key, assignments=[])
    for choice in ("exact", "leave"):
        plan = decided(key, want, want, [MISSING], assignments=choice)
        assert (plan.action, plan.needs) == ("matches", frozenset())
        assert decided(key, want, changed, [MISSING], assignments=choice).action == "update"
    assert decided(key, want, unassigned, [MISSING]).reason == "unresolved"
    assert decided(key, want, None, [MISSING]).reason == "unresolved"
    for choice in ("leave", "none"):
        assert decided(key, want, None, [MISSING], assignments=choice).action == "recreate"
        assert decided(key, want, changed, [MISSING], assignments=choice).action == "update"
        assert decided(key, want, changed, [MISSING], assignments=choice, existing="copy").action == "create"
    assert decided(key, want, unassigned, [MISSING], existing="skip").action == "exists"
    assert decided(key, want, changed, [MISSING], existing="copy").reason == "unresolved"


@pytest.mark.parametrize("key", TAGGED)
def test_a_scope_tag_that_is_gone_stands_in_the_way_only_of_what_would_name_it(key):
    tag = Resolution("roleScopeTags", "7", "Berlin", "unresolved", why="It is not there.")
    want, other = content(key, assignments=[]), content(key, assignments=[])
    want["body"]["roleScopeTagIds"], other["body"]["roleScopeTagIds"] = ["7"], ["0"]
    changed = {**want, "body": {**want["body"], "description": "changed by hand"}}
    assert decided(key, want, want, [tag]).action == "matches"
    assert decided(key, want, other, [tag]).reason == "unresolved"
    # A PUT says all of it again; what stands there just so is told as such by then.
    expected = "unresolved" if WRITE_RULES[key].update == "PUT" else None
    assert decided(key, want, changed, [tag]).reason == expected
    standing = Resolution("roleScopeTags", "7", "Berlin", "stands", why="It is not there.")
    plan = decided(key, want, changed, [standing])
    assert (plan.action, len(plan.notes)) == ("update", 1)


def test_a_dropped_assignment_is_noted_where_assignments_are_written():
    dropped = Resolution("groups", GROUP, "SG-Pilot", "dropped", is_assignment=True, why="It is not there.")
    want = content("deviceManagementScripts")
    codes = {
        choice: [shortfall.code for shortfall in decided("deviceManagementScripts", want, None, [dropped],
                                                         assignments=choice).shortfalls]
        for choice in ("exact", "leave", "made")
    }  # fmt: skip
    nobody, left_out = ShortfallCode.ASSIGNED_TO_NOBODY, ShortfallCode.ASSIGNMENT_LEFT_OUT
    assert codes == {"exact": [nobody, left_out], "leave": [nobody], "made": [nobody, left_out]}


def test_what_stands_is_left_out_where_that_was_chosen_and_assignments_are_written_anyway():
    standing = Resolution("groups", GROUP, None, "stands", is_assignment=True, why="It is not there.")
    key = "deviceManagementScripts"
    other = {"id": "y", "target": {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}}
    want, live = content(key, assignments=[*ASSIGNED, other]), content(key)
    for chosen, how in ((True, "dropped"), (False, "stands")):
        plan = decided(key, want, live, [standing], drop_missing=chosen)
        assert (plan.action, [resolution.how for resolution in plan.resolutions]) == ("update", [how])
        assert decided(key, want, want, [standing], drop_missing=chosen).action == "matches"


def test_what_refers_to_what_will_be_made_anew_is_written_though_it_looks_the_same():
    """It refers to the old id, and the new one will be another."""
    tag = Resolution("roleScopeTags", "7", "Berlin", "restored", item=41)
    want = content("deviceManagementScripts", assignments=[])
    want["body"]["roleScopeTagIds"] = ["7"]
    plan = decided("deviceManagementScripts", want, want, [tag])
    assert (plan.action, plan.needs) == ("update", {("roleScopeTags", "7", False)})


@pytest.mark.parametrize(
    ("key", "body"),
    [
        ("groupPolicyUploadedDefinitionFiles", {"fileName": "a.admx"}),
        ("roleDefinitions", {"displayName": "r", "isBuiltIn": True}),
        ("roleScopeTags", {"id": "0", "displayName": "Default"}),
        (
            "deviceConfigurations",
            {"displayName": "o", "description": "", "omaSettings": [{"omaUri": "./x", "value": "****"}]},
        ),
        ("mobileApps", {"@odata.type": "#microsoft.graph.win32LobApp", "displayName": "a"}),
    ],
)
def test_what_cannot_be_written_and_need_not_be_is_no_trouble(key, body):
    want = {"body": body, "assignments": None}
    assert decided(key, want, want).action == "matches"
    if "omaSettings" in body:
        plan = decided(key, want, {**want, "body": {**body, "description": "changed by hand"}})
        assert plan.action == "update", "the mask is not in what is written"


def test_what_was_written_twice_to_no_effect_is_told_and_not_written_again():
    want, live = (content("deviceManagementScripts", text, assignments=[]) for text in "ab")
    case = PlanCase(
        POLICY_TYPES["deviceManagementScripts"], want, Match("x"), live, NOW, is_kept_otherwise=lambda: True
    )
    assert plan_item(case, RestoreOptions(assignments="leave")).reason == "kept_otherwise"
