"""Places that differ: by their labels, without values; what was not read is none; and what is ignored of them."""

import pytest

from graph.changes.differences import changed_places, unread_paths
from graph.changes.ignored_paths import text_of
from graph.policy_types.table import POLICY_TYPES

CATALOG, COMPLIANCE = POLICY_TYPES["configurationPolicies"], POLICY_TYPES["deviceCompliancePolicies"]
GROUP = {"target": {"@odata.type": "#microsoft.graph.groupAssignmentTarget", "groupId": "1b0e"}}


def places(policy_type, before, after, names=None, unread=()):
    found = changed_places(policy_type, before, after, names or {}, unread)
    return [(text_of(one.path), one.label, one.how) for one in found]


def content(assignments=(), **body):
    return {"body": body, "assignments": None if assignments is None else list(assignments)}


def test_a_difference_has_a_place_and_words_and_no_value():
    before, after = content(passwordMinimumLength=6), content([GROUP], passwordMinimumLength=8)
    assert places(COMPLIANCE, before, after, {"1b0e": "SG-Sales"}) == [
        ("body/passwordMinimumLength", "Password minimum length", "changed"),
        ("assignments/groupAssignmentTarget 1b0e", "Group SG-Sales", "added"),
    ]


def test_an_element_that_is_its_own_value_is_not_named():
    ca = POLICY_TYPES["conditionalAccessPolicies"]
    group = "11111111-1111-4111-8111-111111111111"
    users = {"includeUsers": ["All"]}
    before = content(None, conditions={"users": users, "userRiskLevels": []})
    after = content(None, conditions={"users": users | {"excludeGroups": [group]}, "userRiskLevels": ["high"]})
    assert places(ca, before, after, {group: "Break glass"}) == [
        ("body/conditions/userRiskLevels/*", "Conditions › User risk levels", "added"),
        (f"body/conditions/users/excludeGroups/{group}", "Conditions › Users › Exclude groups › Break glass", "added"),
    ]
    vpn = POLICY_TYPES["deviceConfigurations"]
    kind = {"@odata.type": "#microsoft.graph.iosGeneralDeviceConfiguration"}
    secret = content(**kind, emailInDomainSuffixes=["hunter2"])
    assert "hunter2" not in str(places(vpn, content(**kind), secret))
    twice = content(**kind, emailInDomainSuffixes=["hunter2", "hunter2", 'say "hunter2"'])
    assert "hunter2" not in str(places(vpn, secret, twice))


# The tenant behind the pairs that these stand for was read by a nightly backup that missed assignments now and then:
# gone one night, back the next, without any event (IntuneCD's own history of a demonstration tenant).
@pytest.mark.parametrize("policy_type", [COMPLIANCE, CATALOG], ids=lambda one: one.key)
def test_assignments_that_one_reading_does_not_have_are_neither_removed_nor_added(policy_type):
    read, unread = content([GROUP], description="x"), content(None, description="x")
    assert places(policy_type, read, unread) == places(policy_type, unread, read) == []
    assert places(policy_type, read, content(description="x"))[0][2] == "removed", "read, and none there"


def test_a_rename_is_one_difference():
    settings = [{"settingInstance": {"settingDefinitionId": "a_b", "simpleSettingValue": {"value": 1}}}]
    before, after = content([GROUP], name="Old", settings=settings), content([GROUP], name="New", settings=settings)
    assert places(CATALOG, before, after) == [("body/name", "Name", "changed")]


def test_what_a_reading_withheld_is_no_difference():
    places_withheld = ("omaSettings[./Device/X]", "The messages of its email template")
    withheld = [{"where": where, "why": ""} for where in places_withheld]
    unread = unread_paths({"secrets": {"revealed": 0, "withheld": withheld}}, {})
    assert unread == [("body", "omaSettings", "./Device/X"), ("body", "notificationMessages")]
    oma = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./Device/X"}
    old, new = content(omaSettings=[oma | {"value": "a"}]), content(omaSettings=[oma | {"value": "b"}])
    assert places(POLICY_TYPES["deviceConfigurations"], old, new, unread=unread) == []
    assert len(places(POLICY_TYPES["deviceConfigurations"], old, new)) == 1


def test_members_that_are_kept_only_since_somebody_wants_them_are_no_difference():
    groups = POLICY_TYPES["groups"]
    without, with_members = content(None, displayName="G"), content(None, displayName="G", members=[{"id": "u"}])
    assert places(groups, without, with_members) == places(groups, with_members, without) == []
    assert places(groups, with_members, content(None, displayName="G", members=[]))


def test_a_place_in_a_list_is_one_whatever_moved():
    before = content(rules=[{"@odata.type": "x", "text": str(n)} for n in range(3)])
    after = content(rules=[{"@odata.type": "x", "text": str(n)} for n in range(1, 4)])
    assert {text for text, _, _ in places(POLICY_TYPES["assignmentFilters"], before, after)} == {"body/rules/*/text"}
