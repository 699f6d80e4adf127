"""From one tenant into another: what a tenant numbers or is called by itself becomes what the other has instead."""

import pytest

import actors.backups.back_up
import actors.backups.sync
from actors.plans import drafts
from db.audit.audit import SYSTEM
from db.models import BackupSet, RestoreItem
from db.restores import restore_items
from db.runs import name_cache
from db.states import RunState
from graph.references import security_identifier
from tests.support.restore_steps import executed, items_of, options, plan_of, previewed
from tests.support.simulated_tenant import WRITE, SimulatedTenant, catalog_policy

CATALOG, APPS = "deviceManagement/configurationPolicies", "deviceAppManagement/mobileApps"
CONFIGURATIONS = "deviceManagement/deviceConfigurations"
CA = "identity/conditionalAccess"
CONTEXTS = f"{CA}/authenticationContextClassReferences"
TYPE = "#microsoft.graph."
VPN, APP, PRINCIPAL, ROBOT = (f"0000000{n}-1111-4111-8111-111111111111" for n in range(1, 5))
ONEDRIVE = (
    "device_vendor_msft_policy_config_onedrivengscv2~policy~onedrivengsc_kfmoptinnowizard_kfmoptinnowizard_textbox"
)

pytestmark = [
    pytest.mark.usefixtures("app", "worker", "quick"),
    pytest.mark.parametrize("database_url", ["sqlite"], indirect=True),
]


@pytest.fixture
def fabrikam(simulator, cast, contoso):
    return SimulatedTenant.add(simulator, cast.fabrikam, "fabrikam client secret", WRITE)


def restored(cast, ended, *policy_types):
    """The restore of what Contoso has of these types, once it has been written to Fabrikam."""
    run = ended(actors.backups.back_up.start(cast.contoso, SYSTEM, policy_types=policy_types).run.id)
    restore = drafts.from_backup_set(BackupSet.get(BackupSet.run == run), cast.fabrikam, options(), SYSTEM)
    restore, run = executed(previewed(restore, ended), ended)
    assert run.state == RunState.SUCCEEDED, [(one.name, one.message) for one in items_of(run).values()]
    return restore


def by_name(tenant, collection):
    found = tenant.objects().get(collection, {}).values()
    return {one.get("displayName") or one.get("name"): one for one in found}


def ca_policy(number):
    return {"id": "7" * 8 + "-1111-4111-8111-" + "7" * 12, "displayName": "By context", "state": "disabled",
            "conditions": {"users": {"includeUsers": ["None"]}, "clientAppTypes": ["all"], "applications": {
                "includeApplications": [], "includeAuthenticationContextClassReferences": [number]}},
            "grantControls": {"operator": "OR", "builtInControls": ["mfa"]}}  # fmt: skip


def a_context(number, name):
    return {"id": number, "displayName": name, "description": "", "isAvailable": True}


def test_a_context_gets_a_free_number_and_the_policy_that_uses_it_follows(contoso, fabrikam, cast, ended):
    contoso.put(CONTEXTS, a_context("c1", "Phishing-resistant"))
    contoso.put(f"{CA}/policies", ca_policy("c1"))
    fabrikam.put(CONTEXTS, a_context("c1", "Guests"))
    restore = restored(cast, ended, "authenticationContextClassReferences", "conditionalAccessPolicies")
    assert plan_of(restore) == {"Phishing-resistant": "create", "By context": "create"}
    assert {one["id"]: name for name, one in by_name(fabrikam, CONTEXTS).items()} == {
        "c1": "Guests",
        "c2": "Phishing-resistant",
    }
    made = by_name(fabrikam, f"{CA}/policies")["By context"]["conditions"]["applications"]
    assert made["includeAuthenticationContextClassReferences"] == ["c2"]


def test_a_vpn_profile_is_made_before_the_app_that_names_it(contoso, fabrikam, cast, ended):
    contoso.put(CONFIGURATIONS, {"@odata.type": f"{TYPE}iosVpnConfiguration", "id": VPN, "displayName": "Per-app VPN",
                                 "connectionName": "v", "connectionType": "ciscoAnyConnect", "version": 1,
                                 "authenticationMethod": "certificate", "server": {"address": "vpn.example"},
                                 "roleScopeTagIds": ["0"], "assignments": []})  # fmt: skip
    target = {"@odata.type": f"{TYPE}allLicensedUsersAssignmentTarget"}
    settings = {"@odata.type": f"{TYPE}iosStoreAppAssignmentSettings", "vpnConfigurationId": VPN}
    contoso.put(APPS, {"@odata.type": f"{TYPE}iosStoreApp", "id": APP, "displayName": "Teams", "publisher": "M",
                       "bundleId": "com.example.teams", "appStoreUrl": "https://apps.apple.com/x",
                       "roleScopeTagIds": ["0"], "isAssigned": True, "assignments": [
                           {"id": "a", "intent": "required", "target": target, "settings": settings}]})  # fmt: skip
    restore = restored(cast, ended, "deviceConfigurations", "mobileApps")
    rows = RestoreItem.select().where(RestoreItem.restore == restore).order_by(RestoreItem.position)
    assert [one.name for one in rows] == ["Per-app VPN", "Teams"]
    [assignment] = by_name(fabrikam, APPS)["Teams"]["assignments"]
    assert assignment["settings"]["vpnConfigurationId"] == by_name(fabrikam, CONFIGURATIONS)["Per-app VPN"]["id"]


