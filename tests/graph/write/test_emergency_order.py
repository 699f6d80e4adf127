"""What is written first when a tenant is brought back after an attack."""

from graph.policy_types.table import POLICY_TYPES
from graph.references.reference_kinds import CONTEXTS
from graph.write.emergency_order import (
    ACCESS,
    LAST,
    PROTECTION,
    REST,
    WAVES,
    depends_on_body,
    emergency_order,
    emergency_wave,
)

FIREWALL = {"templateReference": {"templateFamily": "endpointSecurityFirewall"}}


def test_who_gets_in_comes_before_what_protects_and_what_locks_writes_comes_last():
    waves = {key: emergency_wave(key, {}) for key in POLICY_TYPES}
    assert {key for key, wave in waves.items() if wave == ACCESS} >= {
        "conditionalAccessPolicies", "namedLocations", "authenticationStrengths", CONTEXTS, "groups",
    }  # fmt: skip
    assert {key for key, wave in waves.items() if wave == LAST} == {"operationApprovalPolicies"}
    assert waves["deviceCompliancePolicies"] == waves["intents"] == PROTECTION
    assert emergency_wave("configurationPolicies", FIREWALL) == PROTECTION
    assert waves["configurationPolicies"] == waves["deviceConfigurations"] == REST
    assert set(waves.values()) == WAVES.keys()
    assert emergency_order("namedLocations", {}) < emergency_order("conditionalAccessPolicies", {})


def test_only_a_settings_catalog_has_its_wave_in_the_body():
    """Microsoft's model: of what we read, deviceManagementConfigurationPolicy alone has a template with a family."""
    assert [key for key in POLICY_TYPES if depends_on_body(key)] == ["configurationPolicies"]
