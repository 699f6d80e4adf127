"""Secrets that Graph keeps: found by the table, written at their own place or left out there, and named."""

import copy
import random

import pytest

from graph.content.normalise import normalise
from graph.content.places import root_type
from graph.content.secret_table import SECRETS
from graph.content.secrets import FROM_CONNECTOR, is_mask, settle_secrets
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from graph.restore.matching import Match
from graph.restore.options import RestoreOptions
from graph.restore.plan_case import PlanCase
from graph.restore.planner import plan_item
from graph.write.own_writes import begun_change, begun_creation
from graph.write.write_requests import change_requests, creation_request, remaining_differences
from tests.graph.restore.test_planner import NOW
from tests.support.told import told

CATALOG, DEVICE = POLICY_TYPES["configurationPolicies"], POLICY_TYPES["deviceConfigurations"]
CONFIGURATION = f"{model.PREFIX}deviceManagementConfiguration"


# --- the settings catalog, as Graph writes it ------------------------------------------------------------------------


def text(definition, value):
    return _simple(definition, {"@odata.type": f"{CONFIGURATION}StringSettingValue", "value": value})


def secret(definition, token="of the source"):
    return _simple(definition, _token(token))


def _token(token):
    return {
        "@odata.type": f"{CONFIGURATION}SecretSettingValue",
        "value": token,
        "valueState": "encryptedValueToken",
    }


def _simple(definition, value):
    kind = f"{CONFIGURATION}SimpleSettingInstance"
    return {"@odata.type": kind, "settingDefinitionId": definition, "simpleSettingValue": value}


def secrets_in_collection(definition, *tokens):
    kind = f"{CONFIGURATION}SimpleSettingCollectionInstance"
    values = [_token(token) for token in tokens]
    return {"@odata.type": kind, "settingDefinitionId": definition, "simpleSettingCollectionValue": values}


def groups(definition, *children):
    kind = f"{CONFIGURATION}GroupSettingCollectionInstance"
    values = [{"children": list(group)} for group in children]
    return {"@odata.type": kind, "settingDefinitionId": definition, "groupSettingCollectionValue": values}


def choice(definition, *children):
    kind, value = f"{CONFIGURATION}ChoiceSettingInstance", {"value": f"{definition}_1", "children": list(children)}
    return {"@odata.type": kind, "settingDefinitionId": definition, "choiceSettingValue": value}


def policy(*instances, **more):
    settings = [{"id": str(n), "settingInstance": instance} for n, instance in enumerate(instances)]
    return {"body": {"name": "P", "platforms": "windows10", **more, "settings": settings}, "assignments": []}


def sent(request):
    return [setting["settingInstance"] for setting in request.body["settings"]]


def planned(policy_type, want, live=None, **options):
    case = PlanCase(policy_type, want, Match("1" if live else None), live, NOW)
    return plan_item(case, RestoreOptions(assignments="exact", **options))


# --- at their own place ----------------------------------------------------------------------------------------------


def test_beside_a_secret_everything_else_is_made():
    want = policy(groups("vpn", [text("host", "a"), secret("password")]), text("other", "b"))
    assert sent(creation_request(CATALOG, want)) == [groups("vpn", [text("host", "a")]), text("other", "b")]
    plan = planned(CATALOG, want)
    assert (plan.action, told(plan)) == ("create", (f"password: {KEEPS}. Enter it again in Intune afterwards.",))


KEEPS = "Microsoft Graph never gives this secret back"


def test_beside_a_secret_everything_else_is_changed_and_the_tenants_own_token_goes_back():
    want = policy(groups("vpn", [text("host", "a"), secret("password")]))
    live = policy(groups("vpn", [text("host", "b"), secret("password", "of the target")]))
    [request] = change_requests(CATALOG, "1", live, want, with_assignments=True)
    assert sent(request) == [groups("vpn", [text("host", "a"), secret("password", "of the target")])]
    assert told(planned(CATALOG, want, live)) == (f"password: {KEEPS}; it stays as it is in the tenant.",)
    after = policy(groups("vpn", [text("host", "a"), secret("password", "a newer one")]))
    assert planned(CATALOG, want, after).action == "matches"


