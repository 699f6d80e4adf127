"""What is a secret is masked wherever it stands, by what it is; what is a rule, a name or a choice stays readable."""

import base64
import json
import random
from time import process_time

import pytest

from graph.content.places import root_type
from graph.content.secret_table import SECRETS
from graph.content.secrets import holds_hidden
from graph.content.spellings import GUID
from graph.display.masking import MASK, Masking, mask_secrets
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from tests.graph.made_up import body_of
from tests.graph.write.test_write_requests import demo_policies

SECRET = "hunter2-of-Contoso"
SCRIPT = base64.b64encode(f"net user helpdesk {SECRET} /add".encode()).decode()
# By Microsoft's model texts or files that nobody sees into, and what they hold.
PROFILE = base64.b64encode(f"<plist><key>{SECRET}</key></plist>".encode()).decode()
OPAQUE = {
    **dict.fromkeys(
        (
            "payload", "customXml", "eapXml", "configurationXml", "encodedSettingXml", "officeConfigurationXml",
            "startMenuLayoutXml", "startMenuLayoutEdgeAssetsXml", "defenderExploitProtectionXml",
        ),
        PROFILE,
    ),
    **dict.fromkeys(
        (
            "scriptContent", "detectionScriptContent", "remediationScriptContent", "rulesContent",
            "configurationFileContent", "file",
        ),
        SCRIPT,
    ),
    "payloadJson": json.dumps({"managedProperty": SECRET}),
}  # fmt: skip


def holds(value):
    """Anywhere, as it is or in base64."""
    if isinstance(value, dict | list):
        return any(map(holds, value.values() if isinstance(value, dict) else value))
    text = str(value)
    try:
        return SECRET in text or SECRET.encode() in base64.b64decode(text, validate=True)
    except ValueError:
        return SECRET in text


@pytest.mark.parametrize("key", POLICY_TYPES)
def test_no_secret_of_the_table_and_no_opaque_text_of_the_model_is_shown_of_any_policy_type(key):
    for kind in sorted(model.subtypes(root_type(POLICY_TYPES[key]))):
        body, planted = body_of(kind, random.Random(7)), 0
        for found in model.walk(kind, body):
            is_secret = any((ancestor, found.key) in SECRETS for ancestor in model.lineage(found.of))
            if is_secret or (found.key in OPAQUE and found.property and found.property.kind in ("string", "binary")):
                found.holder[found.key] = SECRET if is_secret else OPAQUE[found.key]
                planted += 1
        shown = mask_secrets({"body": body, "assignments": []})
        assert not holds(shown), kind
        assert not planted or holds_hidden(shown)


