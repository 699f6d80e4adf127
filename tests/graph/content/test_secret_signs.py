import pytest

from graph.content.secret_signs import may_lack_secrets
from graph.content.secret_table import SECRETS
from graph.content.secrets import settle_secrets
from graph.microsoft import model
from graph.policy_types.table import POLICY_TYPES
from tests.support.simulated_tenant import catalog_policy

CATALOG = POLICY_TYPES["configurationPolicies"]
KIND = "#microsoft.graph.deviceManagementConfigurationSecretSettingValue"
# Of the model: a secret that is inherited is one, such as the preSharedKey of windowsWifiEnterpriseEAPConfiguration.
WITH_SECRETS = sorted({name for holder, _ in SECRETS for name in model.subtypes(holder)})
LACKING = {
    **{name: {"part": {"@odata.type": f"#microsoft.graph.{name}"}} for name in WITH_SECRETS},
    "a token": {"settings": [{"settingInstance": {"simpleSettingValue": {"valueState": "encryptedValueToken"}}}]},
    "a secret without its value": {"settings": [{"settingInstance": {"simpleSettingValue": {"@odata.type": KIND}}}]},
    "stars": {"sharedKey": "****"},
    "hash marks": {"sharedKey": "#####-#####-2345"},
    "bullets": {"sharedKey": "●●●●●●"},
    "capitals": {"sharedKey": "XXXXX-XXXXX-XXXXX-XXXXX-AB12C"},
    "stars and hash marks by turns": {"sharedKey": "*#*#"},
    "an onboarding file": {"settings": [{"definitionId": "advancedThreatProtectionOnboardingBlob"}]},
}  # fmt: skip


@pytest.mark.parametrize("name", LACKING)
def test_whatever_is_no_secret_of_the_backup_has_a_sign(name):
    body = {"id": "1", **LACKING[name]}
    assert may_lack_secrets(CATALOG, body)


def test_a_policy_without_secrets_has_none_and_is_told_so_without_a_walk():
    body = catalog_policy("1", "Größe 10 #1, a*b, see ###", count=3)
    assert not may_lack_secrets(CATALOG, body)
    assert not settle_secrets(CATALOG, body).not_held


def test_a_type_that_declares_one_inside_is_always_looked_at():
    assert may_lack_secrets(POLICY_TYPES["deviceConfigurations"], {"id": "1"})
