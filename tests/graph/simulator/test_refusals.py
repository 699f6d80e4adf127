"""What the service refuses in a write, the simulator refuses: one row per refusal."""

import pytest

from tests.graph.simulator.conftest import (
    APP_ID,
    BUILT_IN_STRENGTH,
    CA,
    DAM,
    DM,
    GROUP,
    STRENGTH,
    TRUSTED,
    TYPE,
    access,
    add_tenant,
    rule,
    secret,
    to_group,
)
from tests.support.simulated_tenant import READ, WRITE, catalog_policy

GONE = "99999999-0000-4000-8000-000000000009"
CATALOG, CONFIGURATIONS = f"{DM}/configurationPolicies", f"{DM}/deviceConfigurations"
COMPLIANCE, ENROLLMENT = f"{DM}/deviceCompliancePolicies", f"{DM}/deviceEnrollmentConfigurations"
STRENGTHS, BIND = f"{CA}/authenticationStrength/policies", "https://graph.microsoft.com/beta/deviceManagement"


def catalog(**changes):
    known = ("name", "description", "platforms", "technologies", "roleScopeTagIds", "settings")
    return {**{name: value for name, value in catalog_policy("x", "X").items() if name in known}, **changes}


def referring(kind, value):
    instance = {"@odata.type": f"{TYPE}deviceManagementConfigurationSimpleSettingInstance", "settingDefinitionId": "r",
                "simpleSettingValue": {"@odata.type": f"{TYPE}deviceManagementConfiguration{kind}SettingValue",
                                       "value": value}}  # fmt: skip
    return {"id": "0", "settingInstance": instance}


def general(**changes):
    return {"@odata.type": f"{TYPE}windows10GeneralConfiguration", "displayName": "G", **changes}


def oma(value="x", kind="String", **changes):
    setting = {"@odata.type": f"{TYPE}omaSetting{kind}", "displayName": "s", "omaUri": "./x", "value": value, **changes}
    return {"@odata.type": f"{TYPE}windows10CustomConfiguration", "displayName": "O", "omaSettings": [setting]}


def compliance(rules=None, **changes):
    return {"@odata.type": f"{TYPE}windows10CompliancePolicy", "displayName": "C",
            "scheduledActionsForRule": [rule()] if rules is None else rules, **changes}  # fmt: skip


def page(**changes):
    return {"@odata.type": f"{TYPE}deviceEnrollmentLimitConfiguration", "displayName": "L", "limit": 3, **changes}


def audience(**target):
    return {"assignments": [to_group(**target)]}


