"""The order in which a tenant is brought back after an attack: first who gets in, then what protects, then the rest.

What others refer to still comes before them (graph/write/write_rules.py: order_by_needs).
"""

from graph.policy_types.write_rule import CA, CA_NAMED, DIRECTORY, LOCKS, Object
from graph.references.reference_kinds import CONTEXTS
from graph.write.write_rules import wave_of, write_order

ACCESS, PROTECTION, REST, LAST = range(4)
WAVES = {
    ACCESS: "Conditional Access, and what it names",
    PROTECTION: "Compliance and endpoint security",
    REST: "Everything else",
    LAST: "Multi Admin Approval, which all later writes wait for",
}
_NAMED_BY_ACCESS = frozenset({CONTEXTS, "authenticationStrengths", "namedLocations", "agreements"})
_PROTECTS = frozenset({"compliancePolicies", "deviceCompliancePolicies", "intents", "deviceManagementSettings"})
# learn.microsoft.com, deviceManagementConfigurationTemplateFamily: endpointSecurityAntivirus, …Firewall and so on.
_SECURITY_FAMILY = "endpointSecurity"


def emergency_wave(policy_type: str, body: Object) -> int:
    wave = wave_of(policy_type, body)
    if wave in (CA, CA_NAMED, DIRECTORY) or policy_type in _NAMED_BY_ACCESS:
        return ACCESS
    if wave == LOCKS:
        return LAST
    family = str((body.get("templateReference") or {}).get("templateFamily") or "")
    return PROTECTION if policy_type in _PROTECTS or family.startswith(_SECURITY_FAMILY) else REST


def depends_on_body(policy_type: str) -> bool:
    """Return whether the wave of such a policy is known by its body alone."""
    return policy_type == "configurationPolicies"


def emergency_order(policy_type: str, body: Object) -> tuple[int, int, int, int]:
    """Return the sort key: the wave, then as policies are written otherwise."""
    return emergency_wave(policy_type, body), *write_order(policy_type, body)
