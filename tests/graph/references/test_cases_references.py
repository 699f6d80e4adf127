"""What public bug reports of other tools say of references, with the right value for each."""

import base64
import json
from datetime import datetime

import pytest

from graph.auth.clouds import Cloud, endpoints
from graph.content.normalise import ZERO_GUID
from graph.policy_types.policy_type import match_key
from graph.policy_types.table import POLICY_TYPES
from graph.read.readings import ListedPolicy
from graph.references import security_identifier
from graph.references.reference_kinds import DIRECTORIES, DOMAINS
from graph.references.references import DROP, Reference, find_references, rewrite_references
from graph.restore.desired_content import desired_content, source_traces
from graph.restore.matching import Match, SoughtPolicy, match_policies
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.restore.resolver import Resolver, TenantNames
from graph.restore.target_directory import SourceObject, TargetDirectory
from graph.transport.client import GraphClient
from graph.write.write_requests import creation_request
from graph.write.write_rules import order_by_needs
from tests.graph.write.test_routes import linking_writes, writes
from tests.graph.write.test_write_requests import demo_policies
from tests.support.told import told

NOW = datetime(2026, 11, 24)

# --- addresses of another cloud (Micke-K/IntuneManagement#149) --------------------------------------------------------

GLOBAL = "https://graph.microsoft.com"


class Unplugged:
    """A session that keeps what it is given to send, and sends nothing."""

    def __init__(self):
        self.bodies = []

    def request(self, method, url, json=None, **_):
        self.bodies.append(json)
        raise OSError


def sent_in(cloud, requests):
    """The host of the cloud's Graph, and the bodies that its client sends of these requests."""
    session, where = Unplugged(), endpoints(cloud, login_url="https://login.microsoftonline.com", graph_url=GLOBAL)
    client = GraphClient(where.graph_url, lambda fresh: "token", session=session)
    for begin in range(0, len(requests), 20):
        with pytest.raises(OSError):
            client.batch(requests[begin : begin + 20])
    return where.graph_url, session.bodies


@pytest.mark.parametrize("cloud", [cloud for cloud in Cloud if cloud != Cloud.GLOBAL])
def test_no_request_of_any_policy_type_names_the_host_of_another_cloud(cloud):
    requests = [request for row, graph_id, content in demo_policies() for request in writes(row, graph_id, content)]
    host, bodies = sent_in(cloud, [*requests, *linking_writes()])
    text = json.dumps(bodies)
    assert text.count(f'"{host}/beta/deviceManagement/') > 20
    assert GLOBAL not in text
    assert not [line for line in text.split("@odata.") if line.startswith(('id": "/', 'bind": "/', 'bind": ["/'))]


def test_a_bind_is_an_address_below_the_tenants_own_graph():
    body = {"displayName": "r", "roleDefinition": {"id": "role"}, "roleScopeTags": [{"id": "1"}]}
    request = creation_request(POLICY_TYPES["roleAssignments"], {"body": body, "assignments": None})
    host, [batch] = sent_in(Cloud.CHINA, [request])
    [part] = batch["requests"]
    assert host == "https://microsoftgraph.chinacloudapi.cn"
    assert part["body"]["roleDefinition@odata.bind"] == f"{host}/beta/deviceManagement/roleDefinitions('role')"
    assert part["body"]["roleScopeTags@odata.bind"] == [f"{host}/beta/deviceManagement/roleScopeTags('1')"]


def test_a_scope_tag_without_an_id_is_no_link():
    body = {"displayName": "r", "roleScopeTags": [{}, {"id": "1"}]}
    request = creation_request(POLICY_TYPES["roleAssignments"], {"body": body, "assignments": None})
    assert request.body["roleScopeTags@odata.bind"] == ["/deviceManagement/roleScopeTags('1')"]


def test_only_links_become_addresses():
    body = {"description": "/deviceManagement", "displayName": "https://elsewhere/x"}
    _, [batch] = sent_in(
        Cloud.US_GOV, [creation_request(POLICY_TYPES["deviceCategories"], {"body": body, "assignments": None})]
    )
    assert batch["requests"][0]["body"] == body


# --- ids outside the places that a table lists (ennnbeee/IntuneAppAssigner#13, MicrosoftDocs/IntuneDocs#1886) ---------

