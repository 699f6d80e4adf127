"""The simulator is written to as Graph is: in plain HTTP, and what is then there is looked at from behind."""

import re

import pytest

from tests.graph.simulator.conftest import (
    CA,
    DAM,
    DEFINITION,
    DM,
    GROUP,
    LOCATION,
    OTHER_GROUP,
    STRENGTH,
    TRUSTED,
    TYPE,
    access,
    rule,
    secret,
    to_group,
)
from tests.support.simulated_tenant import catalog_policy

CATALOG, CONFIGURATIONS, COMPLIANCE = (f"{DM}/{name}" for name in ("configurationPolicies", "deviceConfigurations",
                                                                  "deviceCompliancePolicies"))  # fmt: skip
ENROLLMENT, STRENGTHS = f"{DM}/deviceEnrollmentConfigurations", f"{CA}/authenticationStrength/policies"
TEMPLATES, AUTOPILOT = f"{DM}/notificationMessageTemplates", f"{DM}/windowsAutopilotDeploymentProfiles"
BIND = "https://graph.microsoft.com/beta/deviceManagement"
PLAIN = {"description": "", "roleScopeTagIds": ["0"]}
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"


def typed(kind, **body):
    return {"@odata.type": f"{TYPE}{kind}", "displayName": "New", **body}


def catalog(**changes):
    names = ("name", "description", "platforms", "technologies", "roleScopeTagIds", "settings")
    return {**{name: catalog_policy("x", "New", count=3)[name] for name in names}, **changes}


# Path, body, status of the answer, what its id looks like.
CREATED = (
    (CATALOG, catalog(), 201, GUID),
    (CONFIGURATIONS, typed("windows10GeneralConfiguration", passwordRequired=True), 201, GUID),
    (COMPLIANCE, typed("windows10CompliancePolicy", scheduledActionsForRule=[rule()]), 201, GUID),
    (f"{DM}/deviceManagementScripts", {"displayName": "New", "scriptContent": "ZQ==", "fileName": "x"}, 201, GUID),
    (f"{DAM}/iosManagedAppProtections", typed("iosManagedAppProtection", pinRequired=True), 201, f"T_{GUID}"),
    (f"{DAM}/targetedManagedAppConfigurations", {"displayName": "New", "customSettings": []}, 201, f"A_{GUID}"),
    (f"{DAM}/mobileAppConfigurations", typed("iosMobileAppConfiguration", targetedMobileApps=["app"]), 201, GUID),
    (ENROLLMENT, typed("deviceEnrollmentLimitConfiguration", limit=3), 201, f"{GUID}_Limit"),
    (f"{DM}/roleScopeTags", {"displayName": "New"}, 200, "1"),
    (f"{DM}/roleDefinitions", {"displayName": "New", "rolePermissions": []}, 200, GUID),
    (TEMPLATES, {"displayName": "New", "brandingOptions": "none"}, 200, GUID),
    (f"{DM}/assignmentFilters", {"displayName": "New", "platform": "iOS", "rule": "x"}, 201, GUID),
    (f"{DM}/intuneBrandingProfiles", {"profileName": "New"}, 201, GUID),
    (f"{CA}/namedLocations", typed("countryNamedLocation", countriesAndRegions=["AT"]), 201, GUID),
    (f"{CA}/policies", access(), 201, GUID),
    (STRENGTHS, {"displayName": "New", "allowedCombinations": ["fido2"]}, 201, GUID),
    ("groups", {"displayName": "New", "mailNickname": "new", "mailEnabled": False, "securityEnabled": True}, 201, GUID),
)


@pytest.mark.parametrize(("path", "body", "status", "form"), CREATED, ids=[row[0] for row in CREATED])
def test_what_is_posted_is_there_under_a_new_id_until_it_is_deleted(path, body, status, form, tenant):
    answer = tenant.ask("POST", path, {**body, "id": "00000000-0000-0000-0000-000000000000"})
    assert answer.status_code == status, answer.text
    graph_id = answer.json()["id"]
    assert re.fullmatch(form, graph_id)
    shown = tenant.ask("GET", f"{path}('{graph_id}')").json()
    for name in ("displayName", "profileName", "name"):
        assert shown.get(name) == body.get(name)
    assert graph_id in {one["id"] for one in tenant.ask("GET", path).json()["value"]}
    assert tenant.ask("DELETE", f"{path}/{graph_id}").status_code in {200, 204}
    assert tenant.ask("GET", f"{path}/{graph_id}").status_code == 404
    assert tenant.ask("DELETE", f"{path}/{graph_id}").status_code == 404


