"""Whatever the simulator holds can be read, deleted and made anew by the service's own calls, and is then the same."""

import copy
import json

import pytest

from graph.content.normalise import ZERO_GUID, normalise
from graph.policy_types.table import POLICY_TYPES
from graph.simulator.demo import demo_tenants
from graph.simulator.demo.tenants import READ_WRITE
from graph.simulator.imports.exported_files import exported_tenant, load_exported
from graph.simulator.store.state import State
from graph.simulator.writes import dispatch
from tests.support.simulated_tenant import REAL, assert_holds, collection_of, truth_of

DM, DAM, CA = "deviceManagement", "deviceAppManagement", "identity/conditionalAccess"
BETA = "https://graph.microsoft.com/beta"
NAVIGATIONS = ("rootCertificate", "identityCertificate", "identityCertificateForClientAuthentication",
               "rootCertificatesForServerValidation", "rootCertificateForServerValidation",
               "derivedCredentialSettings", "networkAccessConfigurations", "domainJoinConfiguration")  # fmt: skip
APP_PARTS = ("categories", "relationships", "dependentAppCount", "supersedingAppCount")
ONE_BY_ONE = ("windowsAutopilotDeploymentProfiles", "termsAndConditions", "appleUserInitiatedEnrollmentProfiles")
# Apple's token holds its profiles; of an ADMX file, Graph never gives the content.
LEFT = ("depOnboardingSettings", "groupPolicyUploadedDefinitionFiles", "organizationalBranding",
        "windowsUpdatePolicies", "windowsUpdateDeployments", "groups")  # fmt: skip
# Never sent: the service's own.
STRIPPED = {
    "id", "createdDateTime", "lastModifiedDateTime", "modifiedDateTime", "version", "isAssigned", "supportsScopeTags",
    "settingCount", "creationSource", "assignments", "apps", "deployedAppCount", "policyConfigurationIngestionType",
    "definitionValues", "payloads", "isBuiltIn", "isBuiltInRoleDefinition", "permissions", "defaultLocale",
    "roleAssignments", "localizedNotificationMessages", "isDefaultProfile", "templateId", "privacyAccessControls",
    "isMigratingToConfigurationPolicy", "policyType", "requirementsSatisfied", "priorityMetaData",
    "templateType", "notificationMessageTemplateId", *NAVIGATIONS,
}  # fmt: skip


class Client:
    """The least that can write: it calls as a tool would, and insists on success."""

    def __init__(self, state, tenant):
        self.state, self.tenant = state, tenant

    def call(self, method, path, body=None):
        body = json.loads(json.dumps(body))
        reply = dispatch.write(self.state, self.tenant, READ_WRITE, method, path, body, {})
        assert reply.status < 300, f"{method} {path}: {reply.body}"
        return reply.body

    def delete(self, path, item):
        address = f"{path}/{item['id']}"
        for one in item["assignments"] if path.rpartition("/")[2] in ONE_BY_ONE else ():
            self.call("DELETE", f"{address}/assignments/{one['id']}")
        if item.get("isTrusted"):
            self.call("PATCH", address, {"@odata.type": item["@odata.type"], "isTrusted": False})
        if path.endswith("groupPolicyUploadedDefinitionFiles"):
            self.call("POST", f"{address}/remove")
        else:
            self.call("DELETE", address)

    def make(self, path, old):
        body = {name: value for name, value in old.items() if name not in STRIPPED}
        if path.endswith("deviceEnrollmentConfigurations"):
            del body["priority"]
        made = MAKERS.get(path.rpartition("/")[2], make_plainly)(self, path, old, body)
        return made["id"] if isinstance(made, dict) else made

    def assign(self, path, new, old):
        targets = [strip_assignment(one) for one in old.get("assignments") or ()]
        key = {"mobileApps": "mobileAppAssignments", "deviceHealthScripts": "deviceHealthScriptAssignments",
               "deviceComplianceScripts": "deviceHealthScriptAssignments",
               "deviceEnrollmentConfigurations": "enrollmentConfigurationAssignments",
               "hardwareConfigurations": "hardwareConfigurationAssignments"}.get(path.rpartition("/")[2])  # fmt: skip
        key = key or ("deviceManagementScriptAssignments" if path.endswith("Scripts") else "assignments")
        if path.rpartition("/")[2] in ONE_BY_ONE:
            for one in targets:
                self.call("POST", f"{path}/{new}/assignments", one)
        elif targets and not path.endswith("policySets"):
            self.call("POST", f"{path}/{new}/assign", {key: targets})


def strip_assignment(one):
    return {name: value for name, value in one.items() if name not in {"id", "source", "sourceId"}}


def make_plainly(client, path, old, body):
    return client.call("POST", path, body)