TYPE = "#microsoft.graph."
OURS, THEIRS = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"
APP, GROUP, VPN, SCRIPT = (f"0000000{n}-1111-4111-8111-111111111111" for n in range(1, 5))


def encoded(text, encoding="utf-8"):
    return base64.b64encode(text.encode(encoding)).decode()


def kinds(policy_type, body, assignments=None, known=None):
    """{(kind, id)} of what a content refers to."""
    found = find_references(policy_type, {"body": body, "assignments": assignments}, known=known or {})
    return {(reference.kind, reference.id) for reference in found}


def test_the_network_profile_of_an_apps_assignment_is_a_reference_of_that_assignment():
    settings = {"@odata.type": f"{TYPE}iosStoreAppAssignmentSettings", "vpnConfigurationId": VPN}
    assignment = {"target": {"@odata.type": f"{TYPE}groupAssignmentTarget", "groupId": GROUP}, "settings": settings}
    content = {"body": {"@odata.type": f"{TYPE}iosStoreApp"}, "assignments": [assignment]}
    assert Reference("networkProfiles", VPN, is_assignment=True) in find_references("mobileApps", content)
    dropped = rewrite_references("mobileApps", content, lambda one: DROP if one.id == VPN else one.id)
    assert dropped["assignments"] == []


def test_a_kiosk_names_its_app_and_its_group_and_a_mail_profile_its_vpn():
    profile = {
        "profileId": SCRIPT,
        "appConfiguration": {
            "@odata.type": f"{TYPE}windowsKioskSingleUWPApp",
            "uwpApp": {"@odata.type": f"{TYPE}windowsKioskUWPApp", "appId": APP},
        },
        "userAccountsConfiguration": [{"@odata.type": f"{TYPE}windowsKioskAzureADGroup", "groupId": GROUP}],
    }
    kiosk = {"@odata.type": f"{TYPE}windowsKioskConfiguration", "kioskProfiles": [profile]}
    assert kinds("deviceConfigurations", kiosk) == {("mobileApps", APP), ("groups", GROUP)}
    mail = {"@odata.type": f"{TYPE}iosEasEmailProfileConfiguration", "perAppVPNProfileId": VPN}
    assert kinds("deviceConfigurations", mail) == {("networkProfiles", VPN)}


def test_an_app_names_the_apps_that_it_needs_and_not_those_that_need_it():
    kind = f"{TYPE}mobileAppDependency"
    own, others = ({"@odata.type": kind, "targetId": app_id, "targetType": said}
                   for app_id, said in ((APP, "child"), (VPN, "parent")))  # fmt: skip
    body = {"@odata.type": f"{TYPE}win32LobApp", "relationships": [own, others], "categories": [{"id": SCRIPT}]}
    assert kinds("mobileApps", body) == {("mobileApps", APP), ("mobileAppCategories", SCRIPT)}


def test_the_device_group_of_enrollment_is_resolved_and_never_blocks():
    body = {"enrollmentTimeDeviceMembershipTargets": [{"targetType": "staticSecurityGroup", "targetId": GROUP}]}
    [found] = find_references("configurationPolicies", {"body": body, "assignments": None})
    assert found == Reference("groups", GROUP, is_hint=True)


def test_what_another_refers_to_is_written_before_it_whatever_their_waves():
    needs = {"app": ["vpn"], "vpn": ["root"], "one": ["other"], "other": ["one"]}
    assert order_by_needs(["app", "root", "vpn", "one", "other"], needs) == ["root", "vpn", "app", "other", "one"]


# --- references as text inside a setting (deploymenttheory/terraform-provider-microsoft365#3624) ----------------------


def setting(definition, *values):
    kind = f"{TYPE}deviceManagementConfigurationStringSettingValue"
    instance = {
        "@odata.type": f"{TYPE}deviceManagementConfigurationSimpleSettingCollectionInstance",
        "settingDefinitionId": definition,
        "simpleSettingCollectionValue": [{"@odata.type": kind, "value": value} for value in values],
    }
    return {"settings": [{"id": "0", "settingInstance": instance}]}


def values_of(content):
    instance = content["body"]["settings"][0]["settingInstance"]
    return [value["value"] for value in instance["simpleSettingCollectionValue"]]