def test_a_patch_changes_what_it_names_and_the_services_own_marks(tenant):
    path, before = f"{CONFIGURATIONS}/general", tenant.held(CONFIGURATIONS, "general")
    tenant.put(CONFIGURATIONS, {**before, "version": 4, "lastModifiedDateTime": "2024-01-01T00:00:00Z"})
    body = typed("windows10GeneralConfiguration", description="now", version=99, createdDateTime="2020-01-01T00:00:00Z")
    assert tenant.ask("PATCH", path, body).status_code == 204
    after = tenant.held(CONFIGURATIONS, "general")
    assert (after["description"], after["passwordMinimumLength"], after["version"]) == ("now", 8, 5)
    assert after["lastModifiedDateTime"] > "2024-01-01T00:00:00Z"
    assert tenant.ask("PATCH", path, body).status_code == 204
    assert tenant.held(CONFIGURATIONS, "general")["lastModifiedDateTime"] > after["lastModifiedDateTime"]


def test_a_put_replaces_the_settings_numbers_them_anew_and_keeps_the_assignments(tenant):
    path = f"{CATALOG}/catalog"
    tenant.ask("POST", f"{path}/assign", {"assignments": [to_group()]})
    settings = [{**one, "id": "77"} for one in catalog()["settings"]]
    assert tenant.ask("PUT", path, catalog(name="Other", settings=settings)).status_code == 204
    held = tenant.held(CATALOG, "catalog")
    assert [one["id"] for one in held["settings"]] == ["0", "1", "2"]
    assert (held["name"], held["settingCount"], len(held["assignments"])) == ("Other", 3, 1)
    assert tenant.ask("PUT", f"{CONFIGURATIONS}/general", typed("windows10GeneralConfiguration")).status_code == 405


def test_a_secret_sent_in_plain_is_a_token_from_then_on(tenant):
    graph_id = tenant.make(CATALOG, catalog(settings=[secret("hush", "notEncrypted")]))
    held = tenant.held(CATALOG, graph_id)
    assert held["settings"][0]["settingInstance"]["simpleSettingValue"]["valueState"] == "encryptedValueToken"
    assert "hush" not in str(held)


def test_an_encrypted_oma_setting_is_masked_and_readable_by_its_new_reference(tenant):
    setting = {"@odata.type": f"{TYPE}omaSettingString", "displayName": "s", "omaUri": "./x", "value": "hush"}
    settings = [{**setting, "isEncrypted": True}, {**setting, "omaUri": "./y"}]
    graph_id = tenant.make(CONFIGURATIONS, typed("windows10CustomConfiguration", omaSettings=settings))
    masked, plain = tenant.ask("GET", f"{CONFIGURATIONS}/{graph_id}").json()["omaSettings"]
    assert (masked["value"], plain["value"], plain["isEncrypted"]) == ("****", "hush", False)
    call = f"getOmaSettingPlainTextValue(secretReferenceValueId='{masked['secretReferenceValueId']}')"
    assert tenant.ask("GET", f"{CONFIGURATIONS}/{graph_id}/{call}").json()["value"] == "hush"


CAST = "microsoft.graph.managedDeviceMobileAppConfiguration"
ASSIGNED = (
    (f"{CATALOG}/catalog", "assignments", 200),
    (f"{CONFIGURATIONS}/general", "assignments", 200),
    (f"{COMPLIANCE}/compliance", "assignments", 200),
    (f"{DM}/deviceManagementScripts/shell", "deviceManagementScriptAssignments", 200),
    (f"{DM}/deviceComplianceScripts/script", "deviceHealthScriptAssignments", 200),
    (f"{ENROLLMENT}/mine_Limit", "enrollmentConfigurationAssignments", 200),
    (f"{DM}/intents/intent", "assignments", 204),
    (f"{DAM}/iosManagedAppProtections/T_ios", "assignments", 204),
    (f"{DAM}/mobileApps/app", "mobileAppAssignments", 204),
    (f"{DAM}/mobileAppConfigurations/appconfig/{CAST}", "assignments", 200),
)  # fmt: skip


