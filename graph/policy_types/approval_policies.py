"""Multi Admin Approval policies: of which policy types each makes the writes wait for a second administrator."""

from collections.abc import Iterable, Mapping

from graph.policy_types.policy_type import Body

APPROVAL_POLICIES = "operationApprovalPolicies"
_COMPLIANCE = frozenset({"deviceCompliancePolicies", "compliancePolicies"})
_SCRIPTS = frozenset(
    {
        "deviceManagementScripts",
        "deviceShellScripts",
        "deviceCustomAttributeShellScripts",
        "deviceHealthScripts",
        "deviceComplianceScripts",
    }
)
# Each value of operationApprovalPolicyType that is no device action (learn.microsoft.com: operationApprovalPolicyType,
# operationApprovalPolicySet), with what Intune's page on access policies says of it (learn.microsoft.com: Use access
# policies to require multi admin approval): apps without app protection, configuration policies of the settings
# catalog, roles with their assignments, device categories. Which kinds of scripts count is said differently in
# different places, so all do.
_PROTECTED: Mapping[str, frozenset[str]] = {
    "app": frozenset({"mobileApps"}),
    "script": _SCRIPTS,
    "role": frozenset({"roleDefinitions", "roleAssignments"}),
    "tenantconfiguration": frozenset({"deviceCategories"}),
    "compliancepolicy": _COMPLIANCE,
    "configurationpolicy": frozenset({"configurationPolicies"}),
    "endpointsecuritypolicy": frozenset({"configurationPolicies", "intents"}),
    "appprotectionpolicy": frozenset(
        {
            "androidManagedAppProtections",
            "iosManagedAppProtections",
            "windowsManagedAppProtections",
            "targetedManagedAppConfigurations",
        }
    ),
    "policyset": frozenset({"policySets"}),
    "filter": frozenset({"assignmentFilters"}),
    "windowsenrollment": frozenset({"windowsAutopilotDeploymentProfiles", "deviceEnrollmentConfigurations"}),
}


def may_be_protected(policy_type: str) -> bool:
    """Return whether any approval policy could hold up writes to a policy type, as far as we know."""
    return policy_type == APPROVAL_POLICIES or any(policy_type in protected for protected in _PROTECTED.values())


def protecting_policy(policy_type: str, policies: Iterable[Body]) -> str:
    """Return the name of one of the tenant's approval policies that holds up writes to a policy type; "" for none.

    A policy of a type that nobody has described yet holds up nothing that we know of. Approval policies hold up
    themselves (learn.microsoft.com, the same page: "Access policies").
    """
    for body in policies:
        if policy_type == APPROVAL_POLICIES or policy_type in _PROTECTED.get(_area_of(body), ()):
            return str(body.get("displayName") or body.get("id"))
    return ""


def _area_of(body: Body) -> str:
    policy_set = body.get("policySet")
    within = policy_set.get("policyType") if isinstance(policy_set, Mapping) else None
    return str(body.get("policyType") or within or "").lower()