def replaced(policy_type, body, new, **options):
    content = {"body": body, "assignments": None}
    return rewrite_references(policy_type, content, lambda one: new.get(one.id, one.id), **options)


@pytest.mark.parametrize(
    "text",
    [
        '{"id": "%s", "type": "#microsoft.graph.iosStoreApp"}',
        '{"id":"%s","type":"#microsoft.graph.win32LobApp"}',
        '{\r\n    "id":  "%s",\r\n    "type":  "#microsoft.graph.winGetApp"\r\n}',
        '[{"id": "%s", "name": "Größe"}]\n',
        '{"id":"%s","name":"Gr\\u00f6\\u00dfe"}',
    ],
)
def test_an_app_inside_json_text_is_replaced_and_the_text_keeps_its_style(text):
    body = setting("enrollment_autopilot_dpp_allowedappids", text % APP)
    assert kinds("configurationPolicies", body) == {("mobileApps", APP)}
    assert values_of(replaced("configurationPolicies", body, {APP: OURS})) == [text % OURS]


def test_a_name_inside_the_json_of_any_setting_may_mean_anything_and_never_blocks():
    body = setting("some_setting", f'{{"userId":"{APP}"}}')
    [found] = find_references("configurationPolicies", {"body": body, "assignments": None})
    assert found == Reference("users", APP, is_hint=True)


def test_plain_ids_of_scripts_and_groups_are_references_too():
    body = setting("enrollment_autopilot_dpp_allowedscriptids", SCRIPT, APP)
    assert kinds("configurationPolicies", body) == {
        ("deviceManagementScripts", script_id) for script_id in (SCRIPT, APP)
    }
    body = setting("enrollment_autopilot_dpp_devicesecuritygroupids", f"{GROUP},{APP}")
    assert kinds("configurationPolicies", body) == {("groups", GROUP), ("groups", APP)}
    assert values_of(replaced("configurationPolicies", body, {GROUP: OURS})) == [f"{OURS},{APP}"]


def test_the_token_of_an_apple_enrollment_policy_is_a_reference_in_its_creation_source():
    body = {"name": "p", "creationSource": f"DepTokenId_{APP}"}
    assert kinds("configurationPolicies", body) == {("depOnboardingTokens", APP)}
    made = replaced("configurationPolicies", body, {APP: OURS})
    assert made["body"]["creationSource"] == f"DepTokenId_{OURS}"
    assert kinds("configurationPolicies", {"creationSource": "CloudManagedServices"}) == set()


# --- groups by their security identifiers -----------------------------------------------------------------------------

SID = "S-1-12-1-3585384882-1091637521-286331265-286331153"
ITS_GROUP = "d5b4a1b2-1111-4111-8111-111111111111"


@pytest.mark.parametrize("is_encoded", [False, True])
def test_a_security_identifier_is_replaced_inside_values_and_xml_and_never_blocks(is_encoded):
    xml = f'<accessgroup desc="Administrators"><member name="{SID}"/></accessgroup>'
    value = base64.b64encode(xml.encode()).decode() if is_encoded else xml
    body = {"omaSettings": [{"@odata.type": f"{TYPE}omaSettingStringXml", "value": value}]}
    [found] = find_references("deviceConfigurations", {"body": body, "assignments": None})
    assert found == Reference("groups", ITS_GROUP, is_hint=True)
    made = replaced("deviceConfigurations", body, {ITS_GROUP: GROUP})["body"]["omaSettings"][0]["value"]
    text = base64.b64decode(made).decode() if is_encoded else made
    assert text == xml.replace(SID, security_identifier.from_object_id(GROUP))
    right = setting("device_vendor_msft_policy_config_userrights_accessfromnetwork", f"*{SID}")
    assert values_of(replaced("configurationPolicies", right, {ITS_GROUP: GROUP})) == [
        f"*{security_identifier.from_object_id(GROUP)}"
    ]


# --- what a tenant is known by (KelvinTegelaar/CIPP#3703) -------------------------------------------------------------