PAIRS = [
    {"settings": [{"appConfigKey": "ServiceAccountPassword", "appConfigKeyValue": SECRET}]},
    {"customSettings": [{"name": "com.vpn.sharedSecret", "value": SECRET}]},
    {"x": [{"key": "api_key", "value": SECRET}]},
    {"settingDefinitionId": "x_presharedkey", "simpleSettingValue": {"value": SECRET}},
    {"settingDefinitionId": "x_wifipassword", "simpleSettingCollectionValue": [{"value": SECRET}]},
    {"settingDefinitionId": "linux_customconfig_script", "simpleSettingValue": {"value": SCRIPT}},
    {"choiceSettingValue": {"value": "x_1", "children": [
        {"settingDefinitionId": "x_password", "simpleSettingValue": {"value": SECRET}}]}},
    {"definitionId": "deviceConfiguration--x_recoveryPassword", "valueJson": f'"{SECRET}"', "value": SECRET},
    {"definitionId": "deviceConfiguration--rules", "valueJson": json.dumps([{"password": SECRET}])},
    {"presentationValues": [{"presentation": {"label": "Password"}, "value": SECRET}]},
    {"definition": {"displayName": "Proxy password"},
     "presentationValues": [{"presentation": {"label": ""}, "value": SECRET}]},
    {"omaUri": "./Vendor/MSFT/WiFi/Profile/x/WlanXml", "value": f"<keyMaterial>{SECRET}</keyMaterial>"},
    {"@odata.type": "#microsoft.graph.omaSettingBase64", "omaUri": "./x", "value": SCRIPT},
    {"sharedSecret": [SECRET]}, {"sharedSecret": {"value": SECRET}}, {"wepKey": SECRET}, {"networkKey": SECRET},
    {"name": "vpn secret", "value": {"a": SECRET}}, {"name": "PIN", "value": 0, "values": [SECRET]},
    {"Key": "DbPassword", "Value": SECRET}, {"valueName": "AdminPwd", "valueData": SECRET}, {"privateKeyPem": SECRET},
    {"header": "Authorization", "headerValue": SECRET}, {"adminPw": SECRET}, {"type": "password", "value": SECRET},
    {"pfxBlob": SECRET}, {"connectionString": SECRET}, {"onboardingBlob": SECRET}, {"userPin": SECRET},
    {"installCommandLine": f"setup /password={SECRET}"}, {"url": f"https://joe:{SECRET}@example.com/"},
    {"certificate": "-----BEGIN PRIVATE KEY-----" + SECRET}, {"x": f'{{"a": "{SECRET}"}}'},
    {"x": base64.b64encode(f'{{"a": "{SECRET}"}}'.encode()).decode()},
    {"x": base64.b64encode(SECRET.encode("utf-16")).decode()},
    *({"installCommandLine": f"msiexec /i a.msi {told} /qn"} for told in (
        f"TOKEN={SECRET}", f"LICENSEKEY={SECRET}", f"--api-key {SECRET}", f"-token {SECRET}",
        f"/uninstallcode {SECRET}", f"/user:adm {SECRET}", f"-H 'Authorization: Bearer {SECRET}'")),
    {"environment": [f"DB_PASSWORD={SECRET}"]}, {"url": f"https://x.example/?token={SECRET}"},
    {"x": f"glpat-{SECRET}{SECRET}"}, {"url": f"https://x.office.com/webhook/1@2/IncomingWebhook/{SECRET}"},
    {"key": "password", "valueString": SECRET}, {"key": "pins of it: PIN", "valueStringArray": [SECRET]},
    {"presentationValues": [{"presentation": {"label": "Registration key:"}, "value": SECRET}]},
    {"groupSettingCollectionValue": [{"children": [
        {"settingDefinitionId": "x_generickey_keytobereplaced", "simpleSettingValue": {"value": "clientSecret"}},
        {"settingDefinitionId": "x_generickey_string", "simpleSettingValue": {"value": SECRET}}]}]},
]  # fmt: skip


@pytest.mark.parametrize("body", PAIRS, ids=str)
def test_what_says_beside_it_that_it_is_a_secret_is_masked_with_its_value(body):
    hide = Masking()
    assert not holds(shown := hide({"body": body}))
    assert hide.count >= 1
    assert holds_hidden(shown)


@pytest.mark.parametrize("name", ["unlockPasscode", "sharedSecret", "devicePin"])
def test_numbers_are_masked_like_texts(name):
    assert mask_secrets({name: 123456}) == {name: MASK}