def test_a_secret_inside_a_collection_is_named_and_what_stays_empty_is_left_out():
    want = policy(secrets_in_collection("keys", "one", "two"), text("other", "b"))
    assert sent(creation_request(CATALOG, want)) == [text("other", "b")]
    assert [secret.where for secret in settle_secrets(CATALOG, want["body"]).not_held] == ["keys"]
    live = policy(secrets_in_collection("keys", "1", "2"), text("other", "c"))
    [request] = change_requests(CATALOG, "1", live, want, with_assignments=True)
    assert sent(request) == [secrets_in_collection("keys", "1", "2"), text("other", "b")]


def test_each_of_several_groups_keeps_its_own_secret_whatever_their_order():
    want = policy(groups("vpn", [text("host", "a"), secret("key", "x")], [text("host", "b"), secret("key", "y")]))
    live = policy(groups("vpn", [text("host", "new"), secret("key", "3")], [text("host", "a"), secret("key", "of a")]))
    [request] = change_requests(CATALOG, "1", live, want, with_assignments=True)
    keys = {value["children"][0]["simpleSettingValue"]["value"]: value["children"][1]["simpleSettingValue"]["value"]
            for value in sent(request)[0]["groupSettingCollectionValue"]}  # fmt: skip
    assert keys == {"a": "of a", "b": "3"}


def test_a_secret_that_somebody_took_away_is_not_written_and_no_update_for_ever():
    want = policy(groups("vpn", [text("host", "a"), secret("password")]))
    live = policy(groups("vpn", [text("host", "a")]))
    plan = planned(CATALOG, want, live)
    assert (plan.action, told(plan)) == ("matches", (f"password: {KEEPS}. Enter it again in Intune afterwards.",))


def test_what_stands_for_the_connector_is_written_and_is_no_secret_that_is_missing():
    [definition] = FROM_CONNECTOR
    want = policy(choice("type", secret(definition)))
    [made] = sent(creation_request(CATALOG, want))
    value = made["choiceSettingValue"]["children"][0]["simpleSettingValue"]
    assert (value["value"], value["valueState"]) == ("Microsoft ATP connector enabled", "notEncrypted")
    assert told(planned(CATALOG, want)) == ()
    live = policy(choice("type", secret(definition, "of the target")))
    assert planned(CATALOG, want, live).action == "matches"
    [request] = change_requests(CATALOG, "1", policy(text("x", "y")), want, with_assignments=True)
    assert sent(request) == [made]


def test_a_choice_is_whole_or_blocked_by_its_name():
    want = policy(choice("onboard", secret("blob")), text("other", "b"))
    plan = planned(CATALOG, want)
    assert (plan.action, plan.reason) == ("blocked", "secret_missing")
    assert "onboard depends on blob" in plan.message
    live = policy(choice("onboard", secret("blob", "of the target")), text("other", "c"))
    [request] = change_requests(CATALOG, "1", live, want, with_assignments=True)
    assert sent(request) == [choice("onboard", secret("blob", "of the target")), text("other", "b")]
    assert planned(CATALOG, want, live).action == "update"


def nested(chance, depth=0):
    """(an instance of the settings catalog, how many secrets are in it)."""
    name = f"d{chance.randrange(10**9)}"
    kind = chance.choice(["text", "secret", "collection"] + ["groups"] * (depth < 3))
    if kind == "groups":
        inside = [[nested(chance, depth + 1) for _ in range(3)] for _ in range(2)]
        return groups(name, *[[instance for instance, _ in row] for row in inside]), sum(
            n for row in inside for _, n in row
        )
    if kind == "collection":
        return secrets_in_collection(name, "one", "two"), 1
    return (secret(name), 1) if kind == "secret" else (text(name, "x"), 0)