@pytest.mark.parametrize(("path", "key", "status"), ASSIGNED)
def test_assign_replaces_the_whole_set(path, key, status, tenant):
    everyone = {"target": {"@odata.type": f"{TYPE}allLicensedUsersAssignmentTarget"}}
    for wanted in ([to_group(), everyone], [to_group(OTHER_GROUP)], []):
        assert tenant.ask("POST", f"{path}/assign", {key: wanted}).status_code == status
        collection, graph_id = "/".join(path.split("/")[:2]), path.split("/")[2]
        held = tenant.held(collection, graph_id)
        assert len(held["assignments"]) == len(wanted)
        assert held.get("isAssigned", bool(wanted)) is bool(wanted)
        for one in held["assignments"]:
            assert one["target"]["deviceAndAppManagementAssignmentFilterType"] == "none"
            assert one["id"].startswith(f"{graph_id}_")


def test_autopilot_is_assigned_one_by_one_and_let_go_only_when_it_is_to_nobody(tenant):
    path = f"{AUTOPILOT}/autopilot"
    made = tenant.ask("POST", f"{path}/assignments", to_group(OTHER_GROUP))
    assert (made.status_code, made.json()["id"]) == (201, f"autopilot_{OTHER_GROUP}")
    for one in tenant.ask("GET", f"{path}/assignments").json()["value"]:
        assert tenant.ask("DELETE", path).status_code == 400
        assert tenant.ask("DELETE", f"{path}/assignments/{one['id']}").status_code == 200
    assert tenant.ask("DELETE", path).status_code == 200


def test_compliance_actions_are_replaced_by_an_action_of_their_own(tenant):
    notify = {"actionType": "notification", "gracePeriodHours": 24, "notificationTemplateId": "template",
              "notificationMessageCCList": [GROUP]}  # fmt: skip
    rules = [{"ruleName": "PasswordRequired", "scheduledActionConfigurations": [
        *rule()["scheduledActionConfigurations"], notify]}]  # fmt: skip
    for path, action, key in (
        (f"{COMPLIANCE}/compliance", "scheduleActionsForRules", "deviceComplianceScheduledActionForRules"),
        (f"{DM}/compliancePolicies/linux", "setScheduledActions", "scheduledActions"),
    ):
        assert tenant.ask("POST", f"{path}/{action}", {key: rules}).status_code in {200, 204}
        [held] = tenant.held(*path.rsplit("/", 1))["scheduledActionsForRule"]
        assert held["id"] == path.rpartition("/")[2]
        assert [one["actionType"] for one in held["scheduledActionConfigurations"]] == ["block", "notification"]


def test_definition_values_are_added_changed_and_removed_by_reference(tenant):
    path, definition = f"{DM}/groupPolicyConfigurations", f"{BIND}/groupPolicyDefinitions('{DEFINITION}')"
    graph_id = tenant.make(path, {"displayName": "New", "description": "", "roleScopeTagIds": ["0"]})
    value = {"@odata.type": f"{TYPE}groupPolicyPresentationValueDecimal", "value": 5,
             "presentation@odata.bind": f"{definition}/presentations('pres')"}  # fmt: skip
    added = {"enabled": True, "definition@odata.bind": definition, "presentationValues": [value]}

    def change(**parts):
        answer = tenant.ask("POST", f"{path}/{graph_id}/updateDefinitionValues", parts)
        assert answer.status_code == 204, answer.text
        return tenant.held(path, graph_id)["definitionValues"]

    tenant.ask("DELETE", f"{path}/admx")  # the catalogue does not go with the policy it was learned from
    assert tenant.ask("GET", f"{DM}/groupPolicyDefinitions/{DEFINITION}").json()["displayName"] == "Limit the rate"
    [held] = change(added=[added], updated=[], deletedIds=[])
    assert held["definition"]["id"] == DEFINITION
    assert held["presentationValues"][0]["presentation"]["label"] == "Rate"
    [held] = change(updated=[{"id": held["id"], "enabled": False, "presentationValues": [{**value, "value": 6}]}])
    assert (held["enabled"], held["presentationValues"][0]["value"]) == (False, 6)
    assert change(deletedIds=[held["id"]]) == []
    assert tenant.ask("POST", f"{path}/{graph_id}/definitionValues", added).status_code == 201