NOTIFY = {"actionType": "notification", "notificationTemplateId": "", "notificationMessageCCList": [GONE]}
DRIVER, NO_ONE = f"{DM}/windowsDriverUpdateProfiles/driver", {"enrollmentConfigurationAssignments": []}
LIMIT, DEFAULT = f"{ENROLLMENT}/mine_Limit", f"{ENROLLMENT}/default_DefaultLimit"
ATTRIBUTE, FEATURE = f"{DM}/deviceCustomAttributeShellScripts/attribute", f"{DM}/windowsFeatureUpdateProfiles/feature"
AUTOPILOT, BRANDS = f"{DM}/windowsAutopilotDeploymentProfiles/autopilot", f"{DM}/intuneBrandingProfiles"
SHELL, FILES = f"{DM}/deviceManagementScripts/shell", f"{DM}/groupPolicyUploadedDefinitionFiles"
MESSAGE = f"{DM}/notificationMessageTemplates/template/localizedNotificationMessages/none"
ENTITY = {"@odata.type": f"{TYPE}deviceManagementConfigurationPolicy"}
UNSUPPORTED = {"@odata.type": f"{TYPE}unsupportedDeviceConfiguration"}
PROFILE = {"@odata.type": f"{TYPE}azureADWindowsAutopilotDeploymentProfile", "deviceType": "x"}
ALL = "All users and all devices"
KIND = {"deviceEnrollmentConfigurationType": "defaultLimit"}
NAMELESS = {"assignments": [{"target": {"groupId": GROUP}}]}
MODEL = "ModelValidationFailure"
ROWS = {
    # The model.
    "an unknown property": ("POST", CATALOG, catalog(nonsense=1), MODEL),
    "an unknown property inside": ("POST", CATALOG, catalog(settings=[{**secret("x", "notEncrypted"), "note": 1}]),
                                         "'note' does not exist"),
    "a time that is none": ("POST", f"{DM}/windowsFeatureUpdateProfiles", {
        "displayName": "x", "rolloutSettings": {"offerStartDateTimeInUTC": "tomorrow"}}, "Edm.DateTimeOffset"),
    "no member of an enumeration": ("PATCH", f"{CATALOG}/catalog", {"platforms": "windows95"}, "'windows95'"),
    "a child's unknown property": ("POST", f"{CATALOG}/catalog/assign", audience(groupName="Pilot"), "groupName"),
    "a parameter that the action has not": ("POST", f"{DM}/groupPolicyConfigurations/admx/updateDefinitionValues", {
        "added": [], "removed": []}, "'removed'"),
    "an address of nothing": ("POST", f"{CATALOG}/catalog/asign", NO_ONE, "segment 'asign'"),
    "an address of nothing to read": ("GET", f"{DM}/configurationPolicy", None, "segment 'configurationPolicy'"),
    "an option that the route has not": ("GET", f"{CATALOG}/catalog?$top=1", None, "'$top'"),
    "a property that a list has not": ("GET", f"{CATALOG}?$select=id,displayName", None, "'displayName'"),
    "a read-only navigation": ("PATCH", f"{DM}/reusablePolicySettings/reusable", {
        "referencingConfigurationPolicies": [{"id": "x"}]}, "read-only"),
    "a template's id in Conditional Access": ("PATCH", f"{CA}/policies/ca", {"templateId": None}, "1118"),
    "a wrong JSON type": ("POST", CATALOG, catalog(description=7), MODEL),
    "an unknown property of a subtype": ("PATCH", f"{CONFIGURATIONS}/general", general(omaSettings=[]), MODEL),
    "a list collapsed to its element": ("PATCH", f"{CATALOG}/catalog", {"roleScopeTagIds": "0"}, MODEL),
    "a type of another set": ("POST", COMPLIANCE, general(), "not assignable to the expected type"),
    "a type that changes": ("PATCH", f"{CONFIGURATIONS}/general", oma(), MODEL),
    "no type where the set has many": ("POST", CONFIGURATIONS, {"displayName": "x"}, MODEL),
    "no type in an update": ("PATCH", f"{CONFIGURATIONS}/general", {"displayName": "x"}, MODEL),
    "a type where the set has one": ("POST", CATALOG, catalog(**ENTITY), MODEL),
    "an unsupported configuration": ("POST", CONFIGURATIONS, UNSUPPORTED, MODEL),
    "an app that only a store can bring": ("POST", f"{DAM}/mobileApps", {"@odata.type": f"{TYPE}iosVppApp"}, MODEL),
    "a context of an answer": ("POST", CATALOG, catalog(**{"settings@odata.context": "x"}), MODEL),
    "an action link": ("POST", CATALOG, catalog(**{"#microsoft.graph.assign": {}}), MODEL),
    "a body that is no object": ("POST", CATALOG, ["x"], "BadRequest"),
    # What must not be sent.
    "supportsScopeTags": ("POST", CONFIGURATIONS, general(supportsScopeTags=True), "supportsScopeTags"),
    "payloads of a filter": ("POST", f"{DM}/assignmentFilters", {"displayName": "F", "payloads": []}, "payloads"),
    "a secret's old reference": ("POST", CONFIGURATIONS, oma(secretReferenceValueId="r"), "NotSupported"),
    "a masked secret": ("POST", CONFIGURATIONS, oma("****"), "plain text"),
    "XML that is not base64": ("POST", CONFIGURATIONS, oma("<x/>", "StringXml"), "Edm.Binary"),
    "base64 that is none": ("POST", CONFIGURATIONS, oma("a b!", "Base64"), "Edm.Binary"),
    "a text for an integer": ("POST", CONFIGURATIONS, oma("<enabled/>", "Integer"), "Edm.Int32"),
    "a secret's token in a new policy": ("POST", CATALOG, catalog(settings=[secret()]), "notEncrypted"),
    "another policy's token in a full update": ("PUT", f"{CATALOG}/catalog", catalog(settings=[secret()]), "token"),
    "a policy without settings": ("POST", CATALOG, catalog(settings=[]), "at least one setting"),
    "a full update without settings": ("PUT", f"{CATALOG}/catalog", catalog(settings=[]), "at least one setting"),
    "settings in a PATCH": ("PATCH", f"{CATALOG}/catalog", {"settings": []}, "PATCH"),
    "a compliance policy that blocks nothing": ("POST", COMPLIANCE, compliance([]), "block action"),
    "two compliance rules": ("POST", COMPLIANCE, compliance([rule(), rule()]), "block action"),
    "compliance actions in an update": ("PATCH", f"{COMPLIANCE}/compliance", compliance(), "scheduledActionsForRule"),
    "actions replaced by none that blocks": ("POST", f"{COMPLIANCE}/compliance/scheduleActionsForRules",
                                             {"deviceComplianceScheduledActionForRules": []}, "block action"),
    "more than a name for a new brand": ("POST", BRANDS, {"profileName": "B", "themeColor": {}}, "themeColor"),
    "the default brand's name": ("PATCH", f"{BRANDS}/brand", {"profileName": "B"}, "profileName"),
    "a mail-enabled group": ("POST", "groups", {"displayName": "G", "mailNickname": "g", "mailEnabled": True,
                                                "securityEnabled": True}, "mail-enabled"),
    "an ADMX file without its content": ("POST", FILES, {"fileName": "x"}, "content"),
    "a role assignment without a role": ("POST", f"{DM}/roleAssignments", {"displayName": "R"}, "roleDefinition"),
    # What cannot change.
    "a custom attribute's name": ("PATCH", ATTRIBUTE, {"customAttributeName": "B"}, "customAttributeName"),
    "a custom attribute's type": ("PATCH", ATTRIBUTE, {"customAttributeType": "string"}, "customAttributeType"),
    "a custom attribute's display name": ("PATCH", ATTRIBUTE, {"displayName": "B"}, "displayName"),
    "a filter's platform": ("PATCH", f"{DM}/assignmentFilters/filter", {"platform": "iOS"}, "platform"),
    "a driver profile's approval": ("PATCH", DRIVER, {"approvalType": "manual"}, "approvalType"),
    "a feature update's fallback": ("PATCH", FEATURE,
                                    {"installLatestWindows10OnWindows11IneligibleDevice": True}, "Ineligible"),
    "a feature update's catalogue text": ("PATCH", FEATURE, {"endOfSupportDate": "x"}, "endOfSupportDate"),
    "Autopilot's device type": ("PATCH", AUTOPILOT, PROFILE, "deviceType"),
    "an enrollment configuration's type": ("PATCH", LIMIT, page(**KIND), "deviceEnrollmentConfigurationType"),
    "an enrollment configuration's priority": ("PATCH", LIMIT, page(priority=2), "priority"),
    "a new enrollment configuration's priority": ("POST", ENROLLMENT, page(priority=2), "priority"),
    "a second default enrollment configuration": ("POST", ENROLLMENT, page(displayName=ALL), "default"),
    "the default enrollment configuration's priority": ("POST", f"{DEFAULT}/setPriority", {"priority": 1}, "default"),
    "an intent's template": ("PATCH", f"{DM}/intents/intent", {"templateId": "x"}, "templateId"),
    "an intent's settings by PATCH": ("PATCH", f"{DM}/intents/intent", {"settings": []}, "settings"),
    "a built-in role": ("PATCH", f"{DM}/roleDefinitions/role", {"displayName": "x"}, "built-in"),
    "combinations by PATCH": ("PATCH", f"{STRENGTHS}/{STRENGTH}", {"allowedCombinations": []}, "allowedCombinations"),
    # What is not there.
    "an unknown group": ("POST", f"{CATALOG}/catalog/assign", audience(group=GONE), GONE),
    "an unknown filter": ("POST", f"{CATALOG}/catalog/assign", audience(
        deviceAndAppManagementAssignmentFilterId=GONE, deviceAndAppManagementAssignmentFilterType="include"), GONE),
    "an unknown scope tag": ("PATCH", f"{CATALOG}/catalog", {"roleScopeTagIds": ["77"]}, "77"),
    "an unknown notification template": ("POST", COMPLIANCE, compliance([rule(GONE)]), GONE),
    "an unknown group to notify": ("POST", f"{COMPLIANCE}/compliance/scheduleActionsForRules", {
        "deviceComplianceScheduledActionForRules": [{"scheduledActionConfigurations": [
            *rule()["scheduledActionConfigurations"], NOTIFY]}]}, GONE),
    "an unknown compliance script": ("POST", COMPLIANCE, compliance(
        deviceCompliancePolicyScript={"deviceComplianceScriptId": GONE}), GONE),
    "an unknown reusable setting": ("POST", CATALOG, catalog(settings=[referring("Reference", GONE)]), GONE),
    "an unknown app to configure": ("POST", f"{DAM}/mobileAppConfigurations", {
        "@odata.type": f"{TYPE}iosMobileAppConfiguration", "targetedMobileApps": [GONE]}, GONE),
    "an unknown policy in a set": ("POST", f"{DAM}/policySets", {"displayName": "S", "items": [
        {"@odata.type": f"{TYPE}mobileAppPolicySetItem", "payloadId": GONE}]}, GONE),
    "an unknown role": ("POST", f"{DM}/roleAssignments", {
        "displayName": "R", "roleDefinition@odata.bind": f"{BIND}/roleDefinitions('{GONE}')"}, GONE),
    "an unknown definition": ("POST", f"{DM}/groupPolicyConfigurations/admx/updateDefinitionValues", {
        "added": [{"enabled": True, "definition@odata.bind": f"{BIND}/groupPolicyDefinitions('{GONE}')"}]}, GONE),
    "a locale that changes": ("PATCH", MESSAGE, {}, "ResourceNotFound"),
    # Assigning.
    "the wrong key": ("POST", f"{SHELL}/assign", audience(), "not a valid parameter"),
    "a target of no kind": ("POST", f"{CATALOG}/catalog/assign", NAMELESS, "@odata.type"),
    "one target twice": ("POST", f"{CATALOG}/catalog/assign", {"assignments": [to_group(), to_group()]}, "twice"),
    "the default enrollment configuration": ("POST", f"{DEFAULT}/assign", NO_ONE, "default"),
    "assigning Autopilot at once": ("POST", f"{AUTOPILOT}/assign", audience(), "not a valid parameter"),
    "assigning a catalog policy singly": ("POST", f"{CATALOG}/catalog/assignments", to_group(), "No OData route"),
    # Conditional Access, which does not say why.
    **{f"Conditional Access with {what}": ("POST", f"{CA}/policies", access(**{where: value}), "malformed or incorrect")
       for what, where, value in (
           ("an unknown group", "users__includeGroups", [GONE]),
           ("an unknown user", "users__excludeUsers", [GONE]),
           ("an unknown app", "applications__includeApplications", [GONE]),
           ("an unknown strength", "grantControls__authenticationStrength", {"id": GONE}),
           ("a whole strength", "grantControls__authenticationStrength", {"id": STRENGTH, "displayName": "x"}),
           ("unknown terms", "grantControls__termsOfUse", [GONE]),
           ("no operator", "grantControls__operator", None))},
    "Conditional Access with an unknown location": ("POST", f"{CA}/policies", {
        **access(), "conditions": {**access()["conditions"], "locations": {"includeLocations": [GONE]}}}, "malformed"),
    # Deleting.
    **{f"deleting {what}": ("DELETE", path, None, why) for what, path, why in (
        ("an assigned Autopilot profile", AUTOPILOT, "assign"),
        ("the default enrollment configuration", DEFAULT, "default"),
        ("the built-in scope tag", f"{DM}/roleScopeTags/0", "built-in"),
        ("a built-in role", f"{DM}/roleDefinitions/role", "built-in"),
        ("a built-in strength", f"{STRENGTHS}/{BUILT_IN_STRENGTH}", "built-in"),
        ("a trusted location", f"{CA}/namedLocations/{TRUSTED}", "trusted"),
        ("a global script", f"{DM}/deviceHealthScripts/global", "built-in"),
        ("the default brand", f"{BRANDS}/brand", "default"),
        ("what is not there", f"{CATALOG}/{GONE}", "ResourceNotFound"))},
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_the_service_refuses(row, shared):
    method, path, body, reason = row
    before = shared.objects()
    answer = shared.ask(method, path, body)
    assert answer.status_code == (404 if reason == "ResourceNotFound" else 400), answer.text
    assert reason.lower() in answer.text.lower()
    assert shared.objects() == before, "what is refused changes nothing"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", CONFIGURATIONS, general(supportsScopeTags=False, id="0", version=9, passwordRequired=None)),
        ("POST", CONFIGURATIONS, oma("PHgvPg==", "StringXml", secretReferenceValueId=None)),
        ("POST", CATALOG, catalog(settings=[secret("plain", "notEncrypted")])),
        ("POST", CATALOG, catalog(settings=[referring("Reference", "reusable")])),
        ("PUT", f"{CATALOG}/secret", catalog(settings=[secret()])),
        ("POST", COMPLIANCE, compliance([rule("00000000-0000-0000-0000-000000000000")])),
        ("PATCH", DEFAULT, page(limit=7)),
        ("POST", f"{CA}/policies", access(applications__includeApplications=["Office365", APP_ID])),
        ("POST", f"{CA}/policies", access(grantControls__authenticationStrength={"id": STRENGTH})),
    ],
)  # fmt: skip
def test_what_is_near_a_refusal_and_right_is_taken(method, path, body, shared):
    answer = shared.ask(method, path, body)
    assert answer.status_code in {200, 201, 204}, answer.text