def test_a_group_that_a_body_names_is_found_by_its_name(contoso, fabrikam, cast, ended):
    """Also where only its security identifier stands."""
    sid, theirs = security_identifier.from_object_id(APP), security_identifier.from_object_id(ROBOT)
    for tenant, kiosk, admins in ((contoso, PRINCIPAL, APP), (fabrikam, VPN, ROBOT)):
        tenant.put("groups", {"id": kiosk, "displayName": "Kiosk users"})
        tenant.put("groups", {"id": admins, "displayName": "Local admins"})
    users = [{"@odata.type": f"{TYPE}windowsKioskAzureADGroup", "displayName": "k", "groupId": PRINCIPAL}]
    contoso.put(CONFIGURATIONS, {"@odata.type": f"{TYPE}windowsKioskConfiguration", "id": VPN, "displayName": "Kiosk",
                                 "version": 1, "roleScopeTagIds": ["0"], "assignments": [], "kioskProfiles": [
                                     {"profileId": ROBOT, "userAccountsConfiguration": users}]})  # fmt: skip
    right = {"@odata.type": f"{TYPE}omaSettingString", "displayName": "r", "omaUri": "./x", "value": f"*{sid}"}
    contoso.put(CONFIGURATIONS, {"@odata.type": f"{TYPE}windows10CustomConfiguration", "id": APP, "version": 1,
                                 "displayName": "Rights", "roleScopeTagIds": ["0"], "assignments": [],
                                 "omaSettings": [right]})  # fmt: skip
    restored(cast, ended, "deviceConfigurations")
    made = by_name(fabrikam, CONFIGURATIONS)
    assert made["Kiosk"]["kioskProfiles"][0]["userAccountsConfiguration"][0]["groupId"] == VPN
    assert made["Rights"]["omaSettings"][0]["value"] == f"*{theirs}"


def test_the_directory_id_and_the_domain_of_the_source_become_the_targets(contoso, fabrikam, cast, ended):
    domain = {"isInitial": True, "name": "contoso.onmicrosoft.example"}
    ours, theirs = cast.contoso.directory_id, cast.fabrikam.directory_id
    contoso.put("organization", {"id": ours, "displayName": "Contoso", "verifiedDomains": [domain]})
    fabrikam.put("organization", {"id": theirs, "displayName": "Fabrikam", "verifiedDomains": [
        {**domain, "name": "Fabrikam.onmicrosoft.example"}]})  # fmt: skip
    for tenant in (cast.contoso, cast.fabrikam):
        ended(actors.backups.sync.start(tenant, SYSTEM).run.id)
    assert name_cache.domains_of_directory(theirs) == {"fabrikam.onmicrosoft.example": "initial"}
    for policy in contoso.objects()[CATALOG].values():
        contoso.delete(CATALOG, policy["id"])
    policy = catalog_policy(VPN, "OneDrive", count=3)
    values = (ours, "contoso.onmicrosoft.example", f"https://login.example/{ours}")
    for one, value in zip(policy["settings"], values, strict=True):
        one["settingInstance"] |= {
            "settingDefinitionId": ONEDRIVE,
            "@odata.type": f"{TYPE}deviceManagementConfigurationSimpleSettingInstance",
            "simpleSettingValue": {
                "@odata.type": f"{TYPE}deviceManagementConfigurationStringSettingValue", "value": value,
            },
        }  # fmt: skip
    contoso.put(CATALOG, policy)
    restore = restored(cast, ended, "configurationPolicies")
    made = by_name(fabrikam, CATALOG)["OneDrive"]["settings"]
    found = [one["settingInstance"]["simpleSettingValue"]["value"] for one in made]
    assert sorted(found) == sorted([theirs, "fabrikam.onmicrosoft.example", f"https://login.example/{ours}"])
    [item] = restore_items.items(restore)
    assert [note for note in item.notes if f"directory id {ours}" in note]


def test_a_workload_identity_is_that_of_the_same_app(contoso, fabrikam, cast, ended):
    contoso.put("servicePrincipals", {"id": PRINCIPAL, "appId": ROBOT, "displayName": "Robot"})
    fabrikam.put("servicePrincipals", {"id": VPN, "appId": ROBOT, "displayName": "Robot"})
    policy = ca_policy("c1")
    policy["conditions"] = {"clientApplications": {"includeServicePrincipals": [PRINCIPAL]},
                            "clientAppTypes": ["all"], "users": {"includeUsers": ["None"]},
                            "applications": {"includeApplications": ["All"]}}  # fmt: skip
    contoso.put(f"{CA}/policies", policy)
    restored(cast, ended, "conditionalAccessPolicies")
    made = by_name(fabrikam, f"{CA}/policies")["By context"]["conditions"]["clientApplications"]
    assert made["includeServicePrincipals"] == [VPN]
