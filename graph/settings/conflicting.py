"""Settings that two policies cannot both have their way with, where they reach the same user or device.

“When conflicts occur, Intune generates an error and doesn't apply either setting” (Microsoft's documentation, “Avoiding
policy conflicts”). That is of device configuration. Compliance policies go by the stricter one (“Common questions with
device policies”), apps and Conditional Access by rules of their own: they are not looked at. Values that are lists are
left out as well: the service merges some of them, such as firewall rules, and nothing here tells which.
"""

import re

from graph.policy_types.policy_type import PolicyType
from graph.settings.set_values import SetValue

_KINDS = frozenset({"configurationPolicies", "intents", "groupPolicyConfigurations", "deviceConfigurations"})
# Profiles of which a device may have many, each with a name, a network or a certificate of its own.
_MANY = re.compile(
    r"wi-?fi|vpn|certificate|scep|pkcs|pfx|email|easprofile|wirednetwork|domainjoin|customconfiguration|education|edudevice"
)


def may_conflict(policy_type: PolicyType, value: SetValue) -> bool:
    """Tell whether another policy that sets this otherwise, for the same device, is in conflict with this one."""
    if policy_type.key not in _KINDS or value.is_secret or value.is_listed:
        return False
    odata_type, is_typed, _ = value.key.partition("/")
    return not (is_typed and _MANY.search(odata_type))
