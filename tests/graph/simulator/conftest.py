"""A tenant of the simulator's own, with one object of each sort that writes refer to, and a plain HTTP caller."""

import uuid

import pytest
import requests

from tests.support.simulated_tenant import WRITE, SimulatedTenant, catalog_policy

DM, DAM, CA = "deviceManagement", "deviceAppManagement", "identity/conditionalAccess"
TYPE = "#microsoft.graph."
GROUP, OTHER_GROUP, USER, STRENGTH, LOCATION, TRUSTED = (f"{n}0000000-0000-4000-8000-000000000001" for n in range(1, 7))
TERMS, APP_ID = "terms-1", "70000000-0000-4000-8000-000000000001"
BUILT_IN_STRENGTH = "00000000-0000-0000-0000-000000000004"
DEFINITION = "80000000-0000-4000-8000-000000000001"


class Caller(SimulatedTenant):
    """The tenant's control side, and requests to Graph as its app."""

    def __init__(self, url, tenant_id, secret="a secret"):
        super().__init__(url, tenant_id)
        self._graph, self._secret, self._session = url, secret, requests.Session()

    def sign_in(self):
        form = {"grant_type": "client_credentials", "client_id": self.id, "client_secret": self._secret,
                "scope": "https://graph.microsoft.com/.default"}  # fmt: skip
        answer = requests.post(f"{self._graph}/{self.id}/oauth2/v2.0/token", data=form, timeout=60)
        self._session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        return self

    def ask(self, method, path, body=None, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._session.request(method, f"{self._graph}/beta/{path}", json=body, headers=named, timeout=60)

    def make(self, path, body):
        answer = self.ask("POST", path, body)
        assert answer.status_code in {200, 201}, answer.text
        return answer.json()["id"]

    def held(self, path, object_id):
        """What is truly there; None when it is gone."""
        return self._call("GET", f"/tenants/{self.id}/objects?collection={path}").json().get(object_id)

    def batch(self, *parts):
        answer = self.ask("POST", "$batch", {"requests": list(parts)})
        return {one["id"]: one for one in answer.json()["responses"]}


def to_group(group=GROUP, **more):
    return {"target": {"@odata.type": f"{TYPE}groupAssignmentTarget", "groupId": group, **more}}


def add_tenant(simulator, name, permissions=(*WRITE, "Group.ReadWrite.All")):
    facts = {"name": name, "directory_id": str(uuid.uuid4()), "client_secret": "a secret", "permissions": permissions}
    facts["client_id"] = facts["directory_id"]
    requests.post(f"{simulator}/_simulator/tenants", json=facts, timeout=60).raise_for_status()
    return Caller(simulator, facts["directory_id"])


def furnish(tenant):
    for path, item in FURNITURE:
        tenant.put(path, {"displayName": item["id"], "assignments": [], **item})
    return tenant


@pytest.fixture(scope="module")
def shared(simulator):
    """For tests that change nothing for others."""
    return furnish(add_tenant(simulator, "Furnished")).sign_in()


@pytest.fixture
def tenant(simulator):
    return furnish(add_tenant(simulator, "Fresh")).sign_in()


def rule(template=""):
    action = {"actionType": "block", "gracePeriodHours": 0, "notificationTemplateId": template,
              "notificationMessageCCList": []}  # fmt: skip
    return {"ruleName": "PasswordRequired", "scheduledActionConfigurations": [action]}


def secret(token="live-token", state="encryptedValueToken"):
    kind = f"{TYPE}deviceManagementConfiguration"
    value = {"@odata.type": f"{kind}SecretSettingValue", "value": token, "valueState": state}
    instance = {"@odata.type": f"{kind}SimpleSettingInstance", "settingDefinitionId": "secret"}
    return {"id": "0", "settingInstance": {**instance, "simpleSettingValue": value}}


def access(**changes):
    users = {"includeUsers": ["All"], "excludeUsers": [], "includeGroups": [], "excludeGroups": [GROUP]}
    applications = {"includeApplications": ["All"], "excludeApplications": []}
    body = {"displayName": "CA", "state": "disabled", "sessionControls": None,
            "conditions": {"users": users, "applications": applications, "locations": None, "clientAppTypes": ["all"]},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"], "termsOfUse": [],
                              "authenticationStrength": None}}  # fmt: skip
    for where, value in changes.items():
        part, _, name = where.partition("__")
        (body["conditions"][part] if part in body["conditions"] else body[part])[name] = value
    return body