@pytest.mark.parametrize("seed", range(20))
def test_wherever_secrets_are_nested_what_is_left_out_is_what_is_named(seed):
    chance = random.Random(seed)
    made = [nested(chance) for _ in range(4)]
    want = policy(*[instance for instance, _ in made], text("other", "b"))
    settled = settle_secrets(CATALOG, want["body"])
    assert len(settled.not_held) == sum(count for _, count in made)
    assert "encryptedValueToken" not in repr(settled.body)
    assert repr(settled.body).count("StringSettingValue") == repr(want).count("StringSettingValue")
    live = copy.deepcopy(want)
    for value in values_in(live["body"]):
        if value.get("valueState"):
            value["value"] = f"token {chance.randrange(10**9)}"
    assert change_requests(CATALOG, "1", live, want, with_assignments=True) == []
    assert all(secret.stays for secret in settle_secrets(CATALOG, want["body"], live["body"]).not_held)
    assert begun_change(live, want).explains(CATALOG, live, with_assignments=True)
    assert begun_creation(CATALOG, want).explains(CATALOG, {**live, "body": settled.body}, with_assignments=True)


def values_in(value):
    if isinstance(value, dict):
        yield value
    for inner in value.values() if isinstance(value, dict) else value if isinstance(value, list) else ():
        yield from values_in(inner)


# --- properties ------------------------------------------------------------------------------------------------------


def typed(kind, **properties):
    return {"body": {"@odata.type": f"{model.PREFIX}{kind}", "displayName": "d", **properties}, "assignments": []}


EDITION = {"licenseType": "productKey", "productKey": "#####-#####-#####-#####-#2345", "license": ""}
NEEDED = [
    ("windowsWifiConfiguration", {"wifiSecurityType": "wpa2Personal", "preSharedKey": None}, "preSharedKey"),
    ("windowsWifiConfiguration", {"wifiSecurityType": "wpa2Personal", "preSharedKey": ""}, "preSharedKey"),
    ("windowsWifiConfiguration", {"wifiSecurityType": "wpa2Personal", "preSharedKey": "********"}, "preSharedKey"),
    ("windowsWifiConfiguration", {"wifiSecurityType": "wpa2Personal"}, "preSharedKey"),
    ("iosEnterpriseWiFiConfiguration", {"wiFiSecurityType": "wep", "preSharedKey": None}, "preSharedKey"),
    ("androidDeviceOwnerWiFiConfiguration", {"preSharedKeyIsSet": True, "preSharedKey": None}, "preSharedKey"),
    ("editionUpgradeConfiguration", EDITION, "productKey"),
    ("iosikEv2VpnConfiguration", {"authenticationMethod": "sharedSecret", "sharedSecret": None}, "sharedSecret"),
    ("androidDeviceOwnerGeneralDeviceConfiguration", {"isKioskModeExitCodeSet": True, "kioskModeExitCode": None},
     "kioskModeExitCode"),
    ("androidOmaCpConfiguration", {"configurationXml": "cGxhY2Vob2xkZXI="}, "configurationXml"),
    ("windows10GeneralConfiguration", {"edgeSearchEngine": "****"}, "edgeSearchEngine"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "properties", "name"), NEEDED)
def test_whatever_graph_answers_in_its_place_a_needed_secret_is_named_and_never_written(kind, properties, name):
    want = typed(kind, **properties)
    plan = planned(DEVICE, want)
    assert (plan.action, told(plan)) == ("create", (f"{name}: {KEEPS}. Enter it again in Intune afterwards.",))
    assert name not in creation_request(DEVICE, want).body
    live = typed(kind, **properties, description="other")
    [request] = change_requests(
        DEVICE, "1", live, {**want, "body": {**want["body"], "description": "x"}}, with_assignments=True
    )
    assert name not in request.body
    assert told(planned(DEVICE, want, live)) == (f"{name}: {KEEPS}; it stays as it is in the tenant.",)


@pytest.mark.parametrize(("kind", "properties"), [
    ("windowsWifiConfiguration", {"wifiSecurityType": "open", "preSharedKey": None}),
    ("windowsWifiConfiguration", {"wifiSecurityType": "wpa2Personal", "preSharedKey": "given"}),
    ("androidDeviceOwnerWiFiConfiguration",
     {"wiFiSecurityType": "wpaPersonal", "preSharedKeyIsSet": False, "preSharedKey": None}),
    ("editionUpgradeConfiguration", {"licenseType": "notConfigured", "productKey": None, "license": None}),
    ("androidDeviceOwnerGeneralDeviceConfiguration",
     {"kioskModeUseManagedHomeScreenApp": "multiAppMode", "isKioskModeExitCodeSet": False, "kioskModeExitCode": None}),
])  # fmt: skip
def test_what_is_not_needed_or_held_is_not_named(kind, properties):
    assert told(planned(DEVICE, typed(kind, **properties))) == ()