ONEDRIVE = (
    "device_vendor_msft_policy_config_onedrivengscv2~policy~onedrivengsc_kfmoptinnowizard_kfmoptinnowizard_textbox"
)
OWN = TenantNames(OURS, THEIRS, {"ours.onmicrosoft.com": "theirs.onmicrosoft.com"})
KNOWN = {OURS: DIRECTORIES, "ours.onmicrosoft.com": DOMAINS, "ours.example": DOMAINS, APP: "mobileApps"}


def planned(policy_type, body, *, listed=None, sources=None, same_tenant=False, known=KNOWN, mapped=None):
    """(resolutions, what would be written, the notes) of a content that is restored into another tenant."""
    content = {"body": body, "assignments": None}
    resolver = Resolver(
        TargetDirectory(listed or {}), sources or {}, mapped or {}, same_tenant=same_tenant, drop_missing=False, own=OWN
    )
    resolutions = [resolver.resolve(reference) for reference in find_references(policy_type, content, known=known)]
    want = desired_content(POLICY_TYPES[policy_type], content, RestoreOptions("exact"), resolutions)
    notes = source_traces(POLICY_TYPES[policy_type], want, known, resolutions, with_assignments=True)
    case = PlanCase(POLICY_TYPES[policy_type], content, Match(), None, NOW, resolutions, same_tenant, mentions=notes)
    return resolutions, want, told(plan_item(case, RestoreOptions("exact")))


@pytest.mark.parametrize(
    ("text", "then"),
    [
        (OURS, THEIRS),
        (OURS.upper(), THEIRS),
        (f"{{{OURS}}}", f"{{{THEIRS}}}"),
        (f" {OURS.upper()}\n", f" {THEIRS}\n"),
        (encoded(f'{{"tenant": "{OURS}"}}'), encoded(f'{{"tenant": "{THEIRS}"}}')),
        (f'{{"tenant":"{OURS}"}}', f'{{"tenant":"{THEIRS}"}}'),
        (f'"{OURS}"', f'"{THEIRS}"'),
        ("ours.onmicrosoft.com", "theirs.onmicrosoft.com"),
    ],
)
def test_the_sources_own_directory_id_becomes_the_targets_where_it_is_a_whole_value(text, then):
    _, want, notes = planned("configurationPolicies", setting(ONEDRIVE, text))
    assert (values_of(want), notes) == ([then], ())


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            setting(ONEDRIVE, f"https://login.example/{OURS}/"),
            f"{ONEDRIVE} holds the source tenant's directory id {OURS}",
        ),
        (setting(ONEDRIVE, "user@ours.example"), "holds the source tenant's domain ours.example"),
        (setting(ONEDRIVE, f"<app id='{APP}'/>"), f"holds the source tenant's app {APP}"),
        (
            {"scriptContent": encoded(f"$tenant = '{OURS}'")},
            "scriptContent holds the source",
        ),
        ({"scriptContent": encoded(f"$tenant = '{OURS}'", "utf-16")}, "scriptContent holds the source"),
        ({"scriptContent": encoded(f"# für {OURS}", "latin-1")}, "scriptContent holds the source"),
        ({"scriptContent": encoded(f"net localgroup x {SID}")}, f"group {SID}"),
        (setting("some_setting", VPN), f"some_setting holds the id {VPN}, and nobody knows of what"),
        (setting("some_setting", f'{{"profileId": "{VPN}"}}'), f"holds the id {VPN}, and nobody knows of what"),
        ({"newThingId": VPN}, f"newThingId holds the id {VPN}, and nobody knows of what"),
    ],
)
def test_an_id_of_the_source_that_nobody_resolved_never_travels_in_silence(body, said):
    policy_type = "configurationPolicies" if "settings" in body else "deviceManagementScripts"
    _, want, [note] = planned(policy_type, body)
    assert said in note
    assert want["body"] == body


def test_where_an_assignment_came_from_is_not_written_and_so_not_told():
    target = {"@odata.type": "#microsoft.graph.allDevicesAssignmentTarget"}
    assignment = {"id": f"{APP}_1", "source": "direct", "sourceId": APP, "target": target}
    told_of = {}
    for key, policy_type in POLICY_TYPES.items():
        content = {"body": {"id": APP, "displayName": "c"}, "assignments": [assignment]}
        told_of[key] = source_traces(policy_type, content, {APP: key}, [], with_assignments=True)
    assert not any(told_of.values()), told_of
    target["groupId"] = GROUP
    assert source_traces(POLICY_TYPES["deviceConfigurations"], content, {GROUP: "groups"}, [], with_assignments=True)