DEFINED = {"id": DEFINITION, "classType": "machine", "displayName": "Limit the rate", "categoryPath": "\\OneDrive"}
FURNITURE = (
    ("groups", {"id": GROUP, "displayName": "Pilot"}),
    ("groups", {"id": OTHER_GROUP, "displayName": "Production"}),
    ("users", {"id": USER, "userPrincipalName": "ada@x.example"}),
    ("identityGovernance/termsOfUse/agreements", {"id": TERMS}),
    ("servicePrincipals", {"id": "sp", "appId": APP_ID}),
    (f"{DM}/configurationPolicies", catalog_policy("catalog", "Catalog")),
    (f"{DM}/configurationPolicies", {**catalog_policy("secret", "Secret"), "settings": [secret()], "settingCount": 1}),
    (f"{DM}/compliancePolicies", catalog_policy("linux", "Linux")),
    (f"{DM}/deviceConfigurations", {
        "id": "oma", "@odata.type": f"{TYPE}windows10CustomConfiguration", "description": "", "version": 1,
        "roleScopeTagIds": ["0"], "omaSettings": []}),
    (f"{DM}/deviceConfigurations", {
        "id": "wifi", "@odata.type": f"{TYPE}windowsWifiEnterpriseEAPConfiguration", "ssid": "X",
        "rootCertificatesForServerValidation": [], "identityCertificateForClientAuthentication": None}),
    (f"{DM}/deviceConfigurations", {
        "id": "root", "@odata.type": f"{TYPE}windows81TrustedRootCertificate", "displayName": "Root CA"}),
    (f"{DM}/deviceConfigurations", {
        "id": "general", "@odata.type": f"{TYPE}windows10GeneralConfiguration", "passwordMinimumLength": 8,
        "passwordRequired": True, "description": "", "roleScopeTagIds": ["0"]}),
    (f"{DM}/deviceCompliancePolicies", {
        "id": "compliance", "@odata.type": f"{TYPE}windows10CompliancePolicy", "version": 1, "osMinimumVersion": "10",
        "roleScopeTagIds": ["0"], "scheduledActionsForRule": [rule()],
        "deviceCompliancePolicyScript": {"deviceComplianceScriptId": "script"}}),
    (f"{DM}/deviceComplianceScripts", {"id": "script", "detectionScriptContent": "ZQ==", "publisher": "IT"}),
    (f"{DM}/deviceHealthScripts", {"id": "global", "isGlobalScript": True, "publisher": "Microsoft"}),
    (f"{DM}/deviceManagementScripts", {"id": "shell", "scriptContent": "ZQ==", "fileName": "x.ps1"}),
    (f"{DM}/deviceCustomAttributeShellScripts", {
        "id": "attribute", "customAttributeName": "A", "customAttributeType": "integer", "scriptContent": "ZQ=="}),
    (f"{DM}/groupPolicyConfigurations", {
        "id": "admx", "policyConfigurationIngestionType": "builtIn", "definitionValues": [{
            "id": "dv", "enabled": True, "configurationType": "policy", "definition": DEFINED,
            "presentationValues": [{"id": "pv", "@odata.type": f"{TYPE}groupPolicyPresentationValueDecimal", "value": 7,
                                    "presentation": {"id": "pres", "label": "Rate"}}]}]}),
    (f"{DM}/intents", {"id": "intent", "templateId": "firewall", "settings": [
        {"id": "s1", "definitionId": "d1", "@odata.type": f"{TYPE}deviceManagementBooleanSettingInstance",
         "valueJson": "true"}]}),
    (f"{DM}/assignmentFilters", {"id": "filter", "platform": "windows10AndLater", "rule": "x", "payloads": [],
                                 "roleScopeTags": ["0"], "assignmentFilterManagementType": "devices"}),
    (f"{DM}/notificationMessageTemplates", {"id": "template", "brandingOptions": "none",
                                            "localizedNotificationMessages": []}),
    (f"{DM}/reusablePolicySettings", {"id": "reusable", "settingDefinitionId": "r", "settingInstance": {}}),
    (f"{DM}/roleScopeTags", {"id": "0", "displayName": "Default", "isBuiltIn": True}),
    (f"{DM}/roleDefinitions", {"id": "role", "@odata.type": f"{TYPE}deviceAndAppManagementRoleDefinition",
                               "isBuiltIn": True, "rolePermissions": [], "description": ""}),
    (f"{DM}/windowsFeatureUpdateProfiles", {
        "id": "feature", "featureUpdateVersion": "24H2", "installLatestWindows10OnWindows11IneligibleDevice": False}),
    (f"{DM}/windowsDriverUpdateProfiles", {"id": "driver", "approvalType": "automatic"}),
    (f"{DM}/windowsAutopilotDeploymentProfiles", {
        "id": "autopilot", "@odata.type": f"{TYPE}azureADWindowsAutopilotDeploymentProfile", "deviceType": "windowsPc",
        "assignments": [{"id": "one", **to_group()}]}),
    (f"{DM}/deviceEnrollmentConfigurations", {
        "id": "default_DefaultLimit", "@odata.type": f"{TYPE}deviceEnrollmentLimitConfiguration", "priority": 0,
        "limit": 5, "version": 1}),
    (f"{DM}/deviceEnrollmentConfigurations", {
        "id": "mine_Limit", "@odata.type": f"{TYPE}deviceEnrollmentLimitConfiguration", "priority": 1, "limit": 9,
        "version": 1, "deviceEnrollmentConfigurationType": "limit"}),
    (f"{DM}/intuneBrandingProfiles", {"id": "brand", "profileName": "Default", "isDefaultProfile": True}),
    (f"{DM}/depOnboardingSettings", {"id": "token", "tokenName": "T", "enrollmentProfiles": []}),
    (f"{DAM}/mobileApps", {"id": "app", "@odata.type": f"{TYPE}iosStoreApp", "displayName": "Portal"}),
    (f"{DAM}/mobileAppConfigurations", {"id": "appconfig", "@odata.type": f"{TYPE}iosMobileAppConfiguration",
                                        "targetedMobileApps": ["app"], "settings": []}),
    (f"{DAM}/iosManagedAppProtections", {"id": "T_ios", "@odata.type": f"{TYPE}iosManagedAppProtection", "apps": [],
                                         "pinRequired": True, "appGroupType": "selectedPublicApps"}),
    (f"{CA}/namedLocations", {"id": LOCATION, "@odata.type": f"{TYPE}countryNamedLocation",
                              "countriesAndRegions": ["AT"]}),
    (f"{CA}/namedLocations", {"id": TRUSTED, "@odata.type": f"{TYPE}ipNamedLocation", "isTrusted": True,
                              "ipRanges": []}),
    (f"{CA}/authenticationStrength/policies", {"id": STRENGTH, "policyType": "custom", "combinationConfigurations": [],
                                               "allowedCombinations": ["fido2"]}),
    (f"{CA}/authenticationStrength/policies", {"id": BUILT_IN_STRENGTH, "policyType": "builtIn",
                                               "allowedCombinations": ["fido2"], "combinationConfigurations": []}),
    (f"{CA}/policies", {"id": "ca", **access()}),
)  # fmt: skip