def test_a_secret_that_is_held_is_written_and_cannot_be_compared():
    want = typed("windowsWifiConfiguration", wifiSecurityType="wpa2Personal", preSharedKey="given", ssid="a")
    assert creation_request(DEVICE, want).body["preSharedKey"] == "given"
    live = typed("windowsWifiConfiguration", wifiSecurityType="wpa2Personal", preSharedKey=None, ssid="a")
    assert remaining_differences(DEVICE, live, want, with_assignments=True) == []
    live["body"]["ssid"] = "b"
    [request] = change_requests(DEVICE, "1", live, want, with_assignments=True)
    assert (request.body["ssid"], request.body["preSharedKey"]) == ("a", "given")


def test_an_encrypted_value_that_was_not_revealed_blocks_only_what_would_write_it():
    setting = {"@odata.type": f"{model.PREFIX}omaSettingString", "omaUri": "./a", "isEncrypted": True, "value": "****"}
    want = typed("windows10CustomConfiguration", omaSettings=[setting], description="x")
    assert planned(DEVICE, want).reason == "secret_missing"
    live = copy.deepcopy(want)
    live["body"]["description"] = "y"
    [request] = change_requests(DEVICE, "1", live, want, with_assignments=True)
    assert (planned(DEVICE, want, live).action, request.body.get("omaSettings")) == ("update", None)


def test_an_intents_onboarding_file_is_named_and_stays():
    intents, name = POLICY_TYPES["intents"], "deviceConfiguration--x_advancedThreatProtectionOnboardingBlob"
    settings = [{"definitionId": definition, "valueJson": '"a"'} for definition in (name, "other")]
    want = {"body": {"displayName": "i", "templateId": "t", "settings": settings}, "assignments": []}
    assert told(planned(intents, want)) == (f"{name}: {KEEPS}. Enter it again in Intune afterwards.",)
    live = copy.deepcopy(want)
    live["body"]["settings"][0]["valueJson"] = '"b"'
    assert planned(intents, want, live).action == "matches"


def test_a_mask_inside_a_list_is_left_out_of_what_is_made_and_blocks_what_would_be_changed():
    apps = POLICY_TYPES["targetedManagedAppConfigurations"]
    pair = {"name": "password", "value": "********"}
    want = {"body": {"displayName": "c", "customSettings": [pair, {"name": "a", "value": "1"}]}, "assignments": []}
    assert told(planned(apps, want)) == (f"password: {KEEPS}. Enter it again in Intune afterwards.",)
    assert "****" not in repr(creation_request(apps, want).body)
    live = {"body": {**want["body"], "description": "other"}, "assignments": []}
    assert planned(apps, want, live).action == "matches", "which says nothing of a description"
    live["body"]["customSettings"] = [pair, {"name": "a", "value": "2"}]
    assert planned(apps, want, live).reason == "secret_missing"


def test_a_masked_setting_of_a_catalogue_or_an_intent_is_left_out_whole():
    want = policy(text("password", "********"), text("other", "b"))
    assert sent(creation_request(CATALOG, want)) == [text("other", "b")]
    assert told(planned(CATALOG, want)) == (f"password: {KEEPS}. Enter it again in Intune afterwards.",)
    settings = [{"definitionId": "key", "valueJson": '"****"'}, {"definitionId": "a", "valueJson": "1"}]
    intent = {"body": {"displayName": "i", "templateId": "t", "settings": settings}, "assignments": []}
    made = creation_request(POLICY_TYPES["intents"], intent).body["settingsDelta"]
    assert [setting["definitionId"] for setting in made] == ["a"]