def test_what_is_the_same_everywhere_and_what_belongs_to_the_policy_is_not_told():
    body = {"id": APP, "name": "p", "templateReference": {"templateId": f"{VPN}_1"}, "settings": [
        {"id": "0", "settingInstance": {"settingDefinitionId": "a", "settingInstanceTemplateReference":
            {"settingInstanceTemplateId": SCRIPT}}}]}  # fmt: skip
    assert planned("configurationPolicies", body)[2] == ()
    roles = {"displayName": "c", "conditions": {"users": {"includeRoles": ["62e90394-69f5-4237-9190-012177145e10"]}}}
    assert planned("conditionalAccessPolicies", roles)[2] == ()


def test_a_whole_value_that_is_the_id_of_something_known_is_resolved_or_told():
    body = setting("some_setting", APP)
    there = {"mobileApps": [ListedPolicy(VPN, "Teams", None, None, False, None)]}
    resolutions, want, notes = planned(
        "configurationPolicies", body, listed=there, sources={("mobileApps", APP): SourceObject("Teams")}
    )
    assert ([resolution.how for resolution in resolutions], values_of(want), notes) == (["name"], [VPN], ())
    resolutions, want, [note] = planned(
        "configurationPolicies", body, sources={("mobileApps", APP): SourceObject("Teams")}
    )
    assert ([resolution.how for resolution in resolutions], values_of(want)) == (["kept"], [APP])
    assert "the app “Teams”" in note
    # Which stands for nothing, though exported policies have it for their id.
    nothing = setting("some_setting", ZERO_GUID)
    assert kinds("configurationPolicies", nothing, known={ZERO_GUID: "mobileApps"}) == set()
    # In its own tenant it stands for itself.
    there = {"mobileApps": [ListedPolicy(APP, "Teams", None, None, False, None)]}
    assert planned("configurationPolicies", body, listed=there, same_tenant=True)[2] == ()


def test_an_id_in_capitals_is_the_same_id_and_stays_as_it_is_written_in_its_own_tenant():
    content = {"displayName": "c", "conditions": {"users": {"excludeGroups": [GROUP.upper()]}}}
    assert kinds("conditionalAccessPolicies", content) == {("groups", GROUP)}
    text = setting("enrollment_autopilot_dpp_allowedappids", f'{{"id":"{APP.upper()}"}}')
    there = {"mobileApps": [ListedPolicy(APP, "Teams", None, None, False, None)]}
    _, want, _ = planned("configurationPolicies", text, listed=there, same_tenant=True)
    assert want["body"] == text
    there = {"mobileApps": [ListedPolicy(VPN, "Teams", None, None, False, None)]}
    named = {("mobileApps", APP): SourceObject("Teams")}
    _, want, _ = planned("configurationPolicies", text, listed=there, sources=named)
    assert values_of(want) == [f'{{"id":"{VPN}"}}']


def test_a_hint_is_told_only_where_it_is_written():
    target = {"@odata.type": f"{TYPE}allLicensedUsersAssignmentTarget"}
    settings = {"@odata.type": f"{TYPE}iosStoreAppAssignmentSettings", "newThing": APP}
    content = {"body": {"@odata.type": f"{TYPE}iosStoreApp", "displayName": "a"},
               "assignments": [{"target": target, "settings": settings}]}  # fmt: skip
    known = {APP: "mobileApps"}
    resolver = Resolver(
        TargetDirectory({}), {("mobileApps", APP): SourceObject("Teams")}, {}, same_tenant=False, drop_missing=True
    )
    resolutions = [resolver.resolve(reference) for reference in find_references("mobileApps", content, known=known)]
    case = PlanCase(POLICY_TYPES["mobileApps"], content, Match(), None, NOW, resolutions)
    notes = {choice: [note for note in told(plan_item(case, RestoreOptions(choice))) if "Teams" in note]
            for choice in ("exact", "leave")}  # fmt: skip
    assert (len(notes["exact"]), notes["leave"]) == (1, [])


