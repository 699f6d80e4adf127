"""References are found and replaced where they are known to be, and nowhere else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.references.references import DROP, Reference, find_references, rewrite_references

ONE, TWO = "1" * 8 + "-1111-4111-8111-" + "1" * 12, "2" * 8 + "-2222-4222-8222-" + "2" * 12
REFERENCE = "#microsoft.graph.deviceManagementConfigurationReferenceSettingValue"


def body(**properties):
    return {"body": properties, "assignments": None}


@pytest.mark.parametrize(
    ("policy_type", "content", "kind"),
    [
        ("deviceShellScripts", body(roleScopeTagIds=["0", "7"]), "roleScopeTags"),
        ("assignmentFilters", body(roleScopeTags=["7"]), "roleScopeTags"),
        ("mobileAppConfigurations", body(targetedMobileApps=[ONE]), "mobileApps"),
        ("deviceEnrollmentConfigurations", body(selectedMobileAppIds=[ONE]), "mobileApps"),
        ("deviceCompliancePolicies", body(deviceCompliancePolicyScript={"deviceComplianceScriptId": ONE}),
         "deviceComplianceScripts"),
        ("deviceCompliancePolicies", body(scheduledActionsForRule=[
            {"scheduledActionConfigurations": [{"notificationTemplateId": ONE}]}]), "notificationMessageTemplates"),
        ("deviceCompliancePolicies", body(scheduledActionsForRule=[
            {"scheduledActionConfigurations": [{"notificationMessageCCList": [ONE]}]}]), "groups"),
        ("configurationPolicies", body(settings=[{"settingInstance": {"groupSettingCollectionValue": [{"children": [
            {"simpleSettingValue": {"@odata.type": REFERENCE, "value": ONE}}]}]}}]), "reusablePolicySettings"),
        ("deviceConfigurations", body(rootCertificate={"id": ONE, "displayName": "r"}), "deviceConfigurations"),
        ("deviceConfigurations", body(rootCertificatesForServerValidation=[{"id": ONE}]), "deviceConfigurations"),
        ("groupPolicyConfigurations", body(definitionValues=[{"definition": {"id": ONE}}]), "groupPolicyDefinitions"),
        ("roleAssignments", body(members=[ONE]), "groups"),
        ("roleAssignments", body(roleDefinition={"id": ONE}), "roleDefinitions"),
        ("roleAssignments", body(roleScopeTags=[{"id": "7"}]), "roleScopeTags"),
        ("conditionalAccessPolicies", body(conditions={"users": {"excludeUsers": [ONE, "GuestsOrExternalUsers"]}}),
         "users"),
        ("conditionalAccessPolicies", body(conditions={"locations": {"excludeLocations": [ONE, "AllTrusted"]}}),
         "namedLocations"),
        ("conditionalAccessPolicies", body(conditions={"applications": {"includeApplications": [ONE, "Office365"]}}),
         "servicePrincipals"),
        ("conditionalAccessPolicies", body(grantControls={"authenticationStrength": {"id": ONE}}),
         "authenticationStrengths"),
        ("conditionalAccessPolicies", body(grantControls={"termsOfUse": [ONE]}), "agreements"),
        ("policySets", body(items=[{"@odata.type": "#microsoft.graph.mobileAppPolicySetItem", "payloadId": ONE}]),
         "mobileApps"),
        ("policySets", body(items=[{"@odata.type": "#microsoft.graph.managedAppProtectionPolicySetItem",
                                    "payloadId": ONE}]), "managedAppProtections"),
    ],
)  # fmt: skip
def test_a_reference_is_found_once_and_replaced_in_place(policy_type, content, kind):
    [found] = find_references(policy_type, content)
    assert found.kind == kind
    changed = rewrite_references(policy_type, content, lambda reference: "new")
    assert found.id not in str(changed)
    assert str(changed).count("new") == 1
    assert rewrite_references(policy_type, content, lambda reference: reference.id) == content


@pytest.mark.parametrize(
    ("policy_type", "content"),
    [
        ("deviceManagementScripts", body(scriptContent=f"set {ONE}", description=ONE)),
        ("configurationPolicies", body(settings=[{"settingInstance": {"simpleSettingValue": {"value": ONE}}}])),
        ("conditionalAccessPolicies", body(conditions={"users": {"includeUsers": ["All"], "includeRoles": [ONE]}})),
        ("conditionalAccessPolicies", body(conditions={"locations": {"excludeLocations": ["0" * 8 + "-0000-0000-0000-"
                                                                                          + "0" * 12]}})),
        ("conditionalAccessPolicies", body(grantControls={"authenticationStrength":
                                                          {"id": "00000000-0000-0000-0000-000000000004"}})),
        ("deviceConfigurations", body(roleScopeTagIds=["0"])),
    ],
)  # fmt: skip
def test_what_only_looks_like_a_reference_or_is_the_same_everywhere_is_left(policy_type, content):
    assert find_references(policy_type, content) == []


def test_a_dropped_reference_takes_its_assignment_with_it_and_no_other():
    assignments = [{"target": {"groupId": ONE}}, {"target": {"groupId": TWO}}, {"target": {"@odata.type": "all"}}]
    content = {"body": {}, "assignments": assignments}
    left = rewrite_references(
        "intents", content, lambda one: DROP if one == Reference("groups", ONE, is_assignment=True) else one.id
    )
    assert left["assignments"] == assignments[1:]


BEGINNINGS = st.sampled_from(
    ["", "{", "[", '"', " ", "\n", "e", "W", "eyJpZCI6ICJ4In0=", "\ufeff", "S-1-12-1-1-2-3-4", "<x/>"]
)
IN_A_BODY = st.builds(
    "".join, st.tuples(BEGINNINGS, st.text(max_size=9), st.sampled_from([ONE, "S-1-12-1-1-2-3-4", ""]))
)


@given(st.dictionaries(st.sampled_from(["value", "payload", "groupId", "termsId", "note", "x"]), IN_A_BODY, max_size=4))
def test_texts_that_are_not_looked_at_closely_hold_no_reference(holder):
    found = {"body": {"settings": [{"settingInstance": holder}], **holder}, "assignments": [{"target": holder}]}
    looked_at_each = find_references("configurationPolicies", found, known={"unheard of": "groups"})
    assert find_references("configurationPolicies", found) == looked_at_each