@pytest.mark.parametrize(
    ("collection", "object_id", "refers"),
    [
        ("assignmentFilters", "filter", (f"{CATALOG}/catalog/assign", audience(
            deviceAndAppManagementAssignmentFilterId="filter", deviceAndAppManagementAssignmentFilterType="include"))),
    ],
)  # fmt: skip
def test_what_an_assignment_uses_is_let_go_only_after_it(collection, object_id, refers, tenant):
    path, body = refers
    assert tenant.ask("POST", path, body).status_code == 200
    assert tenant.ask("DELETE", f"{DM}/{collection}/{object_id}").status_code == 400
    tenant.ask("POST", path, {"assignments": []})
    assert tenant.ask("DELETE", f"{DM}/{collection}/{object_id}").status_code == 200


def test_a_strength_is_let_go_only_after_the_policy_that_uses_it(tenant):
    policy = tenant.make(f"{CA}/policies", access(grantControls__authenticationStrength={"id": STRENGTH}))
    assert tenant.ask("DELETE", f"{STRENGTHS}/{STRENGTH}").status_code == 400
    assert tenant.ask("DELETE", f"{CA}/policies/{policy}").status_code == 204
    assert tenant.ask("DELETE", f"{STRENGTHS}/{STRENGTH}").status_code == 204