def test_a_default_of_the_source_tenant_stands_for_the_targets_default_of_that_sort():
    default = "DefaultPlatformRestrictions"
    item = {"@odata.type": f"{TYPE}enrollmentRestrictionsConfigurationPolicySetItem", "payloadId": f"{OURS}_{default}"}
    there = {
        "deviceEnrollmentConfigurations": [ListedPolicy(f"{THEIRS}_{default}", "All users", None, None, True, None)]
    }
    _, want, _ = planned("policySets", {"displayName": "s", "items": [item]}, listed=there)
    assert want["body"]["items"][0]["payloadId"] == f"{THEIRS}_{default}"


# --- ids that look fixed (KelvinTegelaar/CIPP#5981) -------------------------------------------------------------------

CONTEXTS = POLICY_TYPES["authenticationContextClassReferences"]


def by_context(number):
    return {"displayName": "By context", "state": "disabled",
            "conditions": {"applications": {"includeAuthenticationContextClassReferences": [number]}}}  # fmt: skip


def context(number, name):
    body = {"id": number, "displayName": name}
    return ListedPolicy(number, name, None, None, False, None, key=match_key(CONTEXTS, body))


def test_a_context_is_resolved_by_its_name_and_never_by_its_number_in_another_tenant():
    there = {CONTEXTS.key: [context("c1", "Guests"), context("c7", "Phishing-resistant")]}
    sources = {(CONTEXTS.key, "c1"): SourceObject("Phishing-resistant")}
    [found], want, _ = planned("conditionalAccessPolicies", by_context("c1"), listed=there, sources=sources)
    assert (found.how, found.to) == ("name", "c7")
    assert want["body"] == by_context("c7")
    [missing], _, _ = planned("conditionalAccessPolicies", by_context("c1"), listed=there)
    assert missing.how == "unresolved"
    sought = SoughtPolicy("c1", lambda: match_key(CONTEXTS, {"displayName": "Phishing-resistant"}))
    matched = lambda listed: match_policies({1: sought}, listed, same_tenant=False)[1].target_id  # noqa: E731
    assert matched(there[CONTEXTS.key]) == "c7"
    assert matched(there[CONTEXTS.key][:1]) is None


@pytest.mark.parametrize(
    ("same_tenant", "taken", "own", "number"),
    [
        (False, ("c1", "c3"), "c1", "c2"),
        (False, (), "c5", "c1"),
        (True, ("c1",), "c5", "c5"),
        (True, ("c1", "c5"), "c5", "c2"),
        (False, tuple(f"c{n}" for n in range(1, 100)), "c1", None),
    ],
)
def test_a_context_is_made_under_the_lowest_free_number(same_tenant, taken, own, number):
    there = {CONTEXTS.key: [context(number, number) for number in taken]}
    body = {"id": own, "displayName": "new"}
    [found], want, notes = planned(CONTEXTS.key, body, listed=there, same_tenant=same_tenant)
    assert found.to == number
    assert len(notes) == (number not in (own, None))
    if number:
        assert creation_request(CONTEXTS, want).path.endswith(f"/{number}")


def test_two_contexts_of_one_restore_get_two_numbers():
    resolver = Resolver(TargetDirectory({}), {}, {}, same_tenant=False, drop_missing=False)
    numbers = [resolver.resolve(Reference("authenticationContextNumbers", number)).to for number in ("c8", "c9")]
    assert numbers == ["c1", "c2"]


def test_a_workload_identity_is_resolved_by_the_app_that_it_is_of():
    clients = {"includeServicePrincipals": [APP, "ServicePrincipalsInMyTenant"], "excludeServicePrincipals": []}
    body = {"displayName": "w", "conditions": {"clientApplications": clients}}
    resolver = Resolver(
        TargetDirectory({}, by_name={("servicePrincipalObjects", SCRIPT): [(VPN, "Robot")]}),
        {("servicePrincipalObjects", APP): SourceObject(within=SCRIPT)},
        {},
        same_tenant=False,
        drop_missing=False,
    )
    [found] = find_references("conditionalAccessPolicies", {"body": body, "assignments": None})
    assert (resolver.resolve(found).how, resolver.resolve(found).to) == ("name", VPN)
    unknown = Reference("servicePrincipalObjects", GROUP)
    assert resolver.resolve(unknown).how == "unresolved"
