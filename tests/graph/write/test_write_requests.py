"""Requests of every demo policy, and of the facts that a restore fails on elsewhere."""

import base64
import functools
import json

from graph.content.normalise import ZERO_GUID
from graph.content.odata import strip_annotations
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.demo import demo_tenants
from graph.write.write_requests import (
    Comparison,
    change_requests,
    creation_request,
    remaining_differences,
    removal_requests,
)
from graph.write.write_rules import WRITE_RULES, wave_of
from tests.support.simulated_tenant import collection_of, truth_of

TYPE = "#microsoft.graph."
NEVER_SENT = {"id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned",
              "supportsScopeTags", "settingCount", "creationSource", "assignments", "payloads", "permissions",
              "secretReferenceValueId", "isEncrypted"}  # fmt: skip


@functools.cache
def demo_policies():
    """(policy type, Graph id, content) of every policy of one demo tenant."""
    return list(_demo_policies(demo_tenants()[0]))


def written_policies():
    """Those of them that a restore writes."""
    return [policy for policy in demo_policies() if not WRITE_RULES[policy[0].key].cannot_restore]


def _demo_policies(tenant):
    for key, policy_type in POLICY_TYPES.items():
        for graph_id in tenant.collections.get(collection_of(policy_type), {}):
            if key != "depOnboardingSettings":
                yield policy_type, graph_id, strip_annotations(truth_of(tenant.collections, key, graph_id))


def content(body, assignments=None):
    return {"body": body, "assignments": assignments}


def all_changes(key, live, want, **options):
    return change_requests(POLICY_TYPES[key], "x", live, want, **{"with_assignments": True, **options})


def sent(key, live, want):
    """The one body that an update of the body alone sends."""
    [request] = change_requests(POLICY_TYPES[key], "x", content(live), content(want), with_assignments=False)
    return request.body


def test_every_policy_type_has_a_rule_and_every_rule_a_policy_type():
    assert set(WRITE_RULES) == set(POLICY_TYPES)


def test_trusted_roots_are_written_before_what_names_them():
    root, wifi = (
        {"@odata.type": f"{TYPE}{name}"} for name in ("windows81TrustedRootCertificate", "windowsWifiConfiguration")
    )
    assert wave_of("deviceConfigurations", root) < wave_of("deviceConfigurations", wifi)


def test_nothing_is_written_where_nothing_differs():
    for policy_type, graph_id, content in written_policies():
        assert change_requests(policy_type, graph_id, content, content, with_assignments=True) == [], policy_type.key
        assert remaining_differences(policy_type, content, content, with_assignments=True) == [], policy_type.key


def test_what_graph_derives_is_never_sent():
    """Neither to create nor to update; and no annotation but @odata.type and binds, anywhere."""
    for policy_type, graph_id, content in written_policies():
        _check_that_nothing_derived_is_sent(policy_type, graph_id, content)


def _check_that_nothing_derived_is_sent(policy_type, graph_id, content):
    live = {"body": {**content["body"], "description": "otherwise"}, "assignments": []}
    requests = [
        creation_request(policy_type, content),
        *change_requests(policy_type, graph_id, live, content, with_assignments=True),
    ]
    for request in requests:
        top = set(request.body or {}) - ({"assignments"} if request.path.endswith(("/assign", "/update")) else set())
        # The version of terms is a person's: it asks everybody to accept them again. Whoever makes a localization says
        # which.
        own = {"version"} if policy_type.key == "termsAndConditions" else set()
        own |= {"id"} if request.path.endswith("/localizations") else set()
        own |= {"creationSource"} if content["body"].get("creationSource") else set()
        assert not top & (NEVER_SENT - own), request
        text = json.dumps(request.body)
        assert "@odata.context" not in text, request
        assert "#microsoft.graph.assign" not in text, request
        assert request.path.startswith("/"), request


def test_only_an_abstract_collection_is_told_the_type():
    for policy_type, _, content in written_policies():
        body = creation_request(policy_type, content).body
        assert ("@odata.type" in body) == WRITE_RULES[policy_type.key].sends_type, policy_type.key


# --- settings catalog ------------------------------------------------------------------------------------------------


def setting(definition, value, secret=False):
    state = {"valueState": "encryptedValueToken"} if secret else {}
    instance = {"settingDefinitionId": definition, "simpleSettingValue": {"value": value, **state}}
    return {"id": "0", "settingInstance": instance}


CATALOG = {"name": "p", "platforms": "windows10", "technologies": "mdm",
           "templateReference": {"templateId": "t_1", "templateFamily": "baseline"}}  # fmt: skip


