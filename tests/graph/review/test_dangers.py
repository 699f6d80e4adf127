"""Dangers are found for every policy type, and only those that the write brings."""

import copy

import pytest

from graph.content.service_made import is_service_made
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.review.dangers import ACCOUNT, CODE, INSTALLED_BY, PAYLOADS, TITLES, find_dangers
from graph.simulator.demo.builder import ALL_DEVICES, ALL_USERS
from tests.graph.content.test_equal import every_type
from tests.graph.content.test_mutated import contents

TYPE = "#microsoft.graph."
EVERYBODY = [{"target": {"@odata.type": f"{TYPE}allDevicesAssignmentTarget"}}]


def told(key, want, live=None, *, assigned=None, was_assigned=None, with_assignments=True):
    """Code -> sentence."""
    found = find_dangers(
        POLICY_TYPES[key],
        None if want is None else {"body": want, "assignments": assigned or []},
        None if live is None else {"body": live, "assignments": was_assigned or []},
        with_assignments=with_assignments,
    )
    return {danger.code: danger.sentence for danger in found}


def policy(users=None, **changes):
    users = {"includeUsers": ["All"], "excludeUsers": [], "excludeGroups": ["break-glass"], **(users or {})}
    return {
        "displayName": "MFA",
        "state": "enabled",
        "conditions": {
            "users": users,
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
            "signInRiskLevels": [],
        },
        "grantControls": {"operator": "AND", "builtInControls": ["mfa", "compliantDevice"]},
        "sessionControls": {"signInFrequency": {"value": 1, "isEnabled": True}},
        **changes,
    }


def location(**changes):
    return {
        "@odata.type": f"{TYPE}ipNamedLocation",
        "isTrusted": True,
        "ipRanges": [{"cidrAddress": "192.0.2.0/24"}],
        **changes,
    }


BLOCK = {"operator": "OR", "builtInControls": ["block"]}
FIREWALL = "vendor_msft_firewall_mdmstore_domainprofile_enablefirewall"
SETTING = {
    "settingInstance": {"settingDefinitionId": FIREWALL, "choiceSettingValue": {"value": f"{FIREWALL}_false"}},
}
LOCAL_ADMINS = {
    "settingInstance": {"settingDefinitionId": "device_vendor_msft_policy_config_localusersandgroups_configure"}
}


def setting(one, value, name="simpleSettingValue"):
    found = [{"value": value}] if name.endswith("CollectionValue") else {"value": value}
    return {"settings": [{"settingInstance": {"settingDefinitionId": one, name: found}}]}


