"""Which policy types an approval policy of the tenant holds up."""

from graph.policy_types.approval_policies import _PROTECTED, protecting_policy
from graph.policy_types.table import POLICY_TYPES


def test_an_approval_policy_holds_up_what_it_names_and_all_approval_policies():
    within = {"displayName": "Nested", "policySet": {"policyType": "Script"}}
    held = [{"displayName": "Wipes", "policyType": "deviceWipe"}, {"id": "a", "policyType": "app"}, within]
    found = {key: name for key in POLICY_TYPES if (name := protecting_policy(key, held))}
    scripts = dict.fromkeys(_PROTECTED["script"], "Nested")
    assert found == {"operationApprovalPolicies": "Wipes", "mobileApps": "a", **scripts}
    assert not any(
        protecting_policy(key, [{"policyType": None, "policySet": None}]) for key in ("mobileApps", "intents")
    )
    assert protecting_policy("operationApprovalPolicies", []) == ""
    assert {key for keys in _PROTECTED.values() for key in keys} <= POLICY_TYPES.keys()