def test_custom_definitions_are_the_tenants_own_and_listed_by_category(tenant, shared):
    own = {"id": "own", "classType": "user", "displayName": "Citrix", "categoryPath": "\\Citrix\\ICA"}
    tenant.put(f"{DM}/groupPolicyConfigurations", {
        "id": "custom", "policyConfigurationIngestionType": "custom",
        "definitionValues": [{"id": "1", "definition": own, "presentationValues": []}]})  # fmt: skip
    query = "$expand=definitions($select=id,displayName,categoryPath,classType)&$filter=ingestionSource eq 'custom'"
    [category] = tenant.ask("GET", f"{DM}/groupPolicyCategories?{query}").json()["value"]
    assert (category["displayName"], category["definitions"][0]["id"]) == ("ICA", "own")
    assert shared.ask("GET", f"{DM}/groupPolicyDefinitions/own").status_code == 404
    assert shared.ask("GET", f"{DM}/groupPolicyDefinitions/{DEFINITION}/presentations").json()["value"]


def test_an_intent_is_made_from_its_template_and_its_settings_change_by_an_action(tenant):
    kind = f"{TYPE}deviceManagementBooleanSettingInstance"
    setting = {"@odata.type": kind, "definitionId": "d1", "valueJson": "true"}
    body = {"displayName": "New", "settingsDelta": [setting]}
    made = tenant.ask("POST", f"{DM}/templates/firewall/createInstance", body)
    assert (made.status_code, made.json()["templateId"]) == (200, "firewall")
    assert tenant.ask("POST", f"{DM}/templates/none/createInstance", {"displayName": "New"}).status_code == 404
    path = f"{DM}/intents/{made.json()['id']}"
    [held] = tenant.ask("GET", f"{path}/settings").json()["value"]
    changed = [{**setting, "id": held["id"], "valueJson": "null"}, {**setting, "definitionId": "d2"}]
    assert tenant.ask("POST", f"{path}/updateSettings", {"settings": changed}).status_code == 204
    found = tenant.ask("GET", f"{path}/settings").json()["value"]
    assert [(one["definitionId"], one["valueJson"]) for one in found] == [("d1", "null"), ("d2", "true")]


def test_apps_are_targeted_by_an_action_not_by_the_body(tenant):
    path = f"{DAM}/iosManagedAppProtections"
    app = {"mobileAppIdentifier": {"@odata.type": f"{TYPE}iosMobileAppIdentifier", "bundleId": "com.x"}}
    graph_id = tenant.make(path, typed("iosManagedAppProtection", apps=[app]))
    assert tenant.held(path, graph_id)["apps"] == []
    body = {"apps": [app], "appGroupType": "selectedPublicApps"}
    assert tenant.ask("POST", f"{path}/{graph_id}/targetApps", body).status_code == 204
    assert tenant.held(path, graph_id)["apps"][0]["id"] == "com.x.ios"


def test_priorities_of_one_type_make_room_and_close_gaps(tenant):
    def order():
        held = tenant.objects()[ENROLLMENT].values()
        return {one["displayName"]: one["priority"] for one in held if one["priority"]}

    tenant.make(ENROLLMENT, typed("windows10EnrollmentCompletionPageConfiguration", displayName="Page"))
    last = tenant.make(ENROLLMENT, typed("deviceEnrollmentLimitConfiguration", displayName="Last", limit=1))
    assert order() == {"mine_Limit": 1, "Last": 2, "Page": 1}
    assert tenant.ask("POST", f"{ENROLLMENT}/{last}/setPriority", {"priority": 1}).status_code == 200
    assert order() == {"mine_Limit": 2, "Last": 1, "Page": 1}
    tenant.ask("DELETE", f"{ENROLLMENT}/{last}")
    assert order() == {"mine_Limit": 1, "Page": 1}