DEFENDER = "device_vendor_msft_policy_config_defender"
ASR = f"{DEFENDER}_attacksurfacereductionrules_blockwin32apicallsfromofficemacros"
EXCLUDED = f"{DEFENDER}_excludedpaths"
# Policy type, body, and the code that has to be told when it is made.
MADE = [
    ("deviceManagementScripts", {"scriptContent": "eA==", "runAsAccount": "system"}, "system"),
    ("deviceManagementScripts", {"scriptContent": "eA=="}, "system"),
    ("deviceManagementScripts", {"scriptContent": "eA==", "runAsAccount": "user"}, "code"),
    ("deviceShellScripts", {"scriptContent": "eA==", "runAsAccount": "system"}, "system"),
    ("deviceHealthScripts", {"detectionScriptContent": "eA==", "runAsAccount": "system"}, "system"),
    ("deviceHealthScripts", {"remediationScriptContent": "eA==", "runAsAccount": "system"}, "system"),
    ("deviceComplianceScripts", {"detectionScriptContent": "eA==", "runAsAccount": "system"}, "system"),
    ("deviceCustomAttributeShellScripts", {"scriptContent": "eA==", "runAsAccount": "system"}, "system"),
    ("mobileApps", {"@odata.type": f"{TYPE}win32LobApp", "installCommandLine": "x",
                    "installExperience": {"runAsAccount": "system"}}, "system"),
    ("mobileApps", {"@odata.type": f"{TYPE}macOSPkgApp", "preInstallScript": {"scriptContent": "eA=="}}, "system"),
    ("mobileApps", {"@odata.type": f"{TYPE}winGetApp", "installExperience": {"runAsAccount": "system"}}, "system"),
    ("deviceConfigurations", {"@odata.type": f"{TYPE}windows10CustomConfiguration",
                              "omaSettings": [{"omaUri": "./x", "value": 1}]}, "system"),
    ("deviceConfigurations", {"@odata.type": f"{TYPE}macOSCustomConfiguration", "payload": "eA=="}, "system"),
    ("deviceConfigurations", {"@odata.type": f"{TYPE}macOSTrustedRootCertificate",
                              "trustedRootCertificate": "eA=="}, "certificate"),
    ("hardwareConfigurations", {"configurationFileContent": "eA=="}, "system"),
    ("roleAssignments", {"members": ["g"], "roleDefinition": {"id": "r"}}, "role"),
    ("roleAssignments", {"members": ["g"], "scopeType": "allDevicesAndLicensedUsers"}, "everybody"),
    ("roleDefinitions", {"rolePermissions": [{"resourceActions": []}]}, "role"),
    ("groups", {"isAssignableToRole": True}, "role"),
    ("groups", {"members": [{"id": "1"}]}, "members"),
    ("conditionalAccessPolicies", policy(grantControls=BLOCK), "blocks"),
    ("conditionalAccessPolicies", policy({"excludeUsers": ["GuestsOrExternalUsers"]}), "guests"),
    ("conditionalAccessPolicies", policy({"excludeGuestsOrExternalUsers": {"types": "b2b"}}), "guests"),
    ("conditionalAccessPolicies", policy({"excludeUsers": ["All"]}), "nobody"),
    ("conditionalAccessPolicies", policy({"includeUsers": ["None"]}), "nobody"),
    ("conditionalAccessPolicies", policy(), "everybody"),
    ("namedLocations", location(), "trusted"),
    ("managedDeviceCleanupRules", {"deviceInactivityBeforeRetirementInDays": 30}, "devices"),
    ("deviceCompliancePolicies", {"@odata.type": f"{TYPE}windows10CompliancePolicy", "scheduledActionsForRule": [
        {"scheduledActionConfigurations": [{"actionType": "wipe"}]}]}, "devices"),
    ("iosManagedAppProtections", {"appActionIfDeviceComplianceRequired": "wipe"}, "devices"),
    ("deviceConfigurations", {"@odata.type": f"{TYPE}iosGeneralDeviceConfiguration",
                              "passcodeSignInFailureCountBeforeWipe": 4}, "devices"),
    ("operationApprovalPolicies", {"approverGroupIds": ["g"]}, "approval"),
    ("windowsAutopilotDeploymentProfiles", {"outOfBoxExperienceSetting": {"userType": "administrator"}}, "admin"),
    ("cloudPcUserSettings", {"localAdminEnabled": True}, "admin"),
    ("configurationPolicies", {"settings": [LOCAL_ADMINS]}, "admin"),
    ("configurationPolicies", {"settings": [SETTING]}, "protection"),
    ("deviceManagementSettings", {"secureByDefault": True}, "everybody"),
    ("configurationPolicies", setting("linux_customconfig_script", "IyEvYmluL3No"), "system"),
    ("reusablePolicySettings", {"settingInstance": setting("linux_customcompliance_discoveryscript_reusablesetting",
                                                           "eA==")["settings"][0]["settingInstance"]}, "system"),
    ("configurationPolicies", setting(EXCLUDED, "C:", "simpleSettingCollectionValue"), "protection"),
    ("configurationPolicies", setting(ASR, f"{ASR}_off", "choiceSettingValue"), "protection"),
    ("deviceConfigurations", {"@odata.type": f"{TYPE}windows10GeneralConfiguration",
                              "defenderFilesAndFoldersToExclude": ["C:\\"]}, "protection"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "body", "code"), MADE, ids=[f"{key}-{code}" for key, _, code in MADE])
def test_what_is_made_and_dangerous_is_told_and_what_is_there_just_so_is_not(key, body, code):
    assert code in told(key, body)
    if not POLICY_TYPES[key].is_single:
        assert code not in told(key, {**body, "description": "other"}, body)


