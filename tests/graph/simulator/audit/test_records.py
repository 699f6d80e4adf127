"""The records that writes through Graph leave: by the app, under the request id that it sent."""

import json

import pytest

from graph.simulator.model.conformance import misfits
from tests.graph.simulator.conftest import GROUP, OTHER_GROUP, access, add_tenant, furnish, to_group
from tests.support.outside_changes import PIPELINE, SERVICE, Outside
from tests.support.simulated_tenant import WRITE

EVENTS, AUDITS = "deviceManagement/auditEvents", "auditLogs/directoryAudits"
SENT = "aaaaaaaa-1111-4222-8333-444444444444"


@pytest.fixture(scope="module")
def tenant(simulator):
    permissions = (*WRITE, "DeviceManagementApps.ReadWrite.All", "AuditLog.Read.All")
    made = furnish(add_tenant(simulator, "Audited", permissions)).sign_in()
    made.change(flags={"audit_reads": 0})
    return made


def told(tenant, log, correlation=SENT):
    return [one for one in tenant.ask("GET", log).json()["value"] if one["correlationId"] == correlation]


def sent(tenant, number, *call):
    """Send a write under an id of its own; return what the logs say of it."""
    correlation = SENT[:-1] + str(number)
    answer = tenant.ask(*call, client_request_id=correlation)
    assert answer.status_code < 300, answer.text
    return [one for log in (EVENTS, AUDITS) for one in told(tenant, log, correlation)]


def test_an_assignment_leaves_a_record_for_each_target_that_came_or_went(tenant):
    place = "deviceManagement/configurationPolicies/catalog/assign"
    [made] = sent(tenant, 1, "POST", place, {"assignments": [to_group()]})
    assert made["actor"] == {**made["actor"], "applicationId": tenant.id, "userPrincipalName": None}
    assert [one["resourceId"] for one in made["resources"]] == ["catalog", f"catalog_{GROUP}"]
    assert made["resources"][1]["displayName"] == "<null>"
    names = {one["displayName"]: one["newValue"] for one in made["resources"][1]["modifiedProperties"]}
    assert names["Target.Type"] == "GroupAssignmentTarget"
    assert names["SourceId"] == "catalog"
    both = sent(tenant, 2, "POST", place, {"assignments": [to_group(OTHER_GROUP)]})
    assert {(one["activityOperationType"], one["resources"][1]["resourceId"]) for one in both} == {
        ("Delete", f"catalog_{GROUP}"), ("Create", f"catalog_{OTHER_GROUP}")
    }  # fmt: skip


def test_a_conditional_access_policy_leaves_two_records_of_which_one_has_the_request_id(tenant):
    [made] = sent(tenant, 3, "PATCH", "identity/conditionalAccess/policies/ca", {"state": "enabled"})
    assert made["id"].startswith(f"IPCGraph_{SENT[:-1]}3")
    assert made["initiatedBy"]["user"] is None
    assert made["initiatedBy"]["app"]["appId"] is None
    [change] = made["targetResources"][0]["modifiedProperties"]
    assert [json.loads(change[key])["state"] for key in ("oldValue", "newValue")] == ["disabled", "enabled"]
    assert "sessionControls" not in json.loads(change["newValue"]), "no nulls"
    [twin] = [one for one in tenant.ask("GET", AUDITS).json()["value"] if one["loggedByService"] == "Core Directory"]
    assert (twin["activityDisplayName"], twin["targetResources"][0]["id"]) == ("Update policy", "ca")
    assert twin["id"].startswith("Directory_")


def test_what_is_made_and_removed_has_one_side_only_and_a_refused_write_leaves_nothing(tenant):
    place = "identity/conditionalAccess/policies"
    made = sent(tenant, 4, "POST", place, {**access(), "displayName": "New"})[0]["targetResources"][0]
    assert made["modifiedProperties"][0]["oldValue"] is None
    gone = sent(tenant, 5, "DELETE", f"{place}/{made['id']}")[0]["targetResources"][0]["modifiedProperties"][0]
    assert (gone["newValue"], json.loads(gone["oldValue"])["displayName"]) == (None, "New")
    assert tenant.ask("PATCH", f"{place}/ca", {"nothing": 1}, client_request_id=SENT[:-1] + "6").status_code == 400
    assert told(tenant, AUDITS, SENT[:-1] + "6") == []


def test_values_are_text_secrets_are_among_them_and_lists_that_stay_look_emptied(tenant):
    outside = Outside(tenant)
    secret = {"@odata.type": "#microsoft.graph.omaSettingString", "omaUri": "./x", "value": "hush", "isEncrypted": True}
    outside.change("deviceConfigurations", "oma", omaSettings=[secret], correlation=SENT)
    [made] = told(tenant, EVENTS)
    properties = {one["displayName"]: one for one in made["resources"][0]["modifiedProperties"]}
    assert properties["$Collection.OmaSettings[0].Value"]["newValue"] == "hush"
    assert properties["$Collection.OmaSettings[0].IsEncrypted"]["newValue"] == "True"
    scope_tag = properties["$Collection.RoleScopeTagIds[0]"]
    assert (scope_tag["oldValue"], scope_tag["newValue"]) == ("0", "")
    assert outside.held("deviceConfigurations", "oma")["version"] == 2


def test_an_app_from_outside_and_the_service_itself(tenant):
    outside, made = Outside(tenant), []
    for number, doer in ((7, PIPELINE), (8, SERVICE)):
        outside.change("assignmentFilters", "filter", rule=str(number), by=doer, correlation=SENT[:-1] + str(number))
        made += told(tenant, EVENTS, SENT[:-1] + str(number))
    assert [one["actor"]["applicationDisplayName"] for one in made] == [PIPELINE["name"], None]
    assert [one["actor"]["userPrincipalName"] for one in made] == [None, None]


@pytest.mark.parametrize(("log", "type_name"), [(EVENTS, "auditEvent"), (AUDITS, "directoryAudit")])
def test_every_record_fits_microsofts_model(tenant, log, type_name):
    Outside(tenant).change("namedLocations", "50000000-0000-4000-8000-000000000001")
    made = tenant.ask("GET", log).json()["value"]
    assert made
    assert [misfit for one in made for misfit in misfits(type_name, one)] == []
