"""The records of Intune's log: by whom, of which objects, with what as text."""

from graph.simulator.model.conformance import misfits
from tests.graph.simulator.audit.conftest import EVENTS, SENT, sent, told
from tests.graph.simulator.conftest import GROUP, OTHER_GROUP, to_group
from tests.support.outside_changes import PIPELINE, SERVICE, Outside


def test_an_assignment_leaves_a_record_for_each_target_that_came_or_went(audited):
    place = "deviceManagement/configurationPolicies/catalog/assign"
    [made] = sent(audited, 1, "POST", place, {"assignments": [to_group()]})
    assert made["actor"] == {**made["actor"], "applicationId": audited.id, "userPrincipalName": None}
    assert [one["resourceId"] for one in made["resources"]] == ["catalog", f"catalog_{GROUP}"]
    assert made["resources"][1]["displayName"] == "<null>"
    names = {one["displayName"]: one["newValue"] for one in made["resources"][1]["modifiedProperties"]}
    assert names["Target.Type"] == "GroupAssignmentTarget"
    assert names["SourceId"] == "catalog"
    both = sent(audited, 2, "POST", place, {"assignments": [to_group(OTHER_GROUP)]})
    assert {(one["activityOperationType"], one["resources"][1]["resourceId"]) for one in both} == {
        ("Delete", f"catalog_{GROUP}"), ("Create", f"catalog_{OTHER_GROUP}")
    }  # fmt: skip


def test_values_are_text_secrets_are_among_them_and_lists_that_stay_look_emptied(audited):
    outside = Outside(audited)
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./x", "value": "hush", "isEncrypted": True}
    outside.change("deviceConfigurations", "oma", omaSettings=[secret], correlation=SENT)
    [made] = told(audited, EVENTS)
    properties = {one["displayName"]: one for one in made["resources"][0]["modifiedProperties"]}
    assert properties["$Collection.OmaSettings[0].Value"]["newValue"] == "hush"
    assert properties["$Collection.OmaSettings[0].IsEncrypted"]["newValue"] == "True"
    scope_tag = properties["$Collection.RoleScopeTagIds[0]"]
    assert (scope_tag["oldValue"], scope_tag["newValue"]) == ("0", "")
    assert outside.held("deviceConfigurations", "oma")["version"] == 2


def test_an_app_from_outside_and_the_service_itself(audited):
    outside, made = Outside(audited), []
    for number, doer in ((7, PIPELINE), (8, SERVICE)):
        outside.change("assignmentFilters", "filter", rule=str(number), by=doer, correlation=SENT[:-1] + str(number))
        made += told(audited, EVENTS, SENT[:-1] + str(number))
    assert [one["actor"]["applicationDisplayName"] for one in made] == [PIPELINE["name"], None]
    assert [one["actor"]["userPrincipalName"] for one in made] == [None, None]


def test_every_record_fits_microsofts_model(audited):
    Outside(audited).assign("deviceCompliancePolicies", "compliance")
    made = audited.ask("GET", EVENTS).json()["value"]
    assert made
    assert [misfit for one in made for misfit in misfits("auditEvent", one)] == []
