"""Which settings of two policies can be in conflict."""

from graph.policy_types.table import POLICY_TYPES
from graph.settings.conflicting import may_conflict
from graph.settings.set_values import SetValue


def test_settings_of_device_configuration_conflict_unless_a_device_may_have_many_of_them():
    for policy_type, key, facts, expected in (
        ("configurationPolicies", "device_camera", {}, True),
        ("intents", "deviceconfiguration--x_camera", {}, True),
        ("deviceConfigurations", "windows10generalconfiguration/passwordrequired", {}, True),
        ("deviceConfigurations", "./device/vendor/msft/a", {}, True),
        ("configurationPolicies", "firewall_rule_action", {"is_listed": True}, False),
        ("configurationPolicies", "device_lock_password", {"is_secret": True}, False),
        ("deviceConfigurations", "windowswificonfiguration/ssid", {}, False),
        ("deviceConfigurations", "ioscustomconfiguration/payload", {}, False),
        ("deviceCompliancePolicies", "windows10compliancepolicy/passwordrequired", {}, False),
        ("conditionalAccessPolicies", "conditionalaccesspolicy/state", {}, False),
    ):
        assert may_conflict(POLICY_TYPES[policy_type], SetValue(key, "T", "[1]", "1", **facts)) is expected, key