def make_catalog(client, path, old, body):
    body.pop("@odata.type", None)
    body.pop("scheduledActionsForRule", None)
    if str(old.get("creationSource")).startswith("DepTokenId_"):
        body["creationSource"] = old["creationSource"]
    made = client.call("POST", path, json.loads(json.dumps(body).replace("encryptedValueToken", "notEncrypted")))
    if old.get("scheduledActionsForRule"):
        client.call("POST", f"{path}/{made['id']}/setScheduledActions",
                    {"scheduledActions": old["scheduledActionsForRule"]})  # fmt: skip
    if old.get("priorityMetaData"):
        client.call("POST", f"{path}/{made['id']}/reorder", old["priorityMetaData"])
    token = str(body.get("creationSource")).removeprefix("DepTokenId_")
    if "creationSource" in body:
        client.call(
            "POST", f"{DM}/depOnboardingSettings/{token}/enrollmentProfiles/{token}_{made['id']}/setDefaultProfile"
        )
    groups = client.tenant.collections.get("enrollmentTimeDeviceMembershipTargets", {})
    if old["id"] in groups:  # by hand: no app may
        groups[made["id"]] = {**groups[old["id"]], "id": made["id"]}
    return made


def make_configuration(client, path, old, body):
    for one in body.get("omaSettings") or ():
        one.update(secretReferenceValueId=None)
    made = client.call("POST", path, body)
    item = f"{path}/{made['id']}"
    if old.get("privacyAccessControls"):
        client.call("POST", f"{item}/windowsPrivacyAccessControls",
                    {"windowsPrivacyAccessControls": old["privacyAccessControls"]})  # fmt: skip
    link(client, item, old)
    return made


def link(client, item, old):
    for name in NAVIGATIONS:
        to = "derivedCredentials" if name == "derivedCredentialSettings" else "deviceConfigurations"
        for one in [old[name]] if isinstance(old.get(name), dict) else old.get(name) or ():
            cast = old["@odata.type"].removeprefix("#")
            client.call("POST" if isinstance(old[name], list) else "PUT", f"{item}/{cast}/{name}/$ref",
                        {"@odata.id": f"{BETA}/{DM}/{to}('{one['id']}')"})  # fmt: skip


def make_autopilot(client, path, old, body):
    made = client.call("POST", path, body)
    link(client, f"{path}/{made['id']}", old)
    return made


def make_app(client, path, old, body):
    made = client.call("POST", path, {name: one for name, one in body.items() if name not in APP_PARTS})
    item = f"{path}/{made['id']}"
    for one in old.get("categories") or ():
        client.call("POST", f"{item}/categories/$ref",
                    {"@odata.id": f"{BETA}/deviceAppManagement/mobileAppCategories('{one['id']}')"})  # fmt: skip
    own = [{name: value for name, value in one.items() if name != "id"} for one in old.get("relationships") or ()]
    client.call("POST", f"{item}/updateRelationships", {"relationships": own})
    return made


def make_templates(client, path, old, body):
    made = client.call("POST", path, body)
    added = []
    for value in old["definitionValues"]:
        definition = f"{BETA}/{DM}/groupPolicyDefinitions('{value['definition']['id']}')"
        presented = [
            {name: one[name] for name in ("@odata.type", "value", "values") if name in one}
            | {"presentation@odata.bind": f"{definition}/presentations('{one['presentation']['id']}')"}
            for one in value["presentationValues"]
        ]
        added.append({"enabled": value["enabled"], "definition@odata.bind": definition,
                      "presentationValues": presented})  # fmt: skip
    client.call(
        "POST", f"{path}/{made['id']}/updateDefinitionValues", {"added": added, "updated": [], "deletedIds": []}
    )
    return made


def make_intent(client, path, old, body):
    settings = [{name: value for name, value in one.items() if name != "id"} for one in old["settings"]]
    body = {name: old[name] for name in ("displayName", "description", "roleScopeTagIds") if name in old}
    return client.call(
        "POST", f"{DM}/templates/{old['templateId']}/createInstance", {**body, "settingsDelta": settings}
    )


def make_protection(client, path, old, body):
    made = client.call("POST", path, {name: value for name, value in body.items() if name != "settings"})
    item = f"{path}/{made['id']}"
    apps = [{"mobileAppIdentifier": one["mobileAppIdentifier"]} for one in old.get("apps", ())]
    group = {"appGroupType": old["appGroupType"]} if "appGroupType" in old else {}
    client.call("POST", f"{item}/targetApps", {"apps": apps, **group})
    if old.get("settings"):
        client.call("POST", f"{item}/changeSettings", {"settings": old["settings"]})
    return made


def make_enrollment(client, path, old, body):
    if "notificationTemplates" in body:
        body["notificationTemplates"] = [
            f"{one.partition('_')[0]}_{ZERO_GUID}" for one in body["notificationTemplates"]
        ]
    made = client.call("POST", path, body)
    if "priority" in old:
        client.call("POST", f"{path}/{made['id']}/setPriority", {"priority": old["priority"]})
    templates = client.tenant.collections[f"{DM}/notificationMessageTemplates"]
    for one, before in zip(made.get("notificationTemplates", ()), old.get("notificationTemplates", ()), strict=True):
        new, then = one.partition("_")[2], templates[before.partition("_")[2]]
        address = f"{DM}/notificationMessageTemplates/{new}"
        client.call("PATCH", address, {"brandingOptions": then["brandingOptions"]})
        make_localized(client, address, then)
    return made