HARMLESS = {"settingInstance": {"settingDefinitionId": "harmless", "choiceSettingValue": {"value": "harmless_1"}}}
OF_SETTINGS = [(key, body["settings"][0], code) for key, body, code in MADE if "settings" in body]


@pytest.mark.parametrize(("key", "one", "code"), OF_SETTINGS, ids=[code for _, _, code in OF_SETTINGS])
def test_a_dangerous_setting_is_told_where_the_tenant_has_the_others_and_not_where_it_only_moves(key, one, code):
    assert code in told(key, {"settings": [HARMLESS, one]}, {"settings": [HARMLESS]})
    assert code in told(key, {"settings": [one, HARMLESS]}, {"settings": [HARMLESS]})
    assert code not in told(key, {"settings": [one, HARMLESS]}, {"settings": [HARMLESS, one]})
    inside = {"settingInstance": {"settingDefinitionId": "holder", "choiceSettingValue": {
        "value": "holder_1", "children": [one["settingInstance"]]}}}  # fmt: skip
    assert code in told(key, {"settings": [HARMLESS, inside]}, {"settings": [HARMLESS]})
    assert code not in told(key, {"settings": [inside]}, {"settings": [one]})


@pytest.mark.parametrize("policy_type", POLICY_TYPES.values(), ids=lambda one: one.key)
@pytest.mark.parametrize("target", [
    {"@odata.type": f"{TYPE}allDevicesAssignmentTarget"},
    {"@odata.type": f"{TYPE}allDevicesAssignmentTarget", "groupId": "SG-Test"},
    {"@odata.type": f"{TYPE}allLicensedUsersAssignmentTarget"},
    {"@odata.type": f"{TYPE}groupAssignmentTarget", "groupId": ALL_USERS.upper()},
    {"@odata.type": f"{TYPE}groupAssignmentTarget", "groupId": ALL_DEVICES},
])  # fmt: skip
def test_whatever_is_assigned_to_everybody_is_told(policy_type, target):
    assert "everybody" in told(policy_type.key, {}, assigned=[{"target": target}])
    if not (policy_type.is_single or policy_type.has_defaults):
        assert "everybody" not in told(policy_type.key, {}, assigned=[{"target": target}], with_assignments=False)