@pytest.mark.parametrize(
    ("missing", "path"),
    [
        ("DeviceManagementConfiguration", CATALOG),
        ("DeviceManagementScripts", f"{DM}/deviceManagementScripts"),
        ("DeviceManagementApps", f"{DAM}/mobileApps"),
        ("DeviceManagementRBAC", f"{DM}/roleDefinitions"),
        ("DeviceManagementServiceConfig", ENROLLMENT),
        ("Policy.ReadWrite.ConditionalAccess", f"{CA}/policies"),
        ("Group.", "groups"),
    ],
)  # fmt: skip
def test_each_write_needs_its_own_permission(missing, path, simulator):
    caller = add_tenant(simulator, "Reader", [*READ, *(one for one in WRITE if not one.startswith(missing))]).sign_in()
    refused = caller.ask("POST", path, {})
    assert refused.status_code == 403
    assert "Write" in refused.text or "Insufficient" in refused.text
    assert caller.ask("GET", path).status_code == 200


def test_who_may_only_create_groups_may_not_remove_them(simulator):
    caller = add_tenant(simulator, "Creator", ["Group.Create", "Group.Read.All"]).sign_in()
    body = {"displayName": "G", "mailNickname": "g", "mailEnabled": False, "securityEnabled": True}
    assert caller.ask("DELETE", f"groups/{caller.make('groups', body)}").status_code == 403