def test_a_secret_of_the_settings_catalog_is_left_out_of_a_create():
    want = {**CATALOG, "settings": [setting("a", 1), setting("b", "token", secret=True)]}
    body = creation_request(POLICY_TYPES["configurationPolicies"], content(want)).body
    assert [setting["settingInstance"]["settingDefinitionId"] for setting in body["settings"]] == ["a"]
    assert (body["templateReference"], "id" in body["settings"][0]) == ({"templateId": "t_1"}, False)


def test_an_update_sends_the_tenants_own_secret_back_and_never_the_backups():
    live = {**CATALOG, "settings": [setting("a", 2), setting("b", "theirs", secret=True)]}
    want = {**CATALOG, "settings": [setting("a", 1), setting("b", "ours", secret=True), setting("c", "x", secret=True)]}
    body = sent("configurationPolicies", live, want)
    values = [setting["settingInstance"]["simpleSettingValue"]["value"] for setting in body["settings"]]
    assert values == [1, "theirs"]


# --- device configuration --------------------------------------------------------------------------------------------

CUSTOM = {"@odata.type": f"{TYPE}windows10CustomConfiguration", "displayName": "c"}


def test_a_put_says_who_made_the_policy_as_the_tenant_does_and_never_as_the_backup_does():
    live = {"name": "P", "description": "", "settings": [], "creationSource": "DepTokenId_1"}
    want = {**live, "description": "new", "creationSource": "CloudManagedServices"}
    assert sent("configurationPolicies", live, want)["creationSource"] == "DepTokenId_1"
    assert "creationSource" not in sent("configurationPolicies", {**live, "creationSource": None}, want)
    assert "creationSource" not in creation_request(POLICY_TYPES["configurationPolicies"], content(want)).body


def oma(kind, value, **more):
    return {"@odata.type": f"{TYPE}omaSetting{kind}", "omaUri": "./x", "value": value, **more}


def test_a_revealed_oma_secret_goes_as_plain_text_without_its_reference():
    want = {**CUSTOM, "omaSettings": [oma("String", "pw", isEncrypted=True, secretReferenceValueId="r")]}
    body = creation_request(POLICY_TYPES["deviceConfigurations"], content(want)).body
    assert body["omaSettings"] == [oma("String", "pw")]


def test_revealed_xml_is_base64_again_and_counts_as_the_same():
    xml = "<a/>"
    want = {**CUSTOM, "omaSettings": [oma("StringXml", xml, isEncrypted=True, secretReferenceValueId="r")]}
    body = creation_request(POLICY_TYPES["deviceConfigurations"], content(want)).body
    assert base64.b64decode(body["omaSettings"][0]["value"]).decode() == xml
    live = {**CUSTOM, "omaSettings": body["omaSettings"]}
    assert all_changes("deviceConfigurations", content(live), content(want)) == []


def test_an_update_sends_only_what_differs_and_nothing_the_backup_does_not_know():
    live = {**CUSTOM, "displayName": "d", "description": None, "newerProperty": True}
    assert sent("deviceConfigurations", live, {**CUSTOM, "description": None}) == {
        "@odata.type": CUSTOM["@odata.type"],
        "displayName": "c",
    }
    assert (
        remaining_differences(POLICY_TYPES["deviceConfigurations"], content(live), content(live), with_assignments=True)
        == []
    )


# --- compliance ------------------------------------------------------------------------------------------------------

RULE = [{"id": "i", "ruleName": None, "scheduledActionConfigurations": [
    {"id": "j", "actionType": "block", "gracePeriodHours": 4, "notificationTemplateId": ZERO_GUID,
     "notificationMessageCCList": []}]}]  # fmt: skip
COMPLIANCE = {"@odata.type": f"{TYPE}windows10CompliancePolicy", "displayName": "c", "passwordRequired": True}


def test_a_compliance_policy_is_created_with_its_rule_and_never_patched_with_it():
    want = {**COMPLIANCE, "scheduledActionsForRule": RULE}
    made = creation_request(POLICY_TYPES["deviceCompliancePolicies"], content(want)).body
    assert made["scheduledActionsForRule"][0]["ruleName"] == "PasswordRequired"
    assert made["scheduledActionsForRule"][0]["scheduledActionConfigurations"][0]["notificationTemplateId"] == ""
    live = {**want, "passwordRequired": False, "scheduledActionsForRule": []}
    patch, actions = all_changes("deviceCompliancePolicies", content(live), content(want))
    assert (patch.method, "scheduledActionsForRule" in patch.body) == ("PATCH", False)
    assert actions.path.endswith("/scheduleActionsForRules")


# --- others ----------------------------------------------------------------------------------------------------------