def test_a_template_has_one_text_per_locale_and_one_default(tenant):
    path = f"{TEMPLATES}/template/localizedNotificationMessages"
    text = {"subject": "s", "messageTemplate": "m"}
    assert tenant.ask("POST", path, {**text, "locale": "en-us", "isDefault": True}).json()["id"] == "template_en-us"
    assert tenant.ask("POST", path, {**text, "locale": "en-us"}).status_code == 400
    assert tenant.ask("POST", path, {**text, "locale": "de-de", "isDefault": True}).status_code == 201
    held = tenant.held(TEMPLATES, "template")
    assert [one["isDefault"] for one in held["localizedNotificationMessages"]] == [False, True]
    assert held["defaultLocale"] == "de-de"
    for refused in ({"locale": "fr-fr"}, {"isDefault": False}):
        assert tenant.ask("PATCH", f"{path}/template_de-de", refused).status_code == 400
    assert tenant.ask("PATCH", f"{path}/template_de-de", {"subject": "t"}).json()["subject"] == "t"
    assert tenant.ask("DELETE", f"{path}/template_en-us").status_code == 204
    assert len(tenant.held(TEMPLATES, "template")["localizedNotificationMessages"]) == 1


def test_a_policy_set_copies_names_and_changes_by_its_own_action(tenant):
    path, item = f"{DAM}/policySets", {"@odata.type": f"{TYPE}mobileAppPolicySetItem", "payloadId": "app",
                                       "intent": "required", "settings": None}  # fmt: skip
    graph_id = tenant.make(path, {"displayName": "S", "items": [item], "assignments": [to_group()]})
    [held] = tenant.held(path, graph_id)["items"]
    assert (held["displayName"], held["id"]) == ("Portal", f"{graph_id}_app_MobileApp_Parcel")
    other = {"@odata.type": f"{TYPE}deviceCompliancePolicyPolicySetItem", "payloadId": "compliance"}
    body = {"addedPolicySetItems": [other], "updatedPolicySetItems": [], "deletedPolicySetItems": [held["id"]]}
    assert tenant.ask("POST", f"{path}/{graph_id}/update", body).status_code == 204
    assert tenant.ask("POST", f"{path}/{graph_id}/update", {"assignments": []}).status_code == 204
    held = tenant.held(path, graph_id)
    assert [one["payloadId"] for one in held["items"]] == ["compliance"]
    assert held["assignments"] == []


def test_certificates_are_referred_to_by_navigation(tenant):
    wifi, reference = f"{CONFIGURATIONS}/wifi", {"@odata.id": f"{BIND}/deviceConfigurations('root')"}
    cast = f"{wifi}/microsoft.graph.windowsWifiEnterpriseEAPConfiguration"
    roots, identity = "rootCertificatesForServerValidation", "identityCertificateForClientAuthentication"
    assert tenant.ask("POST", f"{cast}/{roots}/$ref", reference).status_code == 204
    assert tenant.ask("PUT", f"{cast}/{identity}/$ref", reference).status_code == 204
    found = {"id": "root", "displayName": "Root CA", "@odata.type": f"{TYPE}windows81TrustedRootCertificate"}
    assert tenant.ask("GET", f"{cast}/{roots}").json()["value"] == [found]
    assert tenant.ask("GET", f"{cast}/{identity}").json() == found
    assert tenant.ask("DELETE", f"{cast}/{roots}/root/$ref").status_code == 204
    assert tenant.held(CONFIGURATIONS, "wifi")[roots] == []
    missing = {"@odata.id": f"{BIND}/deviceConfigurations('none')"}
    assert tenant.ask("POST", f"{cast}/{roots}/$ref", missing).status_code == 404
    without_cast = tenant.ask("PUT", f"{wifi}/{identity}/$ref", reference)
    assert f"segment '{identity}'" in without_cast.json()["error"]["message"]


def test_privacy_controls_have_a_call_of_their_own(tenant):
    body = {"windowsPrivacyAccessControls": [{"accessLevel": "forceDeny", "dataCategory": "camera"}]}
    assert tenant.ask("POST", f"{CONFIGURATIONS}/general/windowsPrivacyAccessControls", body).status_code == 200
    held = tenant.held(CONFIGURATIONS, "general")
    assert held["privacyAccessControls"] == body["windowsPrivacyAccessControls"]


def test_a_role_assignment_is_bound_to_its_role_and_tags(tenant):
    tag = tenant.make(f"{DM}/roleScopeTags", {"displayName": "Berlin"})
    body = {"displayName": "R", "members": [GROUP], "resourceScopes": [OTHER_GROUP],
            "roleDefinition@odata.bind": f"{BIND}/roleDefinitions('role')",
            "roleScopeTags@odata.bind": [f"{BIND}/roleScopeTags('{tag}')"]}  # fmt: skip
    held = tenant.held(f"{DM}/roleAssignments", tenant.make(f"{DM}/roleAssignments", body))
    assert held["roleDefinition"]["id"] == "role"
    assert held["roleScopeTags"] == [{"id": tag, "displayName": "Berlin"}]