def test_a_reusable_setting_that_is_nothing_but_a_secret_is_blocked_and_otherwise_written():
    reusable = POLICY_TYPES["reusablePolicySettings"]
    want = {"body": {"displayName": "r", "settingDefinitionId": "k", "settingInstance": secret("k")}}
    assert planned(reusable, {**want, "assignments": None}).reason == "secret_missing"
    group = groups("g", [text("host", "a"), secret("k")])
    body = creation_request(reusable, {"body": {**want["body"], "settingInstance": group}, "assignments": None}).body
    assert body["settingInstance"] == groups("g", [text("host", "a")])


MASKS = ["#####-#####-#####-#####-#2345", "****", "********", "••••••••", "●●●●●●", "****-****-****-1234", "ab******",
         "XXXXX-XXXXX-XXXXX-XXXXX-12345", "•••••• (masked)"]  # fmt: skip


@pytest.mark.parametrize("value", MASKS)
def test_a_mask_is_known_by_its_shape(value):
    assert is_mask(value)


@pytest.mark.parametrize("value", ["*.contoso.com", "**", "#### A title", "", "C:\\*\\*.exe", "* * * * *", None, 7])
def test_a_text_with_stars_in_it_is_no_mask(value):
    assert not is_mask(value)


def test_a_name_that_looks_like_a_mask_is_a_name():
    body = {"displayName": "####", "description": "********", "omaSettings": []}
    assert settle_secrets(DEVICE, body).body == body
    assert settle_secrets(DEVICE, body).not_held == ()


def test_a_policy_of_nothing_but_masks_still_has_a_fingerprint_of_them():
    one, other = (
        typed("editionUpgradeConfiguration", productKey=f"#####-#####-#####-#####-#{n}") for n in (1234, 2345)
    )
    assert normalise(DEVICE, one) != normalise(DEVICE, other)


# --- the table -------------------------------------------------------------------------------------------------------

# What reads like a secret in Microsoft's model, and is none.
NONE = {
    # Ids, names and addresses of tokens, keys and credentials that are kept elsewhere.
    "vppTokenId", "vppTokenAppleId", "vppTokenDisplayName", "vppTokenOrganizationName", "companyPortalVppTokenId",
    "passwordChangeUrl", "passwordRequirementsDescription", "modeCredentialUsed", "safariPasswordAutoFillDomains",
    "credentialBundleIdAccessControlList", "fileVaultPersonalRecoveryKeyHelpMessage",
    "derivedCredentialUrl", "customAccountResetCredentialsUrl", "customForgotMyPasswordText",
    # Certificates: their public half.
    "fileVaultInstitutionalRecoveryKeyCertificate", "fileVaultInstitutionalRecoveryKeyCertificateFileName",
    # Names of settings, and formats.
    "key", "appConfigKey", "appConfigKeyValue", "passwordFormatString", "keyPath", "enabledSkipKeys",
    # Made by the service, and void after a while.
    "tokenValue",
    # An app of the store, by its number.
    "microsoftStoreForBusinessApp.productKey",
}  # fmt: skip
SUSPECT = ("password", "passcode", "passphrase", "secret", "token", "credential", "key", "blob", "exitcode")


def test_every_text_that_reads_like_a_secret_is_one_or_is_known_to_be_none():
    suspects = set()
    for kind, found in texts_of_every_policy():
        is_secret = any((ancestor, found.name) in SECRETS for ancestor in model.lineage(kind))
        if not is_secret and any(word in found.name.lower() for word in SUSPECT):
            suspects.add(found.name if f"{kind}.{found.name}" not in NONE else f"{kind}.{found.name}")
    assert suspects - NONE == set(), "decide of each whether Graph gives it back"
    names = {name for kind in model.type_names() for name in model.properties(kind)}
    assert {name.rpartition(".")[2] for name in NONE} <= names, "Microsoft's model has them no more"


def texts_of_every_policy():
    for policy_type in POLICY_TYPES.values():
        for kind in _kinds_in(root_type(policy_type), set()):
            for found in model.properties(kind).values():
                if found.kind in ("string", "binary") and not found.is_read_only:
                    yield kind, found


def _kinds_in(kind, seen):
    if kind not in seen:
        seen.add(kind)
        yield kind
        below = [
            member.type
            for member in model.properties(kind).values()
            if member.kind == "object" and not member.is_navigation
        ]
        for inner in [*model.subtypes(kind), *below]:
            yield from _kinds_in(inner, seen)