def test_an_intents_setting_that_the_backup_lacks_becomes_not_configured():
    live = {"displayName": "i", "settings": [{"id": "1", "definitionId": "a", "valueJson": "true"},
                                             {"id": "2", "definitionId": "b", "valueJson": "1"}]}  # fmt: skip
    want = {"displayName": "i", "settings": [{"id": "9", "definitionId": "a", "valueJson": "false"}]}
    assert sent("intents", live, want) == {
        "settings": [
            {"definitionId": "a", "valueJson": "false", "id": "1"},
            {"id": "2", "definitionId": "b", "valueJson": "null"},
        ]
    }


def test_immutable_properties_are_named_and_not_sent():
    live = {"displayName": "f", "platform": "iOS", "rule": "a"}
    want = {"displayName": "f", "platform": "macOS", "rule": "b"}
    compared = Comparison(POLICY_TYPES["assignmentFilters"], content(live), content(want))
    assert compared.immutable_differences() == ["platform"]
    assert sent("assignmentFilters", live, want) == {"rule": "b"}


def test_an_authentication_strength_goes_by_its_id_alone():
    grant = {
        "operator": None,
        "authenticationStrength": {"id": "s", "displayName": "S", "allowedCombinations": ["fido2"]},
    }
    body = creation_request(
        POLICY_TYPES["conditionalAccessPolicies"], content({"displayName": "c", "grantControls": grant})
    ).body
    assert body["grantControls"] == {"operator": "AND", "authenticationStrength": {"id": "s"}}


def test_a_trusted_location_is_untrusted_before_it_is_deleted():
    live = {"@odata.type": f"{TYPE}ipNamedLocation", "displayName": "l", "isTrusted": True, "ipRanges": [{"x": 1}]}
    first, second = removal_requests(POLICY_TYPES["namedLocations"], "l1", content(live))
    assert (first.method, first.body["isTrusted"], second.method) == ("PATCH", False, "DELETE")


def test_an_autopilot_profile_loses_its_assignments_before_it_goes():
    there = [{"id": "a1", "target": {"@odata.type": f"{TYPE}groupAssignmentTarget", "groupId": "g"}}]
    requests = removal_requests(POLICY_TYPES["windowsAutopilotDeploymentProfiles"], "p", content({}, there))
    assert [request.path.rpartition("/")[2] for request in requests] == ["a1", "p"]


# --- assignments -----------------------------------------------------------------------------------------------------


def target(kind="groupAssignmentTarget", **more):
    return {"@odata.type": f"{TYPE}{kind}", **more}


def assigned(key, now, then, body=None):
    requests = all_changes(key, content(body or {}, now), content(body or {}, then))
    return [(request.path, request.body) for request in requests]


def test_the_whole_set_is_replaced_and_what_a_policy_set_assigned_is_left_to_it():
    then = [
        {"id": "1", "source": "direct", "target": target(groupId="g", deviceAndAppManagementAssignmentFilterId="f",
                                                         deviceAndAppManagementAssignmentFilterType="include")},
        {"id": "2", "source": "policySets", "sourceId": "s", "target": target(groupId="h")},
        {"id": "3", "target": target("allDevicesAssignmentTarget", deviceAndAppManagementAssignmentFilterId=None,
                                     deviceAndAppManagementAssignmentFilterType="none")},
    ]  # fmt: skip
    [(path, body)] = assigned("configurationPolicies", [], then)
    assert path.endswith("/x/assign")
    assert body == {"assignments": [
        {"target": target(groupId="g", deviceAndAppManagementAssignmentFilterId="f",
                          deviceAndAppManagementAssignmentFilterType="include")},
        {"target": target("allDevicesAssignmentTarget")},
    ]}  # fmt: skip


def test_removing_every_assignment_sends_an_empty_set():
    now = [{"id": "1", "target": target(groupId="g")}]
    assert assigned("deviceManagementScripts", now, []) == [
        ("/deviceManagement/deviceManagementScripts/x/assign", {"deviceManagementScriptAssignments": []})
    ]


def test_a_remediation_is_told_to_run_where_there_is_something_to_run():
    then = [{"id": "1", "target": target(groupId="g"), "runRemediationScript": False, "runSchedule": {"interval": 1}}]
    [(_, body)] = assigned("deviceHealthScripts", [], then, {"remediationScriptContent": "eA=="})
    assert body["deviceHealthScriptAssignments"][0]["runRemediationScript"] is True


def test_terms_are_assigned_one_by_one_and_only_what_is_missing():
    now = [{"id": "1", "target": target(groupId="g")}, {"id": "2", "target": target(groupId="old")}]
    then = [{"id": "8", "target": target(groupId="g")}, {"id": "9", "target": target(groupId="new")}]
    assert assigned("termsAndConditions", now, then) == [
        ("/deviceManagement/termsAndConditions/x/assignments/2", None),
        ("/deviceManagement/termsAndConditions/x/assignments", {"target": target(groupId="new")}),
    ]