def make_messages(client, path, old, body):
    made = client.call("POST", path, body)
    make_localized(client, f"{path}/{made['id']}", old)
    return made


def make_localized(client, address, template):
    for one in template.get("localizedNotificationMessages", ()):
        client.call("POST", f"{address}/localizedNotificationMessages",
                    {name: one[name] for name in ("locale", "subject", "messageTemplate", "isDefault")})  # fmt: skip


def make_role_assignment(client, path, old, body):
    body = {name: value for name, value in body.items() if name not in {"roleDefinition", "roleScopeTags"}}
    body["roleDefinition@odata.bind"] = f"{BETA}/{DM}/roleDefinitions('{old['roleDefinition']['id']}')"
    tags = [f"{BETA}/{DM}/roleScopeTags('{one['id']}')" for one in old["roleScopeTags"]]
    return client.call("POST", path, {**body, "roleScopeTags@odata.bind": tags})


def make_branding(client, path, old, body):
    first = {name: old[name] for name in ("profileName", "profileDescription", "roleScopeTagIds") if name in old}
    made = client.call("POST", path, first)
    client.call("PATCH", f"{path}/{made['id']}", body)
    return made


def make_policy_set(client, path, old, body):
    items = [{name: one[name] for name in ("@odata.type", "payloadId", "intent", "settings", "guidedDeploymentTags")
              if name in one} for one in old["items"]]  # fmt: skip
    assignments = [strip_assignment(one) for one in old["assignments"]]
    return client.call("POST", path, {**body, "items": items, "assignments": assignments})


def make_access(client, path, old, body):
    grant = body.get("grantControls") or {}
    if grant.get("authenticationStrength"):
        grant["authenticationStrength"] = {"id": grant["authenticationStrength"]["id"]}
    return client.call("POST", path, body)


def make_approval(client, path, old, body):
    return client.call("POST", path, {**body, "policyType": old["policyType"]})


def make_site_list(client, path, old, body):
    made = client.call("POST", path, {name: value for name, value in body.items() if name not in CHILDREN_OF_LISTS})
    for name in CHILDREN_OF_LISTS:
        for one in old[name]:
            client.call("POST", f"{path}/{made['id']}/{name}", one)
    return made


CHILDREN_OF_LISTS = ("sites", "sharedCookies")


def make_context(client, path, old, body):
    client.call("PATCH", f"{path}/{old['id']}", body)
    return old["id"]


MAKERS = {
    **dict.fromkeys(("configurationPolicies", "compliancePolicies", "inventoryPolicies"), make_catalog),
    **dict.fromkeys(("iosManagedAppProtections", "androidManagedAppProtections", "windowsManagedAppProtections",
                     "targetedManagedAppConfigurations"), make_protection),
    "deviceConfigurations": make_configuration,
    "windowsAutopilotDeploymentProfiles": make_autopilot,
    "mobileApps": make_app,
    "groupPolicyConfigurations": make_templates,
    "intents": make_intent,
    "deviceEnrollmentConfigurations": make_enrollment,
    "notificationMessageTemplates": make_messages,
    "roleAssignments": make_role_assignment,
    "intuneBrandingProfiles": make_branding,
    "policySets": make_policy_set,
    "policies": make_access,
    "operationApprovalPolicies": make_approval,
    "siteLists": make_site_list,
    "authenticationContextClassReferences": make_context,
}  # fmt: skip


@pytest.fixture(scope="module")
def state():
    """Every tenant in one simulator, as it is in a process."""
    made = State()
    exported = exported_tenant()
    if REAL.exists():
        load_exported(exported, REAL)
    for tenant in [*demo_tenants()[:2], exported]:
        made.add(tenant)
    return made


real = pytest.param("Adatum", marks=pytest.mark.skipif(not REAL.exists(), reason="no real policies here"))


@pytest.mark.parametrize("name", ["Fabrikam", "Contoso", real])
def test_what_is_made_anew_from_a_reading_is_the_same_after_normalisation(state, name):
    tenant = next(one for one in state.tenants.values() if one.name.startswith(name))
    client, made = Client(state, tenant), 0
    for key, policy_type in POLICY_TYPES.items():
        path = collection_of(policy_type)
        for old in list(tenant.collections.get(path, {}).values()):
            if policy_type.is_built_in(old) or key in LEFT or cannot_be_made(old):
                continue
            expected = normalise(policy_type, truth_of(tenant.collections, key, old["id"]))
            if key == "authenticationContextClassReferences":
                client.delete(path, old)
            new = client.make(path, copy.deepcopy(old))
            client.assign(path, new, old)
            found = normalise(policy_type, truth_of(tenant.collections, key, new))
            where = f"{path} {old.get('displayName') or old.get('name')}"
            assert_holds(found, expected, where)
            assert_holds(expected, found, f"{where} (back)")
            if new != old["id"]:
                client.delete(path, tenant.collections[path][new])
            made += 1
    assert made >= 90


def cannot_be_made(old):
    """What somebody decided on drivers: a new profile has none until devices report them."""
    return bool(old.get("driverInventories"))