def test_a_brand_is_named_first_and_filled_after(tenant):
    path = f"{DM}/intuneBrandingProfiles"
    tenant.put(path, {"id": "seen", "profileName": "S", "displayName": "x", "themeColor": {}, "themeColorLogo": {}})
    graph_id, logo = tenant.make(path, {"profileName": "Berlin"}), {"type": "image/png", "value": "aWNvbg=="}
    assert tenant.ask("PATCH", f"{path}/{graph_id}", {"displayName": "B", "themeColorLogo": logo}).status_code == 200
    assert tenant.ask("GET", f"{path}/{graph_id}/themeColorLogo").json()["value"] == logo["value"]


def test_apples_profiles_live_below_their_token(tenant):
    path = f"{DM}/depOnboardingSettings/token/enrollmentProfiles"
    made = tenant.make(path, typed("depIOSEnrollmentProfile", supervisedModeEnabled=True))
    assert tenant.ask("PATCH", f"{path}/{made}", {"displayName": "Other"}).json()["displayName"] == "Other"
    assert tenant.ask("DELETE", f"{path}/{made}").status_code == 204
    assert tenant.ask("GET", path).json()["value"] == []


def test_a_strength_changes_its_combinations_by_action_and_reads_as_a_copy_in_policies(tenant):
    path = f"{STRENGTHS}/{STRENGTH}"
    body = {"allowedCombinations": ["fido2", "windowsHelloForBusiness"]}
    changed = tenant.ask("POST", f"{path}/updateAllowedCombinations", body)
    assert changed.json()["previousCombinations"] == ["fido2"]
    keys = {"@odata.type": f"{TYPE}fido2CombinationConfiguration", "allowedAAGUIDs": ["a"]}
    made = tenant.make(f"{path}/combinationConfigurations", keys)
    child = f"{path}/combinationConfigurations/{made}"
    assert tenant.ask("PATCH", child, {**keys, "allowedAAGUIDs": ["b"]}).status_code == 200
    there = tenant.ask("GET", f"{path}/combinationConfigurations").json()["value"]
    assert there[0]["allowedAAGUIDs"] == ["b"]
    policy = tenant.make(f"{CA}/policies", access(grantControls__authenticationStrength={"id": STRENGTH}))
    shown = tenant.ask("GET", f"{CA}/policies/{policy}").json()["grantControls"]["authenticationStrength"]
    assert (shown["displayName"], shown["allowedCombinations"]) == (STRENGTH, body["allowedCombinations"])


def test_a_trusted_location_is_let_go_once_it_is_trusted_no_more(tenant):
    path = f"{CA}/namedLocations/{TRUSTED}"
    assert tenant.ask("DELETE", path).status_code == 400
    assert tenant.ask("PATCH", path, typed("ipNamedLocation", isTrusted=False)).status_code == 204
    assert tenant.ask("DELETE", path).status_code == 204
    used = tenant.held(f"{CA}/policies", "ca")
    tenant.put(f"{CA}/policies", {**used, "conditions": {"locations": {"includeLocations": [LOCATION]}}})
    assert tenant.ask("DELETE", f"{CA}/namedLocations/{LOCATION}").status_code == 400


def test_an_authentication_context_comes_to_be_by_its_first_patch(tenant):
    path = f"{CA}/authenticationContextClassReferences"
    assert tenant.ask("PATCH", f"{path}/c7", {"displayName": "Payroll", "isAvailable": True}).status_code == 204
    assert tenant.held(path, "c7")["displayName"] == "Payroll"
    assert tenant.ask("PATCH", f"{path}/c100", {"displayName": "x"}).status_code == 400


def test_a_filter_honours_doubled_apostrophes(tenant):
    body = {"displayName": "O'Brien", "mailNickname": "o", "mailEnabled": False, "securityEnabled": True}
    made = tenant.make("groups", body)
    [found] = tenant.ask("GET", "groups?$filter=displayName eq 'O''Brien'").json()["value"]
    assert found["id"] == made