READABLE = [
    {"passwordRequired": True, "passwordMinimumLength": 8, "passwordBlockSimple": True, "passwordExpirationDays": 41},
    {"passwordRequiredType": "alphanumeric", "passcodeMinimumLength": 6, "pinMinimumLength": 6, "secretRequired": True},
    {"accessTokenLifetimeInMinutes": 60, "tokenLifetime": 3600, "tokenLifetimePolicy": "x", "isSigned": False},
    {"settingDefinitionId": "vendor_msft_devicelock_mindevicepasswordlength", "simpleSettingValue": {"value": 14}},
    {"settingDefinitionId": "x_requirepassword", "choiceSettingValue": {"value": "x_requirepassword_of_owner"}},
    {"definitionId": "deviceConfiguration--windows10_passwordMinimumLength", "valueJson": "8"},
    {"definitionId": "deviceConfiguration--windows10_requirePassword", "valueJson": "true"},
    {"appConfigKey": "AllowSavingPassword", "appConfigKeyValue": "true"},
    {"omaUri": "./Vendor/MSFT/Policy/Config/DeviceLock/MinDevicePasswordLength", "value": 8},
    {"displayName": "Reset password", "description": "<b>password</b> rules", "id": "x", "name": "Secret of the VPN"},
    {"roleScopeTagIds": ["0"], "target": {"groupId": "00000001-1111-4111-8111-111111111111"}, "fileName": "a.ps1"},
    {"largeIcon": {"type": "image/png", "value": base64.b64encode(b"an icon in words for tests").decode()}},
    {"value": "plain", "name": "x"}, {"token": None}, {"appConfigKey": "x"}, {"key": "UserName", "value": "joe"},
    {"settings": [{"appConfigKey": "com.touchtype.swiftkey", "appConfigKeyValue": "SwiftKey Keyboard"}]},
    {"settingDefinitionId": "x_appids", "simpleSettingValue": {"value": '{"id":"1","type":"#microsoft.graph.x"}'}},
    {"omaUri": "./Device/Vendor/MSFT/Policy/Config/Browser/AllowPasswordManager", "value": "<enabled/>"},
    {"omaUri": "./x", "value": "PGRpc2FibGVkLz4="}, {"installCommandLine": "setup.exe /quiet /norestart -exitcode 0"},
    {"url": "https://contoso.com/passwordreset", "homepage": "https://token.contoso.com/?a=b"},
    {"groupSettingCollectionValue": [{"children": [
        {"settingDefinitionId": "x_generickey_keytobereplaced", "simpleSettingValue": {"value": "realm"}},
        {"settingDefinitionId": "x_generickey_string", "simpleSettingValue": {"value": "CONTOSO.COM"}}]}]},
    {"secretReferenceValueId": "a_b_c", "registryKey": "HKLM\\Software\\x", "kerberosRealm": "CONTOSO.COM"},
]  # fmt: skip


@pytest.mark.parametrize("body", READABLE, ids=str)
def test_rules_names_ids_switches_and_choices_stay_readable(body):
    assert mask_secrets({"body": body}) == {"body": body}


@pytest.mark.parametrize(
    "piece", ["eyJ-", " ", "://a:", "Password ", "-----BEGIN ", "password1", "_pass", "1", "A", "<", "[", "{"]
)
def test_no_text_that_somebody_may_upload_takes_long(piece):
    text, began = piece * (100_000 // len(piece)) + "!", process_time()
    mask_secrets(
        {"x": text, "value": text, "name": text, text: "x", "settings": [{"appConfigKey": text, "value": text}]}
    )
    assert process_time() - began < 1


def test_what_is_longer_than_any_setting_is_masked_and_not_looked_into():
    inside = "[" + ",".join(["{}"] * 3_000_000) + "]"
    texts, began = (inside, base64.b64encode(inside.encode()).decode()), process_time()
    assert not any(text in str(mask_secrets({"x": text, "valueJson": text, "rootCertificate": text})) for text in texts)
    assert process_time() - began < 1


def test_most_of_every_demo_policy_can_be_read():
    def leaves(value):
        inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
        return sum(map(leaves, inside)) if isinstance(value, dict | list) else 1

    hide = Masking()
    for _, _, content in demo_policies():
        hide(content)
    assert hide.count < 0.02 * sum(leaves(content) for _, _, content in demo_policies())


def test_a_masked_text_says_what_it_is_and_about_how_long_and_holds_no_mark_of_it():
    other = SCRIPT.replace("A", "B", 1)
    assert mask_secrets({"scriptContent": SCRIPT}) == mask_secrets({"scriptContent": other})
    assert "script" in mask_secrets({"scriptContent": SCRIPT})["scriptContent"]
    assert not GUID.search(str(mask_secrets({"scriptContent": SCRIPT})))


def test_of_what_was_captured_a_script_that_changed_is_seen_to_have_changed_and_a_password_is_not():
    hide = Masking(tells_apart=True)
    before, after, again = (hide({"scriptContent": script}) for script in (SCRIPT, SCRIPT.replace("Z", "Y", 1), SCRIPT))
    assert before != after
    assert before == again
    assert hide({"sharedSecret": "a"}) == hide({"sharedSecret": "b"})