@pytest.mark.parametrize("want", [
    policy(state="disabled"),
    policy(state="enabledForReportingButNotEnforced"),
    policy(grantControls={"operator": "AND", "builtInControls": ["mfa"]}),
    policy(grantControls={"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}),
    policy(grantControls=None),
    policy({"excludeUsers": ["somebody"]}),
    policy({"excludeGroups": ["break-glass", "another"]}),
    policy({"excludeRoles": ["r"]}),
    policy({"includeUsers": [], "includeGroups": ["few"]}),
    policy({"excludeGuestsOrExternalUsers": {"guestOrExternalUserTypes": "b2bCollaborationGuest"}}),
    policy(sessionControls=None),
    policy(sessionControls={"signInFrequency": {"value": 90, "isEnabled": True}}),
    policy(conditions={**policy()["conditions"], "applications": {"includeApplications": ["one"]}}),
    policy(conditions={**policy()["conditions"], "locations": {"excludeLocations": ["AllTrusted"]}}),
    policy(conditions={**policy()["conditions"], "clientAppTypes": ["browser"]}),
    policy(conditions={**policy()["conditions"], "signInRiskLevels": ["high"]}),
    policy(grantControls={"operator": "AND", "builtInControls": ["compliantDevice"]}),
    policy(sessionControls={**policy()["sessionControls"], "persistentBrowser": {"mode": "always"}}),
    policy(conditions={**policy()["conditions"], "platforms": {"includePlatforms": ["android"]}}),
    policy(conditions={**policy()["conditions"], "locations": {"includeLocations": ["one"]}}),
    policy(conditions={**policy()["conditions"], "insiderRiskLevels": "elevated"}),
    policy(conditions={**policy()["conditions"], "authenticationFlows": {"transferMethods": "deviceCodeFlow"}}),
    policy(conditions={**policy()["conditions"], "devices": {"deviceFilter": {"mode": "exclude", "rule": "x"}}}),
    None,
])  # fmt: skip
def test_whatever_weakens_an_enforced_policy_is_told(want):
    assert "weakens" in told("conditionalAccessPolicies", want, policy())
    assert "weakens" not in told("conditionalAccessPolicies", want, policy(state="disabled"))


@pytest.mark.parametrize("want", [
    policy(),
    policy(displayName="renamed"),
    policy({"includeGroups": ["more"]}),
    policy({"excludeGroups": []}),
    policy(grantControls={"operator": "AND", "builtInControls": ["mfa", "compliantDevice", "passwordChange"]}),
])  # fmt: skip
def test_what_makes_it_no_weaker_is_not(want):
    assert "weakens" not in told("conditionalAccessPolicies", want, policy())


STRENGTH = {"authenticationStrength": {"id": "s"}}


@pytest.mark.parametrize(("now", "then", "is_weaker"), [
    ({"operator": "OR", **STRENGTH}, {"operator": "AND", "builtInControls": ["mfa"]}, True),
    ({"operator": "OR", "builtInControls": ["mfa"]}, {"operator": "OR", "builtInControls": ["mfa"], **STRENGTH}, True),
    ({"operator": "OR", "builtInControls": ["mfa", "compliantDevice"]}, {"operator": "OR", "builtInControls": ["mfa"]},
     False),
    ({"operator": "OR", **STRENGTH}, {"operator": "AND", "builtInControls": ["mfa"], **STRENGTH}, False),
    ({"operator": "AND", "builtInControls": ["mfa"], **STRENGTH}, {"operator": "OR", "builtInControls": ["mfa"]}, True),
    ({"operator": "OR", "builtInControls": ["block"]}, {"operator": "OR", "builtInControls": ["mfa"]}, True),
])  # fmt: skip
def test_a_way_in_that_would_not_do_before_is_told(now, then, is_weaker):
    found = told("conditionalAccessPolicies", policy(grantControls=then), policy(grantControls=now))
    assert ("weakens" in found) == is_weaker


CHANGED = [
    ("namedLocations", location(isTrusted=False), location(), "trusted"),
    ("namedLocations", {**location(), "ipRanges": []}, location(), "trusted"),
    ("namedLocations", None, location(), "trusted"),
    ("authenticationStrengths", {"allowedCombinations": ["a", "b"]}, {"allowedCombinations": ["a"]}, "weakens"),
    ("authenticationContextClassReferences", {"isAvailable": False}, {"isAvailable": True}, "weakens"),
    ("operationApprovalPolicies", None, {"approverGroupIds": ["g"]}, "approval"),
    ("operationApprovalPolicies", {"approverGroupIds": ["mine"]}, {"approverGroupIds": ["g"]}, "approval"),
    ("deviceManagementSettings", {"secureByDefault": False}, {"secureByDefault": True}, "compliance"),
    ("deviceCompliancePolicies", {"bitLockerEnabled": False}, {"bitLockerEnabled": True}, "compliance"),
    ("deviceCompliancePolicies", None, {"bitLockerEnabled": True}, "compliance"),
    ("compliancePolicies", {"settings": []}, {"settings": [SETTING]}, "compliance"),
    ("compliancePolicies", setting("x", "4"), setting("x", "14"), "compliance"),
    ("deviceCompliancePolicies", {"passwordMinimumLength": 4}, {"passwordMinimumLength": 14}, "compliance"),
    ("deviceCompliancePolicies", {"osMinimumVersion": "10.0.1"}, {"osMinimumVersion": "10.0.9"}, "compliance"),
    ("assignmentFilters", {"rule": "b"}, {"rule": "a"}, "taken"),
    ("deviceConfigurations", {"@odata.type": f"{TYPE}windows10GeneralConfiguration"},
     {"@odata.type": f"{TYPE}windows10GeneralConfiguration", "passwordRequired": True}, "protection"),
    ("deviceManagementScripts", {"scriptContent": "bmV3"}, {"scriptContent": "b2xk"}, "system"),
    ("deviceManagementScripts", {"scriptContent": "eA==", "runAsAccount": "system"},
     {"scriptContent": "eA==", "runAsAccount": "user"}, "system"),
]  # fmt: skip


@pytest.mark.parametrize(("key", "want", "live", "code"), CHANGED, ids=[f"{case[0]}-{case[3]}" for case in CHANGED])
def test_what_a_change_takes_away_is_told(key, want, live, code):
    assert code in told(key, want, live)
    if not POLICY_TYPES[key].is_single:
        assert told(key, live, live) == {}


def test_taking_a_policy_from_those_who_have_it_is_told():
    assert "taken" in told("configurationPolicies", {}, {}, was_assigned=EVERYBODY)
    assert "taken" in told("configurationPolicies", None, {}, was_assigned=EVERYBODY)
    few = [{"target": {"@odata.type": f"{TYPE}groupAssignmentTarget", "groupId": "few"}}]
    assert "taken" in told("configurationPolicies", {}, {}, assigned=few, was_assigned=EVERYBODY)
    assert told("deviceCompliancePolicies", {"passwordMinimumLength": 14}, {"passwordMinimumLength": 4}) == {}
    assert told("configurationPolicies", {}, {}, was_assigned=EVERYBODY, with_assignments=False) == {}


def test_a_script_that_everybody_has_already_says_so_when_it_changes():
    said = told("deviceManagementScripts", {"scriptContent": "bmV3"}, {"scriptContent": "b2xk"},
                was_assigned=EVERYBODY, with_assignments=False)  # fmt: skip
    assert said == {"system": "It runs code of its own as SYSTEM, for all devices."}


# Properties whose names say that something is run, and that run nothing by themselves.
RUNS_NOTHING = {
    "automaticConfigurationScriptUrl", "deviceCompliancePolicyScript", "deviceComplianceScriptId",
    "deviceComplianceScriptRulOperator", "deviceComplianceScriptRuleDataType", "deviceHealthScriptType",
    "detectionScriptParameters", "remediationScriptParameters", "isGlobalScript", "runAs32Bit", "runSummary",
    # They hold the script, or name one that was uploaded with the app.
    "preInstallScript", "postInstallScript", "activeInstallScript", "activeUninstallScript",
}  # fmt: skip


def test_every_property_of_the_model_that_runs_something_is_known():
    known = CODE | PAYLOADS.keys() | RUNS_NOTHING | {ACCOUNT, INSTALLED_BY}
    unknown = set()
    for _, kind in every_type():
        for of in types_inside(kind):
            unknown |= {
                prop.name for prop in model.properties(of).values()
                if prop.kind != "boolean" and not prop.is_read_only and not is_service_made(of, prop.name)
                and any(word in prop.name.lower() for word in ("script", "commandline", "runas"))
                and not any(word in prop.name for word in ("escription", "defender"))
            } - known  # fmt: skip
    assert unknown == set()


def types_inside(kind, seen=None):
    seen = set() if seen is None else seen
    if kind not in seen and model.is_known(kind):
        seen.add(kind)
        for prop in model.properties(kind).values():
            if prop.kind == "object" and not prop.is_navigation:
                for below in model.subtypes(prop.type):
                    types_inside(below, seen)
    return seen


def test_every_danger_has_a_title_and_no_sentence_holds_what_a_policy_holds():
    for key, item in contents():
        body = copy.deepcopy({name: value for name, value in item.items() if name != "assignments"})
        found = find_dangers(POLICY_TYPES[key], {"body": body, "assignments": item.get("assignments")}, None,
                        with_assignments=True)  # fmt: skip
        assert {danger.code for danger in found} <= TITLES.keys()
        assert all(len(danger.sentence) < 200 for danger in found)


@pytest.mark.parametrize("value", [None, 7, "x", [], {}, [None], {"@odata.type": 3}, [[{}]]])
def test_odd_contents_are_no_trouble(value):
    for row in POLICY_TYPES.values():
        names = ["conditions", "grantControls", "settings", "ipRanges", "members", "scheduledActionsForRule",
                 "installExperience", "roleDefinition", "rolePermissions", "omaSettings"]  # fmt: skip
        body = {**dict.fromkeys(names, value), "state": "enabled", "isTrusted": True}
        find_dangers(row, {"body": body, "assignments": [{"target": None}]}, None, with_assignments=True)
        find_dangers(row, {"body": body, "assignments": []}, {"body": body, "assignments": []}, with_assignments=True)
        find_dangers(row, None, {"body": body, "assignments": [{}]}, with_assignments=True)
